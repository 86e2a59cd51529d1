/* Deflate for voxels: as small as zlib's level 6 makes them, several times faster.
 *
 * What compresses in a scan are its high bytes; a low byte is noise. So matches worth having are as far back as a whole number of voxels, and nearly all begin
 * at a voxel's first byte, or at the last one of the voxel before. Samples of 2, 4 or 8 bytes are looked up once every two bytes: where the next three bytes
 * were last seen, in a small table (and in another where the next five were); whether the byte before fits too is seen by the way. A segment is
 * looked up first, without a jump that depends on it; then the cheapest way through it is worked out from its end to its beginning, by the bits that each
 * literal, length and distance took in the block before. Long matches (air, padding, labels) are taken at once. */
#ifndef TOME_BASE_DEFLATE_VOXELS_H
#define TOME_BASE_DEFLATE_VOXELS_H

#include "base/mem.h"

typedef struct tome_voxel_deflater tome_voxel_deflater;
/* One a thread. */
TOME_MUST_USE tome_voxel_deflater *tome_voxel_deflater_new(tome_error *err);
void tome_voxel_deflater_free(tome_voxel_deflater *d);

/* The room that `size` bytes may need while they are compressed. */
size_t tome_voxel_deflate_bound(size_t size, int level);
/* A part of a deflate stream, which refers to nothing before it and ends at a whole byte; with `last` it ends the stream. `element`: bytes of a sample, of
 * which the data is a row; it decides how fast and how small, not what comes out. `level`: up to 6 one table does for samples of 2 bytes; 7: both for all; 8 and 9 also try 16 and
 * 64 places with the same three bytes, and keep what is smaller. `room`: at least the bound. The bytes written. */
size_t tome_voxel_deflate(tome_voxel_deflater *d, const void *in, size_t size, size_t element, int level, bool last,
                          void *out, size_t room);
#endif
