/* Colour as arithmetic: palettes into colours, colours into gray, alpha that says nothing. No I/O. */
#ifndef TOME_GRID_COLOUR_H
#define TOME_GRID_COLOUR_H

#include "grid/grid.h"

enum { TOME_PALETTE_MOST = 256 };

/* The colours of a palette picture, whose stored values are indices into it: for labels the index is what counts, for pictures the colour. */
typedef struct tome_palette {
  int count; /* entries; an index behind them is black */
  bool
      turned; /* a gray ramp that fell from white to black and was turned round: index = count - 1 - what the file holds */
  uint8_t colour[TOME_PALETTE_MOST][4]; /* red, green, blue, alpha (255: opaque) */
} tome_palette;

/* True where entry i is the opaque gray i: the indices are gray values already. */
bool tome_palette_is_gray_values(const tome_palette *p);
/* Where the palette is an even ramp of 2, 4, 16 or 256 grays (each within 8 levels) that falls from white to black, turns it round, so that white
 * is the larger index, as in a picture without a palette; black entries that only fill up the table are cut off first. True where it did. */
bool tome_palette_turn(tome_palette *p);
/* Indices as the file holds them into those of a palette that was turned, in place. */
void tome_palette_turn_indices(const tome_palette *p, uint8_t *index, size_t n);
/* Samples a voxel of its colours: 1 where all are opaque grays, 3, or 4 where some are not opaque. */
int tome_palette_channels(const tome_palette *p);
/* n indices at the head of `data` become n colours of that many samples, in place. */
void tome_palette_expand(const tome_palette *p, uint8_t *data, size_t n);

/* Gray of n voxels of 1 to 4 samples (gray, gray+alpha, RGB, RGBA) by the weights of ITU-R BT.601, as PIL's "L": (R*19595 + G*38470 + B*7471 + 0x8000) >> 16 for
 * uint8 and, the same sum in 32 bits, for uint16 (exact: the weights add up to 65536); floats: (R*19595 + G*38470 + B*7471) / 65536, in double.
 * Alpha is passed over. `out` may be `in`. TOME_UNSUPPORTED for colours of other types. */
TOME_MUST_USE bool tome_colour_to_gray(tome_dtype dtype, int channels, const void *in, size_t n, void *out,
                                       tome_error *err);
/* True where the last of `channels` samples is the same in all n voxels: an alpha channel that says nothing. */
bool tome_alpha_is_constant(tome_dtype dtype, int channels, const void *data, size_t n);
/* Leaves the last of `channels` samples out, in place. */
void tome_alpha_drop(tome_dtype dtype, int channels, void *data, size_t n);

#endif
