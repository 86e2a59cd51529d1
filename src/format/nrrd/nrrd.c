/* NRRD, attached (.nrrd) and detached (.nhdr): one 3-D piece for each index of the axes that are neither space nor samples of a voxel. */
#include <stdlib.h>
#include <string.h>

#include "format/head.h"
#include "format/nrrd/header.h"
#include "format/nrrd/write.h"

extern const tome_format tome_format_nrrd;

static int probe(const uint8_t *head, size_t size, bool gzip, const char *name) {
  (void)name;
  return !gzip && size >= 8 && memcmp(head, "NRRD00", 6) == 0 ? 100 : 0;
}

/* The files after the first, for whoever wants to know what a volume was made from. */
static const char *const *more_files(tome_pieces *out, const tome_array *a, tome_error *err) {
  const char **more = tome_arena_alloc(&out->arena, (a->file_count - 1) * sizeof *more, err);
  for (size_t i = 1; more && i < a->file_count; i++)
    if (!(more[i - 1] = tome_arena_dup(&out->arena, a->files[i], err))) return NULL;
  return more;
}

bool tome_place_pieces(tome_pieces *out, const tome_format *f, const char *path, const tome_array *a,
                       const tome_array_form *form, const tome_place *place, tome_error *err) {
  const size_t before = out->count;
  const char *note = tome_arena_dup(&out->arena, place->note, err);
  const char *data = strcmp(a->files[0], path) == 0 ? "" : tome_arena_dup(&out->arena, a->files[0], err);
  const char *const *more = a->file_count > 1 ? more_files(out, a, err) : NULL;
  if (a->file_count > 1 && !more) return false;
  for (int64_t i = 0; note && data && i < form->frames; i++) {
    tome_piece *p = tome_pieces_add(out, f, path, err);
    if (!p) {
      out->count = before;
      return false;
    }
    p->frame = i;
    if (form->frames > 1) p->temporal = i;
    memcpy(p->shape, form->shape, sizeof p->shape);
    p->channels = (int)form->channels;
    p->dtype = a->dtype;
    p->has_geometry = place->has_geometry;
    p->geometry = place->geometry;
    p->geometry_note = note;
    p->data_path = data;
    p->more_paths = more;
    p->more_count = more ? a->file_count - 1 : 0;
    p->has_position = p->has_orientation = place->has_position;
    memcpy(p->position, place->position, sizeof p->position);
    memcpy(p->along_row, place->along_row, sizeof p->along_row);
    memcpy(p->along_column, place->along_column, sizeof p->along_column);
    p->has_pixel_spacing = place->has_pixel_spacing;
    memcpy(p->pixel_spacing, place->pixel_spacing, sizeof p->pixel_spacing);
  }
  return note && data;
}

static bool describe(const char *path, tome_pieces *out, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  tome_error why = {0};
  tome_nrrd n;
  if (!tome_nrrd_read(path, &arena, &n, &why)) return tome_pieces_pass_over_why(out, path, &why, err);
  return tome_place_pieces(out, &tome_format_nrrd, path, &n.array, &n.form, &n.place, err);
}

/* The header is read again: it is short, and it knows what a piece has no field for. */
static bool decode(const tome_piece *p, void *out, size_t out_bytes, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  tome_nrrd n;
  if (!tome_piece_fits(p, out_bytes, err)) return false;
  tome_error why = {0};
  if (!tome_nrrd_read(p->path, &arena, &n, &why)) return tome_fail(err, why.code, "%s: %s", p->path, why.message);
  if (n.array.dtype != p->dtype) return tome_fail(err, TOME_CORRUPT, "%s: is no longer what it was", p->path);
  return tome_array_decode(&n.array, p->frame, out, out_bytes, err);
}

static const char *apart(const char *name, const tome_write_options *opt) {
  if (!tome_ends_in(name, ".nhdr")) return NULL;
  return opt->level < 0 ? ".raw" : ".raw.gz";
}

static bool wants_name(const char *name) { return tome_ends_in(name, ".nrrd") || tome_ends_in(name, ".nhdr"); }

const tome_format tome_format_nrrd = {
    .name = "nrrd",
    .title = "NRRD",
    .extensions = ".nrrd .nhdr",
    .keeps =
        "voxels and element type, shape, spacing, origin, direction with shear (space LPS, RAS or LAS), samples of a "
        "voxel, further axes "
        "as volumes, names of Slicer's segments as a note; attached or detached (one file, LIST, numbered), raw, gzip, "
        "bzip2, text, hex; written as .nrrd, or as .nhdr with .raw.gz, gzip unless told "
        "otherwise",
    .loses =
        "measurement frame, thicknesses, units other than of length, key/value pairs; 1-D arrays and blocks are not "
        "read",
    .probe = probe,
    .describe = describe,
    .decode = decode,
    .grid = true,
    .usual_ending = ".nrrd",
    .write = tome_nrrd_write,
    .patient = true,
    .apart = apart,
    .wants_name = wants_name,
};
