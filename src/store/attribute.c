/* Attributes: numbers and fixed-length text, checked before they are read. */
#include <stdlib.h>
#include <string.h>

#include "store/h5.h"

enum { MOST_TEXT = 1 << 20 }; /* bytes of one text that is read back */

static bool put(hid_t at, const char *name, hid_t type, hid_t space, const void *values, tome_error *err) {
  TOME_H5_ID attribute = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  if (attribute < 0 || H5Awrite(attribute, type, values) < 0)
    return tome_h5_fail(err, TOME_IO, "attribute %s cannot be written", name);
  return true;
}

bool tome_h5_put_text(hid_t at, const char *name, const char *text, tome_error *err) {
  const char *value = text ? text : "";
  TOME_H5_ID type = tome_h5_text_type(strlen(value));
  TOME_H5_ID space = H5Screate(H5S_SCALAR);
  return put(at, name, type, space, value, err);
}

bool tome_h5_put_texts(hid_t at, const char *name, const char *const *texts, size_t count, tome_error *err) {
  size_t width = 1;
  for (size_t i = 0; i < count; i++) width = strlen(texts[i]) > width ? strlen(texts[i]) : width;
  TOME_AUTO_FREE char *rows = tome_alloc_zero(count, width, name, err);
  if (!rows) return false;
  for (size_t i = 0; i < count; i++) memcpy(rows + i * width, texts[i], strlen(texts[i]));
  TOME_H5_ID type = tome_h5_text_type(width);
  TOME_H5_ID space = H5Screate_simple(1, (hsize_t[]){count}, NULL);
  return put(at, name, type, space, rows, err);
}

bool tome_h5_put_numbers(hid_t at, const char *name, hid_t type, int rank, const hsize_t *dims, const void *values,
                         tome_error *err) {
  TOME_H5_ID space = rank ? H5Screate_simple(rank, dims, NULL) : H5Screate(H5S_SCALAR);
  return put(at, name, type, space, values, err);
}

static hid_t open_attribute(hid_t at, const char *name, tome_error *err) {
  const hid_t attribute = H5Aopen(at, name, H5P_DEFAULT);
  if (attribute < 0) tome_h5_fail(err, TOME_CORRUPT, "attribute %s cannot be read", name);
  return attribute;
}

/* Elements of an attribute; -1 on failure. */
static hssize_t points(hid_t attribute) {
  TOME_H5_ID space = H5Aget_space(attribute);
  return space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
}

/* Reads a fixed-length text of one element; malloc'd, zero-terminated. */
static char *read_text(hid_t at, const char *name, tome_error *err) {
  TOME_H5_ID attribute = open_attribute(at, name, err);
  if (attribute < 0) return NULL;
  TOME_H5_ID type = H5Aget_type(attribute);
  const size_t size =
      type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 ? H5Tget_size(type) : 0;
  if (size == 0 || size > MOST_TEXT || points(attribute) != 1) {
    tome_fail(err, TOME_CORRUPT, "attribute %s is not one text of fixed length", name);
    return NULL;
  }
  char *text = tome_alloc_zero(size + 1, 1, name, err);
  if (text && H5Aread(attribute, type, text) >= 0) return text;
  if (text) tome_h5_fail(err, TOME_CORRUPT, "attribute %s cannot be read", name);
  free(text);
  return NULL;
}

bool tome_h5_get_text(hid_t at, const char *name, tome_arena *arena, const char **out, tome_error *err) {
  TOME_AUTO_FREE char *text = read_text(at, name, err);
  const char *copy = text ? tome_arena_dup(arena, text, err) : NULL;
  if (copy) *out = copy;
  return copy != NULL;
}

bool tome_h5_get_text_into(hid_t at, const char *name, char *out, size_t size, tome_error *err) {
  TOME_AUTO_FREE char *text = read_text(at, name, err);
  if (!text) return false;
  const size_t length = strlen(text);
  if (length >= size) return tome_fail(err, TOME_CORRUPT, "attribute %s is longer than %zu bytes", name, size - 1);
  memcpy(out, text, length + 1);
  return true;
}

bool tome_h5_get_numbers(hid_t at, const char *name, hid_t type, size_t count, void *out, tome_error *err) {
  TOME_H5_ID attribute = open_attribute(at, name, err);
  if (attribute < 0) return false;
  TOME_H5_ID stored = H5Aget_type(attribute);
  const H5T_class_t kind = stored < 0 ? H5T_NO_CLASS : H5Tget_class(stored);
  if ((kind != H5T_INTEGER && kind != H5T_FLOAT) || points(attribute) != (hssize_t)count)
    return tome_fail(err, TOME_CORRUPT, "attribute %s does not hold %zu numbers", name, count);
  if (H5Aread(attribute, type, out) < 0) return tome_h5_fail(err, TOME_CORRUPT, "attribute %s cannot be read", name);
  return true;
}
