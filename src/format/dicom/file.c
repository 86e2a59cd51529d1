/* An open DICOM file on the way to being understood: found, parsed, its pixel data seen to be there. */
#include <stdlib.h>

#include "format/dicom/image.h"

bool tome_dicom_file_open(const char *path, tome_dicom_file *out, tome_error *err) {
  tome_dicom_file f = {.path = path, .source = {.fd = -1}};
  if (tome_dicom_open(path, &f.source, err) && tome_dicom_scan(&f.source, path, &f.layout, err)) {
    *out = f;
    return true;
  }
  tome_dicom_file_close(&f);
  return false;
}

void tome_dicom_file_close(tome_dicom_file *f) {
  tome_dicom_close(&f->source);
  free(f->extents);
  f->extents = NULL;
}

/* ---- are the pixels there? --- */

static bool check_native(const tome_dicom_file *j, uint64_t frame, tome_error *err) {
  const tome_dicom_element *e = &j->layout.pixels;
  const uint64_t need = frame * (uint64_t)j->image.frames, rest = j->source.size - e->value;
  if (e->undefined)
    return tome_fail(err, TOME_CORRUPT,
                     "%s: its pixel data are compressed, but its transfer syntax (%s) says they are not", j->path,
                     j->image.syntax->name);
  if (e->length < need)
    return tome_fail(err, TOME_CORRUPT,
                     "%s: %lld frames of %lld x %lld need %llu bytes of pixel data, but it holds %llu", j->path,
                     (long long)j->image.frames, (long long)j->image.rows, (long long)j->image.columns,
                     (unsigned long long)need, (unsigned long long)e->length);
  if (rest < need)
    return tome_fail(err, TOME_CORRUPT,
                     "%s: the file is cut short: %llu of %llu bytes of pixel data are there; fetch it again", j->path,
                     (unsigned long long)rest, (unsigned long long)need);
  return true;
}

enum { LARGE = 64 << 20, RATIO = 10000 }; /* no codec makes so much of so little: a header that says so is damaged */

static bool check_coded(tome_dicom_file *j, uint64_t frame, tome_error *err) {
  const size_t frames = (size_t)j->image.frames;
  if (!j->layout.pixels.undefined)
    return tome_fail(err, TOME_CORRUPT, "%s: its transfer syntax (%s) is a compressed one, but its pixel data are not",
                     j->path, j->image.syntax->name);
  j->extents = tome_alloc(frames, sizeof *j->extents, "frames", err);
  if (!j->extents || !tome_dicom_frames(&j->source, &j->layout, j->path, frames, j->extents, err)) return false;
  for (size_t i = 0; i < frames; i++)
    if (frame > LARGE && frame / RATIO > j->extents[i].length)
      return tome_fail(err, TOME_CORRUPT, "%s: frame %zu is said to hold %llu bytes, compressed to %llu", j->path, i,
                       (unsigned long long)frame, (unsigned long long)j->extents[i].length);
  return true;
}

static bool is_coded(const tome_dicom_file *j) { return j->image.syntax->codec >= TOME_DICOM_ENCAPSULATED; }

void tome_dicom_locate(const tome_dicom_file *j, int64_t frame, tome_piece *p) {
  const uint64_t bytes = tome_dicom_frame_size(&j->image);
  p->offset = is_coded(j) ? j->extents[frame].offset : j->layout.pixels.value + (uint64_t)frame * bytes;
  p->length = is_coded(j) ? j->extents[frame].length : bytes;
}

bool tome_dicom_check_pixels(tome_dicom_file *j, tome_error *err) {
  const uint64_t bytes = tome_dicom_frame_size(&j->image);
  return is_coded(j) ? check_coded(j, bytes, err) : check_native(j, bytes, err);
}

enum { HEADER_MOST = 256 << 20 };

bool tome_dicom_file_parse(tome_dicom_file *j, uint64_t end, tome_dicom_use use, void *ctx, tome_error *err) {
  const tome_dicom_layout *l = &j->layout;
  const uint64_t size = end - l->data_set;
  if (size > HEADER_MOST)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: its header has %llu bytes; at most %d are read", j->path,
                     (unsigned long long)size, HEADER_MOST);
  TOME_AUTO_FREE uint8_t *header = tome_alloc((size_t)size, 1, "DICOM header", err);
  if (!header) return false;
  if (!tome_dicom_read(&j->source, l->data_set, header, (size_t)size))
    return tome_fail(err, TOME_IO, "%s: cannot be read", j->path);
  return tome_dcmtk_parse(header, (size_t)size, l->coding, j->path, use, ctx, err);
}
