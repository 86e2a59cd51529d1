/* One sample of pieces that have several a voxel: the reds of a photograph, say. Formats decode them side by side; the store keeps each as a volume of
 * its own. */
#include <stdlib.h>
#include <string.h>

#include "stack/loader.h"

#define DEFINE_PICK(name, type)                                                                     \
  static void pick_##name(const type *restrict in, size_t channels, size_t n, type *restrict out) { \
    for (size_t i = 0; i < n; i++) out[i] = in[i * channels];                                       \
  }
DEFINE_PICK(1, uint8_t)
DEFINE_PICK(2, uint16_t)
DEFINE_PICK(4, uint32_t)
DEFINE_PICK(8, uint64_t)

static void pick(const char *in, size_t channels, size_t sample, size_t n, size_t element, void *out) {
  const void *from = in + sample * element;
  switch (element) {
    case 1:
      pick_1(from, channels, n, out);
      break;
    case 2:
      pick_2(from, channels, n, out);
      break;
    case 4:
      pick_4(from, channels, n, out);
      break;
    default:
      pick_8(from, channels, n, out);
      break;
  }
}

bool tome_load_decode(const tome_piece *p, int sample, size_t voxels, void *out, tome_error *err) {
  const size_t element = tome_dtype_size(p->dtype), channels = (size_t)p->channels;
  if (channels == 1) return p->format->decode(p, out, voxels * element, err);
  TOME_AUTO_FREE char *all = tome_alloc(voxels, element * channels, p->path, err);
  if (!all || !p->format->decode(p, all, voxels * element * channels, err)) return false;
  pick(all, channels, (size_t)sample, voxels, element, out);
  return true;
}
