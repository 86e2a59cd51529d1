/* app.h - what the files of src/app share: the store's handle and the running ingest. Everything public is in tome.h. */
#ifndef TOME_APP_H
#define TOME_APP_H

#include "base/threads.h"
#include "index/index.h"
#include "layout/layout.h"
#include "store/store.h"

/* A handle holds names only: nothing open, so that it may cross a fork and be shared by threads. */
struct tome_store {
  char *path, *cases, *refused, *index, *archive;
};

/* ---- store.c --- */
TOME_MUST_USE tome_index *tome_store_index(const tome_store *s,
                                           tome_error *err); /* opened for writing, made where missing */
void tome_auto_index(tome_index **ix);
#define TOME_AUTO_INDEX TOME_CLEANUP(tome_auto_index)

/* ---- ids.c --- */
TOME_MUST_USE char *tome_case_path(const tome_store *s, const char *id,
                                   tome_error *err); /* cases/<id>.h5, malloc'd; checks the id */
/* TOME_NOT_FOUND, naming a near miss. */
bool tome_fail_no_case(const tome_store *s, const char *id, tome_error *err);
/* Ids of all case files, in natural order, in `arena`. */
TOME_MUST_USE bool tome_list_ids(const tome_store *s, tome_arena *arena, const char ***ids, size_t *count,
                                 tome_error *err);
/* Writes archive.h5 anew from the case files; one process at a time. */
TOME_MUST_USE bool tome_update_archive(const tome_store *s, tome_error *err);
/* Reads one case file's record, with its size. */
TOME_MUST_USE bool tome_read_record(const tome_store *s, const char *id, tome_record *out, tome_error *err);
/* Puts cases into the index that a crash left out of it, and drops rows whose file is gone. */
TOME_MUST_USE bool tome_reconcile(const tome_store *s, tome_index *ix, tome_error *err);

/* ---- refusal.c: what was refused, kept in refused/ so that the index can be rebuilt --- */
typedef struct tome_refusal {
  const char *id, *path, *code, *text;
} tome_refusal;
TOME_MUST_USE bool tome_refusal_keep(const tome_store *s, tome_index *ix, const tome_refusal *r, tome_error *err);
TOME_MUST_USE bool tome_refusal_drop(const tome_store *s, tome_index *ix, const char *id, tome_error *err);
TOME_MUST_USE bool tome_refusal_reindex(const tome_store *s, tome_index *ix, tome_error *err);
const char *tome_code_name(tome_code code); /* "geometry", "corrupt", … for the problems table */

/* ---- the running ingest --- */
typedef struct tome_ingesting {
  tome_store *store;
  const tome_ingest_options *opt;
  const tome_run *run; /* the caller's */
  tome_run quiet;      /* the same without progress: for inner loops */
  void (*on_event)(void *user, const tome_event *event);
  void *user;
  tome_ingest_summary sum;
  tome_progress progress;
  tome_index *index;
  tome_drawing_input *drawings; /* the plan's */
  size_t drawing_count;
} tome_ingesting;

/* ---- talk.c --- */
void tome_say(tome_ingesting *in, tome_event_kind kind, const char *id, const char *path, const char *text);
TOME_MUST_USE bool tome_refuse(tome_ingesting *in, const char *id, const char *path, tome_code code, const char *text,
                               tome_error *err);

/* ---- scan.c: an input's files as stacked volumes --- */
typedef struct tome_scanned {
  tome_pieces pieces;
  tome_stack_result stacked;
  tome_drawing drawn; /* in place of the two above, where the file is a drawing; else empty */
  const tome_passed_over
      *damaged; /* a file that could not be read, beside series that could; in `pieces`; NULL: none */
} tome_scanned;
void tome_scanned_clear(tome_scanned *s);
/* `like`: the image a label belongs to, NULL for images. */
TOME_MUST_USE bool tome_scan_input(tome_ingesting *in, const tome_input *input, const tome_geometry *like,
                                   tome_scanned *out, tome_error *err);
/* Outlines the drawing `input` is, into out->drawn. False with err untouched where it is none. */
TOME_MUST_USE bool tome_scan_drawing(const tome_input *input, tome_scanned *out, tome_error *err);
TOME_MUST_USE bool tome_add_drawing_source(tome_ingesting *in, const tome_input *input, const tome_drawing *d,
                                           const char *role, tome_record *r, tome_error *err);
