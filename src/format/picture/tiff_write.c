/* TIFF stacks: a page a slice, deflated, with voxel sizes in the way that ImageJ reads them (pixels a mm, unit and slice step in the first page's description). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/picture/tiff.h"

enum { STRIP_BYTES = 256 << 10 };
static const uint64_t CLASSIC_MOST = 3900000000; /* beyond 4 GiB offsets need 64 bits: BigTIFF; some room for tables */

typedef struct writing {
  int fd;
  const char *name;
  TIFF *tif;
  const tome_volume *v;
  int level;
  char text[700];     /* the description */
  char why[300];      /* libtiff's */
  tome_error of_file; /* where the disk is full */
} writing;

/* ---- libtiff's way to the file --- */

static tmsize_t on_read(thandle_t h, void *out, tmsize_t size) {
  const writing *w = h;
  return (tmsize_t)read(w->fd, out, (size_t)size);
}

static tmsize_t on_write(thandle_t h, void *bytes, tmsize_t size) {
  writing *w = h;
  return tome_write_all(w->fd, bytes, (size_t)size, w->name, &w->of_file) ? size : -1;
}

static toff_t on_seek(thandle_t h, toff_t offset, int whence) {
  const writing *w = h;
  return (toff_t)lseek(w->fd, (off_t)offset, whence);
}

static toff_t on_size(thandle_t h) {
  const writing *w = h;
  struct stat s;
  return fstat(w->fd, &s) == 0 ? (toff_t)s.st_size : 0;
}

static int on_close(thandle_t h) {
  (void)h; /* the file is the caller's */
  return 0;
}

static int on_error(TIFF *tif, void *user, const char *module, const char *format, va_list args) {
  writing *w = user;
  (void)tif, (void)module;
  if (!w->why[0]) vsnprintf(w->why, sizeof w->why, format, args);
  return 1;
}

static int on_warning(TIFF *tif, void *user, const char *module, const char *format, va_list args) {
  (void)tif, (void)user, (void)module, (void)format, (void)args;
  return 1;
}

static bool open_writing(writing *w, bool big, tome_error *err) {
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
  if (!options) return tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", w->name);
  TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, w);
  TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, w);
  w->tif = TIFFClientOpenExt(w->name, big ? "w8" : "w", w, on_read, on_write, on_seek, on_close, on_size, NULL, NULL,
                             options);
  TIFFOpenOptionsFree(options);
  return w->tif;
}

static void finish_writing(writing *w) {
  if (w->tif) TIFFClose(w->tif);
}

/* ---- pages --- */

static uint16_t sample_format(tome_dtype t) {
  return tome_dtype_is_float(t) ? SAMPLEFORMAT_IEEEFP : tome_dtype_is_signed(t) ? SAMPLEFORMAT_INT : SAMPLEFORMAT_UINT;
}

static int channels_of(const tome_volume *v) { return v->channels ? v->channels : 1; }

/* What ImageJ reads of a stack: numbers of slices, the unit, the step. A description of our own goes along as a line of it. */
static void describe_stack(writing *w, const char *own) {
  const tome_geometry *g = &w->v->geometry;
  const long long z = (long long)g->shape[TOME_Z];
  int n =
      snprintf(w->text, sizeof w->text, "ImageJ=1.53\nimages=%lld\nslices=%lld\nunit=mm\nspacing=%.9g\nloop=false\n", z,
               z, g->spacing[TOME_Z]);
  if (!own || !*own || n < 0) return;
  n += snprintf(w->text + n, sizeof w->text - (size_t)n, "description=");
  for (size_t i = 0; own[i] && (size_t)n + 2 < sizeof w->text; i++) w->text[n++] = own[i] == '\n' ? ' ' : own[i];
  w->text[n++] = '\n';
  w->text[n] = '\0';
}

