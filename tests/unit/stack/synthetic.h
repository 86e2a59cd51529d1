/* synthetic.h - a file format that exists only in memory, so that every fault of a series can be made to order. */
#ifndef TOME_TEST_SYNTHETIC_H
#define TOME_TEST_SYNTHETIC_H

#include <inttypes.h>
#include <pthread.h>

#include "stack/stack.h"
#include "test.h"

enum { MOST_PICTURES = 2048 };
/* Stored bytes of piece i, which piece->offset names. NULL: decoding fails. */
static void *pictures[MOST_PICTURES];
static size_t picture_bytes[MOST_PICTURES], picture_count;
static pthread_mutex_t decode_lock = PTHREAD_MUTEX_INITIALIZER;
static int decode_calls;

static inline bool synthetic_decode(const tome_piece *p, void *out, size_t bytes, tome_error *err) {
  pthread_mutex_lock(&decode_lock);
  decode_calls++;
  CHECK(!pictures[p->offset] || bytes == picture_bytes[p->offset]);
  pthread_mutex_unlock(&decode_lock);
  if (!pictures[p->offset]) return tome_fail(err, TOME_CORRUPT, "the pixels are cut short");
  memcpy(out, pictures[p->offset], bytes);
  return true;
}

static const tome_format synthetic = {.name = "synthetic", .decode = synthetic_decode};

/* Gives a piece its pixels (copied). */
static inline void set_pixels(tome_piece *p, tome_dtype dtype, const void *data) {
  p->dtype = dtype;
  const size_t n = (size_t)(p->shape[0] * p->shape[1] * p->shape[2]) * tome_dtype_size(dtype);
  p->offset = picture_count;
  pictures[picture_count] = malloc(n ? n : 1);
  picture_bytes[picture_count] = n;
  memcpy(pictures[picture_count++], data, n);
}

/* int16 pixels that tell the slice: value + column. */
static inline void set_ramp(tome_piece *p, int value) {
  int16_t v[64 * 64];
  const int64_t n = p->shape[1] * p->shape[2];
  for (int64_t i = 0; i < n; i++) v[i] = (int16_t)(value + i % p->shape[2]);
  set_pixels(p, TOME_I16, v);
}

static inline char *format_text(tome_arena *a, const char *fmt, double v) {
  char *text = tome_arena_alloc(a, 64, NULL);
  snprintf(text, 64, fmt, v);
  return text;
}

/* A CT slice of series "1.2.3", 2 rows by 3 columns of 0.5 by 0.75 mm, identity orientation, at (0, 0, z), with pixels 10*instance + column. */
static inline tome_piece *add_slice(tome_pieces *list, double z, int64_t instance) {
  tome_error err = {0};
  tome_piece *p = tome_pieces_add(list, &synthetic, format_text(&list->arena, "f/IM%.0f", (double)instance), &err);
  p->shape[0] = 1, p->shape[1] = 2, p->shape[2] = 3;
  p->has_position = p->has_orientation = p->has_pixel_spacing = true;
  p->position[2] = z;
  p->along_row[0] = 1, p->along_column[1] = 1;
  p->pixel_spacing[0] = 0.5, p->pixel_spacing[1] = 0.75;
  p->series_uid = "1.2.3";
  p->modality = "CT";
  p->sop_uid = format_text(&list->arena, "9.8.%.0f", (double)instance);
  p->sop_class = "1.2.840.10008.5.1.4.1.1.2";
  p->image_type = "ORIGINAL\\PRIMARY\\AXIAL";
  p->instance = instance;
  set_ramp(p, (int)(10 * instance));
  return p;
}

/* A nameless picture of 2 rows by 3 columns: what PNG gives. */
static inline tome_piece *add_picture(tome_pieces *list, const char *path, int value) {
  tome_error err = {0};
  tome_piece *p = tome_pieces_add(list, &synthetic, path, &err);
  p->shape[0] = 1, p->shape[1] = 2, p->shape[2] = 3;
  uint8_t v[6];
  memset(v, value, sizeof v);
  set_pixels(p, TOME_U8, v);
  return p;
}

static inline void shuffle(tome_pieces *list, unsigned seed) {
  for (size_t i = list->count; i > 1; i--) {
    seed = seed * 1664525u + 1013904223u;
    const size_t k = (seed >> 8) % i;
    const tome_piece t = list->items[k];
    list->items[k] = list->items[i - 1];
    list->items[i - 1] = t;
  }
}

static inline tome_stack_result stack(const tome_pieces *list, const tome_stack_options *opt) {
  tome_stack_result r = {0};
  tome_error err = {0};
  CHECK(tome_stack(list, opt, NULL, &r, &err));
  CHECK_TEXT(err.message, "");
  return r;
}

static inline void forget_pictures(void) {
  for (size_t i = 0; i < picture_count; i++) free(pictures[i]);
  picture_count = 0;
}

static inline void finish(tome_pieces *list, tome_stack_result *r) {
  tome_stack_result_clear(r);
  tome_pieces_clear(list);
  forget_pictures();
}

/* The one note (or repair text) that holds `part`, or "". */
static inline const char *find_note(const tome_stacked *v, const char *part) {
  for (size_t i = 0; i < v->note_count; i++)
    if (strstr(v->notes[i], part)) return v->notes[i];
  return "";
}

#endif
