/* Which axes of an NRRD are space, and where they lie: `space`, `space directions`, `space origin`, or spacings alone. NRRD spells several worlds; here all
 * become LPS. */
#include "format/nrrd/place.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WORLD_DIMS = 4 };

/* ---- little readers ---- */

static char *skip_blanks(char *s) {
  while (isspace((unsigned char)*s)) s++;
  return s;
}

/* "none" or "(1,0,0)": 1 a vector, 0 none, -1 neither. *s moves behind it; components that are absent are NaN. */
static int take_vector(char **s, double v[WORLD_DIMS]) {
  char *p = skip_blanks(*s);
  for (int i = 0; i < WORLD_DIMS; i++) v[i] = NAN;
  if (strncasecmp(p, "none", 4) == 0) return *s = p + 4, 0;
  if (*p++ != '(') return -1;
  for (int i = 0; i < WORLD_DIMS; i++) {
    char *end;
    v[i] = strtod(p, &end);
    if (end == p) return -1;
    p = skip_blanks(end);
    if (*p == ')') return *s = p + 1, 1;
    if (*p++ != ',') return -1;
  }
  return -1;
}

/* The i-th word of a list; its length, 0 past the end. */
static size_t word_at(const char *s, int i, const char **out) {
  for (;; i--) {
    s += strspn(s, " \t");
    const size_t n = strcspn(s, " \t");
    if (i == 0 || !n) return *out = s, n;
    s += n;
  }
}

static bool is_word(const char *word, size_t n, const char *what) {
  return strlen(what) == n && strncasecmp(word, what, n) == 0;
}

static double number_at(const char *list, int i) {
  const char *word;
  if (!list || !word_at(list, i, &word)) return NAN;
  char *end;
  const double v = strtod(word, &end);
  return end == word ? NAN : v;
}

/* ---- roles ---- */

typedef enum role { SPACE, SAMPLES, LIST, TIME, UNSAID } role;

static role role_of_kind(const char *kinds, int axis) {
  const char *word;
  const size_t n = kinds ? word_at(kinds, axis, &word) : 0;
  if (!n || is_word(word, n, "none") || is_word(word, n, "???")) return UNSAID;
  if (is_word(word, n, "domain") || is_word(word, n, "space")) return SPACE;
  if (is_word(word, n, "time")) return TIME;
  return is_word(word, n, "list") ? LIST : SAMPLES;
}

static bool read_roles(const tome_nrrd_words *w, const tome_array *a, role out[TOME_ARRAY_DIMS], tome_error *err) {
  char *directions = w->value[NRRD_SPACE_DIRECTIONS];
  double v[WORLD_DIMS];
  for (int i = 0; i < a->dims; i++) {
    const role kind = role_of_kind(w->value[NRRD_KINDS], i);
    if (!directions) {
      out[i] = kind == UNSAID && !w->value[NRRD_KINDS] ? SPACE : kind;
      continue;
    }
    const int has = take_vector(&directions, v);
    if (has < 0) return tome_fail(err, TOME_CORRUPT, "has space directions that cannot be read");
    out[i] = has && !isnan(v[0]) ? SPACE : kind == SPACE ? UNSAID : kind;
  }
  return true;
}

bool tome_nrrd_roles(const tome_nrrd_words *w, tome_array *a, tome_error *err) {
  role roles[TOME_ARRAY_DIMS];
  if (!read_roles(w, a, roles, err)) return false;
  int axes[3], count = 0, first = a->dims;
  for (int i = 0; i < a->dims; i++)
    if (roles[i] == SPACE && count < 3) {
      axes[count++] = i;
      if (first == a->dims) first = i;
    }
  if (count < 2)
    return tome_fail(err, TOME_UNSUPPORTED, "has %d spatial ax%s of %d; images have 2 or 3", count,
                     count == 1 ? "is" : "es", a->dims);
  for (int k = 0; k < 3; k++) a->space[2 - k] = k < count ? axes[k] : -1;
  a->channel = -1;
  for (int i = 0; i < a->dims && a->channel < 0; i++) /* a list behind the voxels numbers volumes */
    if (roles[i] == SAMPLES || (i < first && roles[i] != SPACE && roles[i] != TIME)) a->channel = i;
  return true;
}

/* ---- place ---- */

typedef struct world {
  double sign[3]; /* to LPS */
  int dims;
  bool known; /* says where the patient's left and back are */
} world;

