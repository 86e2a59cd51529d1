/* LZW against the libraries themselves: what GIF and TIFF pictures unpack to is what giflib and libtiff make of them, and damaged codes are never taken where they are
 * refused, nor read as anything else. */
#include "format/picture/lzw.h"

#include <gif_lib.h>
#include <tiffio.h>

#include "test.h"

enum { ROUNDS = 1000, MOST = 1 << 20 };

static uint32_t state = 20240607;
static uint32_t any(uint32_t below) {
  state = state * 1664525u + 1013904223u;
  return (uint32_t)((uint64_t)(state >> 8) * below >> 24);
}

/* A file in memory. */
typedef struct memory {
  uint8_t bytes[MOST];
  size_t size, at;
} memory;

/* Noise, runs, ramps or one value of `kinds` grays: short strings, long ones, and the code that is used as it is made. */
static void paint(uint8_t *p, size_t n, uint32_t kinds) {
  const uint32_t how = any(4);
  uint8_t v = 0;
  for (size_t i = 0; i < n; i++) {
    if (how == 0 || (how == 1 && any(40) == 0)) v = (uint8_t)any(kinds);
    if (how == 2) v = (uint8_t)(i / 3 % kinds);
    p[i] = v;
  }
}

/* ---- GIF ---- */

static int put_gif(GifFileType *g, const GifByteType *b, int n) {
  memory *m = g->UserData;
  if (m->size + (size_t)n > MOST) return 0;
  memcpy(m->bytes + m->size, b, (size_t)n);
  m->size += (size_t)n;
  return n;
}

static int get_gif(GifFileType *g, GifByteType *b, int n) {
  memory *m = g->UserData;
  const size_t left = m->size - m->at, k = left < (size_t)n ? left : (size_t)n;
  memcpy(b, m->bytes + m->at, k);
  m->at += k;
  return (int)k;
}

static void make_gif(memory *m, const uint8_t *pixels, int rows, int columns, int bits) {
  int why;
  m->size = 0;
  GifFileType *g = EGifOpen(m, put_gif, &why);
  ColorMapObject *map = GifMakeMapObject(1 << bits, NULL);
  CHECK(EGifPutScreenDesc(g, columns, rows, 8, 0, map) == GIF_OK);
  CHECK(EGifPutImageDesc(g, 0, 0, columns, rows, false, NULL) == GIF_OK);
  for (int y = 0; y < rows; y++)
    CHECK(EGifPutLine(g, (GifByteType *)(uintptr_t)pixels + y * columns, columns) == GIF_OK);
  CHECK(EGifCloseFile(g, &why) == GIF_OK);
  GifFreeMapObject(map);
}

static GifFileType *open_gif(memory *m) {
  int why;
  GifRecordType type;
  m->at = 0;
  GifFileType *g = DGifOpen(m, get_gif, &why);
  if (g && DGifGetRecordType(g, &type) == GIF_OK && type == IMAGE_DESC_RECORD_TYPE && DGifGetImageDesc(g) == GIF_OK)
    return g;
  if (g) DGifCloseFile(g, &why);
  return NULL;
}

/* Whether giflib gives n pixels. */
static bool by_giflib(memory *m, int rows, int columns, uint8_t *out) {
  int why;
  GifFileType *g = open_gif(m);
  bool ok = g;
  for (int y = 0; ok && y < rows; y++) ok = DGifGetLine(g, out + y * columns, columns) == GIF_OK;
  if (g) DGifCloseFile(g, &why);
  return ok;
}

static bool by_tome(memory *m, uint8_t *out, size_t n, bool *gathered) {
  static uint8_t codes[MOST];
  size_t size = 0;
  int bits = 0, why;
  GifByteType *block = NULL;
  GifFileType *g = open_gif(m);
  bool ok = g && DGifGetCode(g, &bits, &block) == GIF_OK;
  while (ok && block) {
    memcpy(codes + size, block + 1, block[0]);
    size += block[0];
    ok = DGifGetCodeNext(g, &block) == GIF_OK;
  }
  if (g) DGifCloseFile(g, &why);
  *gathered = ok;
  if (!ok) return false;
  uint8_t *tight = malloc(size + 1); /* a byte read beyond the codes is one of the sanitizer's */
  memcpy(tight, codes, size);
  ok = tome_unlzw_gif((unsigned)bits, tight, size, out, n);
  free(tight);
  return ok;
}

static void gif_is_as_giflib_has_it(void) {
  static memory m;
  int taken = 0, refused = 0;
  for (int round = 0; round < ROUNDS; round++) {
    const int bits = 1 + (int)any(8), rows = 1 + (int)any(90), columns = 1 + (int)any(200);
    const size_t n = (size_t)(rows * columns);
    uint8_t *pixels = malloc(n), *ours = malloc(n), *theirs = malloc(n);
    bool gathered;
    paint(pixels, n, 1u << bits);
    make_gif(&m, pixels, rows, columns, bits);
    CHECK(by_tome(&m, ours, n, &gathered) && memcmp(ours, pixels, n) == 0);
    for (int k = 0; k < 8; k++) {
      static memory bad;
      bad = m;
      const size_t head = 13 + (size_t)(3 << bits) + 10;
      for (uint32_t hits = 1 + any(3); hits; hits--)
        bad.bytes[head + any((uint32_t)(m.size - head))] = (uint8_t)any(256);
      if (any(5) == 0) bad.size = head + any((uint32_t)(m.size - head));
      const bool mine = by_tome(&bad, ours, n, &gathered), lib = by_giflib(&bad, rows, columns, theirs);
      CHECK(!mine || (lib && memcmp(ours, theirs, n) == 0));
      taken += mine, refused += !mine;
    }
    free(pixels), free(ours), free(theirs);
  }
  CHECK(taken > 100 && refused > 100);
}

