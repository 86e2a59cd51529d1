/* A stacked archive: data sets whose first axis is the item, one chunk a row, and a table with what each row is. */
#include <stdlib.h>
#include <string.h>

#include "store/collection_inside.h"
#include "store/planes.h"

enum { MOST_CHUNK = INT32_MAX };

/* ---- the data sets, made when the first item comes ---- */

static hid_t make_set(const tome_collection *r, const tome_collection_set *s, tome_error *err) {
  const hsize_t shape[4] = {0, (hsize_t)r->shape[0], (hsize_t)r->shape[1], (hsize_t)r->shape[2]};
  const hsize_t most[4] = {H5S_UNLIMITED, shape[1], shape[2], shape[3]}, chunk[4] = {1, shape[1], shape[2], shape[3]};
  const uint64_t zero = 0;
  TOME_H5_ID space = H5Screate_simple(4, shape, most);
  TOME_H5_ID list = H5Pcreate(H5P_DATASET_CREATE);
  hid_t set = H5I_INVALID_HID;
  if (H5Pset_chunk(list, 4, chunk) >= 0 && H5Pset_fill_value(list, tome_h5_type(s->dtype), &zero) >= 0 &&
      H5Pset_obj_track_times(list, 0) >= 0 && (!s->pipeline.shuffle || H5Pset_shuffle(list) >= 0) &&
      H5Pset_deflate(list, 6) >= 0 && H5Pset_fletcher32(list) >= 0)
    set = H5Dcreate2(r->file, s->path, tome_h5_type(s->dtype), space, H5P_DEFAULT, list, H5P_DEFAULT);
  if (set < 0) tome_h5_fail(err, TOME_IO, "data set %s cannot be made", s->path);
  return set;
}

static size_t voxels_of(const tome_collection *r) { return (size_t)(r->shape[0] * r->shape[1] * r->shape[2]); }

static bool make_sets(tome_collection *r, const tome_collection_item *item, tome_error *err) {
  memcpy(r->shape, item->geometry->shape, sizeof r->shape);
  tome_collection_set *sets = tome_arena_alloc(&r->arena, (item->volume_count + 1) * sizeof *sets, err);
  if (!sets) return false;
  for (size_t i = 0; i < item->volume_count; i++) {
    const tome_collection_volume *v = &item->volumes[i];
    const size_t element = tome_dtype_size(v->dtype);
    size_t bytes;
    if (!tome_shape_bytes(r->shape, element, &bytes) || bytes > MOST_CHUNK)
      return tome_fail(
          err, TOME_USAGE, "%s: one item is a chunk here, and %lldx%lldx%lld %s is over 2 GiB; write groups instead",
          v->path, (long long)r->shape[0], (long long)r->shape[1], (long long)r->shape[2], tome_dtype_name(v->dtype));
    sets[i] = (tome_collection_set){.path = tome_arena_dup(&r->arena, v->path, err),
                                    .dtype = v->dtype,
                                    .pipeline = {.element = element, .shuffle = element > 1, .checksum = true}};
    if (!sets[i].path) return false;
  }
  TOME_H5_LOCK;
  if (!tome_collection_folders(r->file, item, err)) return false;
  for (size_t i = 0; i < item->volume_count; i++)
    if ((sets[i].id = make_set(r, &sets[i], err)) < 0) return false;
  if (!tome_h5_put_text(sets[0].id, "units", item->units, err)) return false;
  r->sets = sets;
  r->set_count = item->volume_count;
  r->fact_count = item->fact_count;
  return true;
}

void tome_collection_close_sets(tome_collection *r) {
  for (size_t i = 0; i < r->set_count; i++) H5Dclose(r->sets[i].id);
  r->set_count = 0;
}

/* ---- every item must be as the first ---- */

static bool same_facts(const tome_collection_row *first, const tome_collection_item *item) {
  for (size_t i = 0; i < item->fact_count; i++) {
    const tome_collection_fact *a = &first->facts[i], *b = &item->facts[i];
    if (strcmp(a->name, b->name) != 0 || !a->text != !b->text || (!a->text && a->count != b->count)) return false;
  }
  return true;
}

