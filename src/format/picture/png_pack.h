/* A picture as a PNG in memory, made on all cores. */
#ifndef TOME_FORMAT_PNG_PACK_H
#define TOME_FORMAT_PNG_PACK_H

#include "base/file.h"

/* 8-bit sRGB, `height` rows of `width` pixels of 3 bytes, packed; at most 16384 pixels each way. */
TOME_MUST_USE bool tome_png_pack(const uint8_t *rgb, int width, int height, const tome_run *run, tome_bytes *out,
                                 tome_error *err);

#endif