/* ---- TIFF ---- */

static tmsize_t get_tiff(thandle_t h, void *b, tmsize_t n) {
  memory *m = h;
  const size_t left = m->at < m->size ? m->size - m->at : 0, k = left < (size_t)n ? left : (size_t)n;
  memcpy(b, m->bytes + m->at, k);
  m->at += k;
  return (tmsize_t)k;
}

static tmsize_t put_tiff(thandle_t h, void *b, tmsize_t n) {
  memory *m = h;
  if (m->at + (size_t)n > MOST) return 0;
  memcpy(m->bytes + m->at, b, (size_t)n);
  m->at += (size_t)n;
  if (m->at > m->size) m->size = m->at;
  return n;
}

static toff_t seek_tiff(thandle_t h, toff_t to, int from) {
  memory *m = h;
  m->at = (size_t)to + (from == SEEK_CUR ? m->at : from == SEEK_END ? m->size : 0);
  return m->at;
}

static int close_tiff(thandle_t h) { return h ? 0 : 1; }
static toff_t size_of_tiff(thandle_t h) { return ((memory *)h)->size; }

static TIFF *open_tiff(memory *m, const char *mode) {
  m->at = 0;
  return TIFFClientOpen("memory", mode, m, get_tiff, put_tiff, seek_tiff, close_tiff, size_of_tiff, NULL, NULL);
}

static void make_tiff(memory *m, const uint8_t *pixels, uint32_t rows, uint32_t columns) {
  m->size = 0;
  TIFF *t = open_tiff(m, "wm");
  TIFFSetField(t, TIFFTAG_IMAGEWIDTH, columns);
  TIFFSetField(t, TIFFTAG_IMAGELENGTH, rows);
  TIFFSetField(t, TIFFTAG_ROWSPERSTRIP, rows);
  TIFFSetField(t, TIFFTAG_BITSPERSAMPLE, 8);
  TIFFSetField(t, TIFFTAG_SAMPLESPERPIXEL, 1);
  TIFFSetField(t, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
  TIFFSetField(t, TIFFTAG_COMPRESSION, COMPRESSION_LZW);
  CHECK(TIFFWriteEncodedStrip(t, 0, (void *)(uintptr_t)pixels, (tmsize_t)(rows * columns)) > 0);
  TIFFClose(t);
}

/* libtiff gives up at the first bad code, and says so; it takes a strip that is cut short for a whole one only where all pixels were there. */
static bool by_libtiff(memory *m, uint8_t *codes, size_t size, uint8_t *out, size_t n) {
  TIFF *t = open_tiff(m, "rm");
  const bool ok = t && TIFFReadFromUserBuffer(t, 0, codes, (tmsize_t)size, out, (tmsize_t)n);
  if (t) TIFFClose(t);
  return ok;
}

static void tiff_is_as_libtiff_has_it(void) {
  static memory m;
  int taken = 0, refused = 0;
  TIFFSetErrorHandler(NULL);
  TIFFSetWarningHandler(NULL);
  for (int round = 0; round < ROUNDS; round++) {
    const uint32_t rows = 1 + any(90), columns = 1 + any(200);
    const size_t n = (size_t)rows * columns;
    uint8_t *pixels = malloc(n), *ours = malloc(n), *theirs = malloc(n);
    paint(pixels, n, 1 + any(256));
    make_tiff(&m, pixels, rows, columns);
    TIFF *t = open_tiff(&m, "rm");
    const size_t size = (size_t)TIFFGetStrileByteCount(t, 0);
    uint8_t *codes = malloc(size), *bad = malloc(size);
    CHECK(TIFFReadRawStrip(t, 0, codes, (tmsize_t)size) == (tmsize_t)size);
    TIFFClose(t);
    CHECK(tome_unlzw_tiff(codes, size, ours, n) && memcmp(ours, pixels, n) == 0);
    for (int k = 0; k < 8; k++) {
      memcpy(bad, codes, size);
      for (uint32_t hits = 1 + any(3); hits; hits--) bad[any((uint32_t)size)] = (uint8_t)any(256);
      const size_t left = any(5) == 0 ? 1 + any((uint32_t)size) : size;
      uint8_t *tight = malloc(left);
      memcpy(tight, bad, left);
      const bool mine = tome_unlzw_tiff(tight, left, ours, n), lib = by_libtiff(&m, tight, left, theirs, n);
      CHECK(!mine || (lib && memcmp(ours, theirs, n) == 0));
      taken += mine, refused += !mine;
      free(tight);
    }
    free(pixels), free(ours), free(theirs), free(codes), free(bad);
  }
  CHECK(taken > 100 && refused > 100);
}

TEST_MAIN(gif_is_as_giflib_has_it, tiff_is_as_libtiff_has_it)