/* All tags of one page. */
static bool set_tags(writing *w, int64_t z, uint32_t rows_per_strip) {
  const tome_geometry *g = &w->v->geometry;
  const int channels = channels_of(w->v), bits = 8 * (int)tome_dtype_size(w->v->dtype);
  const bool whole = !tome_dtype_is_float(w->v->dtype) && bits <= 32;
  static const uint16_t alpha[] = {EXTRASAMPLE_UNASSALPHA};
  TIFF *t = w->tif;
  bool ok = TIFFSetField(t, TIFFTAG_IMAGEWIDTH, (uint32_t)g->shape[TOME_X]) &&
            TIFFSetField(t, TIFFTAG_IMAGELENGTH, (uint32_t)g->shape[TOME_Y]) &&
            TIFFSetField(t, TIFFTAG_BITSPERSAMPLE, bits) && TIFFSetField(t, TIFFTAG_SAMPLESPERPIXEL, channels) &&
            TIFFSetField(t, TIFFTAG_SAMPLEFORMAT, sample_format(w->v->dtype)) &&
            TIFFSetField(t, TIFFTAG_PHOTOMETRIC, channels >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK) &&
            TIFFSetField(t, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) &&
            TIFFSetField(t, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT) &&
            TIFFSetField(t, TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE) &&
            TIFFSetField(t, TIFFTAG_ROWSPERSTRIP, rows_per_strip) &&
            TIFFSetField(t, TIFFTAG_RESOLUTIONUNIT, RESUNIT_NONE) &&
            TIFFSetField(t, TIFFTAG_XRESOLUTION, 1 / g->spacing[TOME_X]) &&
            TIFFSetField(t, TIFFTAG_YRESOLUTION, 1 / g->spacing[TOME_Y]) &&
            TIFFSetField(t, TIFFTAG_SOFTWARE, "tome " TOME_VERSION);
  ok = ok && TIFFSetField(t, TIFFTAG_PREDICTOR, whole ? PREDICTOR_HORIZONTAL : PREDICTOR_NONE);
  if (w->level) ok = ok && TIFFSetField(t, TIFFTAG_ZIPQUALITY, w->level > 9 ? 9 : w->level);
  if (channels == 2 || channels == 4) ok = ok && TIFFSetField(t, TIFFTAG_EXTRASAMPLES, 1, alpha);
  return ok && (z > 0 || TIFFSetField(t, TIFFTAG_IMAGEDESCRIPTION, w->text));
}

static bool put_page(writing *w, int64_t z) {
  const tome_geometry *g = &w->v->geometry;
  const size_t row = (size_t)g->shape[TOME_X] * (size_t)channels_of(w->v) * tome_dtype_size(w->v->dtype);
  const size_t height = (size_t)g->shape[TOME_Y], fit = STRIP_BYTES / row,
               rows = fit < 1        ? 1
                      : fit > height ? height
                                     : fit;
  if (!set_tags(w, z, (uint32_t)rows)) return false;
  uint8_t *page = (uint8_t *)w->v->data + (size_t)z * height * row;
  uint32_t strip = 0;
  for (size_t y = 0; y < height; y += rows, strip++) {
    const size_t n = (height - y < rows ? height - y : rows) * row;
    if (TIFFWriteEncodedStrip(w->tif, strip, page + y * row, (tmsize_t)n) < 0) return false;
  }
  return TIFFWriteDirectory(w->tif);
}

static bool check_volume(const tome_volume *v, const char *name, size_t *bytes, tome_error *err) {
  const int64_t *s = v->geometry.shape;
  const int channels = channels_of(v);
  if (channels < 1 || channels > 4)
    return tome_fail(err, TOME_UNSUPPORTED,
                     "%s: a TIFF is written with 1 to 4 samples a voxel (gray, gray+alpha, RGB, RGBA), not %d", name,
                     channels);
  if (!tome_shape_bytes(s, tome_dtype_size(v->dtype) * (size_t)channels, bytes))
    return tome_fail(err, TOME_USAGE, "%s: a volume without voxels cannot be written", name);
  if (s[TOME_Y] <= INT32_MAX && s[TOME_X] <= INT32_MAX && s[TOME_Z] <= UINT16_MAX) return true;
  return tome_fail(err, TOME_UNSUPPORTED,
                   "%s: %lld x %lld x %lld voxels do not fit a TIFF of at most 65535 pages; write .nii.gz or .npy",
                   name, (long long)s[0], (long long)s[1], (long long)s[2]);
}

bool tome_tiff_write(int fd, const char *name, const tome_volume *v, const tome_write_options *opt, tome_error *err) {
  size_t bytes;
  if (!check_volume(v, name, &bytes, err)) return false;
  TOME_CLEANUP(finish_writing) writing w = {.fd = fd, .name = name, .v = v, .level = opt ? opt->level : 0};
  describe_stack(&w, opt ? opt->description : NULL);
  bool ok = open_writing(&w, bytes > CLASSIC_MOST, err);
  for (int64_t z = 0; ok && z < v->geometry.shape[TOME_Z]; z++) ok = put_page(&w, z);
  finish_writing(&w);
  w.tif = NULL;
  if (w.of_file.code) return tome_fail(err, w.of_file.code, "%s", w.of_file.message);
  return ok ||
         tome_fail(err, TOME_IO, "%s: cannot be written (%s)", name, w.why[0] ? w.why : "libtiff gives no reason");
}
