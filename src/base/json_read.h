/* JSON (RFC 8259) read strictly and within bounds, for the small descriptions that data sets carry (dataset.json). */
#ifndef TOME_BASE_JSON_READ_H
#define TOME_BASE_JSON_READ_H

#include "base/file.h"

typedef enum tome_json_kind {
  TOME_JSON_NULL = 0,
  TOME_JSON_FALSE,
  TOME_JSON_TRUE,
  TOME_JSON_NUMBER,
  TOME_JSON_TEXT,
  TOME_JSON_ARRAY,
  TOME_JSON_OBJECT
} tome_json_kind;

typedef struct tome_json tome_json;
struct tome_json {
  tome_json_kind kind;
  const char *key;  /* of an object's member; else NULL */
  const char *text; /* TEXT: UTF-8 without NUL; NUMBER: as written */
  double number;
  tome_json *first, *next; /* of ARRAY and OBJECT: the elements, in order */
};

/* Parses `size` bytes. `name` is what messages call them: "name:line:column: what is wrong". More than 32 levels or a million values are refused
 * (TOME_UNSUPPORTED), anything that RFC 8259 does not allow is TOME_CORRUPT; a byte order mark is passed over. All of it lives in `arena`. */
TOME_MUST_USE tome_json *tome_json_parse(const char *text, size_t size, const char *name, tome_arena *arena,
                                         tome_error *err);
/* The same of a file of at most 16 MiB. */
TOME_MUST_USE tome_json *tome_json_file(const char *path, tome_arena *arena, tome_error *err);
/* The member of that key (the last of several, as everybody reads it); NULL where there is none or `j` is no object or NULL. */
const tome_json *tome_json_member(const tome_json *j, const char *key);
/* The text of a TEXT; NULL for all else. */
const char *tome_json_text(const tome_json *j);

#endif
