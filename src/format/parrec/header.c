/* PAR files (V4, V4.1, V4.2): general information, then a table with a line a slice. Geometry is as nibabel has it: from the angulation and off-centre of
 * the stack, in Philips' axes (AP, FH, RL: towards posterior, superior, left), checked against the slices' own centres. */
#include "format/parrec/header.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { LONGEST_FILE = 64 << 20, MOST_SLICES = 1 << 18, MOST_COLUMNS = 64, LEAST_COLUMNS = 41 };
static const double RADIANS = 0.017453292519943295;

/* Columns of the table, from 0. */
enum column {
  SLICE = 0,
  ECHO = 1,
  DYNAMIC = 2,
  PHASE = 3,
  IMAGE_TYPE = 4,
  SEQUENCE = 5,
  INDEX = 6,
  BITS = 7,
  RECON_X = 9,
  RECON_Y = 10,
  INTERCEPT = 11,
  SLOPE = 12,
  CENTRE = 19,
  THICKNESS = 22,
  GAP = 23,
  ORIENTATION = 25,
  SPACING_X = 28,
  SPACING_Y = 29,
  B_VALUE = 41,
  GRADIENT = 42,
  LABEL = 48
};

typedef struct general {
  double angulation[3], off_centre[3]; /* AP, FH, RL */
  double slices;                       /* 0: not said */
  double most[PAR_KEYS];               /* of echoes, dynamics, b values, gradients; 0: not said */
  bool has_angulation, has_off_centre;
} general;

int tome_par_score(const uint8_t *head, size_t size) {
  static const char mark[] = "=== DATA DESCRIPTION FILE ===";
  return size > sizeof mark && *head == '#' && memmem(head, size < 256 ? size : 256, mark, sizeof mark - 1) ? 100 : 0;
}

/* ---- lines ---- */

static bool read_numbers(const char *text, int n, double *out) {
  char *end;
  for (int i = 0; i < n; i++, text = end) {
    out[i] = strtod(text, &end);
    if (end == text || !isfinite(out[i])) return false;
  }
  return true;
}

static void take_general(const char *line, general *g) {
  const char *colon = strchr(line, ':');
  if (!colon) return;
  if (strstr(line, "Angulation midslice")) g->has_angulation = read_numbers(colon + 1, 3, g->angulation);
  if (strstr(line, "Off Centre midslice")) g->has_off_centre = read_numbers(colon + 1, 3, g->off_centre);
  static const char *const counts[PAR_KEYS] = {[0] = "Max. number of echoes",
                                               [1] = "Max. number of dynamics",
                                               [5] = "Max. number of diffusion values",
                                               [6] = "Max. number of gradient orients"};
  for (int k = 0; k < PAR_KEYS; k++)
    if (counts[k] && strstr(line, counts[k]) && !read_numbers(colon + 1, 1, &g->most[k])) g->most[k] = 0;
  if (strstr(line, "Max. number of slices") && !read_numbers(colon + 1, 1, &g->slices)) g->slices = 0;
}

/* Numbers of a table line; words among them (contrast type) are NaN. Returns how many there are. */
static int take_columns(const char *line, double out[MOST_COLUMNS]) {
  int n = 0;
  while (n < MOST_COLUMNS) {
    line += strspn(line, " \t\r");
    if (!*line) break;
    char *end;
    out[n] = strtod(line, &end);
    if (end == line || (*end && !isspace((unsigned char)*end))) out[n] = NAN;
    n++;
    line += strcspn(line, " \t\r");
  }
  return n;
}

/* A column that must be a whole number in reach of an int. */
static bool whole(const double *c, int column, int64_t *out) {
  if (!(c[column] == floor(c[column]) && fabs(c[column]) < 1e9)) return false;
  *out = (int64_t)c[column];
  return true;
}

