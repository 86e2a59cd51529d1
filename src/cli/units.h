/* units.h - numbers as people in the field write them: 60×512×512, 1.6×0.743×0.743 mm, 31.4 MB, 12.3 ml. */
#ifndef TOME_CLI_UNITS_H
#define TOME_CLI_UNITS_H

#include "tome.h"

/* A text of its own, so that several fit in one printf: cli_units_bytes(n).s */
typedef struct cli_units {
  char s[64];
} cli_units;

cli_units cli_units_real(double v, int decimals); /* at most that many decimals, no trailing zeros; NaN: "-" */
cli_units cli_units_sig(double v);     /* six significant digits, never an exponent where that can be avoided */
cli_units cli_units_hu(double v);      /* integer where integral, else one decimal; NaN: "-" */
cli_units cli_units_count(uint64_t n); /* 1,495,112 */
cli_units cli_units_bytes(uint64_t n); /* 31.4 MB, powers of 1000 */
cli_units cli_units_ml(double ml);     /* one decimal */
cli_units cli_units_seconds(double s); /* 0.8 s, 3 min 12 s, 2 h 05 min */
cli_units cli_units_clock(double s);   /* 3:12, 2:05:00 */
cli_units cli_units_shape(const double zyx[3]);   /* 60×512×512 */
cli_units cli_units_spacing(const double zyx[3]); /* 1.6×0.743×0.743 */

#endif
