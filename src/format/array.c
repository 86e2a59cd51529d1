/* Arrays in files: checking them against the files' lengths, and reading any part of one, in whatever order its axes are. */
#include "format/array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/head.h"

enum { TRAILING = 16, STEP = 1 << 16 }; /* a newline or padding behind the voxels is nobody's fault */

static void close_stream(tome_stream **s) { tome_stream_close(*s); }
static void close_fd(const int *fd) {
  if (*fd >= 0) close(*fd);
}

/* ---- names ---- */

bool tome_array_add_file(tome_array *a, tome_arena *arena, const char *header_path, const char *name, tome_error *err) {
  if (a->file_count == TOME_ARRAY_FILES)
    return tome_fail(err, TOME_UNSUPPORTED, "names more than %d data files", TOME_ARRAY_FILES);
  if (!tome_arena_grow(arena, &a->files, &a->file_cap, a->file_count + 1, sizeof *a->files, err)) return false;
  const size_t folder = (size_t)(tome_basename(header_path) - header_path);
  char *path = *name == '/' ? tome_arena_dup(arena, name, err)
                            : tome_arena_printf(arena, err, "%.*s%s", (int)folder, header_path, name);
  if (!path) return false;
  a->files[a->file_count++] = path;
  return true;
}

/* Where the one %d begins and ends, and its width. */
static bool parse_pattern(const char *pattern, const char **from, const char **to, int *width, bool *zeros) {
  const char *p = strchr(pattern, '%');
  if (!p) return false;
  *from = p++;
  *zeros = *p == '0';
  for (*width = 0; *p >= '0' && *p <= '9'; p++)
    if ((*width = *width * 10 + *p - '0') > 32) return false;
  if (*p == 'l') p++;
  if (*p != 'd' && *p != 'i' && *p != 'u') return false;
  *to = p + 1;
  return !strchr(*to, '%');
}

bool tome_array_add_pattern(tome_array *a, tome_arena *arena, const char *header_path, const char *pattern, long min,
                            long max, long step, tome_error *err) {
  const char *from, *to;
  int width;
  bool zeros;
  if (!parse_pattern(pattern, &from, &to, &width, &zeros))
    return tome_fail(err, TOME_CORRUPT, "names its data files \"%.100s\", which is no pattern with one %%d", pattern);
  if (step == 0 || min < 0 || max < 0 || min > INT32_MAX || max > INT32_MAX || (step > 0 ? max < min : max > min))
    return tome_fail(err, TOME_CORRUPT, "numbers its data files from %ld to %ld by %ld", min, max, step);
  for (long i = min; step > 0 ? i <= max : i >= max; i += step) {
    char name[4096];
    const int n =
        snprintf(name, sizeof name, zeros ? "%.*s%0*ld%s" : "%.*s%*ld%s", (int)(from - pattern), pattern, width, i, to);
    if (n < 0 || (size_t)n >= sizeof name) return tome_fail(err, TOME_CORRUPT, "names data files of endless names");
    if (!tome_array_add_file(a, arena, header_path, name, err)) return false;
    if (step > INT32_MAX || step < INT32_MIN) break;
  }
  return true;
}

/* ---- form ---- */

static bool is_space(const tome_array *a, int axis) {
  return axis == a->space[0] || axis == a->space[1] || axis == a->space[2];
}

bool tome_array_form_of(const tome_array *a, tome_array_form *f, tome_error *err) {
  *f = (tome_array_form){.shape = {1, 1, 1}, .channels = 1, .frames = 1};
  for (int i = 0; i < a->dims; i++)
    if (a->size[i] < 1)
      return tome_fail(err, TOME_CORRUPT, "has a size of %lld; sizes are at least 1", (long long)a->size[i]);
  for (int i = 0; i < 3; i++)
    if (a->space[i] >= 0) f->shape[i] = a->size[a->space[i]];
  if (a->channel >= 0) f->channels = a->size[a->channel];
  for (int i = 0; i < a->dims; i++)
    if (i != a->channel && !is_space(a, i) &&
        (__builtin_mul_overflow(f->frames, a->size[i], &f->frames) || f->frames > TOME_ARRAY_FRAMES))
      return tome_fail(err, TOME_UNSUPPORTED, "has more than %d volumes", TOME_ARRAY_FRAMES);
  if (f->channels > INT16_MAX)
    return tome_fail(err, TOME_UNSUPPORTED, "has %lld samples a voxel", (long long)f->channels);
  if (!tome_shape_bytes(f->shape, tome_dtype_size(a->dtype) * (size_t)f->channels, &f->piece_bytes) ||
      __builtin_mul_overflow((uint64_t)f->piece_bytes, (uint64_t)f->frames, &f->bytes) || f->bytes > INT64_MAX / 2)
    return tome_fail(err, TOME_CORRUPT, "has a grid of %lld x %lld x %lld voxels, more than any file holds",
                     (long long)f->shape[0], (long long)f->shape[1], (long long)f->shape[2]);
  return true;
}

