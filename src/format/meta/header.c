/* MetaImage headers: lines of "Key = value", of which ElementDataFile is the last. Its world is ITK's, LPS. */
#include "format/meta/header.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "format/head.h"

enum { LONGEST_HEADER = 1 << 20, MOST_DIMS = 10 };

typedef enum key {
  NDIMS,
  DIM_SIZE,
  ELEMENT_TYPE,
  DATA_FILE,
  CHANNELS,
  BINARY,
  MSB_FIRST,
  COMPRESSED,
  HEADER_SIZE,
  SPACING,
  ELEMENT_SIZE,
  OFFSET,
  MATRIX,
  ANATOMY,
  SLOPE,
  INTERCEPT,
  KEYS
} key;

typedef struct header {
  const char *path;
  tome_arena *arena;
  char *at, *end;
  const char *value[KEYS]; /* NULL where the header lacks it */
  uint64_t offset;         /* behind the header */
} header;

/* ---- lines ---- */

static int key_of(const char *name) {
  static const struct {
    const char *name;
    key key;
  } keys[] = {{"NDims", NDIMS},
              {"DimSize", DIM_SIZE},
              {"ElementType", ELEMENT_TYPE},
              {"ElementDataFile", DATA_FILE},
              {"ElementNumberOfChannels", CHANNELS},
              {"BinaryData", BINARY},
              {"BinaryDataByteOrderMSB", MSB_FIRST},
              {"ElementByteOrderMSB", MSB_FIRST},
              {"CompressedData", COMPRESSED},
              {"HeaderSize", HEADER_SIZE},
              {"ElementSpacing", SPACING},
              {"ElementSize", ELEMENT_SIZE},
              {"Offset", OFFSET},
              {"Position", OFFSET},
              {"Origin", OFFSET},
              {"TransformMatrix", MATRIX},
              {"Rotation", MATRIX},
              {"Orientation", MATRIX},
              {"AnatomicalOrientation", ANATOMY},
              {"ElementToIntensityFunctionSlope", SLOPE},
              {"ElementToIntensityFunctionOffset", INTERCEPT}};
  for (size_t i = 0; i < TOME_COUNT(keys); i++)
    if (strcasecmp(name, keys[i].name) == 0) return (int)keys[i].key;
  return -1;
}

static char *trim(char *s) {
  while (isspace((unsigned char)*s)) s++;
  char *end = s + strlen(s);
  while (end > s && isspace((unsigned char)end[-1])) *--end = '\0';
  return s;
}

/* The next line; NULL past the last, or where bytes that are no text begin. */
static char *next_line(header *h) {
  if (h->at >= h->end) return NULL;
  char *line = h->at, *end = memchr(line, '\n', (size_t)(h->end - line));
  h->at = end ? end + 1 : h->end;
  if (!end) end = h->end;
  *end = '\0';
  return strlen(line) == (size_t)(end - line) ? trim(line) : NULL;
}

static bool read_lines(header *h, tome_error *err) {
  char *text = tome_arena_alloc(h->arena, LONGEST_HEADER + 1, err), *line;
  size_t got;
  if (!text || !tome_file_head(h->path, text, LONGEST_HEADER, &got, err)) return false;
  h->at = text;
  h->end = text + got;
  while (!h->value[DATA_FILE] && (line = next_line(h))) {
    char *equals = strpbrk(line, "=:");
    if (!equals) continue;
    *equals = '\0';
    const int k = key_of(trim(line));
    if (k >= 0 && !h->value[k]) h->value[k] = trim(equals + 1);
  }
  h->offset = (uint64_t)(h->at - text);
  return h->value[DATA_FILE] || tome_fail(err, TOME_CORRUPT, "has a header without ElementDataFile");
}

int tome_meta_score(const uint8_t *head, size_t size) {
  static const char *const openings[] = {"ObjectType", "NDims", "Comment",      "ObjectSubType",
                                         "ID",         "Name",  "TransformType"};
  bool opens = false, dims = false;
  for (size_t i = 0; i < TOME_COUNT(openings); i++) {
    const size_t n = strlen(openings[i]);
    opens |= size > n + 2 && memcmp(head, openings[i], n) == 0 && (head[n] == ' ' || head[n] == '=');
  }
  if (!opens) return 0;
  dims = memmem(head, size, "NDims", 5) != NULL;
  return dims && memmem(head, size, "ElementType", 11) ? 95 : dims && memmem(head, size, "DimSize", 7) ? 60 : 0;
}

