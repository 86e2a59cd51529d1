/* NIfTI-1, NIfTI-2 and Analyze 7.5: one 3-D piece a volume. The header goes through nifti/header.c; voxels are read here, as they lie: a NIfTI file's
 * fastest axis is x, which is Tome's C order (z, y, x) with nothing to transpose. */
#include "format/nifti/header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gzip.h"
#include "format/head.h"
#include "format/nifti/write.h"

extern const tome_format tome_format_nifti;

/* tome_piece.flags; above them the number of volumes in the file. */
enum { SWAPPED = 1, GZIPPED = 2, VOLUMES_SHIFT = 8 };

static bool is_img(const char *name) { return tome_ends_in(name, ".img") || tome_ends_in(name, ".img.gz"); }

static int probe(const uint8_t *head, size_t size, bool gzip, const char *name) {
  (void)gzip;
  const int score = tome_nifti_score(head, size);
  return score > 0 ? score : is_img(name) ? 1 : 0; /* the voxels of a pair say nothing: a last resort */
}

/* ---- pairs ---- */

/* Endings in the order they are looked for: as compressed as the other file first. */
static const char *const img_endings[2][6] = {{".img", ".IMG", ".img.gz", ".IMG.gz", ".IMG.GZ", NULL},
                                              {".img.gz", ".IMG.gz", ".IMG.GZ", ".img", ".IMG", NULL}};
static const char *const hdr_endings[2][6] = {{".hdr", ".HDR", ".hdr.gz", ".HDR.gz", ".HDR.GZ", NULL},
                                              {".hdr.gz", ".HDR.gz", ".HDR.GZ", ".hdr", ".HDR", NULL}};

/* Finds the other file of a pair: `path` without its .hdr or .img (and .gz), with one of the endings. Writes it to `out`. */
static bool find_partner(const char *path, const char *const endings[2][6], char *out, size_t size) {
  const bool gz = tome_ends_in(path, ".gz");
  size_t stem = strlen(path) - (gz ? 3 : 0);
  if (stem >= 4 && path[stem - 4] == '.') stem -= 4;
  for (const char *const *e = endings[gz]; *e; e++) {
    const int n = snprintf(out, size, "%.*s%s", (int)stem, path, *e);
    if (n > 0 && (size_t)n < size && tome_file_exists(out)) return true;
  }
  return false;
}

/* An .img on its own: so that each pair appears once, it is read through its header. */
static bool pass_over_img(const char *path, tome_pieces *out, tome_error *err) {
  char header[4096];
  if (!find_partner(path, hdr_endings, header, sizeof header))
    return tome_pieces_pass_over(out, path, true, err,
                                 "holds voxels without their header (.hdr), which is not beside it");
  tome_head head;
  tome_error why = {0};
  if (tome_head_read(header, &head, &why) && tome_nifti_score(head.bytes, head.size) == 0)
    return tome_pieces_pass_over(out, path, false, err, "is not an image that this build reads (nor is %s)",
                                 tome_basename(header));
  return tome_pieces_pass_over(out, path, false, err, "read with its header %s", tome_basename(header));
}

/* ---- describe ---- */

/* What is known of the file that holds the voxels. */
typedef struct voxel_file {
  char path[4096];
  bool gzip;
} voxel_file;

static bool check_size(const tome_nifti_header *h, const voxel_file *v, tome_error *err) {
  uint64_t size;
  if (!tome_file_size(v->path, &size, err)) return false;
  const uint64_t need = h->offset + h->data_bytes; /* each below 2^62 */
  if (v->gzip ? tome_could_inflate(size, need) : size >= need) return true;
  return tome_fail(err, TOME_CORRUPT, "%s: is cut short: its header speaks of %llu bytes, %llu are there%s", v->path,
                   (unsigned long long)need, (unsigned long long)size, v->gzip ? " compressed" : "");
}

static bool find_voxels(const char *path, const tome_head *head, const tome_nifti_header *h, voxel_file *v,
                        tome_error *err) {
  if (!h->detached) {
    v->gzip = head->gzip;
    snprintf(v->path, sizeof v->path, "%s", path);
  } else {
    if (!find_partner(path, img_endings, v->path, sizeof v->path))
      return tome_fail(err, TOME_CORRUPT, "is a header whose voxels (%s) are not beside it", ".img or .img.gz");
    uint8_t first[32];
    size_t got;
    if (!tome_file_head(v->path, first, sizeof first, &got, err)) return false;
    v->gzip = tome_is_gzip(first, got);
  }
  return check_size(h, v, err);
}

static bool add_piece(tome_pieces *out, const char *path, const tome_nifti_header *h, const voxel_file *v,
                      int64_t volume, tome_error *err) {
  tome_piece *p = tome_pieces_add(out, &tome_format_nifti, path, err);
  if (!p) return false;
  const tome_piece *first = volume > 0 ? p - 1 : NULL; /* shares its strings */
  p->geometry_note = first ? first->geometry_note : tome_arena_dup(&out->arena, h->note, err);
  p->description = first ? first->description : tome_arena_dup(&out->arena, h->description, err);
  p->data_path = first ? first->data_path : tome_arena_dup(&out->arena, v->path, err);
  if (!p->geometry_note || !p->description || !p->data_path) return false;
  p->frame = volume;
  if (h->volumes > 1) p->temporal = volume;
  memcpy(p->shape, h->shape, sizeof p->shape);
  p->channels = h->channels;
  p->dtype = h->dtype;
  p->slope = h->slope;
  p->intercept = h->intercept;
  p->has_geometry = true;
  p->geometry = h->geometry;
  p->offset = h->offset + (uint64_t)volume * h->volume_bytes;
  p->flags = (h->swapped ? SWAPPED : 0u) | (v->gzip ? GZIPPED : 0u) | (uint32_t)h->volumes << VOLUMES_SHIFT;
  return true;
}

