/* PNG out through libpng, one slice a file. libpng reports errors by longjmp: it lands in guarded() and nowhere else. */
#include "format/picture/png_write.h"

#include <png.h>
#include <setjmp.h>
#include <stdint.h>

enum { MOST_SIDE = 1000000, USUAL_LEVEL = 4 };

/* One file being written. */
typedef struct writing {
  int fd;
  const char *name;
  const tome_volume *volume;
  const tome_write_options *opt;
  png_structp png;
  png_infop info;
  tome_error *err;
} writing;

static void on_error(png_structp png, png_const_charp text) {
  writing *w = png_get_error_ptr(png);
  tome_fail(w->err, TOME_IO, "%s: cannot be written (%s)", w->name, text);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void on_write(png_structp png, png_bytep data, size_t size) {
  writing *w = png_get_io_ptr(png);
  if (!tome_write_all(w->fd, data, size, w->name, w->err)) png_longjmp(png, 1); /* the sentence is there already */
}

static void on_flush(png_structp png) { (void)png; }

static bool guarded(writing *w, void (*step)(writing *)) {
  if (setjmp(png_jmpbuf(w->png))) return false;
  step(w);
  return true;
}

static void finish(writing *w) {
  if (w->png) png_destroy_write_struct(&w->png, &w->info);
}

static int channels_of(const tome_volume *v) { return v->channels ? v->channels : 1; }

static void put_text(writing *w, const char *key, const char *text) {
  if (!text || !*text) return;
  png_text t = {
      .compression = PNG_TEXT_COMPRESSION_NONE, .key = (png_charp)(uintptr_t)key, .text = (png_charp)(uintptr_t)text};
  png_set_text(w->png, w->info, &t, 1);
}

/* zlib's levels; 0 is the default here, below 0 none. */
static int level_of(const tome_write_options *opt) {
  const int level = opt ? opt->level : 0;
  return level < 0 ? 0 : level == 0 ? USUAL_LEVEL : level > 9 ? 9 : level;
}

static void write_all(writing *w) {
  static const int colours[] = {[1] = PNG_COLOR_TYPE_GRAY,
                                [2] = PNG_COLOR_TYPE_GRAY_ALPHA,
                                [3] = PNG_COLOR_TYPE_RGB,
                                [4] = PNG_COLOR_TYPE_RGB_ALPHA};
  const tome_volume *v = w->volume;
  const png_uint_32 height = (png_uint_32)v->geometry.shape[TOME_Y], width = (png_uint_32)v->geometry.shape[TOME_X];
  const size_t sample = tome_dtype_size(v->dtype), row = (size_t)width * (size_t)channels_of(v) * sample;
  png_set_write_fn(w->png, w, on_write, on_flush);
  png_set_user_limits(w->png, MOST_SIDE, MOST_SIDE);
  png_set_compression_level(w->png, level_of(w->opt));
  png_set_IHDR(w->png, w->info, width, height, (int)(8 * sample), colours[channels_of(v)], PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  const tome_geometry *g = &v->geometry; /* pixels a metre; PNG knows no other unit */
  if (!(w->opt && w->opt->picture) && g->spacing[TOME_X] > 1e-3 && g->spacing[TOME_Y] > 1e-3)
    png_set_pHYs(w->png, w->info, (png_uint_32)(1000 / g->spacing[TOME_X] + 0.5),
                 (png_uint_32)(1000 / g->spacing[TOME_Y] + 0.5), PNG_RESOLUTION_METER);
  put_text(w, "Software", "tome " TOME_VERSION);
  put_text(w, "Description", w->opt ? w->opt->description : NULL);
  put_text(w, "Comment", w->opt ? w->opt->comment : NULL);
  png_write_info(w->png, w->info);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (sample == 2) png_set_swap(w->png);
#endif
  for (png_uint_32 y = 0; y < height; y++) png_write_row(w->png, (png_const_bytep)v->data + y * row);
  png_write_end(w->png, NULL);
}

static bool check(const char *name, const tome_volume *v, tome_error *err) {
  const int64_t *s = v->geometry.shape;
  if (s[TOME_Z] != 1)
    return tome_fail(err, TOME_USAGE, "%s: a PNG holds one slice and this has %lld; put {z} into the name", name,
                     (long long)s[TOME_Z]);
  if (v->dtype != TOME_U8 && v->dtype != TOME_U16)
    return tome_fail(err, TOME_USAGE, "%s: a PNG holds uint8 or uint16 samples, not %s", name,
                     tome_dtype_name(v->dtype));
  if (channels_of(v) > 4)
    return tome_fail(err, TOME_USAGE, "%s: a PNG holds at most 4 samples a pixel, not %d", name, channels_of(v));
  if (s[TOME_Y] < 1 || s[TOME_X] < 1 || s[TOME_Y] > MOST_SIDE || s[TOME_X] > MOST_SIDE)
    return tome_fail(err, TOME_USAGE, "%s: %lld x %lld pixels are not for a PNG", name, (long long)s[TOME_Y],
                     (long long)s[TOME_X]);
  return true;
}

bool tome_png_write(int fd, const char *name, const tome_volume *v, const tome_write_options *opt, tome_error *err) {
  tome_error why = {0};
  if (!check(name, v, err)) return false;
  TOME_CLEANUP(finish) writing w = {.fd = fd, .name = name, .volume = v, .opt = opt, .err = &why};
  w.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &w, on_error, on_warning);
  if (w.png) w.info = png_create_info_struct(w.png);
  if (!w.info) return tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", name);
  return guarded(&w, write_all) || tome_fail(err, why.code ? why.code : TOME_IO, "%s", why.message);
}