static bool check_item(const tome_collection *r, const tome_collection_item *item, tome_error *err) {
  const int64_t *s = item->geometry->shape;
  if (memcmp(s, r->shape, sizeof r->shape) != 0)
    return tome_fail(err, TOME_USAGE,
                     "%s: is %lldx%lldx%lld, and the items before it %lldx%lldx%lld: items of one shape can be "
                     "stacked; end the recipe with crop-or-pad, or write groups",
                     item->group, (long long)s[0], (long long)s[1], (long long)s[2], (long long)r->shape[0],
                     (long long)r->shape[1], (long long)r->shape[2]);
  bool same = item->volume_count == r->set_count && item->fact_count == r->fact_count;
  for (size_t i = 0; i < item->volume_count && same; i++)
    same = strcmp(item->volumes[i].path, r->sets[i].path) == 0 && item->volumes[i].dtype == r->sets[i].dtype;
  for (size_t i = 0; i < r->row_count && same; i++)
    if (r->rows[i].id) {
      same = same_facts(&r->rows[i], item);
      break;
    }
  return same || tome_fail(err, TOME_USAGE,
                           "%s: has other label maps, channels, element types or facts than the items before it, and "
                           "such cannot be stacked: choose cases that are alike, merge their label maps into one "
                           "(merge:liver=1,tumor=2), or write a file an item ({id}/{n}.npz)",
                           item->group);
}

/* ---- a row ---- */

static const tome_collection_fact *keep_facts(tome_collection *r, const tome_collection_item *item, tome_error *err) {
  tome_collection_fact *facts = tome_arena_alloc(&r->arena, (item->fact_count + 1) * sizeof *facts, err);
  for (size_t i = 0; facts && i < item->fact_count; i++) {
    const tome_collection_fact *f = &item->facts[i];
    const size_t numbers = f->text ? 0 : f->count ? f->count : 1;
    double *many = tome_arena_alloc(&r->arena, (numbers + 1) * sizeof *many, err);
    facts[i] = (tome_collection_fact){.name = tome_arena_dup(&r->arena, f->name, err),
                                      .text = f->text ? tome_arena_dup(&r->arena, f->text, err) : NULL,
                                      .many = many,
                                      .count = f->count};
    if (!many || !facts[i].name || (f->text && !facts[i].text)) return NULL;
    if (numbers) memcpy(many, f->many, numbers * sizeof *many);
  }
  return facts;
}

static void copy_hash(char out[33], const char *text) {
  const size_t n = text ? strnlen(text, 32) : 0;
  memset(out, 0, 33);
  if (n) memcpy(out, text, n);
}

/* Where the item goes, noted in the table of rows. r->lock held. */
static bool take_row(tome_collection *r, const tome_collection_item *item, size_t *row, tome_error *err) {
  const size_t at = item->row > 0 ? (size_t)item->row - 1 : r->next_row;
  const size_t have = r->row_count;
  if (!tome_grow(&r->rows, &r->row_cap, at + 1, sizeof *r->rows, err)) return false;
  if (at >= have) {
    memset(r->rows + have, 0, (at + 1 - have) * sizeof *r->rows);
    r->row_count = at + 1;
  }
  if (r->rows[at].id) return tome_fail(err, TOME_USAGE, "%s: row %zu is taken already", item->group, at + 1);
  const tome_geometry *g = item->geometry;
  tome_collection_row new = {.n = item->n, .facts = keep_facts(r, item, err)};
  copy_hash(new.key, item->key);
  copy_hash(new.voxel_hash, item->voxel_hash);
  memcpy(new.spacing, g->spacing, sizeof new.spacing);
  memcpy(new.origin, g->origin, sizeof new.origin);
  memcpy(new.direction, g->direction, sizeof new.direction);
  new.id = tome_arena_dup(&r->arena, item->id, err);
  if (!new.facts || !new.id) return false;
  r->rows[at] = new;
  if (at >= r->next_row) r->next_row = at + 1;
  *row = at;
  return true;
}

