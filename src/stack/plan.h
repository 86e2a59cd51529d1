/* plan.h - what the files of this module share on the way from pieces to volumes. Not for other modules.
 *
 * Inside a group a refusal travels as an ordinary tome_error; stack.c turns it into a fault of that group, so that it
 * never stops the others. Only a cancelled run, or no memory to write the fault down, stops everything. */
#ifndef TOME_STACK_PLAN_H
#define TOME_STACK_PLAN_H

#include "base/threads.h"
#include "stack/stack.h"

typedef enum tome_group_kind {
  TOME_GROUP_SLICES, /* 2-D pieces that know where they lie */
  TOME_GROUP_NAMED,  /* 2-D pieces that know nothing: ordered by their names (PNG) */
  TOME_GROUP_VOLUME  /* one 3-D piece */
} tome_group_kind;

/* Pieces that make one volume, if they can. Everything it points to is in the result's arena. */
typedef struct tome_group {
  tome_group_kind kind;
  const tome_piece **items;
  size_t count, cap;
  const char **notes;
  size_t note_count, note_cap;
  tome_repair *repairs;
  size_t repair_count, repair_cap;
  /* Filled by ordering. */
  double normal[3]; /* slices: unit normal of the plane */
  double *place;    /* slices: mm along the normal; named: the number in the name (or 0, 1, 2 …) */
  bool numbered;    /* named: the numbers are those in the names */
} tome_group;

typedef struct tome_groups {
  tome_group *items;
  size_t count, cap;
} tome_groups;

typedef struct tome_stack_job {
  const tome_stack_options *opt;
  const tome_run *run;
  tome_stack_result *out; /* owns the arena */
} tome_stack_job;

/* How evenly positions are spaced. Lengths in mm (named slices: in numbers). */
typedef struct tome_spacing {
  double step[3];   /* (last - first) / intervals of the full grid, world mm */
  double length;    /* of `step`, along the normal */
  double mean;      /* (last - first) / (count - 1), along the normal */
  double median;    /* lower median of the steps along the normal */
  double tolerance; /* how far a slice may lie from the even grid */
  bool even;
  double worst; /* distance of the slice furthest from the even grid of the mean step */
  size_t worst_at;
  double sideways; /* the part of such distances that lies within the slices' plane, at its worst */
  int64_t *index;  /* place of each slice on the full grid, from 0; valid where even or missing > 0 */
  int64_t missing; /* slices missing; 0 where the steps are not whole multiples of one */
  size_t gaps;     /* between how many pairs of neighbours */
  size_t widest;   /* the widest gap lies between slice `widest` and the next */
} tome_spacing;

/* group.c: which pieces belong together. */
TOME_MUST_USE bool tome_stack_group(const tome_stack_job *job, const tome_piece **pieces, size_t count,
                                    tome_groups *out, tome_error *err);
TOME_MUST_USE tome_group *tome_groups_add(tome_groups *g, tome_arena *a, tome_group_kind kind, tome_error *err);
TOME_MUST_USE bool tome_group_push(tome_group *g, tome_arena *a, const tome_piece *p, tome_error *err);
TOME_MUST_USE bool tome_group_note(tome_group *g, tome_arena *a, tome_error *err, const char *fmt, ...)
    TOME_PRINTF(4, 5);
TOME_MUST_USE bool tome_group_repair(tome_group *g, tome_arena *a, const char *kind, tome_error *err, const char *fmt,
                                     ...) TOME_PRINTF(5, 6);
/* The order before any geometry: by path as people count, then frame. */
int tome_piece_compare(const tome_piece *a, const tome_piece *b);

/* order.c: checks the tags a slice must have, sorts along the normal. */
TOME_MUST_USE bool tome_stack_order(const tome_stack_job *job, tome_group *g, tome_error *err);
/* Sorts g's items by place, then instance, path and frame. */
TOME_MUST_USE bool tome_group_sort(tome_group *g, tome_arena *a, tome_error *err);
/* names.c: the same for slices that have only names. */
TOME_MUST_USE bool tome_stack_order_names(const tome_stack_job *job, tome_group *g, tome_error *err);

/* phases.c: where several images share one position and temporal position, acquisition or image type tells them apart,
 * appends one group a phase to `out`; else appends g itself. */
TOME_MUST_USE bool tome_stack_phases(const tome_stack_job *job, tome_group *g, tome_groups *out, tome_error *err);

/* twins.c: leaves one slice at each place, or refuses. */
TOME_MUST_USE bool tome_stack_duplicates(const tome_stack_job *job, tome_group *g, tome_error *err);
/* Only copies of one image (same SOP instance UID and frame, same pixels) are dropped. */
TOME_MUST_USE bool tome_stack_copies(const tome_stack_job *job, tome_group *g, tome_error *err);
/* One past the last slice at the place of slice i. */
size_t tome_group_run(const tome_group *g, size_t i);

/* spacing.c: pure arithmetic. `index` has room for `count` numbers, count >= 2; places rise strictly. */
void tome_spacing_measure(const double (*position)[3], const double *place, size_t count, int64_t *index,
                          tome_spacing *out);
void tome_spacing_numbers(const double *number, size_t count, int64_t *index, tome_spacing *out);

/* build.c: one volume (or with --gap=split several) out of an ordered group without duplicates. */
TOME_MUST_USE bool tome_stack_build(const tome_stack_job *job, tome_group *g, tome_error *err);
/* The world geometry of pieces that carry none: from opt->like or opt->spacing. */
TOME_MUST_USE bool tome_stack_borrow_geometry(const tome_stack_options *opt, const int64_t shape[3],
                                              const tome_piece *p, tome_geometry *out, tome_error *err);

/* faults.c: the sentences. Each returns false. */
bool tome_fault_duplicates(const tome_group *g, size_t at, size_t places, tome_error *err);
bool tome_fault_gap(const tome_group *g, const tome_spacing *s, tome_error *err);
bool tome_fault_uneven(const tome_group *g, const tome_spacing *s, tome_error *err);
bool tome_fault_series(const tome_pieces *pieces, const char *wanted, tome_error *err);
/* "instance 9", or the file's name where it has no number. */
const char *tome_piece_called(const tome_piece *p, char *out, size_t size);
/* "2 slices missing in 1 gap: …", shared by the fault and the record of the repair. */
void tome_gap_words(const tome_group *g, const tome_spacing *s, char *out, size_t size);

#endif
