/* XXH3-128 of bytes and files: says whether two things are the same, not who made them. `xxhsum -H2` prints the same digits. */
#ifndef TOME_BASE_HASH_H
#define TOME_BASE_HASH_H

#include "base/error.h"

enum { TOME_HASH_TEXT = 33 }; /* 32 lower-case hex digits and the NUL */

void tome_hash_bytes(const void *data, size_t size, char out[TOME_HASH_TEXT]);

/* Streaming: for things that come in pieces. */
typedef struct tome_hasher tome_hasher;
TOME_MUST_USE tome_hasher *tome_hasher_new(tome_error *err);
void tome_hasher_free(tome_hasher *h);
void tome_hasher_add(tome_hasher *h, const void *data, size_t size);
void tome_hasher_text(const tome_hasher *h, char out[TOME_HASH_TEXT]);

/* The whole file, 1 MiB at a time. *bytes (may be NULL) gets its length. */
TOME_MUST_USE bool tome_hash_file(const char *path, char out[TOME_HASH_TEXT], uint64_t *bytes, tome_error *err);

#endif
