/* NumPy's .npz: a zip file of .npy arrays, stored or deflated. Each array of 2 dimensions or more is a piece (or several) that carries its name; a path
 * "file.npz:name" picks one. Read here; what is written is npy.c's. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/gzip.h"
#include "format/head.h"
#include "format/numpy/npz.h"
#include "format/numpy/zip.h"

extern const tome_format tome_format_npz;

enum { STEP = 1 << 16 };

static int probe(const uint8_t *head, size_t size, bool gzip, const char *name) {
  if (gzip || !tome_is_zip(head, size)) return 0;
  if (tome_ends_in(name, ".npz")) return 100;
  const size_t most = size < 600 ? size : 600; /* the first member's name */
  return memmem(head, most, ".npy", 4) ? 60 : 0;
}

/* A member opened behind its .npy header. */
typedef struct member {
  tome_stream *stream;
  tome_npy_header header;
  tome_array array;
  tome_array_form form;
  uint64_t left; /* bytes of it not read yet */
  uint32_t crc;  /* of what is read */
} member;

static void close_member(member *m) { tome_stream_close(m->stream); }

static bool take(const char *path, member *m, void *out, size_t size, tome_error *err) {
  size_t got = 0;
  if (size > m->left || !tome_stream_read(m->stream, out, size, &got, err)) got = 0;
  if (got < size) return tome_fail(err, TOME_CORRUPT, "%s: is cut short within an array", path);
  m->left -= size;
  m->crc = tome_add_crc32(m->crc, out, size);
  return true;
}

/* Reads up to the first number. */
static bool open_numbers(const char *path, const tome_zip_member *z, member *m, tome_error *err) {
  uint8_t prefix[NPY_PREFIX];
  size_t begin, length;
  if (z->refused) return tome_fail(err, TOME_UNSUPPORTED, "%s", z->refused);
  m->left = z->size;
  if (z->size < NPY_PREFIX) return tome_fail(err, TOME_CORRUPT, "is shorter than any array");
  m->stream = tome_stream_open(path, z->begin, z->encoding, TOME_NONE, err);
  if (!m->stream || !take(path, m, prefix, sizeof prefix, err)) return false;
  if (memcmp(prefix, "\x93NUMPY", 6) != 0) return tome_fail(err, TOME_CORRUPT, "is no NumPy array");
  if (!tome_npy_extent(prefix, sizeof prefix, &begin, &length, err)) return false;
  TOME_AUTO_FREE char *text = tome_alloc_zero(length + NPY_PREFIX, 1, path, err);
  if (!text) return false;
  const size_t early = NPY_PREFIX - begin; /* of the dictionary, already read */
  if (length < early) return tome_fail(err, TOME_CORRUPT, "has no readable .npy header");
  memcpy(text, prefix + begin, early);
  if (!take(path, m, text + early, length - early, err)) return false;
  return tome_npy_parse(text, length, &m->header, err);
}

static bool open_member(const char *path, const tome_zip_member *z, member *m, tome_error *err) {
  if (!open_numbers(path, z, m, err) || !tome_npy_array(&m->header, &m->array, &m->form, err)) return false;
  return m->left == m->form.bytes || tome_fail(err, TOME_CORRUPT, "has %llu bytes of elements; its shape makes it %llu",
                                               (unsigned long long)m->left, (unsigned long long)m->form.bytes);
}

/* ---- describe ---- */

static bool add_array(const char *path, const char *name, const member *m, tome_pieces *out, tome_error *err) {
  const size_t before = out->count;
  const char *own = tome_arena_dup(&out->arena, name, err);
  for (int64_t i = 0; own && i < m->form.frames; i++) {
    const int64_t number = out->count ? out->items[out->count - 1].frame + 1 : 0;
    tome_piece *p = tome_pieces_add(out, &tome_format_npz, path, err);
    if (!p) {
      out->count = before;
      return false;
    }
    p->name = own;
    p->frame = number;
    p->flags = (uint32_t)i;
    memcpy(p->shape, m->form.shape, sizeof p->shape);
    p->channels = (int)m->form.channels;
    p->dtype = m->array.half ? TOME_F32 : m->array.dtype;
    p->length = m->array.half ? TOME_HALVES : 0;
    p->solid = m->array.dims > 2;
  }
  return own != NULL;
}

