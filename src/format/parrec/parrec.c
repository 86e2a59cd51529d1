/* Philips PAR/REC: the header in text (.PAR), the slices of all volumes in one heap (.REC). Read only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/head.h"
#include "format/parrec/header.h"

extern const tome_format tome_format_parrec;

static bool is_rec(const char *name) { return tome_ends_in(name, ".rec"); }

static int probe(const uint8_t *head, size_t size, bool gzip, const char *name) {
  if (gzip) return 0;
  const int score = tome_par_score(head, size);
  return score ? score : is_rec(name) ? 1 : 0; /* the heap says nothing */
}

/* The other file of the pair, `path` with one of the endings. */
static bool find_partner(const char *path, const char *const endings[], char *out, size_t size) {
  const size_t n = strlen(path), stem = n >= 4 && path[n - 4] == '.' ? n - 4 : n;
  for (; *endings; endings++) {
    const int k = snprintf(out, size, "%.*s%s", (int)stem, path, *endings);
    if (k > 0 && (size_t)k < size && tome_file_exists(out)) return true;
  }
  return false;
}

static const char *const REC[] = {".REC", ".rec", ".Rec", NULL}, *const PAR[] = {".PAR", ".par", ".Par", NULL};

static bool pass_over_rec(const char *path, tome_pieces *out, tome_error *err) {
  char header[4096];
  if (find_partner(path, PAR, header, sizeof header))
    return tome_pieces_pass_over(out, path, false, err, "read with its header %s", tome_basename(header));
  return tome_pieces_pass_over(out, path, false, err,
                               "is not an image that this build reads (nor is a .PAR beside it)");
}

static size_t slice_bytes(const tome_par *p) {
  return (size_t)p->slices[0].nx * (size_t)p->slices[0].ny * tome_dtype_size(p->dtype);
}

static bool find_rec(const char *path, const tome_par *p, char *rec, size_t size, tome_error *err) {
  int64_t last = 0;
  uint64_t have, need;
  if (!find_partner(path, REC, rec, size))
    return tome_fail(err, TOME_CORRUPT, "is a header whose voxels (.REC) are not beside it");
  for (size_t i = 0; i < p->count; i++) last = p->slices[i].index > last ? p->slices[i].index : last;
  if (!tome_file_size(rec, &have, err)) return false;
  if (!__builtin_mul_overflow((uint64_t)last + 1, slice_bytes(p), &need) && need <= have) return true;
  return tome_fail(err, TOME_CORRUPT,
                   "%s: is cut short: its header speaks of %lld images of %zu bytes, %llu bytes are there", rec,
                   (long long)last + 1, slice_bytes(p), (unsigned long long)have);
}

static bool read_pair(const char *path, tome_arena *arena, tome_par *p, char *rec, size_t size, tome_error *err) {
  size_t bytes;
  if (!tome_par_read(path, arena, p, err)) return false;
  if (!tome_shape_bytes(p->geometry.shape, sizeof(double), &bytes))
    return tome_fail(err, TOME_CORRUPT, "has more voxels than any file holds");
  return find_rec(path, p, rec, size, err);
}

static bool add_volume(const char *path, const char *rec, const tome_par *p, size_t volume, tome_pieces *out,
                       tome_error *err) {
  tome_piece *piece = tome_pieces_add(out, &tome_format_parrec, path, err);
  if (!piece) return false;
  const tome_par_slice *s = p->slices + volume * p->depth;
  const bool one = tome_par_one_scale(p, volume);
  piece->frame = (int64_t)volume;
  if (p->volumes > 1) {
    piece->temporal = (int64_t)volume;
    piece->geometry_note =
        tome_arena_printf(&out->arena, err, "echo %lld, dynamic %lld, cardiac phase %lld, image type %lld",
                          (long long)s->key[0], (long long)s->key[1], (long long)s->key[2], (long long)s->key[3]);
    if (!piece->geometry_note) return false;
  }
  piece->data_path = volume ? piece[-1].data_path : tome_arena_dup(&out->arena, rec, err);
  if (!piece->data_path) return false;
  piece->modality = "MR";
  memcpy(piece->shape, p->geometry.shape, sizeof piece->shape);
  piece->dtype = one ? p->dtype : TOME_F64;
  piece->slope = one ? s->slope : 1;
  piece->intercept = one ? s->intercept : 0;
  piece->has_geometry = true;
  piece->geometry = p->geometry;
  return true;
}

