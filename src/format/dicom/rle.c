/* Run lengths: each byte plane, the most significant first, is a PackBits segment; a table of 16 words says where they begin. */
#include "format/dicom/rle.h"

#include <string.h>

enum { HEADER = 64, SEGMENTS = 15 };

static uint32_t word(const uint8_t *p) {
  return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Unpacks one segment into every `step`-th byte of `out`, `n` of them; returns how many there were. */
static size_t unpack(const uint8_t *in, const uint8_t *end, uint8_t *out, size_t step, size_t n) {
  size_t done = 0;
  while (done < n && in < end) {
    const uint8_t code = *in++;
    if (code == 128) continue; /* says nothing */
    size_t run = code < 128 ? (size_t)code + 1 : (size_t)257 - code;
    if (run > n - done) run = n - done;
    const bool literal = code < 128;
    const size_t there = (size_t)(end - in);
    if (literal && run > there) run = there;
    if (!literal && there == 0) break;
    for (size_t k = 0; k < run; k++) out[(done + k) * step] = in[literal ? k : 0];
    done += run;
    in += literal ? run : 1;
  }
  return done;
}

/* The bytes of segment `i`; false where its offsets are not in order and in the data. */
static bool segment(const uint8_t *data, size_t size, uint32_t count, uint32_t i, const uint8_t **from,
                    const uint8_t **to) {
  const size_t begin = word(data + 4 + i * 4), end = i + 1 < count ? word(data + 8 + i * 4) : size;
  if (begin < HEADER || begin > end || end > size) return false;
  *from = data + begin;
  *to = data + end;
  return true;
}

bool tome_rle_decode(const uint8_t *data, size_t size, size_t pixels, size_t samples, size_t bytes, void *out,
                     const char *path, tome_error *err) {
  const uint32_t count = size >= HEADER ? word(data) : 0;
  const size_t step = samples * bytes;
  if (count != step || count > SEGMENTS)
    return tome_fail(err, TOME_CORRUPT, "%s: the RLE data have %u segments, %zu samples of %zu bytes need %zu", path,
                     count, samples, bytes, step);
  for (uint32_t i = 0; i < count; i++) {
    const uint8_t *from, *to;
    uint8_t *first = (uint8_t *)out + i / bytes * bytes + (bytes - 1 - i % bytes);
    if (!segment(data, size, count, i, &from, &to) || unpack(from, to, first, step, pixels) != pixels)
      return tome_fail(err, TOME_CORRUPT,
                       "%s: segment %u of the RLE data is cut short or damaged; fetch the file again", path, i + 1);
  }
  return true;
}