/* ---- where the data begins ---- */

/* Byte behind `lines` ends of lines from `offset` on. */
static bool skip_lines(const char *path, uint64_t offset, uint64_t lines, uint64_t *out, tome_error *err) {
  if (lines == 0) return *out = offset, true;
  TOME_CLEANUP(close_stream) tome_stream *s = tome_stream_open(path, offset, TOME_RAW, TOME_NONE, err);
  TOME_AUTO_FREE char *block = tome_alloc(STEP, 1, path, err);
  if (!s || !block) return false;
  for (size_t got;; offset += got) {
    if (!tome_stream_read(s, block, STEP, &got, err)) return false;
    if (!got) return tome_fail(err, TOME_CORRUPT, "%s: has fewer lines than its header says to skip", path);
    for (const char *p = block; (p = memchr(p, '\n', (size_t)(block + got - p)));) {
      p++;
      if (--lines == 0) return *out = offset + (uint64_t)(p - block), true;
    }
  }
}

static bool is_packed(tome_encoding e) { return e == TOME_GZIP || e == TOME_ZLIB || e == TOME_BZIP2; }

/* What one file must hold, counted as it lies there. */
static uint64_t least_stored(const tome_array *a, uint64_t part) {
  if (a->encoding == TOME_TEXT) return part / tome_dtype_size(a->dtype) * 2 - 1;
  return a->encoding == TOME_HEX ? part * 2 : part;
}

static bool cut_short(const char *path, uint64_t need, uint64_t size, tome_error *err) {
  return tome_fail(err, TOME_CORRUPT, "%s: is cut short: its header speaks of %llu bytes, %llu are there", path,
                   (unsigned long long)need, (unsigned long long)size);
}

/* Byte of the file where the encoded data begins, checked against its length. `part`: decoded bytes of one file. */
static bool begin_of(const tome_array *a, const char *path, uint64_t part, uint64_t *out, tome_error *err) {
  TOME_CLEANUP(close_fd) const int fd = tome_open_regular(path, err);
  uint64_t size = 0, begin = 0;
  if (fd < 0 || !tome_file_size(path, &size, err) || !skip_lines(path, a->offset, a->line_skip, &begin, err))
    return false;
  if (is_packed(a->encoding)) {
    if (begin > size || (a->encoding != TOME_BZIP2 && !tome_could_inflate(size - begin, part)))
      return tome_fail(err, TOME_CORRUPT, "%s: is cut short: %llu compressed bytes are no %llu", path,
                       (unsigned long long)(size - begin), (unsigned long long)part);
    return *out = begin, true;
  }
  const uint64_t need = least_stored(a, part);
  if (a->byte_skip < 0) {
    if (a->encoding != TOME_RAW) return tome_fail(err, TOME_UNSUPPORTED, "counts from the end of text");
    const uint64_t behind = (uint64_t)(-1 - a->byte_skip);
    if (size < begin || size - begin < need || size - begin - need < behind)
      return cut_short(path, need + behind, size, err);
    return *out = size - need - behind, true;
  }
  if (size < begin || size - begin < (uint64_t)a->byte_skip || size - begin - (uint64_t)a->byte_skip < need)
    return cut_short(path, begin + (uint64_t)a->byte_skip + need, size, err);
  begin += (uint64_t)a->byte_skip;
  if (a->encoding == TOME_RAW && !a->embedded && size - begin - need > TRAILING)
    return tome_fail(
        err, TOME_CORRUPT,
        "%s: holds %llu bytes more than its header speaks of, which may be a header before the voxels; if it "
        "is, skip it (byte skip or HeaderSize -1)",
        path, (unsigned long long)(size - begin - need));
  return *out = begin, true;
}

