/*
 * op.h - what a preprocessing step is to Tome: a vtable, a table of parameters, and a row in src/ops/ops.c.
 *
 * A step is asked three questions, always in this order:
 *   shape    what flows out, given what flows in?  Once a case, before any voxel is read; the only one that may fail.
 *   need     which box of the input does this box of the output depend on?  Pure; asked as often as anybody likes.
 *   compute  (or row) the voxels of that box.  Pure and total: no I/O, any box, any number of threads; fails only for want of memory.
 * Whatever a step has to look up (a label's range, a percentile) or work out (a filter's weights) it does in shape and leaves in
 * its state; need and compute see nothing else. So a box of a recipe's result is the same voxels as that box cut from the
 * whole result, and a whole recipe can be planned, checked and printed without touching the store.
 */
#ifndef TOME_EVAL_OP_H
#define TOME_EVAL_OP_H

#include "record/record.h"

/* ---- steps; the rows of their parameters (tome_param) and the values of an argument (tome_arg) are tome.h's ---- */

/* A step of a recipe: an op with its arguments, one for each row of op->params and in that order. */
typedef struct tome_step {
  const struct tome_op *op;
  const tome_arg *args;
  const char *text; /* canonical: every argument written out, defaults too */
} tome_step;

/* ---- what flows ---- */

/* A volume that need not exist: its grid, its type, and what lies outside it. */
typedef struct tome_flow {
  tome_geometry geometry;
  tome_dtype dtype;
  double fill;                    /* the value outside the grid: air for CT, background for labels, else 0 */
  bool is_label;                  /* label values: only ever moved, never mixed */
  const char *name;               /* "image", or the label map's name */
  const struct tome_past *values; /* the pointwise steps its values have been through; NULL: as stored */
  const char *unknown;            /* the step after which the case's statistics say nothing of its values; NULL: none */
} tome_flow;

/* One pointwise step in a flow's past. */
typedef struct tome_past {
  const struct tome_op *op;
  const void *state;
  tome_dtype dtype; /* of the flow behind it: integers round */
  const struct tome_past *before;
} tome_past;

/* A box of a flow, in memory: voxel (z, y, x) of the grid is element (z-lo0)*plane + (y-lo1)*row + (x-lo2). */
typedef struct tome_tile {
  tome_box box;
  tome_dtype dtype;
  int64_t plane, row; /* elements from one slice, one row to the next */
  void *data;
} tome_tile;

/* ---- what is known without reading voxels ---- */

typedef struct tome_facts {
  const tome_record *record; /* the case: grid, statistics, labels; NULL: nothing known */
  /* Histogram over all cases of the store: of the voxels in any label (NULL), or in one. Borrowed by the caller. NULL: no store at hand. */
  bool (*across)(void *ctx, const char *label, tome_histogram *out, tome_error *err);
  /* Box of the body, in the stored grid. NULL: nobody can say. */
  bool (*body)(void *ctx, tome_box *out, tome_error *err);
  void *ctx;
} tome_facts;

/* ---- the vtable ---- */

/* What a step acts on. Geometry steps act on image and labels alike, so that they never end on different grids. */
typedef enum tome_acts { TOME_ON_GRID, TOME_ON_IMAGE, TOME_ON_LABELS } tome_acts;

/* What shape is told. */
typedef struct tome_shaping {
  const tome_step *step;
  const tome_facts *facts; /* never NULL */
  const tome_flow *in;
  size_t count;                 /* flows in: 1, except for an op that joins */
  tome_arena *arena;            /* for what the state points to; lives as long as the state */
  const struct tome_node *grid; /* the grid that flows in, as a label map's would; for tome_know_box */
} tome_shaping;

