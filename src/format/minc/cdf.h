/* netCDF classic (CDF-1, CDF-2), the container of MINC 1: dimensions, variables and their attributes. Inside src/format only. */
#ifndef TOME_FORMAT_MINC_CDF_H
#define TOME_FORMAT_MINC_CDF_H

#include "format/format.h"

enum { TOME_CDF_DIMS = 8 };

typedef enum tome_cdf_type { CDF_BYTE = 1, CDF_CHAR, CDF_SHORT, CDF_INT, CDF_FLOAT, CDF_DOUBLE } tome_cdf_type;

typedef struct tome_cdf_attribute {
  const char *name;
  tome_cdf_type type;
  size_t count;
  const uint8_t *data; /* big-endian */
} tome_cdf_attribute;

typedef struct tome_cdf_variable {
  const char *name;
  tome_cdf_type type;
  int dims;
  uint64_t shape[TOME_CDF_DIMS];
  const char *dim_names[TOME_CDF_DIMS];
  bool record; /* of the unlimited dimension: its data is not in one piece */
  tome_cdf_attribute *attributes;
  size_t attribute_count;
  uint64_t begin, bytes;
} tome_cdf_variable;

typedef struct tome_cdf {
  const char *path;
  tome_cdf_variable *variables;
  size_t variable_count;
} tome_cdf;

/* Reads the header; everything lies in the arena. Messages may lack the path. */
TOME_MUST_USE bool tome_cdf_read(const char *path, tome_arena *arena, tome_cdf *out, tome_error *err);
const tome_cdf_variable *tome_cdf_variable_of(const tome_cdf *c, const char *name);
const tome_cdf_attribute *tome_cdf_attribute_of(const tome_cdf_variable *v, const char *name);
size_t tome_cdf_numbers(const tome_cdf_attribute *a, double *out, size_t most);
void tome_cdf_text(const tome_cdf_attribute *a, char *out, size_t size);
size_t tome_cdf_size(tome_cdf_type t); /* bytes of one */

#endif
