/* units.c - numbers as people in the field write them. */
#include "cli/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/term.h"

static const cli_units none = {"-"};

static void trim_zeros(char *s) {
  if (!strchr(s, '.') || strchr(s, 'e')) return;
  char *end = s + strlen(s);
  while (end[-1] == '0') *--end = '\0';
  if (end[-1] == '.') end[-1] = '\0';
  if (strcmp(s, "-0") == 0) strcpy(s, "0");
}

cli_units cli_units_real(double v, int decimals) {
  cli_units u;
  if (!isfinite(v)) return none;
  snprintf(u.s, sizeof u.s, fabs(v) < 1e15 ? "%.*f" : "%.*e", decimals, v);
  trim_zeros(u.s);
  return u;
}

cli_units cli_units_sig(double v) {
  if (!isfinite(v)) return none;
  double size = fabs(v);
  if (v == floor(v)) return cli_units_real(v, 0);
  if (size >= 1e-4 && size < 1e15) {
    int whole = (int)floor(log10(size)) + 1;
    return cli_units_real(v, whole >= 6 ? 0 : 6 - whole);
  }
  cli_units u;
  snprintf(u.s, sizeof u.s, "%.6g", v);
  return u;
}

cli_units cli_units_hu(double v) { return cli_units_real(v, 1); }

cli_units cli_units_count(uint64_t n) {
  char digits[24];
  int length = snprintf(digits, sizeof digits, "%" PRIu64, n);
  cli_units u;
  char *out = u.s;
  for (int i = 0; i < length; i++) {
    if (i > 0 && (length - i) % 3 == 0) *out++ = ',';
    *out++ = digits[i];
  }
  *out = '\0';
  return u;
}

cli_units cli_units_bytes(uint64_t n) {
  static const char *const names[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  double v = (double)n;
  int unit = 0;
  while (v >= 999.5 && unit < 6) v /= 1000, unit++;
  cli_units u;
  snprintf(u.s, sizeof u.s, unit > 0 && v < 99.95 ? "%.1f %s" : "%.0f %s", v, names[unit]);
  return u;
}

cli_units cli_units_ml(double ml) {
  cli_units u;
  if (!isfinite(ml)) return none;
  snprintf(u.s, sizeof u.s, "%.1f", ml);
  return u;
}

cli_units cli_units_seconds(double s) {
  cli_units u;
  uint64_t whole = s > 0 && s < 1e15 ? (uint64_t)(s + 0.5) : 0;
  if (s < 9.95)
    snprintf(u.s, sizeof u.s, "%.1f s", s > 0 ? s : 0);
  else if (whole < 60)
    snprintf(u.s, sizeof u.s, "%" PRIu64 " s", whole);
  else if (whole < 3600)
    snprintf(u.s, sizeof u.s, "%" PRIu64 " min %02" PRIu64 " s", whole / 60, whole % 60);
  else
    snprintf(u.s, sizeof u.s, "%" PRIu64 " h %02" PRIu64 " min", whole / 3600, whole % 3600 / 60);
  return u;
}

cli_units cli_units_clock(double s) {
  cli_units u;
  uint64_t whole = s > 0 && s < 1e15 ? (uint64_t)(s + 0.5) : 0;
  if (whole < 3600)
    snprintf(u.s, sizeof u.s, "%" PRIu64 ":%02" PRIu64, whole / 60, whole % 60);
  else
    snprintf(u.s, sizeof u.s, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, whole / 3600, whole % 3600 / 60, whole % 60);
  return u;
}

static cli_units three(const double v[3], int decimals) {
  cli_units part[3], u;
  for (int a = 0; a < 3; a++) part[a] = cli_units_real(v[a], decimals);
  snprintf(u.s, sizeof u.s, "%.18s%s%.18s%s%.18s", part[0].s, cli_times(), part[1].s, cli_times(), part[2].s);
  return u;
}

cli_units cli_units_shape(const double zyx[3]) { return three(zyx, 1); }

cli_units cli_units_spacing(const double zyx[3]) { return three(zyx, 3); }