typedef struct tome_op {
  const char *name;
  const char *title; /* one line: what it does */
  const char *example;
  tome_acts acts;
  bool joins; /* takes all label maps at once and gives one */
  const tome_param *params;
  size_t state; /* bytes, given to shape zeroed */

  /* `out` comes as a copy of in[0]; shape changes what the step changes. For pointwise steps the caller sees to fill and values. */
  bool (*shape)(const tome_shaping *s, tome_flow *out, void *state, tome_error *err);
  /* The input box that an output box (never empty, inside the output's grid) depends on; inside the input's grid, perhaps empty.
   * NULL: the same box. */
  void (*need)(const void *state, const tome_box *out, tome_box *in);

  /* How voxels are made: one of the two, or neither where the output's voxels are just those of the needed box, in that order (crop).
   * row: pointwise, on `n` voxels in a line as float32 (which holds every stored type exactly); `out` may be `in`. The caller converts to and
   * from flow types, rounding and saturating. */
  void (*row)(const void *state, const float *in, float *out, size_t n);
  /* compute: fills out->box from `count` input tiles, each exactly the needed box (data NULL where that is empty). All tiles are packed. Fails only
   * for want of memory, or stopped by `run`. */
  bool (*compute)(const void *state, const tome_tile *in, size_t count, const tome_tile *out, const tome_run *run,
                  tome_error *err);
  /* For a step that has to see all of its input before any box of it: called once a graph, before the first compute, with slabs of whole slices in
   * rising order, and with NULL after the last. What it learns it leaves in its state, in memory that forget frees (after a failure too). One
   * thread at a time; compute comes after. need still speaks of the box alone. NULL both: nothing to learn. */
  bool (*study)(void *state, const tome_tile *slab, tome_error *err);
  void (*forget)(void *state);
  /* What compute costs beside its tiles, for planning: bytes it allocates for this box. NULL: none. */
  size_t (*scratch)(const void *state, const tome_box *out, int threads);
  /* Neighbouring boxes share much work (a filter's margins): better one large box on all threads than many small ones. NULL: no. */
  bool (*wide)(const void *state);
} tome_op;

/* ---- for the authors of steps ---- */

/* The values of a parameter: the place of its row in the op's table. */
static inline const tome_arg *tome_arg_of(const tome_shaping *s, int row) { return &s->step->args[row]; }
static inline double tome_number_of(const tome_shaping *s, int row) { return s->step->args[row].items[0].a; }
static inline int tome_choice_of(const tome_shaping *s, int row) { return s->step->args[row].items[0].choice; }
static inline bool tome_given(const tome_shaping *s, int row) { return s->step->args[row].count > 0; }

/* Fails as the step: "resample:spacing=0.1: …". Returns false. */
bool tome_fail_step(const tome_shaping *s, tome_error *err, tome_code code, const char *fmt, ...) TOME_PRINTF(4, 5);

/* Values at a rank, and moments, of a set of voxels as the flow has them now: the stored histogram, carried through the pointwise
 * steps since. */
typedef struct tome_known {
  double min, max, mean, std; /* std is the population's */
  double low, high;           /* at the two ranks asked for */
} tome_known;
/* `over`: NULL all voxels of the stored image; "nonzero": those that are not 0 in the flow (of float images, whose histogram has bins: none nearer to 0
 * than a bin is wide); a label's name; "foreground": all labels of the case. `across`: of all
 * cases of the store, not only this one. Fails where nothing is known of it. Ranks in percent. */
TOME_MUST_USE bool tome_know_values(const tome_shaping *s, const char *over, bool across, const double ranks[2],
                                    tome_known *out, tome_error *err);
/* What the pointwise steps in a flow's past make of a stored value. */
float tome_flow_value(const tome_flow *f, float stored);
/* The box of a label ("any": of all of them; "body") in the grid that flows in: just the voxels that nearest fills from its stored box; where
 * that leaves none, the one closest to it. */
TOME_MUST_USE bool tome_know_box(const tome_shaping *s, const char *label, tome_box *out, tome_error *err);
/* Does this stored label go by that name? Its own name, "map/name", or the kind of structure it is ("tumor"). */
bool tome_label_goes_by(const tome_label *l, const char *name);

static inline void *tome_tile_row(const tome_tile *t, int64_t z, int64_t y) {
  return (char *)t->data +
         (size_t)((z - t->box.lo[0]) * t->plane + (y - t->box.lo[1]) * t->row) * tome_dtype_size(t->dtype);
}
/* A packed tile. */
tome_tile tome_tile_of(const tome_box *box, tome_dtype dtype, void *data);
/* Copies the voxels that both tiles (of one type) hold. */
void tome_tile_copy(const tome_tile *from, const tome_tile *to);
/* Sets a box of a tile to one value, converted as tome_row_from_float does. */
void tome_tile_fill(const tome_tile *t, const tome_box *box, double value);

/* A row of any type from and to float32: to integers by rounding half to even, saturating; NaN becomes 0. */
void tome_row_to_float(tome_dtype from, const void *in, float *out, size_t n);
void tome_row_from_float(tome_dtype to, const float *in, void *out, size_t n);

#endif