static bool take_slice(const double *c, int columns, size_t line, tome_par_slice *s, tome_error *err) {
  static const int keys[PAR_KEYS] = {ECHO, DYNAMIC, PHASE, IMAGE_TYPE, SEQUENCE, B_VALUE, GRADIENT, LABEL};
  *s = (tome_par_slice){.line = line, .slope = c[SLOPE], .intercept = c[INTERCEPT]};
  if (columns < LEAST_COLUMNS)
    return tome_fail(err, TOME_UNSUPPORTED, "has a table of %d columns; V4 to V4.2, with %d and more, are read",
                     columns, LEAST_COLUMNS);
  bool ok = whole(c, SLICE, &s->number) && whole(c, INDEX, &s->index) && whole(c, BITS, &s->bits) &&
            whole(c, RECON_X, &s->nx) && whole(c, RECON_Y, &s->ny) && whole(c, ORIENTATION, &s->orientation);
  for (int k = 0; k < PAR_KEYS; k++) ok = ok && (keys[k] >= columns || whole(c, keys[k], &s->key[k]));
  ok = ok && isfinite(s->slope) && isfinite(s->intercept) && s->slope != 0 && s->index >= 0 && s->nx > 0 && s->ny > 0;
  s->spacing[0] = c[THICKNESS] + c[GAP];
  s->spacing[1] = c[SPACING_Y];
  s->spacing[2] = c[SPACING_X];
  for (int k = 0; k < 3; k++) {
    s->centre[k] = c[CENTRE + k];
    ok = ok && isfinite(s->spacing[k]) && s->spacing[k] > 0 && isfinite(s->centre[k]);
  }
  return ok || tome_fail(err, TOME_CORRUPT, "has a table whose line %zu cannot be read", line + 1);
}

static bool read_lines(char *text, tome_arena *arena, general *g, tome_par *p, tome_error *err) {
  size_t cap = 0;
  char *save = NULL;
  double columns[MOST_COLUMNS];
  for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
    line += strspn(line, " \t\r");
    if (*line == '.') take_general(line, g);
    if (!isdigit((unsigned char)*line)) continue;
    const int n = take_columns(line, columns);
    if (p->count == MOST_SLICES) return tome_fail(err, TOME_UNSUPPORTED, "has more than %d slices", MOST_SLICES);
    if (!tome_arena_grow(arena, &p->slices, &cap, p->count + 1, sizeof *p->slices, err) ||
        !take_slice(columns, n, p->count, &p->slices[p->count], err))
      return false;
    p->count++;
  }
  return p->count > 0 || tome_fail(err, TOME_CORRUPT, "has no table of slices");
}

/* ---- volumes ---- */

static int by_key(const tome_par_slice *a, const tome_par_slice *b) {
  for (int k = 0; k < PAR_KEYS; k++)
    if (a->key[k] != b->key[k]) return a->key[k] < b->key[k] ? -1 : 1;
  return 0;
}
static int three_way(int64_t a, int64_t b) { return (a > b) - (a < b); }

static int by_number(const void *pa, const void *pb) {
  const tome_par_slice *a = pa, *b = pb;
  const int key = by_key(a, b), number = three_way(a->number, b->number);
  return key ? key : number ? number : a->line < b->line ? -1 : 1;
}
static int by_occurrence(const void *pa, const void *pb) {
  const tome_par_slice *a = pa, *b = pb;
  const int key = by_key(a, b), turn = three_way(a->occurrence, b->occurrence);
  return key ? key : turn ? turn : three_way(a->number, b->number);
}
static int by_volume(const void *pa, const void *pb) {
  const tome_par_slice *a = pa, *b = pb;
  return a->first != b->first ? (a->first < b->first ? -1 : 1) : three_way(a->number, b->number);
}

/* Volumes in the order in which the table first speaks of each; slices of one number and equal keys are of successive volumes. */
static void sort_volumes(tome_par *p) {
  tome_par_slice *s = p->slices;
  qsort(s, p->count, sizeof *s, by_number);
  for (size_t i = 1; i < p->count; i++)
    s[i].occurrence = !by_key(&s[i - 1], &s[i]) && s[i - 1].number == s[i].number ? s[i - 1].occurrence + 1 : 0;
  qsort(s, p->count, sizeof *s, by_occurrence);
  p->volumes = 0;
  for (size_t i = 0, end; i < p->count; i = end, p->volumes++) {
    size_t first = s[i].line;
    for (end = i; end < p->count && !by_key(&s[i], &s[end]) && s[end].occurrence == s[i].occurrence; end++)
      first = s[end].line < first ? s[end].line : first;
    for (size_t k = i; k < end; k++) s[k].first = first;
  }
  qsort(s, p->count, sizeof *s, by_volume);
}

