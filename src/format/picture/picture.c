/* Palettes on their way into pieces, sizes that cannot be, and volumes that have to be bytes. */
#include "format/picture/picture.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

FILE *tome_picture_open(const char *path, tome_error *err) {
  uint8_t first;
  size_t got;
  if (!tome_file_head(path, &first, 1, &got, err)) return NULL;
  FILE *f = fopen(path, "rbe");
  if (!f) tome_fail_errno(err, "%s: cannot be opened", path);
  return f;
}

void tome_picture_close(FILE **f) {
  if (*f) fclose(*f);
}

bool tome_picture_check_size(const char *path, uint64_t height, uint64_t width, uint64_t pixel_bytes, uint64_t most,
                             tome_error *err) {
  uint64_t packed, bytes;
  if (!tome_file_size(path, &packed, err)) return false;
  if (!__builtin_mul_overflow(height, width, &bytes) && !__builtin_mul_overflow(bytes, pixel_bytes, &bytes) &&
      bytes / most <= packed)
    return true;
  return tome_fail(err, TOME_CORRUPT, "%s: %llu x %llu pixels cannot come from a file of %llu bytes", path,
                   (unsigned long long)height, (unsigned long long)width, (unsigned long long)packed);
}

bool tome_picture_palette(tome_pieces *list, tome_piece *p, tome_palette *palette, tome_error *err) {
  if (tome_palette_is_gray_values(palette)) return true;
  if (tome_palette_turn(palette) &&
      !tome_picture_note(list, p, err,
                         "its palette falls from white to black and was turned round, so that black is 0"))
    return false;
  tome_palette *own = tome_arena_alloc(&list->arena, sizeof *own, err);
  if (own) *own = *palette;
  p->palette = own;
  return own;
}

void tome_picture_finish(const tome_piece *p, uint8_t *out) {
  const size_t n = (size_t)p->shape[TOME_Y] * (size_t)p->shape[TOME_X];
  if (p->palette && p->palette->turned) tome_palette_turn_indices(p->palette, out, n);
  if (p->coloured) tome_palette_expand(p->palette, out, n);
}

bool tome_picture_note(tome_pieces *list, tome_piece *p, tome_error *err, const char *fmt, ...) {
  char text[400];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  const char *note = tome_arena_printf(&list->arena, err, "%s%s%s", p->note, *p->note ? "; " : "", text);
  if (note) p->note = note;
  return note;
}

/* ---- writing --- */

/* Sample i of an integer volume. */
static int64_t integer_at(const tome_volume *v, size_t i) {
  switch (v->dtype) {
    case TOME_U8:
      return ((const uint8_t *)v->data)[i];
    case TOME_I8:
      return ((const int8_t *)v->data)[i];
    case TOME_U16:
      return ((const uint16_t *)v->data)[i];
    case TOME_I16:
      return ((const int16_t *)v->data)[i];
    case TOME_U32:
      return ((const uint32_t *)v->data)[i];
    case TOME_I32:
      return ((const int32_t *)v->data)[i];
    case TOME_U64: {
      const uint64_t u = ((const uint64_t *)v->data)[i];
      return u > INT64_MAX ? INT64_MAX : (int64_t)u;
    }
    default:
      return ((const int64_t *)v->data)[i];
  }
}

static bool fits_format(const tome_volume *v, const char *name, const char *kind, int channels, int most,
                        tome_error *err) {
  const int64_t *s = v->geometry.shape;
  if (s[TOME_Z] != 1)
    return tome_fail(err, TOME_USAGE,
                     "%s: %s holds one slice, not %lld; a template such as {z:03} in the name writes a file a slice, "
                     "or .tif holds them all",
                     name, kind, (long long)s[TOME_Z]);
  if (channels < 1 || channels > most || channels == 2)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: %s cannot hold %d samples a pixel; .png and .tif can%s", name, kind,
                     channels, channels == 2 || channels == 4 ? ", --drop-alpha leaves the colours alone" : "");
  if (tome_dtype_is_float(v->dtype) || !tome_dtype_size(v->dtype))
    return tome_fail(err, TOME_VALUE,
                     "%s: %s holds whole numbers of 0 to 255, not %s; give --dtype=uint8 with --window or --scale, or "
                     "write .tif",
                     name, kind, tome_dtype_name(v->dtype));
  return true;
}

uint8_t *tome_picture_bytes(const tome_volume *v, const char *name, const char *kind, int most_channels,
                            tome_error *err) {
  const int channels = v->channels ? v->channels : 1;
  if (!fits_format(v, name, kind, channels, most_channels, err)) return NULL;
  const size_t pixels = tome_volume_voxels(v), n = pixels * (size_t)channels;
  TOME_AUTO_FREE uint8_t *bytes = tome_alloc(n, 1, name, err);
  if (!bytes) return NULL;
  for (size_t i = 0; i < n; i++) {
    const int64_t value = integer_at(v, i);
    if (value < 0 || value > UINT8_MAX) {
      const size_t at = i / (size_t)channels, nx = (size_t)v->geometry.shape[TOME_X];
      tome_fail(err, TOME_VALUE,
                "%s: the value %lld of voxel (0, %zu, %zu) does not fit %s, which holds 0 to 255; give --window or "
                "--clamp, or write .png or .tif",
                name, (long long)value, at / nx, at % nx, kind);
      return NULL;
    }
    bytes[i] = (uint8_t)value;
  }
  uint8_t *made = bytes;
  bytes = NULL;
  return made;
}