/* ---- values ---- */

static bool read_whole(const char *text, int64_t lo, int64_t hi, int64_t *out, const char **rest) {
  char *end;
  errno = 0;
  *out = text ? strtoll(text, &end, 10) : 0;
  if (!text || end == text || errno || *out < lo || *out > hi || (*end && !isspace((unsigned char)*end))) return false;
  if (rest) *rest = end;
  return true;
}

/* n numbers; false where there are fewer. */
static bool read_numbers(const char *text, int n, double *out) {
  char *end;
  for (int i = 0; text && i < n; i++, text = end) {
    out[i] = strtod(text, &end);
    if (end == text || !isfinite(out[i])) return false;
  }
  return text != NULL;
}

static bool is_true(const char *value) { return value && (*value == 'T' || *value == 't' || *value == '1'); }

static bool read_type(const header *h, tome_array *a, tome_error *err) {
  static const struct {
    const char *name;
    tome_dtype dtype;
  } types[] = {{"CHAR", TOME_I8},    {"ASCII_CHAR", TOME_I8}, {"UCHAR", TOME_U8},       {"SHORT", TOME_I16},
               {"USHORT", TOME_U16}, {"INT", TOME_I32},       {"UINT", TOME_U32},       {"LONG", TOME_I32},
               {"ULONG", TOME_U32},  {"LONG_LONG", TOME_I64}, {"ULONG_LONG", TOME_U64}, {"FLOAT", TOME_F32},
               {"DOUBLE", TOME_F64}};
  const char *value = h->value[ELEMENT_TYPE] ? h->value[ELEMENT_TYPE] : "", *name = value;
  if (strncmp(name, "MET_", 4) == 0) name += 4;
  size_t n = strlen(name);
  if (n > 6 && strcmp(name + n - 6, "_ARRAY") == 0) n -= 6;
  for (size_t i = 0; i < TOME_COUNT(types); i++)
    if (strlen(types[i].name) == n && strncmp(types[i].name, name, n) == 0) {
      a->dtype = types[i].dtype;
      return true;
    }
  return tome_fail(err, TOME_UNSUPPORTED, "has voxels of the type \"%.40s\"", value);
}

/* The file's axes: samples of a voxel (fastest, where there are several), x, y, z and what numbers the volumes. */
static bool read_sizes(const header *h, tome_array *a, tome_error *err) {
  int64_t dims, channels = 1;
  const char *sizes = h->value[DIM_SIZE];
  if (!read_whole(h->value[NDIMS], 2, MOST_DIMS, &dims, NULL))
    return tome_fail(err, TOME_UNSUPPORTED, "has NDims %.20s; 2 to %d are read",
                     h->value[NDIMS] ? h->value[NDIMS] : "missing", MOST_DIMS);
  if (h->value[CHANNELS] && !read_whole(h->value[CHANNELS], 1, INT16_MAX, &channels, NULL))
    return tome_fail(err, TOME_CORRUPT, "has ElementNumberOfChannels %.20s", h->value[CHANNELS]);
  a->channel = channels > 1 ? 0 : -1;
  if (channels > 1) a->size[a->dims++] = channels;
  for (int i = 0; i < dims; i++) {
    if (!read_whole(sizes, 1, INT64_MAX, &a->size[a->dims], &sizes))
      return tome_fail(err, TOME_CORRUPT, "has no %lld sizes above 0 in DimSize", (long long)dims);
    if (i < 3) a->space[2 - i] = a->dims;
    a->dims++;
  }
  if (dims < 3) a->space[TOME_Z] = -1;
  return true;
}

static bool read_encoding(const header *h, tome_array *a, tome_error *err) {
  const bool text = h->value[BINARY] && !is_true(h->value[BINARY]), packed = is_true(h->value[COMPRESSED]);
  a->encoding = text ? TOME_TEXT : packed ? TOME_ZLIB : TOME_RAW;
  a->swapped = is_true(h->value[MSB_FIRST]) == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
  if (tome_dtype_size(a->dtype) == 1) a->swapped = false;
  if (h->value[HEADER_SIZE] && !read_whole(h->value[HEADER_SIZE], -1, INT64_MAX / 4, &a->byte_skip, NULL))
    return tome_fail(err, TOME_CORRUPT, "has HeaderSize %.20s", h->value[HEADER_SIZE]);
  if (a->byte_skip > 0 && packed) /* of the file, before what is compressed */
    a->offset = (uint64_t)a->byte_skip;
  if (packed || text) a->byte_skip = 0;
  return true;
}

