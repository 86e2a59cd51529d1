/* get_report.h - what tome get tells, for people and for programs. */
#ifndef TOME_CLI_GET_REPORT_H
#define TOME_CLI_GET_REPORT_H

#include "tome.h"

/* Zero-initialise with the switches. */
typedef struct get_report {
  bool json, quiet;
  char **files; /* written; of the first few cases */
  size_t file_count;
  char **failed; /* "id: why" */
  size_t failed_count;
  tome_code code; /* of the first failure … */
  char *first;    /* … and its sentence as it came */
  size_t lost;    /* labels that vanished or shrank */
} get_report;

void get_report_event(void *report, const tome_export_event *event); /* for tome_export_many */
/* The end of a run that went through / that could go on no further. Return the exit status. */
int get_report_done(const get_report *report, const tome_export_summary *summary);
int get_report_failed(const get_report *report, const tome_export_summary *summary, const tome_error *err);
void get_report_clear(get_report *report);

#endif
