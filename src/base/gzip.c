/* gzip and zlib streams through libdeflate, which wants whole inputs and known output sizes: what follows is how to live with that when a header
 * may lie. */
#include "base/gzip.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

bool tome_is_gzip(const void *data, size_t size) {
  const uint8_t *p = data;
  return size >= 18 && p[0] == 0x1f && p[1] == 0x8b && p[2] == 8;
}

static void free_decompressor(struct libdeflate_decompressor **d) { libdeflate_free_decompressor(*d); }

static struct libdeflate_decompressor *new_decompressor(tome_error *err) {
  struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
  if (!d) tome_fail(err, TOME_NO_MEMORY, "inflate: out of memory");
  return d;
}

static bool all_zero(const uint8_t *p, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (p[i]) return false;
  return true;
}

/* The last member's length trailer: right for one member under 4 GiB, a hint otherwise. Deflate cannot expand more than 1032-fold,
 * so a trailer beyond that lies. */
static size_t likely_size(const uint8_t *p, size_t size) {
  const uint8_t *t = p + size - 4;
  const size_t said = (size_t)t[0] | (size_t)t[1] << 8 | (size_t)t[2] << 16 | (size_t)t[3] << 24;
  return said / 1032 > size ? size * 4 : said;
}

typedef struct inflating {
  struct libdeflate_decompressor *decoder;
  const uint8_t *in;
  size_t in_size, in_done;
  tome_bytes out; /* size: bytes filled */
  size_t cap, most;
  const char *name;
} inflating;

static bool bigger(inflating *s, size_t want, tome_error *err) {
  if (want > s->most) want = s->most;
  if (want <= s->cap)
    return tome_fail(err, TOME_CORRUPT, "%s: inflates to more than the %zu bytes allowed here", s->name, s->most);
  uint8_t *p = realloc(s->out.data, want);
  if (!p) return tome_fail(err, TOME_NO_MEMORY, "%s: out of memory (%zu bytes)", s->name, want);
  s->out.data = p;
  s->cap = want;
  return true;
}

/* One member, growing the output until it fits: a guess that was right costs one pass. */
static bool member(inflating *s, tome_error *err) {
  for (;;) {
    size_t used = 0, made = 0;
    const enum libdeflate_result r =
        libdeflate_gzip_decompress_ex(s->decoder, s->in + s->in_done, s->in_size - s->in_done,
                                      s->out.data + s->out.size, s->cap - s->out.size, &used, &made);
    if (r == LIBDEFLATE_SUCCESS) {
      s->in_done += used;
      s->out.size += made;
      return true;
    }
    if (r != LIBDEFLATE_INSUFFICIENT_SPACE)
      return tome_fail(err, TOME_CORRUPT,
                       "%s: the gzip data is damaged or cut short (after %zu of %zu bytes); fetch the file again",
                       s->name, s->in_done, s->in_size);
    if (!bigger(s, s->cap * 2 + 65536, err)) return false;
  }
}

static bool members(inflating *s, tome_error *err) {
  while (tome_is_gzip(s->in + s->in_done, s->in_size - s->in_done))
    if (!member(s, err)) return false;
  if (s->in_done == 0 || !all_zero(s->in + s->in_done, s->in_size - s->in_done))
    return tome_fail(err, TOME_CORRUPT, "%s: bytes after the gzip data at %zu of %zu", s->name, s->in_done, s->in_size);
  return true;
}

bool tome_gunzip(const void *data, size_t size, size_t most, const char *name, tome_bytes *out, tome_error *err) {
  if (!tome_is_gzip(data, size)) return tome_fail(err, TOME_CORRUPT, "%s: is not gzip data", name);
  TOME_CLEANUP(free_decompressor) struct libdeflate_decompressor *decoder = new_decompressor(err);
  if (!decoder) return false;
  inflating s = {
      .decoder = decoder, .in = data, .in_size = size, .name = name, .most = most ? most : tome_alloc_limit()};
  if (bigger(&s, likely_size(data, size) + 1, err) && members(&s, err)) {
    *out = s.out;
    return true;
  }
  free(s.out.data);
  return false;
}