/* ---- data files ---- */

/* `whole`: axes one file holds, not counting samples. */
static bool check_parts(const tome_array *a, int64_t whole, tome_error *err) {
  int64_t parts = 1;
  for (int64_t i = whole + (a->channel >= 0); i < a->dims; i++)
    if (__builtin_mul_overflow(parts, a->size[i], &parts)) parts = INT64_MAX;
  if ((int64_t)a->file_count == parts) return true;
  return tome_fail(err, TOME_CORRUPT, "names %zu data files; DimSize makes it %lld", a->file_count, (long long)parts);
}

/* "LIST" or "LIST 2D": names on the lines that follow. */
static bool read_list(header *h, tome_array *a, tome_error *err) {
  const char *rest = h->value[DATA_FILE] + 4;
  const int64_t dims = a->dims - (a->channel >= 0);
  int64_t whole = dims - 1;
  if (isdigit((unsigned char)rest[strspn(rest, " \t")])) whole = strtol(rest, NULL, 10);
  if (whole < 1 || whole > dims)
    return tome_fail(err, TOME_CORRUPT, "says \"%.40s\" of its data files", h->value[DATA_FILE]);
  int64_t parts = 1;
  for (int64_t i = whole + (a->channel >= 0); i < a->dims; i++)
    if (__builtin_mul_overflow(parts, a->size[i], &parts)) parts = INT64_MAX;
  for (char *line; (int64_t)a->file_count < parts && (line = next_line(h));)
    if (*line && !tome_array_add_file(a, h->arena, h->path, line, err)) return false;
  return check_parts(a, whole, err);
}

/* "slice%03d.raw 1 20 1" */
static bool read_pattern(const header *h, tome_array *a, tome_error *err) {
  const char *file = h->value[DATA_FILE], *rest = file + strcspn(file, " \t");
  const char *name = tome_arena_printf(h->arena, err, "%.*s", (int)(rest - file), file);
  int64_t min = 1, max = a->size[a->dims - 1], step = 1;
  if (!name) return false;
  if (rest[strspn(rest, " \t")] &&
      (!read_whole(rest, 0, INT32_MAX, &min, &rest) || !read_whole(rest, 0, INT32_MAX, &max, &rest) ||
       (rest[strspn(rest, " \t")] && !read_whole(rest, 1, INT32_MAX, &step, &rest))))
    return tome_fail(err, TOME_CORRUPT, "names its data files \"%.100s\"", file);
  return tome_array_add_pattern(a, h->arena, h->path, name, (long)min, (long)max, (long)step, err) &&
         check_parts(a, a->dims - (a->channel >= 0) - 1, err);
}

static bool read_files(header *h, tome_array *a, tome_error *err) {
  const char *file = h->value[DATA_FILE];
  if (strcmp(file, "LOCAL") == 0 || strcmp(file, "Local") == 0 || strcmp(file, "local") == 0) {
    if (a->byte_skip >= 0) a->byte_skip = 0; /* HeaderSize is of other files */
    a->offset = h->offset;
    return tome_array_add_file(a, h->arena, h->path, tome_basename(h->path), err);
  }
  if (strncmp(file, "LIST", 4) == 0 && (!file[4] || isspace((unsigned char)file[4]))) return read_list(h, a, err);
  if (strchr(file, '%')) return read_pattern(h, a, err);
  return tome_array_add_file(a, h->arena, h->path, file, err);
}

/* ---- place ---- */

/* "RAI": x runs from right, y from anterior, z from inferior. Fills rows x, y, z of unit vectors; false where it is no such code. */
static bool read_anatomy(const char *code, double rows[3][3]) {
  static const char letters[] = "RLAPIS"; /* from each to the other end: +x -x +y -y +z -z in LPS */
  unsigned seen = 0;
  memset(rows, 0, 9 * sizeof(double));
  for (int i = 0; i < 3; i++) {
    const char *at = code && code[i] ? strchr(letters, toupper((unsigned char)code[i])) : NULL;
    if (!at) return false;
    const int k = (int)(at - letters);
    rows[i][k / 2] = k % 2 ? -1 : 1;
    seen |= 1u << k / 2;
  }
  return seen == 7 && !code[3];
}

