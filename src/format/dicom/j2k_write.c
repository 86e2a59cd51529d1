/* JPEG 2000: OpenJPEG writing one lossless channel into memory. */
#include <openjpeg.h>
#include <string.h>

#include "base/mem.h"
#include "format/dicom/j2k.h"

typedef struct writer {
  tome_bytes out;
  size_t cap, at;
} writer;

/* Makes room for what ends at byte `end`. */
static bool extend(writer *w, size_t end) {
  if (end > w->out.size) {
    if (!tome_grow(&w->out.data, &w->cap, end, 1, NULL)) return false;
    memset(w->out.data + w->out.size, 0, end - w->out.size);
    w->out.size = end;
  }
  return true;
}

static OPJ_SIZE_T write_some(void *data, OPJ_SIZE_T n, void *user) {
  writer *w = user;
  if (!extend(w, w->at + n)) return (OPJ_SIZE_T)-1;
  memcpy(w->out.data + w->at, data, n);
  w->at += n;
  return n;
}

static OPJ_OFF_T skip_some(OPJ_OFF_T n, void *user) {
  writer *w = user;
  if (n < 0 || !extend(w, w->at + (size_t)n)) return -1;
  w->at += (size_t)n;
  return n;
}

static OPJ_BOOL seek_to(OPJ_OFF_T at, void *user) {
  writer *w = user;
  if (at < 0 || !extend(w, (size_t)at)) return OPJ_FALSE;
  w->at = (size_t)at;
  return OPJ_TRUE;
}

typedef struct session {
  opj_stream_t *stream;
  opj_codec_t *codec;
  opj_image_t *image;
  writer writer;
} session;

static void session_clear(session *s) {
  if (s->image) opj_image_destroy(s->image);
  if (s->codec) opj_destroy_codec(s->codec);
  if (s->stream) opj_stream_destroy(s->stream);
  tome_bytes_clear(&s->writer.out);
}

static bool make_image(session *s, const tome_j2k_plane *p) {
  opj_image_cmptparm_t c = {.dx = 1, .dy = 1, .w = p->columns, .h = p->rows, .prec = p->bits, .sgnd = p->is_signed};
  if (!(s->image = opj_image_create(1, &c, OPJ_CLRSPC_GRAY))) return false;
  s->image->x1 = p->columns;
  s->image->y1 = p->rows;
  const size_t n = (size_t)p->rows * p->columns;
  for (size_t i = 0; i < n; i++)
    s->image->comps[0].data[i] = p->is_signed ? (int16_t)p->cells[i] : (int32_t)p->cells[i];
  return true;
}

/* A small image cannot be halved as often as the default wants. */
static int resolutions(const tome_j2k_plane *p) {
  uint32_t least = p->rows < p->columns ? p->rows : p->columns;
  int n = 1;
  for (; least > 1 && n < 6; least /= 2) n++;
  return n;
}

static bool open_encoder(session *s, const tome_j2k_plane *p) {
  opj_cparameters_t how;
  opj_set_default_encoder_parameters(&how);
  how.tcp_numlayers = 1;
  how.cp_disto_alloc = 1;
  how.tcp_rates[0] = 0; /* lossless */
  how.numresolution = resolutions(p);
  s->codec = opj_create_compress(OPJ_CODEC_J2K);
  s->stream = opj_stream_default_create(OPJ_FALSE);
  if (!s->codec || !s->stream || !opj_setup_encoder(s->codec, &how, s->image)) return false;
  opj_stream_set_user_data(s->stream, &s->writer, NULL);
  opj_stream_set_write_function(s->stream, write_some);
  opj_stream_set_skip_function(s->stream, skip_some);
  opj_stream_set_seek_function(s->stream, seek_to);
  return true;
}

bool tome_j2k_encode(const tome_j2k_plane *plane, tome_bytes *out, const char *name, tome_error *err) {
  TOME_CLEANUP(session_clear) session s = {0};
  if (!make_image(&s, plane) || !open_encoder(&s, plane) || !opj_start_compress(s.codec, s.image, s.stream) ||
      !opj_encode(s.codec, s.stream) || !opj_end_compress(s.codec, s.stream))
    return tome_fail(err, TOME_NO_MEMORY, "%s: a slice of %ux%u cannot be compressed with JPEG 2000", name, plane->rows,
                     plane->columns);
  *out = s.writer.out;
  s.writer.out = (tome_bytes){0};
  return true;
}