static bool describe(const char *path, tome_pieces *out, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  tome_error why = {0};
  tome_par p;
  char rec[4096];
  uint8_t head[512];
  size_t got;
  if (is_rec(path) && (!tome_file_head(path, head, sizeof head, &got, &why) || !tome_par_score(head, got)))
    return pass_over_rec(path, out, err);
  if (!read_pair(path, &arena, &p, rec, sizeof rec, &why)) return tome_pieces_pass_over_why(out, path, &why, err);
  const size_t before = out->count;
  for (size_t i = 0; i < p.volumes; i++)
    if (!add_volume(path, rec, &p, i, out, err)) {
      out->count = before;
      return false;
    }
  return true;
}

/* ---- decode ---- */

static void scale_slice(const void *stored, tome_dtype t, size_t n, const tome_par_slice *s, double *out) {
  const uint8_t *bytes = stored;
  const uint16_t *words = stored;
  for (size_t i = 0; i < n; i++) out[i] = (t == TOME_U8 ? bytes[i] : words[i]) * s->slope + s->intercept;
}

static bool read_slice(const tome_par *p, const char *rec, const tome_par_slice *s, void *out, tome_error *err) {
  const size_t bytes = slice_bytes(p), element = tome_dtype_size(p->dtype);
  if (!tome_read_at(rec, (uint64_t)s->index * bytes, out, bytes, err)) return false;
  if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__) tome_swap_bytes(out, bytes / element, element);
  return true;
}

static bool decode(const tome_piece *piece, void *out, size_t out_bytes, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  tome_error why = {0};
  tome_par p;
  char rec[4096];
  if (!tome_piece_fits(piece, out_bytes, err)) return false;
  if (!read_pair(piece->path, &arena, &p, rec, sizeof rec, &why))
    return tome_fail(err, why.code, "%s: %s", piece->path, why.message);
  const bool scaled = piece->dtype == TOME_F64;
  if ((size_t)piece->frame >= p.volumes || memcmp(p.geometry.shape, piece->shape, sizeof piece->shape) != 0 ||
      (!scaled && p.dtype != piece->dtype))
    return tome_fail(err, TOME_CORRUPT, "%s: is no longer what it was", piece->path);
  const size_t voxels = slice_bytes(&p) / tome_dtype_size(p.dtype);
  TOME_AUTO_FREE void *stored = tome_alloc(voxels, tome_dtype_size(p.dtype), piece->path, err);
  if (!stored) return false;
  for (size_t z = 0; z < p.depth; z++) {
    const tome_par_slice *s = &p.slices[(size_t)piece->frame * p.depth + z];
    if (!read_slice(&p, rec, s, scaled ? stored : (char *)out + z * slice_bytes(&p), err)) return false;
    if (scaled) scale_slice(stored, p.dtype, voxels, s, (double *)out + z * voxels);
  }
  return true;
}

const tome_format tome_format_parrec = {
    .name = "parrec",
    .title = "Philips PAR/REC",
    .extensions = ".PAR/.REC",
    .keeps =
        "voxels of 8 and 16 bits with the scale of each slice (displayed values, as on the console), geometry from "
        "angulation and off-centre, echoes, "
        "dynamics, phases and image types as volumes; V4, V4.1, V4.2",
    .loses =
        "everything of the sequence; floating-point values (FP); V3, XML/REC and volumes that break off are not read",
    .probe = probe,
    .describe = describe,
    .decode = decode,
};
