/* output_inside.h - what the kinds of output share. A kind is one vtable in one file: output_file.c (one array a file), output_png.c (one slice a
 * file), output_npz.c, output_archive.c. output.c is the front. */
#ifndef TOME_APP_OUTPUT_INSIDE_H
#define TOME_APP_OUTPUT_INSIDE_H

#include "app/output.h"
#include "app/template.h"
#include "base/hash.h"

/* An item with what is worked out of it once. */
typedef struct tome_outgoing {
  const tome_output_item *item;
  char key[TOME_HASH_TEXT]; /* of all that decides what its voxels are */
  const char **paths;       /* one a volume that is written; PNG: of slice 0 */
  size_t
      count; /* files (PNG: stacks of them): volumes that are written, at least 1, for the item may come without them; together: 1 */
  tome_arena arena;
} tome_outgoing;

typedef struct tome_output_kind {
  bool together; /* all volumes in one file */
  bool archive;  /* all items in one file */
  bool (*open)(tome_output *o, tome_error *err);
  bool (*check)(const tome_output *o, const tome_outgoing *g, tome_error *err); /* types and shapes; NULL: any */
  bool (*has)(const tome_output *o, const tome_outgoing *g);
  bool (*put)(tome_output *o, const tome_outgoing *g, tome_error *err);
  bool (*commit)(tome_output *o, tome_error *err);
  bool (*broken)(const tome_output *o);
  void (*close)(tome_output *o);
} tome_output_kind;

extern const tome_output_kind tome_output_kind_file, tome_output_kind_png, tome_output_kind_npz,
    tome_output_kind_archive, tome_output_kind_folder;

struct tome_output {
  const tome_output_kind *kind;
  tome_output_options opt;
  tome_template names;
  const char *ending; /* of the pattern: ".nii.gz" */
  const tome_format *format;
  void *state;          /* the kind's own */
  pthread_mutex_t lock; /* guards what follows */
  struct tome_taken *taken;
  size_t taken_count, taken_cap;
  tome_arena arena;
};

tome_run tome_output_run(const tome_output *o); /* for compressing */
/* The name of one file. z < 0: {z} stays as it is. */
TOME_MUST_USE const char *tome_output_name(const tome_output *o, const tome_output_item *item, size_t volume, int64_t z,
                                           tome_arena *arena, tome_error *err);

/* ---- carry.c: what goes along with the voxels --- */
/* Hash of id, n, recipe hash, voxel hash and facts. */
void tome_carry_key(const tome_output_item *item, char key[TOME_HASH_TEXT]);
/* All of it as one line of JSON in pure ASCII. `volume` NULL: of the item. `more`: members to be added ("\"slices\":3"), or NULL. */
TOME_MUST_USE const char *tome_carry_json(const tome_outgoing *g, const tome_output_volume *volume, const char *more,
                                          tome_arena *arena, tome_error *err);
/* Up to `size` first bytes of a file, inflated where it is gzip; 0 where it cannot be read. */
size_t tome_carry_head(const char *path, void *out, size_t size);
/* True where the file holds the key among its first bytes (inflated where it is gzip). */
bool tome_carry_found(const char *path, const void *key, size_t size);
/* The same for a JSON, a NIfTI or a PNG: "key":"…". */
bool tome_carry_found_json(const char *path, const char *key);

/* ---- output_file.c --- */
/* Makes the folders that a path lies in. */
TOME_MUST_USE bool tome_output_folder_of(const char *path, tome_error *err);
typedef bool (*tome_file_writer)(void *ctx, int fd, tome_error *err);
/* A file that appears whole or not at all, its folders made. Overwrites where o->opt.force. */
TOME_MUST_USE bool tome_output_file(const tome_output *o, const char *path, tome_file_writer write, void *ctx,
                                    tome_error *err);

#endif
