/* One chunk through the pipeline: compress or store, then checksum; and back. The only place that sees lz4. */
#include "store/codec.h"

#include <lz4.h>
#include <lz4hc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/gzip.h"
#include "base/zstd.h"
#include "store/planes.h"
#include "store/planes_deflate.h"

/* What each codec is: its name, its range of levels, and the level that measurement chose (schema/store.md). */
static const struct {
  const char *name;
  int least, most, usual;
} codecs[] = {
    [TOME_CODEC_DEFLATE] = {"deflate", 1, 12, 0},
    [TOME_CODEC_ZSTD] = {"zstd", 1, 19, 9},
    [TOME_CODEC_LZ4] = {"lz4", 1, 12, 1},
    [TOME_CODEC_NONE] = {"none", 0, 0, 0},
};

static bool known(tome_codec codec) { return (unsigned)codec < sizeof codecs / sizeof *codecs; }

const char *tome_codec_name(tome_codec codec) { return known(codec) ? codecs[codec].name : "?"; }

int tome_codec_level(tome_codec codec, int asked) { return asked || !known(codec) ? asked : codecs[codec].usual; }

bool tome_codec_check(tome_codec codec, int level, tome_error *err) {
  if (!known(codec)) return tome_fail(err, TOME_USAGE, "codec %d: there is no such codec", (int)codec);
  if (level == 0 || (level >= codecs[codec].least && level <= codecs[codec].most)) return true;
  return tome_fail(err, TOME_USAGE, "%s level %d: levels run from %d to %d", codecs[codec].name, level,
                   codecs[codec].least, codecs[codec].most);
}

unsigned tome_pipeline_bit_codec(const tome_pipeline *p) { return p->shuffle ? 1u : 0u; }