static bool describe_member(const char *path, const tome_zip_member *z, tome_pieces *out, tome_error *err) {
  TOME_CLEANUP(close_member) member m = {0};
  tome_error why = {0};
  char name[256];
  const size_t n = strlen(z->name) - 4;
  memcpy(name, z->name, n < sizeof name ? n : sizeof name - 1);
  name[n < sizeof name ? n : sizeof name - 1] = '\0';
  if (open_member(path, z, &m, &why)) return add_array(path, name, &m, out, err);
  if (why.code == TOME_NO_MEMORY) return tome_fail(err, why.code, "%s", why.message);
  return tome_pieces_pass_over(out, path, why.code != TOME_UNSUPPORTED, err, "its array %s %s", name, why.message);
}

/* ---- where it lies: arrays of those names, as tome_npz_write leaves them --- */

static const char *const placing[] = {"spacing.npy", "origin.npy", "direction.npy", "affine.npy"};

static bool is_placing(const char *name) {
  for (size_t i = 0; i < TOME_COUNT(placing); i++)
    if (strcmp(name, placing[i]) == 0) return true;
  return false;
}

/* The float64 array of exactly `count` numbers that has this name; false where there is none, or not as it should be. */
static bool read_reals(const char *path, const tome_zip_member *members, size_t count, const char *name, size_t n,
                       double *out) {
  size_t i = 0;
  while (i < count && strcmp(members[i].name, name) != 0) i++;
  if (i == count) return false;
  TOME_CLEANUP(close_member) member m = {0};
  if (!open_numbers(path, &members[i], &m, NULL) || m.header.dtype != TOME_F64 || m.header.swapped ||
      m.header.fortran || m.left != n * sizeof *out || !take(path, &m, out, n * sizeof *out, NULL))
    return false;
  for (size_t k = 0; k < n; k++)
    if (!isfinite(out[k])) return false;
  return m.crc == members[i].crc;
}

typedef struct placed {
  bool ok;
  double spacing[3], origin[3], direction[9];
} placed;

static placed read_place(const char *path, const tome_zip_member *members, size_t count) {
  placed p = {.ok = false};
  p.ok = read_reals(path, members, count, "spacing.npy", 3, p.spacing) &&
         read_reals(path, members, count, "origin.npy", 3, p.origin) &&
         read_reals(path, members, count, "direction.npy", 9, p.direction);
  return p;
}

static bool place_piece(const placed *p, tome_piece *piece) {
  double step[3][3];
  for (int i = 0; i < 3; i++) {
    if (!(p->spacing[i] > 0)) return false;
    for (int k = 0; k < 3; k++) step[i][k] = p->spacing[i] * p->direction[3 * i + k];
  }
  if (!tome_geometry_from_steps(piece->shape, step, p->origin, &piece->geometry, NULL)) return false;
  bool same = true;
  for (int i = 0; i < 3; i++) same = same && fabs(piece->geometry.spacing[i] - p->spacing[i]) < 1e-9;
  if (same) { /* as written, to the last bit */
    memcpy(piece->geometry.spacing, p->spacing, sizeof p->spacing);
    memcpy(piece->geometry.direction, p->direction, sizeof p->direction);
  }
  return piece->has_geometry = true;
}

/* Without those that only say where the others lie. */
static bool describe_members(const char *path, const tome_zip_member *members, size_t count, tome_pieces *list,
                             tome_error *err) {
  size_t others = 0;
  for (size_t i = 0; i < count; i++) others += !is_placing(members[i].name);
  placed place = read_place(path, members, count);
  if (!others) place.ok = false;
  for (size_t i = 0; i < count; i++)
    if (!(place.ok && is_placing(members[i].name)) && !describe_member(path, &members[i], list, err)) return false;
  for (size_t i = 0; place.ok && i < list->count; i++)
    if (list->items[i].solid) place_piece(&place, &list->items[i]);
  return true;
}

/* ---- describe: all of it --- */