/* Takes the root's own path out of a sentence, in place: what is kept says nothing of the machine. */
void tome_forget_root(const tome_input *input, char *text);
/* Adds the volume's source files to the record, each hashed (on all cores), in slice order. */
TOME_MUST_USE bool tome_add_sources(tome_ingesting *in, const tome_input *input, const tome_stacked *v,
                                    const char *role, tome_record *r, tome_error *err);
/* record->source_hash from its sources. `part` tells volumes of one file apart (a frame number, "" otherwise). */
TOME_MUST_USE bool tome_hash_sources(tome_record *r, const char *part, tome_error *err);

/* ---- make.c: one volume and its labels into a case --- */
TOME_MUST_USE bool tome_make_case(tome_ingesting *in, const tome_case_input *input, const tome_scanned *image,
                                  size_t volume, const char *id, bool with_labels, tome_error *err);

/* ---- apart.c --- */
/* Writes a volume to `path`, and to a second file beside it where the format asks for one by that name: both appear, or neither. `force` overwrites. */
TOME_MUST_USE bool tome_write_files(const tome_format *f, const char *path, const tome_volume *v,
                                    const tome_write_options *o, bool force, tome_error *err);

/* ---- label.c --- */
typedef struct tome_merging tome_merging;
/* Loads label `i`, brings it onto the image's grid, measures it into the record, writes it, paints it into the merged map. */
TOME_MUST_USE bool tome_make_label(tome_ingesting *in, const tome_label_input *input, const tome_scanned *scan,
                                   const tome_loaded *image, tome_record *r, tome_case_writer *w, tome_merging *merging,
                                   tome_error *err);
/* drawn.c: the same for a drawing. Structures that do not overlap share one map, called input->map (NULL: after the structure, or "segmentation",
 * "structures"), each with its number as the file has it (RTSTRUCT: 1, 2 …); where they overlap each has a map of its own. */
TOME_MUST_USE bool tome_make_drawn(tome_ingesting *in, const tome_label_input *input, const tome_drawing *d,
                                   const tome_loaded *image, tome_record *r, tome_case_writer *w, tome_merging *merging,
                                   tome_error *err);
/* Measures and writes one map. `names` as in tome_label_input. */
TOME_MUST_USE bool tome_put_map(tome_ingesting *in, const tome_volume *map, const char *name,
                                const tome_value_name *names, size_t name_count, const tome_loaded *image,
                                tome_record *r, tome_case_writer *w, tome_error *err);

/* ---- align.c --- */
/* Where `label` is the image's grid with axes flipped or swapped (the same voxels in the patient, listed in another order), puts its voxels into the image's
 * order and says so in `text` (of `size` bytes; "" where nothing had to be done). False with TOME_GEOMETRY where the grids differ. */
TOME_MUST_USE bool tome_align_label(tome_volume *label, const tome_geometry *image, const tome_run *run, char *text,
                                    size_t size, tome_error *err);

struct tome_turn;
/* Lists the voxels in another order: those of `v` as they stand, into the shape of `g`. v->geometry is left to the caller. */
TOME_MUST_USE bool tome_move_voxels(tome_volume *v, const struct tome_turn *turn, const tome_geometry *g,
                                    const tome_run *run, tome_error *err);

/* ---- merge.c: "liver=1,livertumor*=2" --- */
TOME_MUST_USE bool tome_merging_check(const char *rows, tome_error *err); /* TOME_USAGE where they are malformed */
TOME_MUST_USE tome_merging *tome_merging_new(const char *rows, const tome_geometry *g, tome_error *err);
void tome_merging_free(tome_merging *m);
/* Paints the voxels of `map` whose value's name (or the map's name) a row matches. Later rows lie on top, whatever order maps come in. */
TOME_MUST_USE bool tome_merging_paint(tome_merging *m, const tome_volume *map, const char *map_name,
                                      const tome_label *labels, size_t label_count, tome_error *err);
/* The merged map, its voxels still owned by m, and the names of its values (in `arena`). */
TOME_MUST_USE bool tome_merging_finish(tome_merging *m, tome_arena *arena, const tome_volume **map,
                                       tome_value_name **names, size_t *name_count, tome_error *err);

/* ---- problems.c: what a person should know of a case --- */
TOME_MUST_USE bool tome_find_image_problems(tome_index *ix, const char *input, tome_record *r, tome_error *err);
TOME_MUST_USE bool tome_find_label_problems(const tome_volume *map, const char *name, const tome_loaded *image,
                                            const tome_run *run, tome_record *r, size_t first_label, tome_error *err);

#endif