/* Every volume has the same slices, and as many as the general information says. */
static bool check_volumes(tome_par *p, const general *g, tome_error *err) {
  const tome_par_slice *s = p->slices;
  size_t depth = 0;
  for (size_t i = 0, end; i < p->count; i = end) {
    for (end = i; end < p->count && s[end].first == s[i].first;) end++;
    depth = end - i > depth ? end - i : depth;
  }
  if (g->slices >= 1 && (double)depth != g->slices)
    return tome_fail(err, TOME_CORRUPT, "has %zu slices of the %.0f it speaks of; fetch the file again", depth,
                     g->slices);
  p->depth = depth;
  for (size_t i = 0, end; i < p->count; i = end) {
    for (end = i; end < p->count && s[end].first == s[i].first;) end++;
    if (end - i != depth)
      return tome_fail(err, TOME_CORRUPT, "breaks off: a volume (dynamic %lld, echo %lld) has %zu of %zu slices",
                       (long long)s[i].key[1], (long long)s[i].key[0], end - i, depth);
    for (size_t k = i; k < end; k++)
      if (s[k].number != s[k - i].number) return tome_fail(err, TOME_CORRUPT, "has volumes of different slices");
  }
  return true;
}

static int by_value(const void *a, const void *b) { return three_way(*(const int64_t *)a, *(const int64_t *)b); }

/* As many echoes, dynamics … in the table as the general information speaks of: a scan that was broken off has fewer. */
static bool check_counts(const tome_par *p, const general *g, tome_arena *arena, tome_error *err) {
  static const char *const names[PAR_KEYS] = {[0] = "echoes", [1] = "dynamics", [5] = "b values", [6] = "gradients"};
  int64_t *values = tome_arena_alloc(arena, p->count * sizeof *values, err);
  if (!values) return false;
  for (int k = 0; k < PAR_KEYS; k++) {
    if (!names[k] || g->most[k] < 1) continue;
    size_t distinct = 1;
    for (size_t i = 0; i < p->count; i++) values[i] = p->slices[i].key[k];
    qsort(values, p->count, sizeof *values, by_value);
    for (size_t i = 1; i < p->count; i++) distinct += values[i] != values[i - 1];
    if ((double)distinct != g->most[k])
      return tome_fail(err, TOME_CORRUPT, "holds %zu of the %.0f %s it speaks of: the scan or the file broke off",
                       distinct, g->most[k], names[k]);
  }
  return true;
}

static bool check_uniform(const tome_par *p, tome_error *err) {
  const tome_par_slice *a = &p->slices[0];
  for (size_t i = 1; i < p->count; i++) {
    const tome_par_slice *b = &p->slices[i];
    bool same = a->bits == b->bits && a->nx == b->nx && a->ny == b->ny && a->orientation == b->orientation;
    for (int k = 0; k < 3; k++) same = same && a->spacing[k] == b->spacing[k];
    if (!same) return tome_fail(err, TOME_UNSUPPORTED, "has slices of different sizes, spacings or orientations");
  }
  if (a->bits == 8 || a->bits == 16) return true;
  return tome_fail(err, TOME_UNSUPPORTED, "has voxels of %lld bits; 8 and 16 are read", (long long)a->bits);
}

/* ---- geometry ---- */

static void multiply(const double a[3][3], const double b[3][3], double out[3][3]) {
  for (int r = 0; r < 3; r++)
    for (int c = 0; c < 3; c++) out[r][c] = a[r][0] * b[0][c] + a[r][1] * b[1][c] + a[r][2] * b[2][c];
}

/* Angulations about AP, FH, RL as one rotation: RL, then AP, then FH, the order nibabel found by comparing with scanners' own conversions. */
static void rotation(const double degrees[3], double out[3][3]) {
  const double ca = cos(degrees[0] * RADIANS), sa = sin(degrees[0] * RADIANS), cf = cos(degrees[1] * RADIANS),
               sf = sin(degrees[1] * RADIANS), cr = cos(degrees[2] * RADIANS), sr = sin(degrees[2] * RADIANS);
  const double ap[3][3] = {{1, 0, 0}, {0, ca, -sa}, {0, sa, ca}}, fh[3][3] = {{cf, 0, sf}, {0, 1, 0}, {-sf, 0, cf}},
               rl[3][3] = {{cr, -sr, 0}, {sr, cr, 0}, {0, 0, 1}};
  double both[3][3];
  multiply(rl, ap, both);
  multiply(both, fh, out);
}

