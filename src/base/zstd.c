/* See zstd.h. */
#include "base/zstd.h"

#include <stdlib.h>
#include <zstd.h>

#include "base/mem.h"

/* Each half is made when it is first needed. */
struct tome_zstd {
  ZSTD_CCtx *c;
  ZSTD_DCtx *d;
};

tome_zstd *tome_zstd_new(tome_error *err) { return tome_alloc_zero(1, sizeof(tome_zstd), "zstd", err); }

void tome_zstd_free(tome_zstd *z) {
  if (!z) return;
  ZSTD_freeCCtx(z->c);
  ZSTD_freeDCtx(z->d);
  free(z);
}

size_t tome_zstd_pack(tome_zstd *z, const void *in, size_t size, void *out, size_t out_cap, int level) {
  if (!z->c && !(z->c = ZSTD_createCCtx())) return 0;
  const size_t n = ZSTD_compressCCtx(z->c, out, out_cap, in, size, level);
  return ZSTD_isError(n) ? 0 : n;
}

static bool done(size_t n, size_t *got) {
  *got = ZSTD_isError(n) ? 0 : n;
  return !ZSTD_isError(n);
}

bool tome_zstd_unpack_with(tome_zstd *z, const void *in, size_t size, void *out, size_t most, size_t *got) {
  *got = 0;
  if (!z->d && !(z->d = ZSTD_createDCtx())) return false;
  return done(ZSTD_decompressDCtx(z->d, out, most, in, size), got);
}

bool tome_zstd_unpack(const void *in, size_t size, void *out, size_t most, size_t *got) {
  return done(ZSTD_decompress(out, most, in, size), got);
}