static bool describe(const char *path, tome_pieces *out, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  tome_error why = {0};
  tome_zip_member *members;
  size_t count;
  TOME_CLEANUP(tome_pieces_clear) tome_pieces list = {0};
  if (!tome_zip_list(path, ".npy", &arena, &members, &count, &why))
    return tome_pieces_pass_over_why(out, path, &why, err);
  if (!count) return tome_pieces_pass_over(out, path, false, err, "is a zip file without NumPy arrays");
  if (!describe_members(path, members, count, &list, err)) return false;
  return tome_pieces_join(out, &list, err);
}

/* ---- decode ---- */

static bool skip(const char *path, member *m, uint64_t bytes, tome_error *err) {
  TOME_AUTO_FREE uint8_t *scrap = tome_alloc(STEP, 1, path, err);
  if (!scrap) return false;
  for (uint64_t done = 0; done < bytes;) {
    const size_t n = bytes - done < STEP ? (size_t)(bytes - done) : STEP;
    if (!take(path, m, scrap, n, err)) return false;
    done += n;
  }
  return true;
}

/* Reads the whole member, so that its checksum speaks for every voxel; keeps the one piece. */
static bool read_piece(const char *path, member *m, const tome_zip_member *z, int64_t frame, void *out,
                       tome_error *err) {
  const tome_array_form *f = &m->form;
  if (f->bytes == f->piece_bytes && !m->header.fortran && !m->array.swapped) {
    if (!take(path, m, out, f->piece_bytes, err)) return false;
  } else if (!m->header.fortran) {
    if (!skip(path, m, (uint64_t)frame * f->piece_bytes, err) || !take(path, m, out, f->piece_bytes, err) ||
        !skip(path, m, m->left, err))
      return false;
    const size_t element = tome_dtype_size(m->array.dtype);
    if (m->array.swapped) tome_swap_bytes(out, f->piece_bytes / element, element);
  } else {
    TOME_AUTO_FREE void *all = tome_alloc((size_t)f->bytes, 1, path, err);
    if (!all || !take(path, m, all, (size_t)f->bytes, err)) return false;
    tome_array_pick(&m->array, f, all, frame, out);
  }
  return m->crc == z->crc ||
         tome_fail(err, TOME_CORRUPT, "%s: the array %s is damaged (its checksum is wrong); fetch the file again", path,
                   z->name);
}

static bool decode(const tome_piece *p, void *out, size_t out_bytes, tome_error *err) {
  if (p->length == TOME_HALVES) return tome_decode_halves(p, decode, out, out_bytes, err);
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  TOME_CLEANUP(close_member) member m = {0};
  tome_error why = {0};
  tome_zip_member *members;
  size_t count, i = 0;
  if (!tome_piece_fits(p, out_bytes, err)) return false;
  if (!tome_zip_list(p->path, ".npy", &arena, &members, &count, &why))
    return tome_fail(err, why.code, "%s: %s", p->path, why.message);
  const size_t n = strlen(p->name);
  while (i < count && (strncmp(members[i].name, p->name, n) != 0 || strcmp(members[i].name + n, ".npy") != 0)) i++;
  if (i == count) return tome_fail(err, TOME_CORRUPT, "%s: no longer holds %s", p->path, p->name);
  if (!open_member(p->path, &members[i], &m, &why))
    return tome_fail(err, why.code, "%s: the array %s %s", p->path, p->name, why.message);
  if (m.form.piece_bytes != out_bytes || m.array.dtype != p->dtype || (int64_t)p->flags >= m.form.frames)
    return tome_fail(err, TOME_CORRUPT, "%s: is no longer what it was", p->path);
  return read_piece(p->path, &m, &members[i], p->flags, out, err);
}

static bool wants_name(const char *name) { return tome_ends_in(name, ".npz"); }

const tome_format tome_format_npz = {
    .name = "npz",
    .title = "NumPy archives of arrays",
    .extensions = ".npz",
    .keeps =
        "voxels and element type of each array, its name (file.npz:name picks one), stored and deflated members, "
        "ZIP64; as npy otherwise; spacing, origin and direction where arrays of those names say them, as results of "
        "recipes "
        "have them; written so, as \"image\" (labels: \"labels\")",
    .loses =
        "spacing, origin and direction of other people's archives, which have none; arrays of fewer than 2 dimensions, "
        "records and texts are passed over",
    .probe = probe,
    .describe = describe,
    .decode = decode,
    .usual_ending = ".npz",
    .write = tome_npz_write,
    .wants_name = wants_name,
};
