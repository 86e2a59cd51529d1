/* Tables: packs structs into rows as they are in the file (little endian, no gaps, text of fixed width) and unpacks them. */
#include "store/table.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_FIELDS = 64, MOST_TEXT = 1 << 20 };

/* Where each field lies in a packed row. */
typedef struct row_layout {
  size_t offset[MOST_FIELDS], size[MOST_FIELDS], bytes;
} row_layout;

static size_t number_size(tome_field_kind kind) {
  switch (kind) {
    case TOME_FIELD_HASH:
      return 32;
    case TOME_FIELD_I32:
      return 4;
    case TOME_FIELD_U64:
    case TOME_FIELD_F64:
      return 8;
    case TOME_FIELD_I64X3:
      return 24;
    case TOME_FIELD_TEXT:
      break;
  }
  return 0;
}

static const char *text_at(const tome_field *f, const void *row) {
  const char *text;
  memcpy(&text, (const char *)row + f->offset, sizeof text);
  return text ? text : "";
}

static void place(row_layout *l, size_t i, size_t size) {
  l->offset[i] = l->bytes;
  l->size[i] = size;
  l->bytes += size;
}

/* HDF5 has no text of no bytes: at least 1. */
static size_t widest(const tome_table *t, const tome_field *f, const char *rows, size_t count) {
  size_t size = 1;
  for (size_t r = 0; r < count; r++) {
    const size_t length = strlen(text_at(f, rows + r * t->row_bytes));
    if (length > size) size = length;
  }
  return size;
}

static row_layout layout_of(const tome_table *t, const char *rows, size_t count) {
  row_layout l = {.bytes = 0};
  for (size_t i = 0; i < t->field_count; i++) {
    size_t size = number_size(t->fields[i].kind);
    if (t->fields[i].kind == TOME_FIELD_TEXT) size = widest(t, &t->fields[i], rows, count);
    place(&l, i, size);
  }
  return l;
}

/* The HDF5 type of one field; to be closed. */
static hid_t field_type(tome_field_kind kind, size_t size) {
  switch (kind) {
    case TOME_FIELD_TEXT:
    case TOME_FIELD_HASH:
      return tome_h5_text_type(size);
    case TOME_FIELD_I32:
      return H5Tcopy(H5T_STD_I32LE);
    case TOME_FIELD_U64:
      return H5Tcopy(H5T_STD_U64LE);
    case TOME_FIELD_F64:
      return H5Tcopy(H5T_IEEE_F64LE);
    case TOME_FIELD_I64X3:
      return H5Tarray_create2(H5T_STD_I64LE, 1, (hsize_t[]){3});
  }
  return H5I_INVALID_HID;
}

static hid_t row_type(const tome_table *t, const row_layout *l, tome_error *err) {
  const hid_t type = H5Tcreate(H5T_COMPOUND, l->bytes);
  for (size_t i = 0; i < t->field_count && type >= 0; i++) {
    TOME_H5_ID field = field_type(t->fields[i].kind, l->size[i]);
    if (field >= 0 && H5Tinsert(type, t->fields[i].name, l->offset[i], field) >= 0) continue;
    H5Tclose(type);
    tome_h5_fail(err, TOME_IO, "table %s: field %s cannot be made", t->name, t->fields[i].name);
    return H5I_INVALID_HID;
  }
  return type;
}

static void pack(const tome_table *t, const row_layout *l, const char *row, char *out) {
  for (size_t i = 0; i < t->field_count; i++) {
    const tome_field *f = &t->fields[i];
    if (f->kind == TOME_FIELD_TEXT)
      memcpy(out + l->offset[i], text_at(f, row), strlen(text_at(f, row)));
    else
      memcpy(out + l->offset[i], row + f->offset, l->size[i]);
  }
}

static bool unpack(const tome_table *t, const row_layout *l, const char *in, char *row, tome_arena *arena,
                   tome_error *err) {
  for (size_t i = 0; i < t->field_count; i++) {
    const tome_field *f = &t->fields[i];
    if (f->kind == TOME_FIELD_TEXT) {
      char *text = tome_arena_alloc(arena, l->size[i] + 1, err);
      if (!text) return false;
      memcpy(text, in + l->offset[i], l->size[i]);
      memcpy(row + f->offset, &text, sizeof text);
    } else {
      memcpy(row + f->offset, in + l->offset[i], l->size[i]);
    }
  }
  return true;
}

