/* NRRD headers: lines of "field: value", "key:=value" and comments, ended by an empty line where the voxels follow in the same file. */
#include "format/nrrd/header.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "format/head.h"
#include "format/nrrd/place.h"

enum { LONGEST_HEADER = 1 << 20, MOST_SEGMENTS = 512 };

typedef struct segment {
  const char *name, *value, *layer;
} segment;

typedef struct header {
  const char *path;
  tome_arena *arena;
  char *at, *end; /* what is not read yet */
  tome_nrrd_words words;
  bool attached; /* an empty line ended it */
  uint64_t offset;
  segment segments[MOST_SEGMENTS];
  size_t segment_count;
} header;

void tome_place_note(tome_place *p, const char *fmt, ...) {
  const size_t n = strlen(p->note);
  va_list args;
  if (n && n + 3 < sizeof p->note) memcpy(p->note + n, "; ", 3);
  const size_t at = strlen(p->note);
  va_start(args, fmt);
  vsnprintf(p->note + at, sizeof p->note - at, fmt, args);
  va_end(args);
  tome_make_printable(p->note + at);
}

/* ---- lines ---- */

/* The next line, without its end; NULL past the last. */
static char *next_line(header *h) {
  if (h->at >= h->end) return NULL;
  char *line = h->at, *end = memchr(line, '\n', (size_t)(h->end - line));
  h->at = end ? end + 1 : h->end;
  if (!end) end = h->end;
  *end = '\0';
  while (end > line && (end[-1] == '\r' || end[-1] == ' ' || end[-1] == '\t')) *--end = '\0';
  return line;
}

static int field_of(const char *name, size_t length) {
  static const struct {
    const char *name;
    tome_nrrd_field field;
  } fields[] = {{"type", NRRD_TYPE},
                {"dimension", NRRD_DIMENSION},
                {"sizes", NRRD_SIZES},
                {"encoding", NRRD_ENCODING},
                {"endian", NRRD_ENDIAN},
                {"spacings", NRRD_SPACINGS},
                {"kinds", NRRD_KINDS},
                {"space", NRRD_SPACE},
                {"spacedimension", NRRD_SPACE_DIMENSION},
                {"spaceorigin", NRRD_SPACE_ORIGIN},
                {"spacedirections", NRRD_SPACE_DIRECTIONS},
                {"spaceunits", NRRD_SPACE_UNITS},
                {"measurementframe", NRRD_MEASUREMENT_FRAME},
                {"datafile", NRRD_DATA_FILE},
                {"lineskip", NRRD_LINE_SKIP},
                {"byteskip", NRRD_BYTE_SKIP},
                {"axismins", NRRD_AXIS_MINS},
                {"axismaxs", NRRD_AXIS_MAXS},
                {"centers", NRRD_CENTERS},
                {"centerings", NRRD_CENTERS}};
  char plain[32];
  size_t n = 0;
  for (size_t i = 0; i < length && n + 1 < sizeof plain; i++)
    if (name[i] != ' ') plain[n++] = (char)tolower((unsigned char)name[i]);
  plain[n] = '\0';
  for (size_t i = 0; i < TOME_COUNT(fields); i++)
    if (strcmp(plain, fields[i].name) == 0) return (int)fields[i].field;
  return -1;
}

/* Slicer's segments: Segment3_Name, Segment3_LabelValue, Segment3_Layer. */
static void take_segment(header *h, const char *key, const char *value) {
  if (strncmp(key, "Segment", 7) != 0 || !isdigit((unsigned char)key[7])) return;
  char *end;
  const unsigned long i = strtoul(key + 7, &end, 10);
  if (i >= MOST_SEGMENTS) return;
  segment *s = &h->segments[i];
  if (strcmp(end, "_Name") == 0) s->name = value;
  if (strcmp(end, "_LabelValue") == 0) s->value = value;
  if (strcmp(end, "_Layer") == 0) s->layer = value;
  if (i + 1 > h->segment_count) h->segment_count = i + 1;
}

