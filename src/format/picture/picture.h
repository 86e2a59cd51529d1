/* What the formats of pictures (PNG, GIF, JPEG, BMP, TIFF) share and nobody outside src/format sees. */
#ifndef TOME_FORMAT_PICTURE_H
#define TOME_FORMAT_PICTURE_H

#include <stdio.h>

#include "format/head.h"

/* Opens a regular file for reading; NULL with err set. Folders, pipes and devices, where fopen could wait for ever, are refused. */
TOME_MUST_USE FILE *tome_picture_open(const char *path, tome_error *err);
void tome_picture_close(FILE **f); /* for TOME_CLEANUP */

/* TOME_CORRUPT where height x width pixels of `channels` bytes cannot come out of the file at `path` by a code that packs `most` bytes into one:
 * asked before anybody allocates for them. */
TOME_MUST_USE bool tome_picture_check_size(const char *path, uint64_t height, uint64_t width, uint64_t pixel_bytes,
                                           uint64_t most, tome_error *err);

/* Gives the piece a palette: none where the indices are gray values already; a ramp from white to black is turned round, with a note. */
TOME_MUST_USE bool tome_picture_palette(tome_pieces *list, tome_piece *p, tome_palette *palette, tome_error *err);
/* The last step of decode: indices as the file holds them, at the head of `out`, into what the piece is to give. */
void tome_picture_finish(const tome_piece *p, uint8_t *out);

/* Appends a sentence to the piece's note. */
TOME_MUST_USE bool tome_picture_note(tome_pieces *list, tome_piece *p, tome_error *err, const char *fmt, ...)
    TOME_PRINTF(4, 5);

/* The samples of a volume of one slice as bytes, for formats that hold no others: integers of 0 to 255, up to `most_channels` side by side. free() it. NULL with err
 * set (naming the value that does not fit) otherwise. `kind` is the format's name in the sentence ("a GIF"). */
TOME_MUST_USE uint8_t *tome_picture_bytes(const tome_volume *v, const char *name, const char *kind, int most_channels,
                                          tome_error *err);

#endif