static char *pack_all(const tome_table *t, const row_layout *l, const char *rows, size_t count, tome_error *err) {
  char *packed = tome_alloc_zero(count, l->bytes, t->name, err);
  for (size_t r = 0; packed && r < count; r++) pack(t, l, rows + r * t->row_bytes, packed + r * l->bytes);
  return packed;
}

bool tome_table_write(hid_t at, const tome_table *t, const void *rows, size_t count, tome_error *err) {
  const row_layout l = layout_of(t, rows, count);
  TOME_AUTO_FREE char *packed = pack_all(t, &l, rows, count, err);
  if (!packed) return false;
  TOME_H5_ID type = row_type(t, &l, err);
  return type >= 0 && tome_h5_put_array(at, t->name, type, count, l.bytes, packed, err);
}

bool tome_table_write_one(hid_t at, const tome_table *t, const void *row, tome_error *err) {
  const row_layout l = layout_of(t, row, 1);
  TOME_AUTO_FREE char *packed = pack_all(t, &l, row, 1, err);
  if (!packed) return false;
  TOME_H5_ID type = row_type(t, &l, err);
  if (type < 0) return false;
  TOME_H5_ID space = H5Screate(H5S_SCALAR);
  TOME_H5_ID list = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_layout(list, H5D_COMPACT); /* inside the object header: under its checksum */
  TOME_H5_ID set = H5Dcreate2(at, t->name, type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  if (set < 0 || H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, packed) < 0)
    return tome_h5_fail(err, TOME_IO, "data set %s cannot be written", t->name);
  return true;
}

/* Bytes of one field as stored: for text what the file says, checked. 0 where it does not fit the table. */
static size_t stored_size(hid_t file_type, const tome_field *f) {
  const int member = H5Tget_member_index(file_type, f->name);
  if (member < 0) return 0;
  TOME_H5_ID type = H5Tget_member_type(file_type, (unsigned)member);
  const H5T_class_t kind = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
  const bool text = f->kind == TOME_FIELD_TEXT || f->kind == TOME_FIELD_HASH;
  const H5T_class_t want = text                          ? H5T_STRING
                           : f->kind == TOME_FIELD_I64X3 ? H5T_ARRAY
                           : f->kind == TOME_FIELD_F64   ? H5T_FLOAT
                                                         : H5T_INTEGER;
  if (kind != want || (text && H5Tis_variable_str(type) != 0)) return 0;
  if (f->kind != TOME_FIELD_TEXT) return H5Tget_size(type) == number_size(f->kind) ? number_size(f->kind) : 0;
  return H5Tget_size(type) <= MOST_TEXT ? H5Tget_size(type) : 0;
}

static bool stored_layout(const tome_table *t, hid_t set, row_layout *l, tome_error *err) {
  TOME_H5_ID type = H5Dget_type(set);
  if (type < 0 || H5Tget_class(type) != H5T_COMPOUND)
    return tome_h5_fail(err, TOME_CORRUPT, "%s is not a table", t->name);
  for (size_t i = 0; i < t->field_count; i++) {
    const size_t size = stored_size(type, &t->fields[i]);
    if (size == 0)
      return tome_h5_fail(err, TOME_CORRUPT, "table %s lacks a proper field %s", t->name, t->fields[i].name);
    place(l, i, size);
  }
  return true;
}

bool tome_table_read(hid_t at, const tome_table *t, tome_arena *arena, void *rows_ptr, size_t *count, tome_error *err) {
  size_t n;
  TOME_H5_ID set = tome_h5_open_array(at, t->name, &n, err);
  row_layout l = {.bytes = 0};
  if (set < 0 || !stored_layout(t, set, &l, err)) return false;
  TOME_AUTO_FREE char *packed = tome_alloc_zero(n, l.bytes, t->name, err);
  TOME_H5_ID type = packed ? row_type(t, &l, err) : H5I_INVALID_HID;
  if (type < 0) return false;
  if (n && H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, packed) < 0)
    return tome_h5_fail(err, TOME_CORRUPT, "table %s cannot be read", t->name);
  size_t bytes;
  if (__builtin_mul_overflow(n, t->row_bytes, &bytes))
    return tome_fail(err, TOME_CORRUPT, "table %s is too long", t->name);
  char *rows = tome_arena_alloc(arena, bytes, err);
  if (!rows) return false;
  for (size_t r = 0; r < n; r++)
    if (!unpack(t, &l, packed + r * l.bytes, rows + r * t->row_bytes, arena, err)) return false;
  memcpy(rows_ptr, &rows, sizeof rows);
  *count = n;
  return true;
}
