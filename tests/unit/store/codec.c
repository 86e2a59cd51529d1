/* Chunks through the whole pipeline: every codec gives back what is wanted of a chunk, whole or in pieces; a chunk whose bytes were changed and whose
 * checksum was made to fit is refused or read, never a crash or a byte out of bounds; zstd's frame is one frame to libzstd. */
#include "store/codec.h"

#include <zstd.h>

#include "make.h"
#include "store/planes.h"

enum { VOXELS = 16 * 16 * 32, KINDS = 4, CHECKSUM = 4 };

/* Shuffled voxels: plain noise in the low planes, a slope, few values; kind 0 has noise in all but the last. */
static void fill(uint8_t *planes, size_t element, int kind, uint64_t seed) {
  uint64_t state = seed + 5;
  for (size_t p = 0; p < element; p++)
    for (size_t i = 0; i < VOXELS; i++) {
      const uint32_t r = next_random(&state), noise = kind == 0 ? 256 : kind == 1 ? 60 : 3;
      const bool low = kind == 0 ? p + 1 < element : p == 0;
      planes[p * VOXELS + i] = (uint8_t)(low ? r % noise : kind == 3 ? r % 7 == 0 : i / 900);
    }
}

typedef struct chunk {
  tome_pipeline pipeline;
  size_t raw_bytes, size;
  uint8_t *raw, *packed;
  uint32_t mask;
} chunk;

static chunk make_chunk(tome_codec codec, size_t element, int kind, uint64_t seed) {
  chunk c = {.pipeline = {.element = element, .shuffle = element > 1, .checksum = true, .codec = codec},
             .raw_bytes = VOXELS * element};
  c.pipeline.level = tome_codec_level(codec, 0);
  tome_encoder *e = tome_encoder_new(&c.pipeline, c.raw_bytes, NULL);
  const uint8_t *packed;
  fill(tome_encoder_raw(e), element, kind, seed);
  c.raw = malloc(c.raw_bytes);
  memcpy(c.raw, tome_encoder_raw(e), c.raw_bytes);
  tome_encode(e, &packed, &c.size, &c.mask);
  c.packed = calloc(1, c.size + TOME_DECODE_SLACK);
  memcpy(c.packed, packed, c.size);
  tome_encoder_free(e);
  return c;
}

static void drop_chunk(chunk *c) {
  free(c->raw);
  free(c->packed);
}

static tome_packed_chunk packed_of(const chunk *c, tome_span wanted) {
  return (tome_packed_chunk){.data = c->packed, .size = c->size, .mask = c->mask, .wanted = wanted};
}

static void test_pieces_of_every_codec(void) {
  const tome_span spans[] = {
      {.count = 0}, {512 + 96, 320, 512, 9}, {0, 512, 512, 16}, {VOXELS - 1, 1, 1, 1}, {31, 33, 77, 100}};
  for (int codec = TOME_CODEC_DEFLATE; codec <= TOME_CODEC_NONE; codec++)
    for (size_t element = 1; element <= 8; element *= 2)
      for (int kind = 0; kind < KINDS; kind++) {
        chunk c = make_chunk((tome_codec)codec, element, kind, 1);
        tome_decoder *d = tome_decoder_new(&c.pipeline, c.raw_bytes, 5, NULL);
        tome_packed_chunk p[5];
        for (size_t i = 0; i < 5; i++) p[i] = packed_of(&c, spans[i]);
        tome_decode(d, p, 5);
        for (size_t i = 0; i < 5; i++) {
          CHECK_TEXT(p[i].why ? p[i].why : "", "");
          const tome_span w = spans[i].count ? spans[i] : (tome_span){0, VOXELS, 1, 1};
          for (size_t k = 0; p[i].raw && k < w.count; k++)
            for (size_t b = 0; b < element; b++)
              CHECK(memcmp(p[i].raw + b * p[i].plane_stride + w.first + k * w.step,
                           c.raw + b * VOXELS + w.first + k * w.step, w.length) == 0);
        }
        tome_decoder_free(d);
        drop_chunk(&c);
      }
}

static void test_zstd_is_one_frame(void) {
  for (size_t element = 2; element <= 8; element *= 2)
    for (int kind = 0; kind < KINDS; kind++) {
      chunk c = make_chunk(TOME_CODEC_ZSTD, element, kind, 2);
      uint8_t *out = malloc(c.raw_bytes);
      CHECK(c.mask == 0 && ZSTD_getFrameContentSize(c.packed, c.size) == c.raw_bytes);
      CHECK(ZSTD_findFrameCompressedSize(c.packed, c.size - CHECKSUM) == c.size - CHECKSUM);
      CHECK(ZSTD_decompress(out, c.raw_bytes, c.packed, c.size - CHECKSUM) == c.raw_bytes);
      CHECK(memcmp(out, c.raw, c.raw_bytes) == 0);
      if (kind == 0) CHECK(c.size > (element - 1) * VOXELS); /* the noise stands as it is */
      free(out);
      drop_chunk(&c);
    }
}

static void test_changed_bytes_with_a_fitting_checksum(void) {
  uint64_t state = 12;
  for (int round = 0; round < 4000; round++) {
    chunk c = make_chunk((tome_codec)(round % 4), 2, round / 4 % KINDS, (uint64_t)round);
    tome_decoder *d = tome_decoder_new(&c.pipeline, c.raw_bytes, 1, NULL);
    const size_t n = c.size - CHECKSUM;
    for (unsigned k = 1 + next_random(&state) % 3; k > 0; k--)
      c.packed[round & 16 ? n - 1 - next_random(&state) % 100 : next_random(&state) % n] ^=
          (uint8_t)(1u << next_random(&state) % 8);
    const uint32_t sum = tome_fletcher32(c.packed, n);
    for (size_t b = 0; b < CHECKSUM; b++) c.packed[n + b] = (uint8_t)(sum >> (8 * b));
    tome_packed_chunk p = packed_of(&c, round & 32 ? (tome_span){64, 200, 512, 16} : (tome_span){.count = 0});
    tome_decode(d, &p, 1);
    CHECK((p.raw == NULL) == (p.why != NULL));
    tome_decoder_free(d);
    drop_chunk(&c);
  }
}

TEST_MAIN(test_pieces_of_every_codec, test_zstd_is_one_frame, test_changed_bytes_with_a_fitting_checksum)