bool tome_gunzip_into(const void *data, size_t size, void *out, size_t out_bytes, const char *name, tome_error *err) {
  TOME_CLEANUP(free_decompressor) struct libdeflate_decompressor *decoder = new_decompressor(err);
  if (!decoder) return false;
  const uint8_t *in = data;
  size_t in_done = 0, out_done = 0;
  while (tome_is_gzip(in + in_done, size - in_done)) {
    size_t used = 0, made = 0;
    const enum libdeflate_result r = libdeflate_gzip_decompress_ex(
        decoder, in + in_done, size - in_done, (uint8_t *)out + out_done, out_bytes - out_done, &used, &made);
    if (r == LIBDEFLATE_INSUFFICIENT_SPACE)
      return tome_fail(err, TOME_CORRUPT, "%s: holds more than the %zu bytes its header speaks of", name, out_bytes);
    if (r != LIBDEFLATE_SUCCESS)
      return tome_fail(err, TOME_CORRUPT, "%s: the gzip data is damaged or cut short; fetch the file again", name);
    in_done += used;
    out_done += made;
  }
  if (out_done < out_bytes)
    return tome_fail(err, TOME_CORRUPT, "%s: holds %zu bytes where its header speaks of %zu", name, out_done,
                     out_bytes);
  return true;
}

bool tome_gzip(const void *data, size_t size, int level, tome_bytes *out, tome_error *err) {
  struct libdeflate_compressor *c = libdeflate_alloc_compressor(level);
  if (!c) return tome_fail(err, TOME_NO_MEMORY, "gzip: no compressor of level %d", level);
  const size_t bound = libdeflate_gzip_compress_bound(c, size);
  uint8_t *p = tome_alloc(bound, 1, "gzip", err);
  const size_t n = p ? libdeflate_gzip_compress(c, data, size, p, bound) : 0;
  libdeflate_free_compressor(c);
  if (!n) {
    free(p);
    return p ? tome_fail(err, TOME_NO_MEMORY, "gzip: does not fit its own bound") : false;
  }
  *out = (tome_bytes){p, n};
  return true;
}

struct tome_deflater {
  struct libdeflate_compressor *c;
};
struct tome_inflater {
  struct libdeflate_decompressor *d;
};

tome_deflater *tome_deflater_new(int level, tome_error *err) {
  tome_deflater *d = tome_alloc(1, sizeof *d, "deflate", err);
  if (!d) return NULL;
  d->c = libdeflate_alloc_compressor(level);
  if (d->c) return d;
  free(d);
  tome_fail(err, TOME_USAGE, "deflate: no compressor of level %d; 1 to 12 there are", level);
  return NULL;
}

void tome_deflater_free(tome_deflater *d) {
  if (!d) return;
  libdeflate_free_compressor(d->c);
  free(d);
}

size_t tome_deflate_bound(size_t size) { return libdeflate_zlib_compress_bound(NULL, size); }

size_t tome_deflate(tome_deflater *d, const void *in, size_t size, void *out, size_t out_cap) {
  return libdeflate_zlib_compress(d->c, in, size, out, out_cap);
}

tome_inflater *tome_inflater_new(tome_error *err) {
  tome_inflater *i = tome_alloc(1, sizeof *i, "inflate", err);
  if (!i) return NULL;
  i->d = new_decompressor(err);
  if (i->d) return i;
  free(i);
  return NULL;
}

void tome_inflater_free(tome_inflater *i) {
  if (!i) return;
  libdeflate_free_decompressor(i->d);
  free(i);
}

bool tome_inflate(tome_inflater *i, const void *in, size_t size, void *out, size_t out_bytes) {
  return libdeflate_zlib_decompress(i->d, in, size, out, out_bytes, NULL) == LIBDEFLATE_SUCCESS;
}
