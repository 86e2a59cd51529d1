/* What the formats share and nobody outside src/format sees: a file's first bytes, inflated where it is gzip. */
#ifndef TOME_FORMAT_HEAD_H
#define TOME_FORMAT_HEAD_H

#include "format/format.h"

enum { TOME_HEAD = 4096 };

typedef struct tome_head {
  uint8_t bytes[TOME_HEAD];
  size_t size; /* filled; less than TOME_HEAD only where there is no more */
  bool gzip;   /* the file is gzip and `bytes` are what it inflates to */
} tome_head;

/* Fails where the file cannot be opened or its gzip data is broken from the start. */
TOME_MUST_USE bool tome_head_read(const char *path, tome_head *out, tome_error *err);

/* Reads exactly `size` bytes at `offset`; a shorter file is TOME_CORRUPT. */
TOME_MUST_USE bool tome_read_at(const char *path, uint64_t offset, void *out, size_t size, tome_error *err);

/* Deflate expands at most 1032-fold: false where `bytes` cannot come out of `packed` compressed ones, whatever a header says. */
bool tome_could_inflate(uint64_t packed, uint64_t bytes);

/* Passes a file over for the reason in `why` (whose leading "path: " is dropped). Out of memory is passed on instead. */
TOME_MUST_USE bool tome_pieces_pass_over_why(tome_pieces *p, const char *path, const tome_error *why, tome_error *err);

/* What is neither printable nor UTF-8 becomes '?': messages quote headers, which may hold anything. */
void tome_make_printable(char *text);

/* True where `name` ends in `ending`, upper or lower case. */
bool tome_ends_in(const char *name, const char *ending);

/* Bytes of the whole piece: shape x channels x element. */
size_t tome_piece_bytes(const tome_piece *p);
/* TOME_USAGE unless out_bytes is that. */
TOME_MUST_USE bool tome_piece_fits(const tome_piece *p, size_t out_bytes, tome_error *err);

#endif
