/* JPEG 2000: OpenJPEG reading from memory, with the image's size checked against the caller's before any sample is decoded. */
#include "format/dicom/j2k.h"

#include <openjpeg.h>
#include <string.h>

#include "base/mem.h"

/* ---- a stream over memory --- */

typedef struct reader {
  const uint8_t *data;
  size_t size, at;
} reader;

static OPJ_SIZE_T read_some(void *out, OPJ_SIZE_T want, void *user) {
  reader *r = user;
  const size_t rest = r->size - r->at, n = want < rest ? want : rest;
  if (n == 0) return (OPJ_SIZE_T)-1;
  memcpy(out, r->data + r->at, n);
  r->at += n;
  return n;
}

static OPJ_OFF_T skip_some(OPJ_OFF_T n, void *user) {
  reader *r = user;
  if (n < 0) return -1;
  const size_t rest = r->size - r->at, step = (uint64_t)n < rest ? (size_t)n : rest;
  r->at += step;
  return step || n == 0 ? (OPJ_OFF_T)step : -1;
}

static OPJ_BOOL seek_to(OPJ_OFF_T at, void *user) {
  reader *r = user;
  if (at < 0 || (uint64_t)at > r->size) return OPJ_FALSE;
  r->at = (size_t)at;
  return OPJ_TRUE;
}

static opj_stream_t *open_stream(reader *r) {
  opj_stream_t *s = opj_stream_default_create(OPJ_TRUE);
  if (!s) return NULL;
  opj_stream_set_user_data(s, r, NULL);
  opj_stream_set_user_data_length(s, r->size);
  opj_stream_set_read_function(s, read_some);
  opj_stream_set_skip_function(s, skip_some);
  opj_stream_set_seek_function(s, seek_to);
  return s;
}

/* ---- what belongs together while one image is decoded --- */

typedef struct session {
  opj_stream_t *stream;
  opj_codec_t *codec;
  opj_image_t *image;
  char why[200]; /* OpenJPEG's own last word */
} session;

static void session_clear(session *s) {
  if (s->image) opj_image_destroy(s->image);
  if (s->codec) opj_destroy_codec(s->codec);
  if (s->stream) opj_stream_destroy(s->stream);
}

static void keep_error(const char *message, void *user) {
  session *s = user;
  const size_t n = strcspn(message, "\n");
  if (!s->why[0] && n < sizeof s->why) memcpy(s->why, message, n);
}

static OPJ_CODEC_FORMAT kind_of(const uint8_t *data, size_t size) {
  if (size >= 12 && memcmp(data, "\0\0\0\x0CjP  ", 8) == 0) return OPJ_CODEC_JP2;
  if (size >= 4 && memcmp(data, "\xFF\x4F\xFF\x51", 4) == 0) return OPJ_CODEC_J2K;
  return OPJ_CODEC_UNKNOWN;
}

static bool broken(const session *s, const char *path, tome_error *err) {
  return tome_fail(err, TOME_CORRUPT, "%s: the JPEG 2000 data cannot be decompressed (%s)", path,
                   s->why[0] ? s->why : "no reason given");
}

/* The image must be what the file's header promised, every channel of the same size and kind. */
static bool check_image(const opj_image_t *i, const tome_j2k_want *want, const char *path, tome_error *err) {
  if (i->x1 < i->x0 || i->y1 < i->y0 || i->x1 - i->x0 != want->columns || i->y1 - i->y0 != want->rows ||
      i->numcomps != want->channels)
    return tome_fail(err, TOME_CORRUPT,
                     "%s: the JPEG 2000 image is %u x %u with %u channels, the header says %u x %u with %u", path,
                     i->y1 - i->y0, i->x1 - i->x0, i->numcomps, want->rows, want->columns, want->channels);
  for (uint32_t c = 0; c < i->numcomps; c++) {
    const opj_image_comp_t *k = &i->comps[c];
    if (k->dx != 1 || k->dy != 1 || k->prec != i->comps[0].prec || k->sgnd != i->comps[0].sgnd)
      return tome_fail(err, TOME_UNSUPPORTED, "%s: the channels of the JPEG 2000 image differ in size or precision",
                       path);
    if (k->prec < 1 || k->prec > want->most_bits)
      return tome_fail(err, TOME_CORRUPT, "%s: the JPEG 2000 image has %u bits a sample, the header allows %u", path,
                       k->prec, want->most_bits);
  }
  return true;
}

static bool start(session *s, reader *r, const char *path, tome_error *err) {
  const OPJ_CODEC_FORMAT kind = kind_of(r->data, r->size);
  if (kind == OPJ_CODEC_UNKNOWN) return tome_fail(err, TOME_CORRUPT, "%s: the pixel data are not JPEG 2000", path);
  s->stream = open_stream(r);
  s->codec = opj_create_decompress(kind);
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  if (!s->stream || !s->codec || !opj_setup_decoder(s->codec, &parameters))
    return tome_fail(err, TOME_NO_MEMORY, "%s: no memory for a JPEG 2000 decoder", path);
  opj_set_error_handler(s->codec, keep_error, s);
  opj_decoder_set_strict_mode(s->codec, OPJ_TRUE); /* a cut-short stream is an error, not a blurred image */
  return true;
}

static bool decoded(const opj_image_t *i) {
  for (uint32_t c = 0; c < i->numcomps; c++)
    if (!i->comps[c].data || i->comps[c].w != i->x1 - i->x0 || i->comps[c].h != i->y1 - i->y0) return false;
  return true;
}

static void interleave(const opj_image_t *i, size_t pixels, int32_t *out) {
  if (i->numcomps == 1) {
    memcpy(out, i->comps[0].data, pixels * sizeof *out);
    return;
  }
  for (uint32_t c = 0; c < i->numcomps; c++)
    for (size_t p = 0; p < pixels; p++) out[p * i->numcomps + c] = i->comps[c].data[p];
}

bool tome_j2k_decode(const void *data, size_t size, const tome_j2k_want *want, int32_t *out, tome_j2k_got *got,
                     const char *path, tome_error *err) {
  reader r = {data, size, 0};
  TOME_CLEANUP(session_clear) session s = {0};
  if (!start(&s, &r, path, err)) return false;
  if (!opj_read_header(s.stream, s.codec, &s.image)) return broken(&s, path, err);
  if (!check_image(s.image, want, path, err)) return false;
  if (!opj_decode(s.codec, s.stream, s.image)) return broken(&s, path, err);
  if (!check_image(s.image, want, path, err)) return false; /* a palette may have made one channel into three */
  if (!decoded(s.image)) return broken(&s, path, err);
  interleave(s.image, (size_t)want->rows * want->columns, out);
  *got = (tome_j2k_got){s.image->comps[0].prec, s.image->comps[0].sgnd != 0};
  return true;
}
