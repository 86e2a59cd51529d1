/* scan.h - what the layouts look at: a walked tree with its folders made explicit, and which files are taken already. */
#ifndef TOME_LAYOUT_SCAN_H
#define TOME_LAYOUT_SCAN_H

#include "layout/layout.h"
#include "layout/words.h"

#define TOME_NOWHERE SIZE_MAX

/* What a folder that is a store holds: a store beside the scans is no input. */
#define TOME_STORE_MARK "index.sqlite"

typedef struct tome_folder {
  const char *path; /* relative to the root; "" is the root */
  const char *full; /* as it can be opened */
  const char *name; /* its own name; the root's too */
  size_t parent;    /* TOME_NOWHERE for the root */
  size_t *files;    /* entries directly in it, in natural order */
  size_t file_count;
  size_t *subs; /* folders directly in it */
  size_t sub_count;
} tome_folder;

/* A label that no image fits. */
typedef struct tome_orphan {
  size_t entry;
  const char *why; /* a literal; equal ones are told in one sentence a folder */
} tome_orphan;

struct tome_scan {
  const tome_tree *tree;
  const tome_run *run;
  bool alone;           /* only one layout was asked for */
  bool is_file;         /* the root is one file */
  size_t first_case;    /* cases of the plan from here on are this scan's */
  bool *claimed;        /* one an entry */
  size_t *folder_of;    /* the folder an entry lies in */
  tome_folder *folders; /* [0] is the root */
  size_t folder_count;
  tome_orphan *orphans;
  size_t orphan_count, orphan_cap;
  const char *outside; /* real path of the folder that holds the root, for names: never shown */
  tome_arena arena;
};

TOME_MUST_USE bool tome_scan_open(const tome_tree *tree, const tome_run *run, tome_scan *out, tome_error *err);
void tome_scan_close(tome_scan *s);

/* A list of entries. */
typedef struct tome_picks {
  size_t *items;
  size_t count, cap;
} tome_picks;
TOME_MUST_USE bool tome_picks_add(tome_scan *s, tome_picks *p, size_t entry, tome_error *err);

/* The entry's own name. */
const char *tome_scan_name(const tome_scan *s, size_t entry);
/* What messages call it: its path, or its name where it is the root. */
const char *tome_scan_shown(const tome_scan *s, size_t entry);
const char *tome_scan_shown_folder(const tome_scan *s, size_t folder);
/* The folder with that path; TOME_NOWHERE where there is none. */
size_t tome_scan_folder(const tome_scan *s, const char *path);
/* The folder that holds the thing at a path relative to the root. */
size_t tome_scan_folder_over(const tome_scan *s, const char *path);
/* A direct subfolder by name. */
size_t tome_scan_sub(const tome_scan *s, size_t folder, const char *name);
/* Unclaimed files of the kinds in `kinds` (bits 1 << tome_name_kind) in a folder, and below it where `deep`; claims them. */
TOME_MUST_USE bool tome_scan_take(tome_scan *s, size_t folder, unsigned kinds, bool deep, tome_picks *out,
                                  tome_error *err);
/* Claims a label that no image fits; leftovers.c makes the sentences. */
TOME_MUST_USE bool tome_scan_orphan(tome_scan *s, size_t entry, const char *why, tome_error *err);
/* Does so with every picture left whose name `is` holds for, in any folder. */
TOME_MUST_USE bool tome_scan_orphan_pictures(tome_scan *s, bool (*is)(const tome_scan *s, size_t entry),
                                             const char *why, tome_error *err);
/* True for the .img of a pair whose .hdr is there too: the pair counts once. */
bool tome_is_second_half(const tome_scan *s, size_t entry);
/* The nearest folder at or above `folder` whose name speaks of labels; TOME_NOWHERE where none does. */
size_t tome_labels_above(const tome_scan *s, size_t folder);
/* The name of the format that a file's bytes are ("dicom"), "" where nobody knows or nobody can read it. NULL: no memory. */
TOME_MUST_USE const char *tome_scan_probe(tome_scan *s, size_t entry, tome_error *err);

/* ---- planning (plan.c): everything is copied into the plan's arena ---- */

/* A case named `name` in `folder` of the scan (its path is for telling equal names apart). Borrowed until the next one is added. */
TOME_MUST_USE tome_case_input *tome_plan_case(tome_plan *p, const tome_scan *s, const char *layout, const char *name,
                                              size_t folder, tome_error *err);