static bool describe(const char *path, tome_pieces *out, tome_error *err) {
  tome_error why = {0};
  tome_head head;
  tome_nifti_header h;
  voxel_file v;
  if (!tome_head_read(path, &head, &why)) return tome_pieces_pass_over_why(out, path, &why, err);
  if (is_img(path) && tome_nifti_score(head.bytes, head.size) == 0) return pass_over_img(path, out, err);
  if (!tome_nifti_parse(head.bytes, head.size, &h, &why) || !find_voxels(path, &head, &h, &v, &why))
    return tome_pieces_pass_over_why(out, path, &why, err);
  const size_t before = out->count;
  for (int64_t i = 0; i < h.volumes; i++)
    if (!add_piece(out, path, &h, &v, i, err)) {
      out->count = before;
      return false;
    }
  return true;
}

/* ---- decode ---- */

static void to_native(const tome_piece *p, void *voxels) {
  const size_t element = tome_dtype_size(p->dtype);
  if (p->flags & SWAPPED) tome_swap_bytes(voxels, tome_piece_bytes(p) / element, element);
}

static void close_gunzip(tome_gunzip **g) { tome_gunzip_close(*g); }

/* Reads what a file still holds behind its voxels, so that its checksum is seen. Some writers pad. */
static bool drain(tome_gunzip *g, const char *path, tome_error *err) {
  enum { PADDING = 16 << 20 };
  uint64_t more;
  if (!tome_gunzip_skip(g, PADDING + 1, &more, err)) return false;
  return more <= PADDING ||
         tome_fail(err, TOME_CORRUPT, "%s: goes on for over %d bytes behind its voxels", path, PADDING);
}

/* Reads all at once, or where somebody waits for the voxels a part at a time, saying so after each. */
static bool read_telling(tome_gunzip *g, const tome_piece *p, void *out, size_t bytes, size_t *got, tome_error *err) {
  enum { PART = 1 << 20 };
  tome_filling *filling = p->flags & SWAPPED ? NULL : p->filling;
  const size_t step = filling ? PART : bytes;
  for (size_t n = 1; *got < bytes && n > 0; *got += n) {
    const size_t want = bytes - *got < step ? bytes - *got : step;
    if (!tome_gunzip_read(g, (char *)out + *got, want, &n, err) || !tome_filling_reach(filling, *got + n, err))
      return false;
  }
  return true;
}

static bool inflate(const tome_piece *p, void *out, size_t bytes, tome_error *err) {
  TOME_CLEANUP(close_gunzip) tome_gunzip *g = tome_gunzip_open(p->data_path, err);
  uint64_t skipped;
  size_t got = 0;
  if (!g || !tome_gunzip_skip(g, p->offset, &skipped, err)) return false;
  if (skipped == p->offset && !read_telling(g, p, out, bytes, &got, err)) return false;
  if (got < bytes)
    return tome_fail(err, TOME_CORRUPT, "%s: is cut short: it inflates to %llu bytes of the %llu its header speaks of",
                     p->data_path, (unsigned long long)(skipped + got), (unsigned long long)(p->offset + bytes));
  const bool last = p->frame + 1 == (int64_t)(p->flags >> VOLUMES_SHIFT);
  return !last || drain(g, p->data_path, err);
}

static bool decode(const tome_piece *p, void *out, size_t out_bytes, tome_error *err) {
  if (!tome_piece_fits(p, out_bytes, err)) return false;
  if (p->flags & GZIPPED ? !inflate(p, out, out_bytes, err)
                         : !tome_read_at(p->data_path, p->offset, out, out_bytes, err))
    return false;
  to_native(p, out);
  return true;
}

static const char *apart(const char *name, const tome_write_options *opt) {
  (void)opt;
  return tome_ends_in(name, ".hdr") ? ".img" : tome_ends_in(name, ".img") ? ".hdr" : NULL;
}

static bool wants_name(const char *name) {
  return tome_ends_in(name, ".nii") || tome_ends_in(name, ".nii.gz") || tome_ends_in(name, ".hdr") ||
         tome_ends_in(name, ".hdr.gz") || is_img(name); /* write refuses a pair in gzip, saying why */
}

const tome_format tome_format_nifti = {
    .name = "nifti",
    .title = "NIfTI-1, NIfTI-2, Analyze 7.5",
    .extensions = ".nii .nii.gz .hdr/.img",
    .keeps =
        "voxels, RGB and RGBA of 8 bits, shape, spacing, origin, direction with shear (sform, else qform), slope and "
        "intercept, 4-D as "
        "volumes; written "
        "as .nii, .nii.gz, or .hdr with .img",
    .loses =
        "intent, description, slice timing, time step, header extensions, SPM's .mat files; complex, 1-bit and 128-bit "
        "voxels; "
        "a sheared grid is written with an sform alone, which ITK does not take",
    .probe = probe,
    .describe = describe,
    .decode = decode,
    .grid = true,
    .usual_ending = ".nii.gz",
    .write = tome_nifti_write,
    .patient = true,
    .apart = apart,
    .wants_name = wants_name,
    .keeps_comment = true,
};
