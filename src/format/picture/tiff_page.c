/* The tags of one page: what it holds, and whether that can be. */
#include <string.h>

#include "format/picture/tiff.h"

enum { MOST_PIXELS_A_SIDE = 1000000, MOST_SAMPLES = 64 };

/* Compressions that are read, with how many bytes one byte can stand for at the most. */
static const struct {
  uint16_t code;
  uint32_t most;
} compressions[] = {
    {COMPRESSION_NONE, 1},
    {COMPRESSION_LZW, 4096 * 8 / 12 + 1},
    {COMPRESSION_ADOBE_DEFLATE, 1032},
    {COMPRESSION_DEFLATE, 1032},
    {COMPRESSION_PACKBITS, 64},
    {COMPRESSION_JPEG, 4096},
    {COMPRESSION_CCITTRLE, 1 << 20}, /* an empty row is a bit, whatever its width */
    {COMPRESSION_CCITTFAX3, 1 << 20},
    {COMPRESSION_CCITTFAX4, 1 << 20},
    {COMPRESSION_LZMA, 1 << 14},
    {COMPRESSION_ZSTD, 1 << 16},
};

/* How many bytes a byte of this page can stand for; 0: a compression that is not read. */
static uint32_t most_of(uint16_t compression) {
  for (size_t i = 0; i < TOME_COUNT(compressions); i++)
    if (compressions[i].code == compression) return TIFFIsCODECConfigured(compression) ? compressions[i].most : 0;
  return 0;
}

/* The element type of bits and SampleFormat; TOME_NONE where there is none. */
static tome_dtype dtype_of(uint16_t bits, uint16_t format) {
  const bool whole = format == SAMPLEFORMAT_UINT || format == SAMPLEFORMAT_VOID;
  switch (bits) {
    case 1:
    case 2:
    case 4:
      return whole ? TOME_U8 : TOME_NONE;
    case 8:
      return whole ? TOME_U8 : format == SAMPLEFORMAT_INT ? TOME_I8 : TOME_NONE;
    case 16:
      return whole ? TOME_U16 : format == SAMPLEFORMAT_INT ? TOME_I16 : TOME_NONE;
    case 32:
      return whole                           ? TOME_U32
             : format == SAMPLEFORMAT_INT    ? TOME_I32
             : format == SAMPLEFORMAT_IEEEFP ? TOME_F32
                                             : TOME_NONE;
    case 64:
      return whole                           ? TOME_U64
             : format == SAMPLEFORMAT_INT    ? TOME_I64
             : format == SAMPLEFORMAT_IEEEFP ? TOME_F64
                                             : TOME_NONE;
    default:
      return TOME_NONE;
  }
}

static const char *format_word(uint16_t format) {
  switch (format) {
    case SAMPLEFORMAT_INT:
      return "signed";
    case SAMPLEFORMAT_IEEEFP:
      return "floating-point";
    case SAMPLEFORMAT_COMPLEXINT:
    case SAMPLEFORMAT_COMPLEXIEEEFP:
      return "complex";
    default:
      return "unsigned";
  }
}

/* What the samples mean, where that is something that is read. */
static bool check_meaning(const tome_tiff *t, tome_tiff_page *p, tome_error *err) {
  const char *not_read = NULL;
  switch (p->photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
    case PHOTOMETRIC_MASK:
      return true;
    case PHOTOMETRIC_RGB:
      if (p->samples >= 3) return true;
      return tome_fail(err, TOME_CORRUPT, "%s: is a damaged TIFF (RGB of %u samples)", t->path, p->samples);
    case PHOTOMETRIC_PALETTE:
      if (p->samples == 1 && p->bits <= 8 && p->dtype == TOME_U8) return true;
      not_read = "palette of more than 256 colours";
      break;
    case PHOTOMETRIC_YCBCR: /* libjpeg makes RGB of it */
      if (p->compression == COMPRESSION_JPEG && p->samples == 3 && p->bits == 8) return true;
      not_read = "YCbCr without JPEG";
      break;
    case PHOTOMETRIC_SEPARATED:
      not_read = "CMYK, made for printing";
      break;
    default:
      return tome_fail(err, TOME_UNSUPPORTED, "%s: its colours are of kind %u, which is not read; convert it to RGB",
                       t->path, p->photometric);
  }
  return tome_fail(err, TOME_UNSUPPORTED, "%s: its colours are %s, which is not read; convert it to RGB", t->path,
                   not_read);
}