static void take_line(header *h, char *line) {
  char *colon = strchr(line, ':');
  if (*line == '#' || !colon) return;
  char *value = colon + 1 + (colon[1] == '=');
  while (isspace((unsigned char)*value)) value++;
  if (colon[1] == '=') {
    *colon = '\0';
    take_segment(h, line, value);
    return;
  }
  const int field = field_of(line, (size_t)(colon - line));
  if (field >= 0) h->words.value[field] = value;
}

/* Everything up to the empty line, or to the names that `data file: LIST` is followed by. */
static bool read_lines(header *h, tome_error *err) {
  tome_bytes text = {0};
  char *line;
  size_t got;
  text.data = tome_arena_alloc(h->arena, LONGEST_HEADER + 1, err);
  if (!text.data || !tome_file_head(h->path, text.data, LONGEST_HEADER, &got, err)) return false;
  h->at = (char *)text.data;
  h->end = h->at + got;
  line = next_line(h);
  if (!line || strncmp(line, "NRRD", 4) != 0) return tome_fail(err, TOME_CORRUPT, "is no NRRD file");
  if (strncmp(line, "NRRD000", 7) != 0 || line[7] < '1' || line[7] > '6')
    return tome_fail(err, TOME_UNSUPPORTED, "is NRRD of the unknown version \"%.8s\"", line);
  while ((line = next_line(h))) {
    if (!*line) {
      h->attached = true;
      h->offset = (uint64_t)(h->at - (char *)text.data);
      return true;
    }
    take_line(h, line);
    const char *file = h->words.value[NRRD_DATA_FILE];
    if (file && strncasecmp(file, "LIST", 4) == 0) return true;
  }
  return got < LONGEST_HEADER || tome_fail(err, TOME_UNSUPPORTED, "has a header of over %d bytes", LONGEST_HEADER);
}

/* ---- values ---- */

static const char *need(const header *h, tome_nrrd_field field, const char *name, tome_error *err) {
  if (!h->words.value[field]) tome_fail(err, TOME_CORRUPT, "has a header without \"%s\"", name);
  return h->words.value[field];
}

static bool read_whole(const char *text, int64_t lo, int64_t hi, int64_t *out, const char **rest) {
  char *end;
  errno = 0;
  *out = strtoll(text, &end, 10);
  if (rest) *rest = end;
  return end != text && !errno && *out >= lo && *out <= hi && (!*end || isspace((unsigned char)*end));
}

static bool read_type(const header *h, tome_array *a, tome_error *err) {
  static const struct {
    const char *name;
    tome_dtype dtype;
  } types[] = {{"signed char", TOME_I8},
               {"char", TOME_I8},
               {"int8", TOME_I8},
               {"int8_t", TOME_I8},
               {"uchar", TOME_U8},
               {"unsigned char", TOME_U8},
               {"uint8", TOME_U8},
               {"uint8_t", TOME_U8},
               {"short", TOME_I16},
               {"short int", TOME_I16},
               {"signed short", TOME_I16},
               {"signed short int", TOME_I16},
               {"int16", TOME_I16},
               {"int16_t", TOME_I16},
               {"ushort", TOME_U16},
               {"unsigned short", TOME_U16},
               {"unsigned short int", TOME_U16},
               {"uint16", TOME_U16},
               {"uint16_t", TOME_U16},
               {"int", TOME_I32},
               {"signed int", TOME_I32},
               {"int32", TOME_I32},
               {"int32_t", TOME_I32},
               {"uint", TOME_U32},
               {"unsigned int", TOME_U32},
               {"uint32", TOME_U32},
               {"uint32_t", TOME_U32},
               {"longlong", TOME_I64},
               {"long long", TOME_I64},
               {"long long int", TOME_I64},
               {"signed long long", TOME_I64},
               {"signed long long int", TOME_I64},
               {"int64", TOME_I64},
               {"int64_t", TOME_I64},
               {"ulonglong", TOME_U64},
               {"unsigned long long", TOME_U64},
               {"unsigned long long int", TOME_U64},
               {"uint64", TOME_U64},
               {"uint64_t", TOME_U64},
               {"float", TOME_F32},
               {"double", TOME_F64}};
  const char *type = need(h, NRRD_TYPE, "type", err);
  if (!type) return false;
  for (size_t i = 0; i < TOME_COUNT(types); i++)
    if (strcasecmp(type, types[i].name) == 0) {
      a->dtype = types[i].dtype;
      return true;
    }
  return tome_fail(err, TOME_UNSUPPORTED, "has voxels of the type \"%.40s\"", type);
}

