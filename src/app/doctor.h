/* doctor.h - what tome_doctor finds, gathered and in order: for the command and for the report. */
#ifndef TOME_APP_DOCTOR_H
#define TOME_APP_DOCTOR_H

#include "app/app.h"

/* Zero-initialise; strings live in the arena. */
typedef struct tome_findings {
  tome_doctor_finding *rows;
  size_t count, cap;
  uint64_t cases; /* files in the store */
  tome_arena arena;
} tome_findings;
void tome_findings_clear(tome_findings *f);

/* Everything tome_doctor says: worst first, then by code, then by id; numbered within groups of one severity and code. */
TOME_MUST_USE bool tome_findings_collect(tome_store *s, const tome_run *run, tome_findings *out, tome_error *err);
/* One thing found now. */
TOME_MUST_USE bool tome_findings_add(tome_findings *f, tome_severity severity, const char *code, const char *id,
                                     const char *remedy, tome_error *err, const char *fmt, ...) TOME_PRINTF(7, 8);

/* ---- checks.c: what is looked for in the index, one row a check --- */

typedef enum tome_check_kind {
  TOME_BY_SENTENCE, /* SQL: id, sentence. Each row is a finding */
  TOME_BY_FACTOR, /* SQL: group, id, value, what; in order of what and group. Findings are the values far from their group's median, as factors */
  TOME_BY_DIFFERENCE /* the same, as differences */
} tome_check_kind;

typedef struct tome_check {
  const char *code;
  tome_severity severity; /* of comparisons: of what is very far; the rest is to know */
  tome_check_kind kind;
  const char *means;  /* what it finds: "a spacing far from the other cases'" */
  const char *remedy; /* what to do about it */
  const char *unit;   /* of values compared; "" */
  double
      least; /* of values compared: nearer to the median than this part of it is no news, however alike the others are */
  bool above; /* of values compared: only what is larger */
  const char *sql;
} tome_check;
extern const tome_check tome_checks[]; /* ends with code NULL */

/* outliers.c: asks the index every check's question. */
TOME_MUST_USE bool tome_find_outliers(tome_store *s, const tome_run *run, tome_findings *f, tome_error *err);

/* Robust z-scores of n values, in place: 0.6745 (x - median) / MAD; where more than half of them are equal (MAD 0), (x - median) / (1.2533 mean
 * |x - median|), or all 0 where that is 0 too. Iglewicz & Hoaglin, How to Detect and Handle Outliers, 1993. Returns the median. */
TOME_MUST_USE bool tome_robust_z(double *x, size_t n, double *median, tome_error *err);

#endif