static bool read_kind(tome_tiff *t, tome_tiff_page *p, tome_error *err) {
  uint16_t format = SAMPLEFORMAT_UINT, planar = PLANARCONFIG_CONTIG;
  TIFFGetFieldDefaulted(t->tif, TIFFTAG_BITSPERSAMPLE, &p->bits);
  TIFFGetFieldDefaulted(t->tif, TIFFTAG_SAMPLESPERPIXEL, &p->samples);
  TIFFGetFieldDefaulted(t->tif, TIFFTAG_SAMPLEFORMAT, &format);
  TIFFGetFieldDefaulted(t->tif, TIFFTAG_COMPRESSION, &p->compression);
  TIFFGetFieldDefaulted(t->tif, TIFFTAG_PLANARCONFIG, &planar);
  if (!TIFFGetField(t->tif, TIFFTAG_PHOTOMETRIC, &p->photometric))
    p->photometric = p->samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
  if (!most_of(p->compression))
    return tome_fail(err, TOME_UNSUPPORTED, "%s: its compression (%u) is not read; save it with LZW or deflate",
                     t->path, p->compression);
  if (p->samples < 1 || p->samples > MOST_SAMPLES)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: has %u samples a pixel; 1 to %d are read", t->path, p->samples,
                     MOST_SAMPLES);
  if (t->palette_lost)
    return tome_fail(err, TOME_CORRUPT, "%s: is a damaged TIFF (its palette cannot be read); fetch the file again",
                     t->path);
  p->dtype = dtype_of(p->bits, format);
  if (p->dtype == TOME_NONE)
    return tome_fail(
        err, TOME_UNSUPPORTED,
        "%s: has %s samples of %u bits; integers of 8, 16, 32 and 64 bits, unsigned ones of 1, 2 and 4, and floats "
        "of 32 and 64 are read",
        t->path, format_word(format), p->bits);
  p->planar = planar == PLANARCONFIG_SEPARATE && p->samples > 1;
  const bool whole = !tome_dtype_is_float(p->dtype) && !tome_dtype_is_signed(p->dtype);
  p->turn = p->photometric == PHOTOMETRIC_MINISWHITE && whole && p->samples == 1;
  return check_meaning(t, p, err);
}

static bool read_blocks(tome_tiff *t, tome_tiff_page *p, tome_error *err) {
  p->tiled = TIFFIsTiled(t->tif);
  if (!TIFFGetField(t->tif, TIFFTAG_IMAGEWIDTH, &p->width) || !TIFFGetField(t->tif, TIFFTAG_IMAGELENGTH, &p->height))
    return tome_tiff_damaged(t, err);
  if (p->tiled) {
    if (!TIFFGetField(t->tif, TIFFTAG_TILEWIDTH, &p->block_width) ||
        !TIFFGetField(t->tif, TIFFTAG_TILELENGTH, &p->block_height))
      return tome_tiff_damaged(t, err);
  } else {
    TIFFGetFieldDefaulted(t->tif, TIFFTAG_ROWSPERSTRIP, &p->block_height);
    p->block_width = p->width;
    if (p->block_height > p->height) p->block_height = p->height;
  }
  const uint32_t sides[] = {p->height, p->width, p->block_height, p->block_width};
  for (size_t i = 0; i < TOME_COUNT(sides); i++)
    if (sides[i] < 1 || sides[i] > MOST_PIXELS_A_SIDE)
      return tome_fail(err, TOME_CORRUPT, "%s: is a damaged TIFF (%u x %u pixels in blocks of %u x %u)", t->path,
                       p->height, p->width, p->block_height, p->block_width);
  return true;
}

/* Blocks of bytes that the file must be large enough for. Tiles are filled up beyond the edge. */
static bool check_size(const tome_tiff *t, const tome_tiff_page *p, tome_error *err) {
  const uint64_t down = ((uint64_t)p->height + p->block_height - 1) / p->block_height;
  const uint64_t across = ((uint64_t)p->width + p->block_width - 1) / p->block_width;
  const uint64_t rows = p->tiled ? down * p->block_height : p->height, bits = across * p->block_width * p->bits;
  uint64_t size;
  if (!tome_picture_check_size(t->path, rows, (bits + 7) / 8, p->samples, most_of(p->compression), err)) return false;
  if (!tome_file_size(t->path, &size, err)) return false;
  if (down * across * (p->planar ? p->samples : 1u) <= size) return true; /* each has a place in the table at least */
  return tome_fail(err, TOME_CORRUPT, "%s: is a damaged TIFF (%llu blocks of pixels in %llu bytes)", t->path,
                   (unsigned long long)(down * across), (unsigned long long)size);
}

bool tome_tiff_read_page(tome_tiff *t, tome_tiff_page *page, tome_error *err) {
  tome_tiff_page p = {.bits = 1, .samples = 1, .compression = COMPRESSION_NONE};
  if (!read_kind(t, &p, err) || !read_blocks(t, &p, err) || !check_size(t, &p, err)) return false;
  *page = p;
  return true;
}

/* Colours are of 16 bits; some writers, wrongly, leave the upper ones 0. */
void tome_tiff_palette(const tome_tiff *t, const tome_tiff_page *page, tome_palette *palette) {
  uint16_t *rgb[3];
  *palette = (tome_palette){.count = 0};
  if (page->photometric != PHOTOMETRIC_PALETTE || !TIFFGetField(t->tif, TIFFTAG_COLORMAP, &rgb[0], &rgb[1], &rgb[2]))
    return;
  palette->count = 1 << page->bits;
  bool wide = false;
  for (int i = 0; i < palette->count; i++)
    for (int c = 0; c < 3; c++) wide = wide || rgb[c][i] > 255;
  for (int i = 0; i < palette->count; i++) {
    for (int c = 0; c < 3; c++) palette->colour[i][c] = (uint8_t)(wide ? rgb[c][i] >> 8 : rgb[c][i]);
    palette->colour[i][3] = 255;
  }
}