static bool read_sizes(const header *h, tome_array *a, tome_error *err) {
  const char *dimension = need(h, NRRD_DIMENSION, "dimension", err);
  const char *sizes = dimension ? need(h, NRRD_SIZES, "sizes", err) : NULL;
  int64_t dims;
  if (!sizes) return false;
  if (!read_whole(dimension, 1, TOME_ARRAY_DIMS, &dims, NULL))
    return tome_fail(err, TOME_CORRUPT, "has the dimension \"%.40s\"; 1 to %d there are", dimension, TOME_ARRAY_DIMS);
  a->dims = (int)dims;
  for (int i = 0; i < a->dims; i++)
    if (!read_whole(sizes, 1, INT64_MAX, &a->size[i], &sizes))
      return tome_fail(err, TOME_CORRUPT, "has no %d sizes above 0", a->dims);
  return true;
}

static bool read_encoding(const header *h, tome_array *a, tome_error *err) {
  static const struct {
    const char *name;
    tome_encoding encoding;
  } names[] = {{"raw", TOME_RAW}, {"txt", TOME_TEXT},  {"text", TOME_TEXT}, {"ascii", TOME_TEXT}, {"hex", TOME_HEX},
               {"gz", TOME_GZIP}, {"gzip", TOME_GZIP}, {"bz2", TOME_BZIP2}, {"bzip2", TOME_BZIP2}};
  const char *encoding = need(h, NRRD_ENCODING, "encoding", err), *endian = h->words.value[NRRD_ENDIAN];
  size_t i = 0;
  if (!encoding) return false;
  while (i < TOME_COUNT(names) && strcasecmp(encoding, names[i].name) != 0) i++;
  if (i == TOME_COUNT(names))
    return tome_fail(err, TOME_UNSUPPORTED, "has the encoding \"%.40s\"; raw, gzip, bzip2, text and hex are read",
                     encoding);
  a->encoding = names[i].encoding;
  if (a->encoding == TOME_TEXT || tome_dtype_size(a->dtype) == 1) return true;
  if (!endian || (strcasecmp(endian, "little") != 0 && strcasecmp(endian, "big") != 0))
    return tome_fail(err, TOME_CORRUPT, "does not say whether its bytes are in little or big endian order");
  a->swapped = (strcasecmp(endian, "little") == 0) != (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
  return true;
}

static bool read_skips(const header *h, tome_array *a, tome_error *err) {
  const char *line = h->words.value[NRRD_LINE_SKIP], *byte = h->words.value[NRRD_BYTE_SKIP];
  int64_t lines = 0;
  if (line && !read_whole(line, 0, INT64_MAX / 4, &lines, NULL))
    return tome_fail(err, TOME_CORRUPT, "has the line skip \"%.40s\"", line);
  if (byte && !read_whole(byte, -(INT64_MAX / 4), INT64_MAX / 4, &a->byte_skip, NULL))
    return tome_fail(err, TOME_CORRUPT, "has the byte skip \"%.40s\"", byte);
  a->line_skip = (uint64_t)lines;
  return true;
}

/* ---- data files ---- */

/* How many axes one file of several holds: all but the last, unless `word` says otherwise. */
static bool check_parts(const tome_array *a, const char *word, tome_error *err) {
  int64_t whole = a->dims - 1, parts = 1;
  if (*word && !read_whole(word, 1, a->dims, &whole, NULL))
    return tome_fail(err, TOME_CORRUPT, "says that each data file holds \"%.40s\" axes", word);
  for (int64_t i = whole; i < a->dims; i++)
    if (__builtin_mul_overflow(parts, a->size[i], &parts)) parts = INT64_MAX;
  if ((int64_t)a->file_count == parts) return true;
  return tome_fail(err, TOME_CORRUPT, "names %zu data files; its sizes make it %lld", a->file_count, (long long)parts);
}

static bool read_list(header *h, tome_array *a, tome_error *err) {
  const char *rest = h->words.value[NRRD_DATA_FILE] + 4;
  for (char *line; (line = next_line(h));)
    if (*line && !tome_array_add_file(a, h->arena, h->path, line, err)) return false;
  return check_parts(a, rest + strspn(rest, " \t"), err);
}

/* "slice%03d.raw 1 20 1 [2]" */
static bool read_pattern(const header *h, tome_array *a, tome_error *err) {
  const char *file = h->words.value[NRRD_DATA_FILE], *rest = file + strcspn(file, " \t");
  const char *name = tome_arena_printf(h->arena, err, "%.*s", (int)(rest - file), file);
  int64_t min, max, step;
  if (!name) return false;
  if (!read_whole(rest, 0, INT32_MAX, &min, &rest) || !read_whole(rest, 0, INT32_MAX, &max, &rest) ||
      !read_whole(rest, INT32_MIN, INT32_MAX, &step, &rest))
    return tome_fail(err, TOME_CORRUPT, "names its data files \"%.100s\", which lacks their first, last and step",
                     file);
  return tome_array_add_pattern(a, h->arena, h->path, name, (long)min, (long)max, (long)step, err) &&
         check_parts(a, rest + strspn(rest, " \t"), err);
}

static bool read_files(header *h, tome_array *a, tome_error *err) {
  const char *file = h->words.value[NRRD_DATA_FILE];
  if (!file) {
    a->offset = h->offset;
    if (!h->attached) return tome_fail(err, TOME_CORRUPT, "is a header without voxels and names no data file");
    return tome_array_add_file(a, h->arena, h->path, tome_basename(h->path), err);
  }
  if (strncasecmp(file, "LIST", 4) == 0 && (!file[4] || isspace((unsigned char)file[4]))) return read_list(h, a, err);
  if (strchr(file, '%')) return read_pattern(h, a, err);
  return tome_array_add_file(a, h->arena, h->path, file, err);
}

/* ---- all of it ---- */

static void note_segments(const header *h, tome_place *p) {
  char text[600] = "";
  for (size_t i = 0; i < h->segment_count; i++) {
    const segment *s = &h->segments[i];
    const size_t n = strlen(text);
    if (!s->name || n + 100 > sizeof text) continue;
    const bool layered = s->layer && strcmp(s->layer, "0") != 0;
    snprintf(text + n, sizeof text - n, "%s%.10s %.60s%s%.6s", n ? ", " : "", s->value ? s->value : "?", s->name,
             layered ? " in layer " : "", layered ? s->layer : "");
  }
  if (*text) tome_place_note(p, "segments: %s", text);
}

bool tome_nrrd_read(const char *path, tome_arena *arena, tome_nrrd *out, tome_error *err) {
  header *h = tome_arena_alloc(arena, sizeof *h, err);
  if (!h) return false;
  h->path = path;
  h->arena = arena;
  tome_nrrd n = {.array = {.channel = -1}};
  tome_array *a = &n.array;
  if (!read_lines(h, err) || !read_type(h, a, err) || !read_sizes(h, a, err) || !read_encoding(h, a, err) ||
      !read_skips(h, a, err) || !tome_nrrd_roles(&h->words, a, err) || !read_files(h, a, err) ||
      !tome_array_check(a, &n.form, err) || !tome_nrrd_place(&h->words, a, &n.place, err))
    return false;
  note_segments(h, &n.place);
  *out = n;
  return true;
}