static bool read_world(const tome_nrrd_words *w, world *out, tome_error *err) {
  static const struct {
    const char *name, *code;
    int dims;
    double x, y;
  } spaces[] = {{"left-posterior-superior", "LPS", 3, 1, 1},         {"right-anterior-superior", "RAS", 3, -1, -1},
                {"left-anterior-superior", "LAS", 3, 1, -1},         {"left-posterior-superior-time", "LPST", 4, 1, 1},
                {"right-anterior-superior-time", "RAST", 4, -1, -1}, {"left-anterior-superior-time", "LAST", 4, 1, -1}};
  static const char *const others[] = {"scanner-xyz",    "scanner-xyz-time",     "3D-right-handed",
                                       "3D-left-handed", "3D-right-handed-time", "3D-left-handed-time"};
  const char *name = w->value[NRRD_SPACE];
  *out = (world){.sign = {1, 1, 1}, .dims = 3};
  for (size_t i = 0; name && i < TOME_COUNT(spaces); i++)
    if (strcasecmp(name, spaces[i].name) == 0 || strcasecmp(name, spaces[i].code) == 0) {
      *out = (world){{spaces[i].x, spaces[i].y, 1}, spaces[i].dims, true};
      return true;
    }
  for (size_t i = 0; name && i < TOME_COUNT(others); i++)
    if (strcasecmp(name, others[i]) == 0) {
      out->dims = strstr(others[i], "time") ? 4 : 3;
      return true;
    }
  if (name) return tome_fail(err, TOME_UNSUPPORTED, "has the unknown space \"%.60s\"", name);
  if (w->value[NRRD_SPACE_DIMENSION]) out->dims = atoi(w->value[NRRD_SPACE_DIMENSION]);
  if (out->dims < 1 || out->dims > WORLD_DIMS)
    return tome_fail(err, TOME_UNSUPPORTED, "has a space of %d dimensions", out->dims);
  return true;
}

/* Millimetres of one `space units`. */
static double unit_mm(const char *units) {
  static const struct {
    const char *name;
    double mm;
  } known[] = {{"um", 1e-3}, {"\xc2\xb5m", 1e-3}, {"micron", 1e-3}, {"micrometer", 1e-3}, {"nm", 1e-6},
               {"cm", 10},   {"m", 1000},         {"meter", 1000},  {"centimeter", 10},   {"nanometer", 1e-6}};
  const char *word;
  size_t n = units ? word_at(units, 0, &word) : 0;
  if (n > 1 && *word == '"') {
    word++;
    n = strcspn(word, "\"");
  }
  for (size_t i = 0; n && i < TOME_COUNT(known); i++)
    if (strlen(known[i].name) == n && memcmp(word, known[i].name, n) == 0) return known[i].mm;
  return 1;
}

/* The first three components, in LPS mm. */
static void to_lps(const world *wd, double mm, const double v[WORLD_DIMS], double out[3]) {
  for (int k = 0; k < 3; k++) out[k] = k < wd->dims ? v[k] * wd->sign[k] * mm : 0;
}

/* Steps of the axes z, y, x from the directions. */
static bool read_steps(const tome_nrrd_words *w, const tome_array *a, const world *wd, double mm, double step[3][3],
                       tome_error *err) {
  char *s = w->value[NRRD_SPACE_DIRECTIONS];
  for (int i = 0; i < a->dims; i++) {
    double v[WORLD_DIMS];
    if (take_vector(&s, v) < 0) return tome_fail(err, TOME_CORRUPT, "has space directions that cannot be read");
    for (int k = 0; k < 3; k++)
      if (a->space[k] == i) to_lps(wd, mm, v, step[k]);
  }
  return true;
}

static bool read_origin(const tome_nrrd_words *w, const world *wd, double mm, double origin[3], tome_place *out) {
  char *s = w->value[NRRD_SPACE_ORIGIN];
  double v[WORLD_DIMS];
  memset(origin, 0, 3 * sizeof *origin);
  if (s && take_vector(&s, v) == 1) to_lps(wd, mm, v, origin);
  const bool there = s && isfinite(origin[0]) && isfinite(origin[1]) && isfinite(origin[2]);
  if (there) return true;
  memset(origin, 0, 3 * sizeof *origin);
  tome_place_note(out, "the header states no origin; the first voxel is put at 0, 0, 0");
  return false;
}