static bool write_row(tome_collection *r, const tome_collection_set *s, size_t row, const uint8_t *data, size_t size,
                      uint32_t mask, tome_error *err) {
  const hsize_t at[4] = {row, 0, 0, 0};
  TOME_H5_LOCK;
  if (H5Dwrite_chunk(s->id, H5P_DEFAULT, mask, at, size, data) >= 0) return tome_collection_sound(r, err);
  return tome_h5_fail(err, TOME_IO, "%s: row %zu of %s cannot be written", r->path, row, s->path);
}

static bool pack_row(tome_collection *r, const tome_collection_set *s, size_t row, const void *voxels,
                     tome_error *err) {
  const size_t n = voxels_of(r), bytes = n * s->pipeline.element;
  tome_encoder *e = tome_encoder_new(&s->pipeline, bytes, err);
  if (!e) return false;
  uint8_t *raw = tome_encoder_raw(e);
  if (s->pipeline.shuffle)
    tome_shuffle(voxels, n, s->pipeline.element, raw, n, 0);
  else
    memcpy(raw, voxels, bytes);
  bool ok = true;
  if (!tome_is_zero(raw, bytes)) { /* the fill value: nothing to store */
    const uint8_t *data;
    size_t size;
    uint32_t mask;
    tome_encode(e, &data, &size, &mask);
    ok = write_row(r, s, row, data, size, mask, err);
  }
  tome_encoder_free(e);
  return ok;
}

/* Makes all data sets as long as the table. */
static bool extend(tome_collection *r, tome_error *err) {
  const hsize_t size[4] = {r->row_count, (hsize_t)r->shape[0], (hsize_t)r->shape[1], (hsize_t)r->shape[2]};
  TOME_H5_LOCK;
  for (size_t i = 0; i < r->set_count; i++)
    if (H5Dset_extent(r->sets[i].id, size) < 0)
      return tome_h5_fail(err, TOME_IO, "%s: %s cannot be made longer", r->path, r->sets[i].path);
  return true;
}

static bool begin_row(tome_collection *r, const tome_collection_item *item, size_t *row, tome_error *err) {
  pthread_mutex_lock(&r->lock);
  const bool ok =
      (r->sets || make_sets(r, item, err)) && check_item(r, item, err) && take_row(r, item, row, err) && extend(r, err);
  pthread_mutex_unlock(&r->lock);
  return ok;
}

bool tome_collection_put_row(tome_collection *r, const tome_collection_item *item, tome_error *err) {
  size_t row = 0;
  if (!item->volume_count) return tome_fail(err, TOME_USAGE, "%s: has no volumes", item->group);
  if (!begin_row(r, item, &row, err)) return false;
  for (size_t i = 0; i < item->volume_count; i++)
    if (!pack_row(r, &r->sets[i], row, item->volumes[i].voxels, err)) return false;
  return true;
}

/* ---- the table ---- */

typedef struct field {
  const char *name;
  size_t offset, size; /* in a record of the table */
} field;

static size_t text_width(const tome_collection *r, size_t fact) {
  size_t width = 1;
  for (size_t i = 0; i < r->row_count; i++) {
    const char *t = !r->rows[i].id ? "" : fact == SIZE_MAX ? r->rows[i].id : r->rows[i].facts[fact].text;
    if (strlen(t) > width) width = strlen(t);
  }
  return width;
}

static bool insert(hid_t table, const char *name, size_t *offset, size_t size, hid_t type, tome_error *err) {
  const bool ok = type >= 0 && H5Tset_size(table, *offset + size) >= 0 && H5Tinsert(table, name, *offset, type) >= 0;
  *offset += size;
  return ok || tome_h5_fail(err, TOME_IO, "field %s of the table of items cannot be made", name);
}

static bool insert_text(hid_t table, const char *name, size_t *offset, size_t width, tome_error *err) {
  TOME_H5_ID type = tome_h5_text_type(width);
  return insert(table, name, offset, width, type, err);
}

