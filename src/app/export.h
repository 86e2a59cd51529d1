/* export.h - one case of an export: from the record to the voxels in an output. export.c; export_many.c runs them. */
#ifndef TOME_APP_EXPORT_H
#define TOME_APP_EXPORT_H

#include <pthread.h>

#include "app/output.h"
#include "app/survival.h"

/* The running export. */
typedef struct tome_exporting {
  tome_store *store;
  const tome_export_many_options *opt;
  tome_output *output;
  tome_run inner;     /* threads of one case; stop() as the caller's */
  size_t pull_memory; /* bytes of tiles, a case */
  const char **ids;
  uint64_t *sizes; /* of the case files, for progress */
  size_t count;
  const tome_run *run; /* the caller's */
  void (*on_event)(void *user, const tome_export_event *event);
  void *user;
  pthread_mutex_t lock; /* guards all below, and on_event */
  pthread_cond_t room;
  uint64_t in_use, budget; /* bytes of results in memory */
  tome_export_summary sum;
  tome_progress progress;
} tome_exporting;

/* One case that is written or skipped: the event is told. False with the sentence where it fails. */
TOME_MUST_USE bool tome_export_case(tome_exporting *x, const char *id, tome_error *err);
void tome_export_tell(tome_exporting *x, const tome_export_event *event);

#endif