static void put_be32(uint8_t *p, uint32_t v) {
  for (int i = 0; i < 4; i++) p[i] = (uint8_t)(v >> (24 - 8 * i));
}
static uint32_t get_be32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static void put_le32(uint8_t *p, uint32_t v) {
  for (int i = 0; i < 4; i++) p[i] = (uint8_t)(v >> (8 * i));
}
static uint32_t get_le32(const uint8_t *p) {
  return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* ---- the registered lz4 filter's frame: the whole size (8 bytes, big endian), the block size (4), then each block as its size (4) and bytes; a block
 * that did not shrink is stored, its size then being the block size. We write one block. */
enum { LZ4_HEAD = 12, LZ4_BLOCK_HEAD = 4 };

static size_t lz4_write(int level, const uint8_t *raw, size_t n, uint8_t *out, size_t room) {
  if (room < LZ4_HEAD + LZ4_BLOCK_HEAD + 1 || n > LZ4_MAX_INPUT_SIZE) return 0;
  uint8_t *block = out + LZ4_HEAD + LZ4_BLOCK_HEAD;
  const int cap = (int)(room - LZ4_HEAD - LZ4_BLOCK_HEAD);
  const int size = level > 1 ? LZ4_compress_HC((const char *)raw, (char *)block, (int)n, cap, level)
                             : LZ4_compress_default((const char *)raw, (char *)block, (int)n, cap);
  if (size <= 0 || (size_t)size >= n) return 0;
  put_be32(out, (uint32_t)((uint64_t)n >> 32));
  put_be32(out + 4, (uint32_t)n);
  put_be32(out + 8, (uint32_t)n);
  put_be32(out + LZ4_HEAD, (uint32_t)size);
  return (size_t)size + LZ4_HEAD + LZ4_BLOCK_HEAD;
}

/* Reads one block into out; the bytes of input used, 0 where it is broken. */
static size_t lz4_read_block(const uint8_t *p, size_t left, uint8_t *out, size_t n) {
  if (left < LZ4_BLOCK_HEAD) return 0;
  const size_t size = get_be32(p);
  p += LZ4_BLOCK_HEAD;
  if (size == 0 || size > left - LZ4_BLOCK_HEAD || size > LZ4_MAX_INPUT_SIZE || n > LZ4_MAX_INPUT_SIZE) return 0;
  if (size == n)
    memcpy(out, p, n);
  else if (LZ4_decompress_safe((const char *)p, (char *)out, (int)size, (int)n) != (int)n)
    return 0;
  return size + LZ4_BLOCK_HEAD;
}

static bool lz4_read(const uint8_t *p, size_t size, uint8_t *out, size_t n) {
  if (size < LZ4_HEAD || get_be32(p) != 0 || get_be32(p + 4) != n || get_be32(p + 8) == 0) return false;
  const size_t block = get_be32(p + 8);
  size_t used = LZ4_HEAD;
  for (size_t done = 0; done < n; done += block) {
    const size_t want = n - done < block ? n - done : block;
    const size_t step = lz4_read_block(p + used, size - used, out + done, want);
    if (step == 0) return false;
    used += step;
  }
  return used == size;
}

/* ---- zstd: whoever picks it wants speed. A plane of noise that hardly shrinks costs all the time that reading takes: such planes, from the lowest on,
 * stand as they are, in raw blocks; the rest is compressed as it always was. Still one frame to everybody (RFC 8878). */

enum { ZSTD_HEAD = 9, ZSTD_BLOCK_HEAD = 3, ZSTD_MOST_BLOCK = 1 << 17, ZSTD_RAW = 0 };
static const uint32_t ZSTD_MAGIC = 0xFD2FB528;

/* Bits that the best prefix code needs, next to 8 a byte. */
static double share_of_noise(const uint8_t *p, size_t n) {
  uint32_t count[4][256] = {{0}};
  double bits = 0;
  for (size_t i = 0; i < n; i++) count[i % 4][p[i]]++;
  for (size_t v = 0; v < 256; v++) {
    const double c = count[0][v] + count[1][v] + count[2][v] + count[3][v];
    if (c > 0) bits += c * log2((double)n / c);
  }
  return bits / (8 * (double)n);
}

/* Bytes of the leading planes that are to stand as they are. */
static size_t raw_prefix(const uint8_t *raw, size_t n, size_t planes) {
  static const double worth = 0.75; /* measured: schema/store.md */
  const size_t plane = n / planes;
  size_t k = 0;
  while (k + 1 < planes && share_of_noise(raw + k * plane, plane) > worth) k++;
  return k * plane;
}

/* Where in a frame of libzstd's the first block begins. */
static size_t zstd_head_size(const uint8_t *frame) {
  static const uint8_t dictionary[4] = {0, 1, 2, 4}, content[4] = {0, 2, 4, 8};
  const unsigned d = frame[4], single = d >> 5 & 1u;
  return 5 + (size_t)!single + dictionary[d & 3] + (d >> 6 ? content[d >> 6] : single);
}

/* A frame of raw blocks for the first `prefix` bytes, and then the blocks of a frame of the rest. 0 where it would not be smaller. */
static size_t zstd_write_mixed(tome_zstd *c, int level, const uint8_t *raw, size_t n, size_t prefix, uint8_t *out) {
  size_t used = ZSTD_HEAD;
  put_le32(out, ZSTD_MAGIC);
  out[4] = 2 << 6 | 1 << 5; /* a size of four bytes, and no window but that */
  put_le32(out + 5, (uint32_t)n);
  for (size_t at = 0; at < prefix;) {
    const size_t part = prefix - at < ZSTD_MOST_BLOCK ? prefix - at : ZSTD_MOST_BLOCK;
    if (used + ZSTD_BLOCK_HEAD + part >= n) return 0;
    const uint32_t head = (uint32_t)part << 3 | ZSTD_RAW << 1;
    for (unsigned b = 0; b < ZSTD_BLOCK_HEAD; b++) out[used++] = (uint8_t)(head >> (8 * b));
    memcpy(out + used, raw + at, part);
    used += part;
    at += part;
  }
  uint8_t *rest = out + used;
  const size_t size = tome_zstd_pack(c, raw + prefix, n - prefix, rest, n - used, level);
  if (size == 0) return 0;
  const size_t head = zstd_head_size(rest);
  memmove(rest, rest + head, size - head);
  return used + size - head;
}

static size_t zstd_write(tome_zstd *c, const tome_pipeline *p, const uint8_t *raw, size_t n, uint8_t *out) {
  const size_t prefix = p->shuffle && n <= UINT32_MAX ? raw_prefix(raw, n, p->element) : 0;
  return prefix ? zstd_write_mixed(c, p->level, raw, n, prefix, out) : tome_zstd_pack(c, raw, n, out, n, p->level);
}

/* ---- compressing ---- */

struct tome_encoder {
  tome_pipeline pipeline;
  size_t raw_bytes;
  uint8_t *raw, *packed;        /* packed has room for raw_bytes and the checksum */
  tome_planes_deflater *planes; /* deflate of level 0, shuffled */
  tome_deflater *deflater;      /* deflate of any other kind */
  tome_zstd *zstd;
};

enum { CHECKSUM_BYTES = 4, FEW_BYTES = 4096, LABEL_LEVEL = 6 };

static bool encoder_codec(tome_encoder *e, tome_error *err) {
  const tome_pipeline *p = &e->pipeline;
  if (p->codec == TOME_CODEC_DEFLATE && p->level == 0 && p->shuffle && e->raw_bytes >= FEW_BYTES)
    return (e->planes = tome_planes_deflater_new(e->raw_bytes / p->element, err)) != NULL;
  if (p->codec == TOME_CODEC_DEFLATE)
    return (e->deflater = tome_deflater_new(p->level ? p->level : LABEL_LEVEL, err)) != NULL;
  return p->codec != TOME_CODEC_ZSTD || (e->zstd = tome_zstd_new(err));
}

tome_encoder *tome_encoder_new(const tome_pipeline *p, size_t raw_bytes, tome_error *err) {
  tome_encoder *e = tome_alloc_zero(1, sizeof *e, "chunk", err);
  if (!e) return NULL;
  e->pipeline = *p;
  e->raw_bytes = raw_bytes;
  e->raw = tome_alloc(raw_bytes, 1, "chunk", err);
  e->packed = tome_alloc(raw_bytes + CHECKSUM_BYTES, 1, "chunk", err);
  if (e->raw && e->packed && encoder_codec(e, err)) return e;
  tome_encoder_free(e);
  return NULL;
}

void tome_encoder_free(tome_encoder *e) {
  if (!e) return;
  tome_planes_deflater_free(e->planes);
  tome_deflater_free(e->deflater);
  tome_zstd_free(e->zstd);
  free(e->raw);
  free(e->packed);
  free(e);
}

uint8_t *tome_encoder_raw(tome_encoder *e) { return e->raw; }

/* The compressed size, 0 where it is not smaller than the data. */
static size_t compress(tome_encoder *e) {
  const size_t n = e->raw_bytes;
  size_t size = 0;
  switch (e->pipeline.codec) {
    case TOME_CODEC_DEFLATE:
      size = e->planes ? tome_planes_deflate(e->planes, e->raw, e->pipeline.element, e->packed, n)
                       : tome_deflate(e->deflater, e->raw, n, e->packed, n);
      break;
    case TOME_CODEC_ZSTD:
      size = zstd_write(e->zstd, &e->pipeline, e->raw, n, e->packed);
      break;
    case TOME_CODEC_LZ4:
      size = lz4_write(e->pipeline.level, e->raw, n, e->packed, n);
      break;
    case TOME_CODEC_NONE:
      break;
  }
  return size < n ? size : 0;
}

void tome_encode(tome_encoder *e, const uint8_t **out, size_t *size, uint32_t *mask) {
  *mask = 0;
  size_t used = compress(e);
  if (used == 0) {
    memcpy(e->packed, e->raw, e->raw_bytes);
    used = e->raw_bytes;
    if (e->pipeline.codec != TOME_CODEC_NONE) *mask = 1u << tome_pipeline_bit_codec(&e->pipeline);
  }
  if (e->pipeline.checksum) {
    put_le32(e->packed + used, tome_fletcher32(e->packed, used));
    used += CHECKSUM_BYTES;
  }
  *out = e->packed;
  *size = used;
}

/* ---- decompressing ---- */

struct tome_decoder {
  tome_pipeline pipeline;
  size_t raw_bytes, most_chunks, stride;
  uint8_t *raw; /* most_chunks of `stride` bytes */
  tome_planes_inflater *planes;
  tome_planes_stream *streams;
  tome_inflater *inflater;
  tome_zstd *zstd;
};

static bool decoder_codec(tome_decoder *d, tome_error *err) {
  if (d->pipeline.codec == TOME_CODEC_ZSTD) return (d->zstd = tome_zstd_new(err)) != NULL;
  if (d->pipeline.codec != TOME_CODEC_DEFLATE) return true;
  d->streams = tome_alloc_zero(d->most_chunks, sizeof *d->streams, "chunk", err);
  const size_t element = d->pipeline.element;
  return d->streams && (d->inflater = tome_inflater_new(err)) &&
         (d->planes = tome_planes_inflater_new(element, d->raw_bytes / element, d->most_chunks, err));
}

tome_decoder *tome_decoder_new(const tome_pipeline *p, size_t raw_bytes, size_t most_chunks, tome_error *err) {
  tome_decoder *d = tome_alloc_zero(1, sizeof *d, "chunk", err);
  if (!d) return NULL;
  d->pipeline = *p;
  d->raw_bytes = raw_bytes;
  d->most_chunks = most_chunks;
  d->stride = (raw_bytes + p->element * TOME_PLANES_OUT_SLACK + 63) / 64 * 64;
  d->raw = tome_alloc(most_chunks, d->stride, "chunk", err);
  if (d->raw && decoder_codec(d, err)) return d;
  tome_decoder_free(d);
  return NULL;
}

void tome_decoder_free(tome_decoder *d) {
  if (!d) return;
  tome_planes_inflater_free(d->planes);
  tome_inflater_free(d->inflater);
  tome_zstd_free(d->zstd);
  free(d->streams);
  free(d->raw);
  free(d);
}

/* Takes the checksum off the end, where there is one. NULL, or what is wrong. */
static const char *verify(const tome_decoder *d, tome_packed_chunk *c) {
  if (!d->pipeline.checksum) return NULL;
  if (c->size < CHECKSUM_BYTES) return "is too short for its checksum";
  c->size -= CHECKSUM_BYTES;
  return tome_fletcher32(c->data, c->size) == get_le32(c->data + c->size) ? NULL
                                                                          : "does not match its Fletcher32 checksum";
}

/* What can be said of a chunk before it is decompressed. Sets raw where it is stored as it is. */
static const char *examine(const tome_decoder *d, tome_packed_chunk *c) {
  const uint32_t stored = 1u << tome_pipeline_bit_codec(&d->pipeline);
  if (c->mask & ~stored) return "skips a filter that Tome never skips";
  const char *why = verify(d, c);
  if (why) return why;
  if (d->pipeline.codec != TOME_CODEC_NONE && !(c->mask & stored)) return NULL;
  if (c->size != d->raw_bytes) return "is stored uncompressed, but not in its full size";
  c->raw = c->data;
  return NULL;
}

static bool waits(const tome_packed_chunk *c) { return !c->raw && !c->why; }

/* The quick way, for what tome_planes_deflate wrote and a checksum vouches for: only what is wanted of it. What it does not take is left waiting. */
static void inflate_planes(tome_decoder *d, tome_packed_chunk *chunks, size_t count) {
  size_t n = 0;
  for (size_t i = 0; i < count; i++)
    if (waits(&chunks[i]))
      d->streams[n++] =
          (tome_planes_stream){chunks[i].data, chunks[i].size, chunks[i].wanted, d->raw + i * d->stride, false};
  tome_planes_inflate(d->planes, d->streams, n);
  n = 0;
  for (size_t i = 0; i < count; i++) {
    if (!waits(&chunks[i]) || !d->streams[n++].done) continue;
    chunks[i].raw = d->raw + i * d->stride;
    chunks[i].plane_stride += TOME_PLANES_OUT_SLACK;
  }
}

static bool decompress(tome_decoder *d, const tome_packed_chunk *c, uint8_t *out) {
  const size_t n = d->raw_bytes;
  size_t got;
  switch (d->pipeline.codec) {
    case TOME_CODEC_DEFLATE:
      return tome_inflate(d->inflater, c->data, c->size, out, n);
    case TOME_CODEC_ZSTD:
      return tome_zstd_unpack_with(d->zstd, c->data, c->size, out, n, &got) && got == n;
    case TOME_CODEC_LZ4:
      return lz4_read(c->data, c->size, out, n);
    case TOME_CODEC_NONE:
      break;
  }
  return false;
}

void tome_decode(tome_decoder *d, tome_packed_chunk *chunks, size_t count) {
  for (size_t i = 0; i < count; i++) {
    chunks[i].raw = NULL;
    chunks[i].plane_stride = d->raw_bytes / d->pipeline.element;
    chunks[i].why = examine(d, &chunks[i]);
  }
  if (d->planes && d->pipeline.checksum && d->pipeline.shuffle) inflate_planes(d, chunks, count);
  for (size_t i = 0; i < count; i++) {
    if (!waits(&chunks[i])) continue;
    uint8_t *out = d->raw + i * d->stride;
    if (decompress(d, &chunks[i], out))
      chunks[i].raw = out;
    else
      chunks[i].why = "does not decompress to its size";
  }
}