/* A case named after a folder: "CT" becomes "patient1_CT", "patient1/images" becomes "patient1". */
TOME_MUST_USE tome_case_input *tome_plan_case_of_folder(tome_plan *p, const tome_scan *s, const char *layout,
                                                        size_t folder, tome_error *err);
/* A label map of a case; `map` is made unique within it and safe. The files are `picks`. */
TOME_MUST_USE bool tome_plan_label(tome_plan *p, tome_case_input *c, const char *map, const tome_scan *s,
                                   const tome_picks *picks, const char *shown, tome_error *err);
/* A further channel of a case, whose image_name is set. */
TOME_MUST_USE bool tome_plan_channel(tome_plan *p, tome_case_input *c, const char *name, const tome_scan *s,
                                     const tome_picks *picks, const char *shown, tome_error *err);
TOME_MUST_USE bool tome_plan_input(tome_plan *p, const tome_scan *s, const tome_picks *picks, const char *shown,
                                   tome_input *out, tome_error *err);
TOME_MUST_USE bool tome_plan_pass_over(tome_plan *p, const char *path, tome_error *err, const char *fmt, ...)
    TOME_PRINTF(4, 5);
/* The case whose image begins with that file; NULL where there is none. */
tome_case_input *tome_plan_find(const tome_plan *p, const char *path);

/* ---- files by name (beside.c); `kinds` are bits 1 << tome_name_kind ---- */

enum {
  TOME_PICTURES = 1u << TOME_NAME_PNG | 1u << TOME_NAME_PICTURE,
  TOME_VOLUMES = 1u << TOME_NAME_NIFTI, /* of one file */
};
/* The file of that name without its extension, in a folder; TOME_NOWHERE. */
size_t tome_scan_file(const tome_scan *s, size_t folder, const char *stem, unsigned kinds);
/* There, or in one of the folders beside it. */
size_t tome_scan_file_beside(const tome_scan *s, size_t folder, const char *stem, unsigned kinds);
/* The file of exactly that name. */
size_t tome_scan_named(const tome_scan *s, size_t folder, const char *name);
/* A case named after its one file. The input of a picture gets a spacing of 1 mm, which stands in for what pictures do not say. Claims the file. */
TOME_MUST_USE tome_case_input *tome_plan_case_of_file(tome_plan *p, tome_scan *s, const char *layout, size_t entry,
                                                      tome_error *err);
TOME_MUST_USE bool tome_plan_image_file(tome_plan *p, tome_scan *s, tome_case_input *c, size_t entry, tome_error *err);
TOME_MUST_USE bool tome_plan_channel_file(tome_plan *p, tome_scan *s, tome_case_input *c, const char *name,
                                          size_t entry, tome_error *err);
/* Nothing where `entry` is TOME_NOWHERE or taken. `names` outlive the plan (a table, or in its arena). */
TOME_MUST_USE bool tome_plan_label_file(tome_plan *p, tome_scan *s, tome_case_input *c, const char *map, size_t entry,
                                        const tome_value_name *names, size_t name_count, tome_error *err);

/* tome_plan_one without the naming: adds the case and returns it, borrowed. NULL: err says why, *at (may be NULL) is the channel or label that failed, NULL where
 * it was the id or the image. */
TOME_MUST_USE tome_case_input *tome_plan_said(const tome_said_case *said, tome_plan *plan, const tome_named_path **at,
                                              tome_error *err);

/* Gives every case its id (ids.c) and sorts by it. */
TOME_MUST_USE bool tome_plan_name_all(tome_plan *p, tome_error *err);
/* `name` with what a file name cannot hold as '_': '/', control characters, bytes that are no UTF-8, a leading dot; at most
 * 200 bytes. In the arena. */
TOME_MUST_USE char *tome_safe_name(tome_arena *a, const char *name, tome_error *err);

/* What no layout claimed: one sentence a kind (leftovers.c). `only` as in tome_plan_root. */
TOME_MUST_USE bool tome_plan_leftovers(tome_plan *p, const tome_scan *s, const char *only, tome_error *err);

/* A case of one NIfTI file, or of a DICOM folder's files: what png-stack needs of its neighbours. */
TOME_MUST_USE tome_case_input *tome_nifti_case(tome_plan *p, tome_scan *s, size_t entry, tome_error *err);
TOME_MUST_USE tome_case_input *tome_dicom_case(tome_plan *p, tome_scan *s, size_t folder, tome_error *err);
/* Unclaimed files that make the DICOM input of a folder (claims them); none where it holds no DICOM. */
TOME_MUST_USE bool tome_dicom_files(tome_scan *s, size_t folder, tome_picks *out, tome_error *err);

#endif
