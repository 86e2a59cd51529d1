/* rescale.h - stored values into voxels: value = stored*slope + intercept, in double, exactly. Loops over arrays, written so that
 * compilers vectorise them; nothing here allocates or fails for want of anything. Not for other modules. */
#ifndef TOME_STACK_RESCALE_H
#define TOME_STACK_RESCALE_H

#include "grid/grid.h"

typedef struct tome_scale {
  tome_dtype dtype; /* of the stored values */
  double slope, intercept;
} tome_scale;

/* True where voxels are the stored values. */
bool tome_scale_is_identity(const tome_scale *s);

/* False where a value is not a whole number of int16; `out` is then scrap. `in` and `out` do not overlap. */
TOME_MUST_USE bool tome_rescale_i16(const tome_scale *s, const void *in, int16_t *out, size_t n);
/* The same question of int16 input with no output, and the same work in place once the answer was yes. */
TOME_MUST_USE bool tome_rescale_fits_i16(const tome_scale *s, const int16_t *in, size_t n);
void tome_rescale_i16_in_place(const tome_scale *s, int16_t *values, size_t n);
/* `out` may be `in` where that is float32. */
void tome_rescale_f32(const tome_scale *s, const void *in, float *out, size_t n);
void tome_rescale_f64(const tome_scale *s, const void *in, double *out, size_t n);

/* ---- padding: one bit a voxel, bit i&7 of byte i>>3 --- */

/* Marks the stored values lo … hi in `bits` (cleared before, (n+7)/8 bytes) and puts a value of the rest in their place, so that
 * they cannot spoil what follows. Returns how many. */
size_t tome_padding_mark(tome_dtype dtype, void *stored, size_t n, double lo, double hi, uint8_t *bits);
/* Sets bits first … first+n-1 of a mask from bits 0 … n-1. Safe beside other threads that merge other ranges. */
void tome_padding_merge(uint8_t *mask, size_t first, const uint8_t *bits, size_t n);
/* Writes `value` wherever a bit is set. dtype TOME_U8, TOME_I16 or TOME_F32; likewise below. */
void tome_padding_write(tome_dtype dtype, void *voxels, size_t n, const uint8_t *bits, double value);
/* Smallest value without a bit; INFINITY where there is none. */
double tome_padding_smallest(tome_dtype dtype, const void *voxels, size_t n, const uint8_t *bits);
/* out = (1-w)*a + w*b, rounded for integers. Where one of the two is padding, the nearer one decides: padding is
 * never mixed into a value. Returns how many voxels are padding, with their bits in bits_a. */
size_t tome_padding_blend(tome_dtype dtype, const void *a, const void *b, double w, uint8_t *bits_a,
                          const uint8_t *bits_b, void *out, size_t n);

#endif
