/* Numbers as people in the field write them. */
#include "cli/units.h"

#include <locale.h>

#include "cli/term.h"
#include "test.h"

static void reals(void) {
  CHECK_TEXT(cli_units_real(1.60, 3).s, "1.6");
  CHECK_TEXT(cli_units_real(100, 3).s, "100");
  CHECK_TEXT(cli_units_real(-0.0001, 2).s, "0");
  CHECK_TEXT(cli_units_real(NAN, 2).s, "-");
  CHECK_TEXT(cli_units_real(INFINITY, 2).s, "-");
  CHECK_TEXT(cli_units_hu(-1024).s, "-1024");
  CHECK_TEXT(cli_units_hu(40.25).s, "40.2");
  CHECK_TEXT(cli_units_ml(1325.4666).s, "1325.5");
  CHECK_TEXT(cli_units_ml(0).s, "0.0");
}

static void significant(void) {
  CHECK_TEXT(cli_units_sig(1495112).s, "1495112");
  CHECK_TEXT(cli_units_sig(1495112.5).s, "1495112");
  CHECK_TEXT(cli_units_sig(-345.666666).s, "-345.667");
  CHECK_TEXT(cli_units_sig(0.742999).s, "0.742999");
  CHECK_TEXT(cli_units_sig(0.00012345678).s, "0.000123457");
  CHECK_TEXT(cli_units_sig(1e-20).s, "1e-20");
  CHECK_TEXT(cli_units_sig(1e300).s, "1e+300");
  CHECK_TEXT(cli_units_sig(0).s, "0");
}

static void counts_and_bytes(void) {
  CHECK_TEXT(cli_units_count(0).s, "0");
  CHECK_TEXT(cli_units_count(999).s, "999");
  CHECK_TEXT(cli_units_count(1000).s, "1,000");
  CHECK_TEXT(cli_units_count(1495112).s, "1,495,112");
  CHECK_TEXT(cli_units_count(UINT64_MAX).s, "18,446,744,073,709,551,615");
  CHECK_TEXT(cli_units_bytes(0).s, "0 B");
  CHECK_TEXT(cli_units_bytes(999).s, "999 B");
  CHECK_TEXT(cli_units_bytes(1000).s, "1.0 kB");
  CHECK_TEXT(cli_units_bytes(31400000).s, "31.4 MB");
  CHECK_TEXT(cli_units_bytes(999949).s, "1.0 MB");
  CHECK_TEXT(cli_units_bytes(412345678).s, "412 MB");
  CHECK_TEXT(cli_units_bytes(UINT64_MAX).s, "18.4 EB");
}

static void times(void) {
  CHECK_TEXT(cli_units_seconds(0.83).s, "0.8 s");
  CHECK_TEXT(cli_units_seconds(12.4).s, "12 s");
  CHECK_TEXT(cli_units_seconds(59.7).s, "1 min 00 s");
  CHECK_TEXT(cli_units_seconds(192).s, "3 min 12 s");
  CHECK_TEXT(cli_units_seconds(7500).s, "2 h 05 min");
  CHECK_TEXT(cli_units_seconds(-1).s, "0.0 s");
  CHECK_TEXT(cli_units_clock(192).s, "3:12");
  CHECK_TEXT(cli_units_clock(7505).s, "2:05:05");
  CHECK_TEXT(cli_units_clock(NAN).s, "0:00");
}

static void grids(void) {
  const double shape[3] = {60, 512, 512}, spacing[3] = {1.60156, 0.742999, 0.742999}, median[3] = {423.5, 512, 512};
  CHECK_TEXT(cli_units_shape(shape).s, "60x512x512");
  CHECK_TEXT(cli_units_spacing(spacing).s, "1.602x0.743x0.743");
  CHECK_TEXT(cli_units_shape(median).s, "423.5x512x512");
  if (!setlocale(LC_CTYPE, "C.UTF-8")) return;
  CHECK(cli_utf8());
  CHECK_TEXT(cli_units_shape(shape).s, "60×512×512");
  setlocale(LC_CTYPE, "C");
}

TEST_MAIN(reals, significant, counts_and_bytes, times, grids)