bool tome_array_check(const tome_array *a, tome_array_form *form, tome_error *err) {
  if (!tome_array_form_of(a, form, err)) return false;
  if (form->bytes % a->file_count)
    return tome_fail(err, TOME_CORRUPT, "divides %llu bytes among %zu files", (unsigned long long)form->bytes,
                     a->file_count);
  const uint64_t part = form->bytes / a->file_count;
  if (part % tome_dtype_size(a->dtype)) return tome_fail(err, TOME_CORRUPT, "cuts a voxel between two files");
  for (size_t i = 0; i < a->file_count; i++) {
    uint64_t begin;
    if (!begin_of(a, a->files[i], part, &begin, err)) return false;
  }
  return true;
}

/* ---- reading ---- */

/* How many bytes the file inflates to before the data, where the header counts from the end: inflates it once to know. */
static bool skip_from_end(const tome_array *a, const char *path, uint64_t begin, uint64_t part, uint64_t *skip,
                          tome_error *err) {
  TOME_CLEANUP(close_stream) tome_stream *s = tome_stream_open(path, begin, a->encoding, a->dtype, err);
  uint64_t all;
  if (!s || !tome_stream_skip(s, INT64_MAX, &all, err)) return false;
  const uint64_t need = part + (uint64_t)(-1 - a->byte_skip);
  if (all < need) return cut_short(path, need, all, err);
  *skip = all - need;
  return true;
}

/* Refuses data that goes on behind its voxels: then they begin somewhere else. Sees the checksum on the way. */
static bool see_end(tome_stream *s, const char *path, tome_error *err) {
  uint64_t more;
  if (!tome_stream_skip(s, TRAILING + 1, &more, err)) return false;
  return more <= TRAILING ||
         tome_fail(
             err, TOME_CORRUPT,
             "%s: inflates to more bytes than its header speaks of, which may be a header before the voxels; if it "
             "is, skip it (byte skip or HeaderSize -1)",
             path);
}

/* Decoded bytes [from, from + size) of one file. */
static bool read_file(const tome_array *a, const char *path, uint64_t part, uint64_t from, size_t size, void *out,
                      tome_error *err) {
  uint64_t begin, skip = 0, skipped;
  if (!begin_of(a, path, part, &begin, err)) return false;
  if (is_packed(a->encoding) && a->byte_skip > 0) skip = (uint64_t)a->byte_skip;
  if (is_packed(a->encoding) && a->byte_skip < 0 && !skip_from_end(a, path, begin, part, &skip, err)) return false;
  TOME_CLEANUP(close_stream) tome_stream *s = tome_stream_open(path, begin, a->encoding, a->dtype, err);
  size_t got = 0;
  if (!s || !tome_stream_skip(s, skip + from, &skipped, err)) return false;
  if (skipped == skip + from && !tome_stream_read(s, out, size, &got, err)) return false;
  if (got < size)
    return tome_fail(err, TOME_CORRUPT, "%s: is cut short: it holds %llu bytes of the %llu its header speaks of", path,
                     (unsigned long long)(skipped + got), (unsigned long long)(skip + part));
  return !is_packed(a->encoding) || a->byte_skip < 0 || from + size < part || see_end(s, path, err);
}

/* Bytes [from, from + size) of all files one after the other. */
static bool read_range(const tome_array *a, uint64_t all, uint64_t from, size_t size, uint8_t *out, tome_error *err) {
  const uint64_t part = all / a->file_count;
  while (size > 0) {
    const uint64_t inside = from % part;
    const size_t n = size < part - inside ? size : (size_t)(part - inside);
    if (!read_file(a, a->files[from / part], part, inside, n, out, err)) return false;
    from += n;
    out += n;
    size -= n;
  }
  return true;
}

/* True where a piece lies in one run of bytes: samples fastest, then x, y, z, then whatever numbers the pieces. */
static bool is_plain(const tome_array *a) {
  const int order[4] = {a->channel, a->space[2], a->space[1], a->space[0]};
  int next = 0;
  for (int k = 0; k < 4; k++) {
    if (order[k] < 0 || a->size[order[k]] == 1) continue;
    for (; next < order[k]; next++)
      if (a->size[next] > 1) return false;
    if (order[k] < next) return false;
    next = order[k] + 1;
  }
  return true;
}

/* Bytes from one index of an axis to the next. */
static size_t stride(const tome_array *a, int axis) {
  size_t bytes = tome_dtype_size(a->dtype);
  for (int i = 0; i < axis; i++) bytes *= (size_t)a->size[i];
  return axis < 0 ? 0 : bytes;
}

