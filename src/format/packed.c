/* One deflate stream from many cores: parts that end at whole bytes, joined, with the checksum of all of them behind. */
#include "format/packed.h"

#include "base/threads.h"

enum { PART = 2 << 20, BATCH = 32 };

typedef struct packing {
  const uint8_t *data;
  size_t size, parts, first; /* `first` of a batch in flight */
  tome_bytes packed[BATCH];
} packing;

static size_t part_size(const packing *s, size_t part) {
  const size_t left = s->size - part * PART;
  return left < PART ? left : PART;
}

static bool pack_one(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker;
  packing *s = ctx;
  const size_t part = s->first + item;
  return tome_deflate_part(s->data + part * PART, part_size(s, part), part + 1 == s->parts, &s->packed[item], err);
}

static bool write_batch(int fd, const char *name, packing *s, size_t count, uint64_t *written, tome_error *err) {
  bool ok = tome_parallel(NULL, count, pack_one, s, err);
  for (size_t i = 0; i < count; i++) {
    ok = ok && tome_write_all(fd, s->packed[i].data, s->packed[i].size, name, err);
    *written += s->packed[i].size;
    tome_bytes_clear(&s->packed[i]);
  }
  return ok;
}

/* The checksum in the order its wrapping wants: gzip's is little-endian with the length behind, zlib's big-endian. */
static size_t trailer(tome_wrap wrapping, const packing *s, uint8_t out[8]) {
  const bool gzip = wrapping == TOME_WRAP_GZIP;
  const uint32_t sum = gzip ? tome_add_crc32(0, s->data, s->size) : tome_add_adler32(1, s->data, s->size);
  for (int i = 0; i < 4; i++) {
    out[i] = (uint8_t)(sum >> (gzip ? 8 * i : 24 - 8 * i));
    out[4 + i] = (uint8_t)(s->size >> 8 * i);
  }
  return gzip ? 8 : 4;
}

bool tome_write_packed(int fd, const char *name, tome_wrap wrapping, const void *data, size_t size, uint64_t *written,
                       tome_error *err) {
  static const uint8_t gzip[10] = {0x1f, 0x8b, 8, [9] = 255}, zlib[2] = {0x78, 0x01};
  const size_t opening = wrapping == TOME_WRAP_GZIP ? sizeof gzip : sizeof zlib;
  packing s = {.data = data, .size = size, .parts = size / PART + (size % PART != 0 || size == 0)};
  uint64_t total = opening;
  if (!tome_write_all(fd, wrapping == TOME_WRAP_GZIP ? gzip : zlib, opening, name, err)) return false;
  for (; s.first < s.parts; s.first += BATCH)
    if (!write_batch(fd, name, &s, s.parts - s.first < BATCH ? s.parts - s.first : BATCH, &total, err)) return false;
  uint8_t end[8];
  const size_t n = trailer(wrapping, &s, end);
  if (written) *written = total + n;
  return tome_write_all(fd, end, n, name, err);
}