static bool normal(const double v[3], double out[3], double *length) {
  *length = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
  for (int k = 0; k < 3; k++) out[k] = v[k] / *length;
  return isfinite(*length) && *length > 0;
}

/* One slice in the room. */
static void place_slice(const double step[3][3], const double origin[3], bool in_room, tome_place *out) {
  double dy, dx, row[3], column[3];
  if (!normal(step[TOME_X], row, &dx) || !normal(step[TOME_Y], column, &dy)) return;
  out->has_pixel_spacing = true;
  out->pixel_spacing[0] = dy, out->pixel_spacing[1] = dx;
  if (!in_room) return;
  out->has_position = true;
  memcpy(out->position, origin, sizeof out->position);
  memcpy(out->along_row, row, sizeof row);
  memcpy(out->along_column, column, sizeof column);
}

static bool place_by_directions(const tome_nrrd_words *w, const tome_array *a, tome_place *out, tome_error *err) {
  world wd;
  double step[3][3] = {{0, 0, 1}}, origin[3];
  const double mm = unit_mm(w->value[NRRD_SPACE_UNITS]);
  if (!read_world(w, &wd, err) || !read_steps(w, a, &wd, mm, step, err)) return false;
  const bool has_origin = read_origin(w, &wd, mm, origin, out);
  if (!wd.known)
    tome_place_note(
        out, "the space \"%.40s\" does not say how the patient lies; its axes are taken for left, posterior, superior",
        w->value[NRRD_SPACE] ? w->value[NRRD_SPACE] : "of the header");
  if (a->space[TOME_Z] < 0) return place_slice(step, origin, wd.dims >= 3 && has_origin, out), true;
  const int64_t shape[3] = {a->size[a->space[0]], a->size[a->space[1]], a->size[a->space[2]]};
  if (!tome_geometry_from_steps(shape, step, origin, &out->geometry, err))
    return tome_fail_prefix(err, "has unusable space directions");
  out->has_geometry = true;
  return true;
}

/* Spacing of one axis: as stated, or from the ends of its range (axis mins, axis maxs), which are of cells or of nodes. */
static double spacing_of(const tome_nrrd_words *w, const tome_array *a, int axis, double *first) {
  const double lo = number_at(w->value[NRRD_AXIS_MINS], axis), hi = number_at(w->value[NRRD_AXIS_MAXS], axis);
  const char *word;
  const size_t n = w->value[NRRD_CENTERS] ? word_at(w->value[NRRD_CENTERS], axis, &word) : 0;
  const bool node = n && is_word(word, n, "node");
  double spacing = number_at(w->value[NRRD_SPACINGS], axis);
  const double steps = (double)a->size[axis] - (node ? 1 : 0);
  if (!isfinite(spacing) && isfinite(lo) && isfinite(hi) && steps >= 1) spacing = (hi - lo) / steps;
  *first = isfinite(lo) ? lo + (node ? 0 : spacing / 2) : 0;
  return isfinite(spacing) && spacing != 0 ? spacing : 0;
}

static bool place_by_spacings(const tome_nrrd_words *w, const tome_array *a, tome_place *out, tome_error *err) {
  double step[3][3] = {{0}}, origin[3] = {0};
  int known = 0;
  for (int k = 0; k < 3; k++) {
    if (a->space[k] < 0) continue;
    step[k][2 - k] = spacing_of(w, a, a->space[k], &origin[2 - k]);
    known += step[k][2 - k] != 0;
  }
  if (known < (a->space[TOME_Z] < 0 ? 2 : 3)) return true;
  if (a->space[TOME_Z] < 0) return place_slice(step, origin, false, out), true;
  const int64_t shape[3] = {a->size[a->space[0]], a->size[a->space[1]], a->size[a->space[2]]};
  if (!tome_geometry_from_steps(shape, step, origin, &out->geometry, err))
    return tome_fail_prefix(err, "has unusable spacings");
  out->has_geometry = true;
  tome_place_note(out,
                  "the header states spacings and no orientation; the axes are taken for left, posterior, superior");
  return true;
}

bool tome_nrrd_place(const tome_nrrd_words *w, const tome_array *a, tome_place *out, tome_error *err) {
  if (w->value[NRRD_MEASUREMENT_FRAME]) tome_place_note(out, "the measurement frame, which turns vectors, is not used");
  return w->value[NRRD_SPACE_DIRECTIONS] ? place_by_directions(w, a, out, err) : place_by_spacings(w, a, out, err);
}