static size_t frame_begin(const tome_array *a, int64_t frame) {
  size_t at = 0;
  for (int i = 0; i < a->dims; i++) {
    if (i == a->channel || is_space(a, i)) continue;
    at += (size_t)(frame % a->size[i]) * stride(a, i);
    frame /= a->size[i];
  }
  return at;
}

static void to_native(const tome_array *a, void *out, size_t bytes) {
  const size_t element = tome_dtype_size(a->dtype);
  if (a->swapped && a->encoding != TOME_TEXT) tome_swap_bytes(out, bytes / element, element);
}

void tome_array_pick(const tome_array *a, const tome_array_form *f, const void *all, int64_t frame, void *out) {
  const size_t element = tome_dtype_size(a->dtype), step[4] = {stride(a, a->space[0]), stride(a, a->space[1]),
                                                               stride(a, a->space[2]), stride(a, a->channel)};
  const uint8_t *base = (const uint8_t *)all + frame_begin(a, frame);
  uint8_t *to = out;
  for (int64_t z = 0; z < f->shape[0]; z++)
    for (int64_t y = 0; y < f->shape[1]; y++) {
      const uint8_t *row = base + (size_t)z * step[0] + (size_t)y * step[1];
      for (int64_t x = 0; x < f->shape[2]; x++)
        for (int64_t c = 0; c < f->channels; c++, to += element)
          memcpy(to, row + (size_t)x * step[2] + (size_t)c * step[3], element);
    }
  to_native(a, out, f->piece_bytes);
}

/* Any order of axes: the whole array is read, and the piece picked out of it. */
static bool gather(const tome_array *a, const tome_array_form *f, int64_t frame, uint8_t *out, tome_error *err) {
  if (f->bytes > SIZE_MAX) return tome_fail(err, TOME_NO_MEMORY, "%s: does not fit into memory", a->files[0]);
  TOME_AUTO_FREE uint8_t *all = tome_alloc((size_t)f->bytes, 1, a->files[0], err);
  if (!all || !read_range(a, f->bytes, 0, (size_t)f->bytes, all, err)) return false;
  tome_array_pick(a, f, all, frame, out);
  return true;
}

bool tome_array_decode(const tome_array *a, int64_t frame, void *out, size_t out_bytes, tome_error *err) {
  tome_array_form f;
  if (!tome_array_form_of(a, &f, err)) return false;
  if (out_bytes != f.piece_bytes || frame < 0 || frame >= f.frames || f.bytes % a->file_count)
    return tome_fail(err, TOME_CORRUPT, "%s: is no longer what it was", a->files[0]);
  if (!is_plain(a)) return gather(a, &f, frame, out, err);
  if (!read_range(a, f.bytes, (uint64_t)frame * f.piece_bytes, f.piece_bytes, out, err)) return false;
  to_native(a, out, out_bytes);
  return true;
}

/* ---- float16 ---- */

/* IEEE 754 binary16 as the bits of a binary32: 5 and 8 bits of exponent, 10 and 23 of fraction. */
static uint32_t widened(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000) << 16, fraction = half & 0x3ff, exponent = half >> 10 & 31;
  if (exponent == 31) return sign | 0x7f800000 | fraction << 13;
  if (exponent) return sign | (exponent + 112) << 23 | fraction << 13;
  if (!fraction) return sign;
  const uint32_t shift = (uint32_t)__builtin_clz(fraction) - 21; /* to where the leading one is understood */
  return sign | (113 - shift) << 23 | (fraction << shift & 0x3ff) << 13;
}

bool tome_decode_halves(const tome_piece *p, bool (*decode)(const tome_piece *, void *, size_t, tome_error *),
                        void *out, size_t out_bytes, tome_error *err) {
  if (!tome_piece_fits(p, out_bytes, err)) return false;
  tome_piece bits = *p;
  bits.dtype = TOME_U16;
  bits.length = 0;
  const size_t n = out_bytes / sizeof(uint32_t);
  uint8_t *to = out;
  const uint8_t *from = to + n * sizeof(uint16_t);
  if (!decode(&bits, to + n * sizeof(uint16_t), n * sizeof(uint16_t), err)) return false;
  for (size_t i = 0; i < n; i++) { /* never writes what is still to be read */
    uint16_t half;
    memcpy(&half, from + i * sizeof half, sizeof half);
    const uint32_t wide = widened(half);
    memcpy(to + i * sizeof wide, &wide, sizeof wide);
  }
  return true;
}