/* Directions of x, y, z: n rows of n numbers in the file; what is not there is the identity. */
static bool read_directions(const header *h, int dims, double rows[3][3], tome_place *p, tome_error *err) {
  double m[MOST_DIMS * MOST_DIMS], said[3][3];
  const bool anatomy = dims >= 3 && read_anatomy(h->value[ANATOMY], said);
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < 3; k++) rows[i][k] = i == k;
  if (!h->value[MATRIX]) {
    if (anatomy) memcpy(rows, said, sizeof said);
    tome_place_note(p, anatomy ? "the header has no TransformMatrix; AnatomicalOrientation is used"
                               : "the header has no TransformMatrix; the axes are taken for left, posterior, superior");
    return true;
  }
  if (!read_numbers(h->value[MATRIX], dims * dims, m))
    return tome_fail(err, TOME_CORRUPT, "has a TransformMatrix of fewer than %d numbers", dims * dims);
  for (int i = 0; i < 3 && i < dims; i++)
    for (int k = 0; k < 3 && k < dims; k++) rows[i][k] = m[i * dims + k];
  for (int i = 0; anatomy && i < 3; i++) {
    const double along = rows[i][0] * said[i][0] + rows[i][1] * said[i][1] + rows[i][2] * said[i][2];
    if (along > 0.5) continue;
    tome_place_note(p, "AnatomicalOrientation %.3s is not what TransformMatrix says; the matrix is used",
                    h->value[ANATOMY]);
    break;
  }
  return true;
}

static bool read_place(const header *h, const tome_array *a, tome_place *p, tome_error *err) {
  const int dims = a->dims - (a->channel >= 0);
  double spacing[MOST_DIMS], origin[MOST_DIMS] = {0}, rows[3][3], step[3][3];
  if (!read_numbers(h->value[SPACING], dims, spacing) && !read_numbers(h->value[ELEMENT_SIZE], dims, spacing)) {
    if (h->value[SPACING] || h->value[ELEMENT_SIZE])
      return tome_fail(err, TOME_CORRUPT, "has an ElementSpacing of fewer than %d numbers", dims);
    return true; /* the stack asks for a spacing */
  }
  if (h->value[OFFSET] && !read_numbers(h->value[OFFSET], dims, origin))
    return tome_fail(err, TOME_CORRUPT, "has an Offset of fewer than %d numbers", dims);
  if (dims < 3) {
    p->has_pixel_spacing = spacing[0] > 0 && spacing[1] > 0;
    p->pixel_spacing[0] = spacing[1], p->pixel_spacing[1] = spacing[0];
    return true;
  }
  if (!read_directions(h, dims, rows, p, err)) return false;
  const int64_t shape[3] = {a->size[a->space[0]], a->size[a->space[1]], a->size[a->space[2]]};
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < 3; k++) step[2 - i][k] = rows[i][k] * spacing[i];
  if (!tome_geometry_from_steps(shape, step, origin, &p->geometry, err))
    return tome_fail_prefix(err, "has an unusable TransformMatrix or ElementSpacing");
  return p->has_geometry = true;
}

static bool read_scale(const header *h, tome_meta *m, tome_error *err) {
  m->slope = 1;
  m->intercept = 0;
  if (!h->value[SLOPE] && !h->value[INTERCEPT]) return true;
  if ((h->value[SLOPE] && !read_numbers(h->value[SLOPE], 1, &m->slope)) ||
      (h->value[INTERCEPT] && !read_numbers(h->value[INTERCEPT], 1, &m->intercept)))
    return tome_fail(err, TOME_CORRUPT, "has an ElementToIntensityFunction that cannot be read");
  if (m->slope == 0) m->slope = 1;
  if (m->slope != 1 || m->intercept != 0)
    tome_place_note(&m->place, "values are scaled by ElementToIntensityFunction (%g, %g), which ITK leaves out",
                    m->slope, m->intercept);
  return true;
}

bool tome_meta_read(const char *path, tome_arena *arena, tome_meta *out, tome_error *err) {
  header h = {.path = path, .arena = arena};
  tome_meta m = {.array = {.channel = -1}};
  tome_array *a = &m.array;
  if (!read_lines(&h, err) || !read_type(&h, a, err) || !read_sizes(&h, a, err) || !read_encoding(&h, a, err) ||
      !read_files(&h, a, err) || !tome_array_check(a, &m.form, err) || !read_place(&h, a, &m.place, err) ||
      !read_scale(&h, &m, err))
    return false;
  *out = m;
  return true;
}