/* From (x, y, slice) of an image to (P, S, L). */
static const double ACQUISITION[3][3][3] = {
    {{0, 1, 0}, {0, 0, 1}, {1, 0, 0}},   /* transverse */
    {{1, 0, 0}, {0, -1, 0}, {0, 0, -1}}, /* sagittal */
    {{0, 0, 1}, {0, -1, 0}, {1, 0, 0}}   /* coronal */
};

static void psl_to_lps(const double psl[3], double lps[3]) { lps[0] = psl[2], lps[1] = psl[0], lps[2] = psl[1]; }

/* Farthest that a slice's own centre lies from where the geometry puts it. */
static double worst_centre(const tome_par *p) {
  double worst = 0;
  for (size_t i = 0; i < p->count; i++) {
    const int64_t *n = p->geometry.shape;
    const double at[3] = {(double)(i % p->depth), (double)(n[1] - 1) / 2, (double)(n[2] - 1) / 2};
    double here[3], said[3], sum = 0;
    tome_geometry_to_world(&p->geometry, at, here);
    psl_to_lps(p->slices[i].centre, said);
    for (int k = 0; k < 3; k++) sum += (here[k] - said[k]) * (here[k] - said[k]);
    worst = sqrt(sum) > worst ? sqrt(sum) : worst;
  }
  return worst;
}

static bool set_geometry(const general *g, tome_par *p, tome_error *err) {
  const tome_par_slice *s = &p->slices[0];
  double turned[3][3], axes[3][3], step[3][3], origin[3];
  if (!g->has_angulation || !g->has_off_centre)
    return tome_fail(err, TOME_CORRUPT, "lacks the angulation or the off-centre of its stack");
  if (s->orientation < 1 || s->orientation > 3)
    return tome_fail(err, TOME_CORRUPT, "has the slice orientation %lld; 1 to 3 there are", (long long)s->orientation);
  rotation(g->angulation, turned);
  multiply(turned, ACQUISITION[s->orientation - 1], axes);
  psl_to_lps(g->off_centre, origin);
  const int64_t shape[3] = {(int64_t)p->depth, s->ny, s->nx};
  for (int a = 0; a < 3; a++) { /* a: z, y, x; its column is slice, y, x */
    const double column[3] = {axes[0][2 - a], axes[1][2 - a], axes[2][2 - a]};
    psl_to_lps(column, step[a]);
    for (int k = 0; k < 3; k++) {
      step[a][k] *= s->spacing[a];
      origin[k] -= step[a][k] * (double)(shape[a] - 1) / 2;
    }
  }
  if (!tome_geometry_from_steps(shape, step, origin, &p->geometry, err)) return false;
  const double off = worst_centre(p);
  if (off > s->spacing[0] / 2 + 0.1)
    return tome_fail(err, TOME_GEOMETRY,
                     "has a slice %.3g mm from where one stack of its angulation and off-centre puts it", off);
  return true;
}

/* ---- all of it ---- */

bool tome_par_one_scale(const tome_par *p, size_t volume) {
  const tome_par_slice *s = p->slices + volume * p->depth;
  for (size_t i = 1; i < p->depth; i++)
    if (s[i].slope != s->slope || s[i].intercept != s->intercept) return false;
  return true;
}

bool tome_par_read(const char *path, tome_arena *arena, tome_par *out, tome_error *err) {
  TOME_CLEANUP(tome_bytes_clear) tome_bytes file = {0};
  general g = {.slices = 0};
  tome_par p = {.count = 0};
  if (!tome_file_read(path, LONGEST_FILE, &file, err)) return false;
  char *text = tome_arena_alloc(arena, file.size + 1, err);
  if (!text) return false;
  for (size_t i = 0; i < file.size; i++) text[i] = file.data[i] ? (char)file.data[i] : ' ';
  if (!read_lines(text, arena, &g, &p, err)) return false;
  sort_volumes(&p);
  if (!check_volumes(&p, &g, err) || !check_counts(&p, &g, arena, err) || !check_uniform(&p, err) ||
      !set_geometry(&g, &p, err))
    return false;
  p.dtype = p.slices[0].bits == 8 ? TOME_U8 : TOME_U16;
  *out = p;
  return true;
}
