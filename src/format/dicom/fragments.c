/* Which fragments of encapsulated pixel data make which frame: by count, by the offset table, or by where images begin. */
#include <stdlib.h>
#include <string.h>

#include "format/dicom/scan.h"

typedef struct fragments {
  tome_dicom_extent *at; /* with their 8-byte item headers */
  size_t count, cap;
  uint32_t *table; /* the basic offset table, relative to the first fragment; NULL where empty */
  size_t table_count;
} fragments;

static void fragments_clear(fragments *f) {
  free(f->at);
  free(f->table);
}

static bool no_items(const char *path, uint64_t at, tome_error *err) {
  return tome_fail(err, TOME_CORRUPT,
                   "%s: the compressed pixel data are cut short or damaged at byte %llu; fetch the file again", path,
                   (unsigned long long)at);
}

/* The offset table is the first item; one that does not have an entry a frame is as good as none. */
static bool read_table(tome_dicom_source *s, const tome_dicom_element *e, size_t frames, fragments *f,
                       tome_error *err) {
  if (frames < 2 || e->length != (uint64_t)frames * 4) return true;
  f->table = tome_alloc(frames, 4, "offset table", err);
  if (!f->table) return false;
  for (size_t i = 0; i < frames; i++) {
    const uint8_t *p = tome_dicom_peek(s, e->value + i * 4, 4);
    f->table[i] = p ? tome_dicom_u32(p, false) : 0;
  }
  f->table_count = frames;
  return true;
}

static bool add_fragment(fragments *f, uint64_t at, uint64_t length, tome_error *err) {
  if (!tome_grow(&f->at, &f->cap, f->count + 1, sizeof *f->at, err)) return false;
  f->at[f->count++] = (tome_dicom_extent){at, length + 8};
  return true;
}

/* Lists the items. A missing end mark is forgiven at the end of the file: some writers leave it out. */
static bool list_fragments(tome_dicom_source *s, const tome_dicom_layout *l, const char *path, size_t frames,
                           fragments *f, tome_error *err) {
  const tome_dicom_coding little = {true, false};
  uint64_t at = l->pixels.value;
  tome_dicom_element e;
  for (bool first = true;; first = false) {
    if (!tome_dicom_element_at(s, at, little, &e)) return at == s->size && f->count ? true : no_items(path, at, err);
    if (e.tag == TOME_DICOM_SEQUENCE_END) return f->count ? true : no_items(path, at, err);
    if (e.tag != TOME_DICOM_ITEM || e.undefined || e.length > s->size - e.value) return no_items(path, at, err);
    if (first ? !read_table(s, &e, frames, f, err) : !add_fragment(f, at, e.length, err)) return false;
    at = e.value + e.length;
  }
}

/* True where a fragment opens a JPEG, JPEG-LS or JPEG 2000 image. */
static bool opens_image(tome_dicom_source *s, tome_dicom_extent e) {
  const uint8_t *p = e.length >= 12 ? tome_dicom_peek(s, e.offset + 8, 4) : NULL;
  if (!p) return false;
  return (p[0] == 0xFF && (p[1] == 0xD8 || p[1] == 0x4F)) || memcmp(p, "\0\0\0\x0C", 4) == 0;
}

/* True where fragment `i` is the first of frame `frame`. */
static bool begins(tome_dicom_source *s, const fragments *f, size_t i, size_t frame, size_t frames) {
  if (frames == 1) return i == 0;
  if (f->count == frames) return true;
  if (f->table) return frame < frames && f->at[i].offset - f->at[0].offset == f->table[frame];
  return opens_image(s, f->at[i]);
}

static bool share_out(tome_dicom_source *s, const fragments *f, size_t frames, tome_dicom_extent *out) {
  size_t frame = 0;
  for (size_t i = 0; i < f->count; i++) {
    if (begins(s, f, i, frame, frames)) {
      if (frame == frames) return false;
      out[frame++] = f->at[i];
    } else if (frame == 0) {
      return false;
    } else {
      out[frame - 1].length += f->at[i].length;
    }
  }
  return frame == frames;
}

bool tome_dicom_frames(tome_dicom_source *s, const tome_dicom_layout *l, const char *path, size_t frames,
                       tome_dicom_extent *out, tome_error *err) {
  TOME_CLEANUP(fragments_clear) fragments f = {0};
  if (!list_fragments(s, l, path, frames, &f, err)) return false;
  if (share_out(s, &f, frames, out)) return true;
  return tome_fail(err, TOME_CORRUPT,
                   "%s: %zu frames are promised, but the %zu fragments of pixel data do not make as many", path, frames,
                   f.count);
}

bool tome_dicom_frame_bytes(tome_dicom_source *s, tome_dicom_extent e, const char *path, tome_bytes *out,
                            tome_error *err) {
  const tome_dicom_coding little = {true, false};
  if (e.length > s->size || e.offset > s->size - e.length) return no_items(path, e.offset, err);
  uint8_t *data = tome_alloc((size_t)e.length, 1, "compressed frame", err);
  if (!data) return false;
  size_t used = 0;
  for (uint64_t at = e.offset, end = e.offset + e.length; at < end;) {
    tome_dicom_element item;
    if (!tome_dicom_element_at(s, at, little, &item) || item.tag != TOME_DICOM_ITEM || item.length > end - item.value ||
        !tome_dicom_read(s, item.value, data + used, (size_t)item.length)) {
      free(data);
      return no_items(path, at, err);
    }
    used += (size_t)item.length;
    at = item.value + item.length;
  }
  *out = (tome_bytes){data, used};
  return true;
}
