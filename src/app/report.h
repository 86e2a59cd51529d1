/* report.h - what the files of the report share: the cases as rows, kept small (no voxels), and the page being written. */
#ifndef TOME_APP_REPORT_H
#define TOME_APP_REPORT_H

#include "app/doctor.h"
#include "app/thumb.h"
#include "page/page.h"

enum { TOME_REPORT_KINDS = 12, TOME_REPORT_COLUMNS = 4 }; /* kinds that are plotted; that have a column */

/* Numbers of a case, in this order. */
enum { TOME_SHAPE = 0, TOME_SPACING = 3, TOME_HU = 6, TOME_NUMBERS = 9 };

typedef struct tome_report_row {
  const char *id, *modality, *layout, *labels, *units;
  double number[TOME_NUMBERS];  /* shape z y x, spacing z y x, percentiles 0.5 50 99.5; NaN: not known */
  double ml[TOME_REPORT_KINDS]; /* of the first kinds; NaN: it has none */
  int64_t problems, bytes;
} tome_report_row;

typedef struct tome_reporting {
  tome_store *store;
  const tome_report_options *opt;
  const tome_run *run;
  tome_page *page;
  tome_thumbs thumbs;
  tome_findings findings;
  tome_report_row *rows; /* in natural order of the ids */
  size_t count, cap;
  tome_report_row **by_id; /* the same, as strcmp orders them */
  size_t kinds;            /* plotted */
  tome_arena arena;
  tome_error err;
} tome_reporting;

/* report_cases.c */
TOME_MUST_USE bool tome_report_gather(tome_reporting *r, tome_error *err);
/* The place of a case in rows, or -1. */
int64_t tome_report_place(const tome_reporting *r, const char *id);
void tome_report_heads(tome_reporting *r);
void tome_report_cases(tome_reporting *r); /* the rows of the table, with their pictures */

#endif
