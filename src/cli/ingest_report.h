/* ingest_report.h - what an ingest tells: events while it runs, the summary at its end; for people on stderr, as JSON on stdout. */
#ifndef TOME_CLI_INGEST_REPORT_H
#define TOME_CLI_INGEST_REPORT_H

#include "tome.h"

/* Zero-initialise with the flags. */
typedef struct ingest_report {
  bool json, quiet, verbose;
  uint64_t added;
  char **refused, **unpaired, **notes; /* "what: why" */
  size_t refused_count, unpaired_count, note_count;
} ingest_report;

void ingest_report_event(void *report, const tome_event *event);                    /* tome_ingest's on_event */
int ingest_report_done(const ingest_report *r, const tome_ingest_summary *summary); /* returns the exit status */
int ingest_report_failed(const ingest_report *r, const tome_error *err);            /* the same, where ingest gave up */
void ingest_report_clear(ingest_report *r);

#endif