static bool insert_reals(hid_t table, const char *name, size_t *offset, unsigned rank, const hsize_t *dims,
                         tome_error *err) {
  size_t size = 8;
  for (unsigned i = 0; i < rank; i++) size *= dims[i];
  if (!rank) return insert(table, name, offset, size, H5T_IEEE_F64LE, err);
  TOME_H5_ID type = H5Tarray_create2(H5T_IEEE_F64LE, rank, dims);
  return insert(table, name, offset, size, type, err);
}

/* A record: id, n, key, voxel_hash, spacing, origin, direction, then the facts. *size gets its bytes. */
static bool make_table(const tome_collection *r, const tome_collection_row *first, hid_t table, size_t *size,
                       tome_error *err) {
  size_t at = 0;
  const hsize_t three[2] = {3, 3};
  bool ok = insert_text(table, "id", &at, text_width(r, SIZE_MAX), err) &&
            insert(table, "n", &at, 8, H5T_STD_I64LE, err) && insert_text(table, "key", &at, 32, err) &&
            insert_text(table, "voxel_hash", &at, 32, err) && insert_reals(table, "spacing", &at, 1, three, err) &&
            insert_reals(table, "origin", &at, 1, three, err) && insert_reals(table, "direction", &at, 2, three, err);
  for (size_t i = 0; i < r->fact_count && ok; i++) {
    const tome_collection_fact *f = &first->facts[i];
    const hsize_t count = f->count;
    ok = f->text ? insert_text(table, f->name, &at, text_width(r, i), err)
                 : insert_reals(table, f->name, &at, f->count ? 1 : 0, &count, err);
  }
  *size = at;
  return ok;
}

static uint8_t *put_bytes(uint8_t *at, const void *data, size_t size, size_t width) {
  if (size) memcpy(at, data, size < width ? size : width);
  return at + width;
}

static void fill_record(const tome_collection *r, const tome_collection_row *row, size_t id_width, const size_t *widths,
                        uint8_t *at) {
  at = put_bytes(at, row->id, strlen(row->id), id_width);
  at = put_bytes(at, &row->n, 8, 8);
  at = put_bytes(at, row->key, strlen(row->key), 32);
  at = put_bytes(at, row->voxel_hash, strlen(row->voxel_hash), 32);
  at = put_bytes(at, row->spacing, sizeof row->spacing, sizeof row->spacing);
  at = put_bytes(at, row->origin, sizeof row->origin, sizeof row->origin);
  at = put_bytes(at, row->direction, sizeof row->direction, sizeof row->direction);
  for (size_t i = 0; i < r->fact_count; i++) {
    const tome_collection_fact *f = &row->facts[i];
    at = f->text ? put_bytes(at, f->text, strlen(f->text), widths[i]) : put_bytes(at, f->many, widths[i], widths[i]);
  }
}

static const tome_collection_row *first_row(const tome_collection *r) {
  for (size_t i = 0; i < r->row_count; i++)
    if (r->rows[i].id) return &r->rows[i];
  return NULL;
}

bool tome_collection_put_rows(tome_collection *r, tome_error *err) {
  const tome_collection_row *first = first_row(r);
  if (!first) return true;
  TOME_H5_ID table = H5Tcreate(H5T_COMPOUND, 1);
  size_t size;
  if (!make_table(r, first, table, &size, err)) return false;
  TOME_AUTO_FREE size_t *widths = tome_alloc(r->fact_count + 1, sizeof *widths, "items", err);
  TOME_AUTO_FREE uint8_t *records = widths ? tome_alloc_zero(r->row_count, size, "items", err) : NULL;
  if (!records) return false;
  for (size_t i = 0; i < r->fact_count; i++) {
    const tome_collection_fact *f = &first->facts[i];
    widths[i] = f->text ? text_width(r, i) : 8 * (f->count ? f->count : 1);
  }
  const size_t id_width = text_width(r, SIZE_MAX);
  for (size_t i = 0; i < r->row_count; i++)
    if (r->rows[i].id) fill_record(r, &r->rows[i], id_width, widths, records + i * size);
  return tome_h5_put_array(r->file, "items", table, r->row_count, size, records, err) ||
         tome_fail_prefix(err, "%s", r->path);
}
