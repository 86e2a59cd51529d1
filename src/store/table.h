/* table.h - arrays of C structs as HDF5 tables (1-D data sets of a compound type; a structured array in h5py), from one description of the fields. */
#ifndef TOME_STORE_TABLE_H
#define TOME_STORE_TABLE_H

#include "store/h5.h"

typedef enum tome_field_kind {
  TOME_FIELD_TEXT, /* const char *; stored as fixed-length UTF-8, as wide as the longest of the column */
  TOME_FIELD_HASH, /* char[33] */
  TOME_FIELD_I32,
  TOME_FIELD_U64,
  TOME_FIELD_I64X3,
  TOME_FIELD_F64
} tome_field_kind;

typedef struct tome_field {
  const char *name;
  tome_field_kind kind;
  size_t offset; /* in the struct */
} tome_field;

typedef struct tome_table {
  const char *name;
  const tome_field *fields;
  size_t field_count;
  size_t row_bytes; /* sizeof the struct */
} tome_table;

TOME_MUST_USE bool tome_table_write(hid_t at, const tome_table *t, const void *rows, size_t count, tome_error *err);
/* *rows: structs in the arena, cleared but for the fields; texts in the arena too. */
TOME_MUST_USE bool tome_table_read(hid_t at, const tome_table *t, tome_arena *arena, void *rows_ptr, size_t *count,
                                   tome_error *err);

/* One struct as a scalar data set. */
TOME_MUST_USE bool tome_table_write_one(hid_t at, const tome_table *t, const void *row, tome_error *err);

#endif
