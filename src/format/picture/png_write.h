/* A slice out to .png. Inside src/format only. */
#ifndef TOME_FORMAT_PNG_WRITE_H
#define TOME_FORMAT_PNG_WRITE_H

#include "format/format.h"

/* One slice (shape z 1) of uint8 or uint16 samples, 1 to 4 of them a pixel (gray, gray+alpha, RGB, RGBA), as they are: no gamma, no scaling.
 * The comment goes into a tEXt chunk "Comment". level: 1–9, 0 means 4. */
TOME_MUST_USE bool tome_png_write(int fd, const char *name, const tome_volume *v, const tome_write_options *opt,
                                  tome_error *err);

#endif
