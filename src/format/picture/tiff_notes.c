/* What a TIFF's tags claim beyond its pixels. Resolution tags are mostly what a printer or an image editor put there, so they are noted and never taken as
 * spacing; ImageJ's and OME's descriptions say how the pages of a file are ordered. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "format/picture/tiff.h"

static const char *description(const tome_tiff *t) {
  char *text = NULL;
  return TIFFGetField(t->tif, TIFFTAG_IMAGEDESCRIPTION, &text) && text ? text : "";
}

/* ImageJ's "key=value" line. */
static const char *line_of(const char *text, const char *key) {
  const size_t n = strlen(key);
  for (const char *at = text; at; at = strchr(at, '\n')) {
    at += *at == '\n';
    if (strncmp(at, key, n) == 0 && at[n] == '=') return at + n + 1;
  }
  return NULL;
}

static double number_of(const char *text, const char *key, double otherwise) {
  const char *value = line_of(text, key);
  return value ? strtod(value, NULL) : otherwise;
}

size_t tome_tiff_hidden_pages(const tome_tiff *t) {
  const char *text = description(t);
  const double images = strncmp(text, "ImageJ=", 7) == 0 ? number_of(text, "images", 1) : 1;
  return images >= 2 && images <= 1 << 20 ? (size_t)images : 1;
}

/* OME-XML's attribute: SizeC="2". */
static double attribute_of(const char *text, const char *key) {
  const char *at = strstr(text, key);
  return at && strncmp(at + strlen(key), "=\"", 2) == 0 ? strtod(at + strlen(key) + 2, NULL) : 1;
}

/* ---- order of pages --- */

bool tome_tiff_check_order(const tome_tiff *t, size_t pages, tome_error *err) {
  TOME_CLEANUP(tome_tiff_close) tome_tiff first; /* the description is the first page's */
  if (!tome_tiff_open(&first, t->path, err)) return false;
  const char *text = description(&first);
  double channels = 1, times = 1;
  if (strncmp(text, "ImageJ=", 7) == 0)
    channels = number_of(text, "channels", 1), times = number_of(text, "frames", 1);
  else if (strstr(text, "<OME"))
    channels = attribute_of(text, " SizeC"), times = attribute_of(text, " SizeT");
  uint16_t samples = 1;
  TIFFGetFieldDefaulted(first.tif, TIFFTAG_SAMPLESPERPIXEL, &samples);
  if (samples > 1) channels = 1; /* they are the page's samples then */
  if (!(channels > 1 || times > 1) || channels * times > (double)pages) return true;
  return tome_fail(err, TOME_UNSUPPORTED,
                   "%s: its %zu pages are %.0f channels at %.0f times, which do not stack as slices; save each channel "
                   "and time as a file of its own",
                   t->path, pages, channels, times);
}

/* ---- sizes --- */

static bool is_customary(double per_inch) {
  static const double dpi[] = {0, 1, 72, 75, 90, 96, 100, 120, 144, 150, 180, 200, 240, 300, 400, 600, 1200};
  for (size_t i = 0; i < TOME_COUNT(dpi); i++)
    if (fabs(per_inch - dpi[i]) < 0.05) return true;
  return false;
}

/* ImageJ's unit in letters that fit a sentence. */
static void unit_of(const char *text, char out[16]) {
  const char *unit = line_of(text, "unit");
  size_t n = 0;
  for (; unit && n < 15 && (isalnum((unsigned char)unit[n]) || unit[n] == '\\'); n++) out[n] = unit[n];
  out[n] = '\0';
}

static bool note_sizes(const tome_tiff *t, tome_pieces *list, tome_piece *p, tome_error *err) {
  const char *text = description(t);
  float x = 0, y = 0;
  uint16_t unit = RESUNIT_NONE;
  if (!TIFFGetField(t->tif, TIFFTAG_XRESOLUTION, &x) || !TIFFGetField(t->tif, TIFFTAG_YRESOLUTION, &y)) x = y = 0;
  TIFFGetFieldDefaulted(t->tif, TIFFTAG_RESOLUTIONUNIT, &unit);
  const bool sizes = x > 0 && y > 0 && isfinite(x) && isfinite(y);
  char word[16];
  unit_of(text, word);
  if (strncmp(text, "ImageJ=", 7) == 0 && *word && sizes)
    return tome_picture_note(list, p, err,
                             "ImageJ says that voxels are %.6g x %.6g x %.6g %s (z, y, x); not taken, since it is "
                             "often left over: give it with "
                             "--spacing, in mm, if it is true",
                             number_of(text, "spacing", 1), 1 / (double)y, 1 / (double)x, word);
  const double inch = unit == RESUNIT_CENTIMETER ? 2.54 : 1;
  if (!sizes || unit == RESUNIT_NONE || is_customary((double)x * inch)) return true;
  return tome_picture_note(
      list, p, err,
      "resolution tags say that pixels are %.6g x %.6g mm (y, x); not taken, since they mostly mean print: give them "
      "with --spacing if they are true",
      25.4 / ((double)y * inch), 25.4 / ((double)x * inch));
}

bool tome_tiff_note(const tome_tiff *t, tome_pieces *list, tome_piece *p, tome_error *err) {
  uint16_t way = ORIENTATION_TOPLEFT;
  TIFFGetFieldDefaulted(t->tif, TIFFTAG_ORIENTATION, &way);
  if (way > ORIENTATION_TOPLEFT && way <= ORIENTATION_LEFTBOT &&
      !tome_picture_note(
          list, p, err, "orientation tag %u, by which viewers turn it, was not applied: rows and columns are as stored",
          way))
    return false;
  uint16_t extra = 0, *kinds = NULL;
  if (TIFFGetField(t->tif, TIFFTAG_EXTRASAMPLES, &extra, &kinds) && extra && kinds[0] == EXTRASAMPLE_ASSOCALPHA &&
      !tome_picture_note(list, p, err, "its colours are multiplied by alpha already; kept so"))
    return false;
  return note_sizes(t, list, p, err);
}
