/*
 * tome.h - everything a program needs to keep medical scans in a Tome store.
 *
 * This is the one installed header. It holds two things: the plain types that every part of Tome shares
 * (errors, boxes, geometries, element types), and the calls that a program or a binding links against.
 *
 * Rules that hold for every call below:
 *  - Arrays, boxes, shapes and spacings are ordered (z, y, x). Lengths are millimetres.
 *    World points and directions are LPS, components in the order (x, y, z), as in DICOM and ITK.
 *  - A call that can fail returns bool (constructors: a pointer, NULL on failure) and takes `tome_error *err`
 *    last. `err` may be NULL; otherwise it must be zero-initialised: the first failure is kept.
 *    On failure outputs are untouched.
 *  - The library never prints, never exits, and keeps no global state that a caller can see.
 *  - Different threads may use one tome_store or tome_case for reading at the same time. A store opened before
 *    fork() works in the child. Handles are released by the *_close call of the same name, which takes NULL.
 *  - A returned `const T *` is borrowed from the first argument and lives as long as it does.
 */
#ifndef TOME_H
#define TOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TOME_VERSION "0.1.0"

#if defined(__GNUC__)
#define TOME_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define TOME_MUST_USE __attribute__((warn_unused_result))
#define TOME_API __attribute__((visibility("default")))
#else
#define TOME_PRINTF(fmt, args)
#define TOME_MUST_USE
#define TOME_API
#endif

/* ---- errors --------------------------------------------------------------------------------------------- */

typedef enum tome_code {
  TOME_OK = 0,
  TOME_CANCELLED,   /* the caller's stop() said so */
  TOME_NO_MEMORY,   /* the allocator said no, or a size is over the limit */
  TOME_IO,          /* the operating system said no: errno's text is in the message */
  TOME_CORRUPT,     /* the bytes contradict their own format */
  TOME_UNSUPPORTED, /* well-formed, but nothing here reads it */
  TOME_USAGE,       /* the call itself is wrong */
  TOME_NOT_FOUND,   /* no such case, data set, file */
  TOME_EXISTS,      /* would overwrite */
  TOME_GEOMETRY,    /* slices or grids that do not fit together; the message names the remedy */
  TOME_VALUE        /* voxels that cannot be what they are said to be (a label of 0.5) */
} tome_code;

/* One sentence for a person: names the file, the number and the remedy. */
typedef struct tome_error {
  tome_code code;
  char message[1020];
} tome_error;

/* ---- grids ---------------------------------------------------------------------------------------------- */

enum { TOME_Z = 0, TOME_Y = 1, TOME_X = 2 };

/* Half-open box of voxel indices: lo <= i < hi on each axis (z, y, x). Empty where hi <= lo. */
typedef struct tome_box {
  int64_t lo[3], hi[3];
} tome_box;

/* Where a grid of voxels lies in the patient.
 * The centre of voxel (z, y, x) is at  origin + z*spacing[0]*direction[0] + y*spacing[1]*direction[1]
 * + x*spacing[2]*direction[2].  direction[a] is the unit vector (world x, y, z; LPS) along index axis a; the three need
 * not be orthogonal (a tilted gantry shears the slices), but are never dependent. */
typedef struct tome_geometry {
  int64_t shape[3];  /* voxels, each >= 1 */
  double spacing[3]; /* mm, each > 0 */
  double origin[3];  /* world LPS mm of voxel (0,0,0): x, y, z */
  double direction[3][3];
} tome_geometry;

typedef enum tome_dtype {
  TOME_NONE = 0,
  TOME_U8,
  TOME_I8,
  TOME_U16,
  TOME_I16,
  TOME_U32,
  TOME_I32,
  TOME_U64,
  TOME_I64,
  TOME_F32,
  TOME_F64
} tome_dtype;

/* Bytes of one element; 0 for TOME_NONE. */
TOME_API size_t tome_dtype_size(tome_dtype dtype);
/* NumPy's name ("int16"); "none" for TOME_NONE. */
TOME_API const char *tome_dtype_name(tome_dtype dtype);
/* "z0:z1,y0:y1,x0:x1"; an empty bound means the shape's own, negative bounds count from the end as in Python. */
TOME_API TOME_MUST_USE bool tome_box_parse(const char *text, const int64_t shape[3], tome_box *out, tome_error *err);
/* World LPS mm of a (fractional) voxel index (z, y, x). */
TOME_API void tome_geometry_to_world(const tome_geometry *g, const double zyx[3], double xyz[3]);

/* ---- how a long call runs ------------------------------------------------------------------------------- */

typedef struct tome_progress {
  const char *phase;                /* "scan", "ingest", "verify" … */
  const char *item;                 /* the case or file in hand, or "" */
  uint64_t items_done, items_total; /* cases or files; total 0 while unknown */
  uint64_t bytes_done, bytes_total; /* input bytes; total 0 while unknown */
} tome_progress;

/* Zero-initialise for the defaults; NULL means the same. */
typedef struct tome_run {
  int threads;                                            /* 0: all processors this process may use */
  bool (*stop)(void *user);                               /* true cancels; called from any thread, often */
  void (*progress)(void *user, const tome_progress *now); /* at most ~10 a second, one thread at a time */
  void *user;
} tome_run;

/* ---- the store ------------------------------------------------------------------------------------------ */

typedef struct tome_store tome_store;
typedef struct tome_case tome_case;

/* Makes an empty store (a folder). Fails with TOME_EXISTS where `path` exists and is not an empty folder. */
TOME_API TOME_MUST_USE bool tome_create(const char *path, tome_error *err);
TOME_API TOME_MUST_USE tome_store *tome_open(const char *path, tome_error *err);
TOME_API void tome_close(tome_store *store);
TOME_API const char *tome_path(const tome_store *store);

typedef struct tome_volume_info {
  tome_geometry geometry;
  tome_dtype dtype;
  int64_t chunk[3];
  char codec[16];        /* "deflate", "zstd", "lz4", "none" */
  char units[16];        /* "HU" for CT, else "" */
  char voxel_hash[33];   /* XXH3-128, hex, of the voxels in C order, little endian */
  uint64_t stored_bytes; /* on disk, all chunks */
} tome_volume_info;

/* Opens one case for reading. A near miss of the id is named in the error. */
TOME_API TOME_MUST_USE tome_case *tome_case_open(tome_store *store, const char *id, tome_error *err);
TOME_API void tome_case_close(tome_case *c);
/* Names of the case's volumes: "image" first, then "labels/<name>" each. NULL past the last. */
TOME_API const char *tome_case_volume(const tome_case *c, size_t i);
TOME_API TOME_MUST_USE bool tome_case_info(const tome_case *c, const char *volume, tome_volume_info *out,
                                           tome_error *err);

/* What to do to voxels on their way out. Zero-initialise for "as stored". */
typedef struct tome_read_options {
  tome_dtype dtype; /* TOME_NONE: as stored. TOME_F32: any stored type. Others: only where equal to the stored type */
  bool rescale;     /* with TOME_F32: out = (clamp(v, clip_lo, clip_hi) - offset) * scale */
  double clip_lo, clip_hi, offset, scale;
} tome_read_options;

/* Reads a box of a volume into caller's memory, C order (z, y, x), packed. Reads and inflates only the chunks under
 * the box, each verified by its Fletcher32 checksum. `box` NULL: the whole volume. `out_bytes` must be exactly the box's size.
 * `opt` and `run` may be NULL. On failure the contents of `out` are undefined. */
TOME_API TOME_MUST_USE bool tome_read(const tome_case *c, const char *volume, const tome_box *box,
                                      const tome_read_options *opt, void *out, size_t out_bytes, const tome_run *run,
                                      tome_error *err);

/* ---- ingest --------------------------------------------------------------------------------------------- */

/* What to do about each fault that slices can have. The default (0) refuses, naming the fault and these remedies. */
typedef enum tome_gap { TOME_GAP_REFUSE = 0, TOME_GAP_FILL, TOME_GAP_SPLIT, TOME_GAP_KEEP } tome_gap;
typedef enum tome_duplicate { TOME_DUPLICATE_REFUSE = 0, TOME_DUPLICATE_FIRST } tome_duplicate;
typedef enum tome_uneven { TOME_UNEVEN_REFUSE = 0, TOME_UNEVEN_RESAMPLE, TOME_UNEVEN_KEEP } tome_uneven;
typedef enum tome_trust { TOME_TRUST_NONE = 0, TOME_TRUST_IMAGE } tome_trust;
typedef enum tome_codec { TOME_CODEC_DEFLATE = 0, TOME_CODEC_ZSTD, TOME_CODEC_LZ4, TOME_CODEC_NONE } tome_codec;

typedef struct tome_named_path {
  const char *name, *path;
} tome_named_path;

/* Zero-initialise for the defaults. */
typedef struct tome_ingest_options {
  const char *const *roots; /* folders or files to walk */
  size_t root_count;
  const char *layout; /* a name from tome_layout_at; NULL: recognise */
  /* One case said outright, in place of roots: */
  const char *id;    /* NULL: from the image's name */
  const char *image; /* file or folder */
  const tome_named_path *labels;
  size_t label_count;
  const tome_named_path *channels; /* further images of --image's case, on its grid */
  size_t channel_count;
  const char *image_name; /* what the first channel, `image`, is called then; NULL: "image" */
  /* Repairs; each one used is recorded in the case. */
  const char *const *repairs; /* of known faults of known data sets, by name: see tome_repair_at */
  size_t repair_count;
  tome_gap gap;
  tome_duplicate duplicate;
  tome_uneven uneven;
  tome_trust trust;   /* a label whose affine differs from its image's, of the same shape */
  double threshold;   /* > 0: gray labels become voxel >= threshold */
  double spacing[3];  /* mm, for inputs that carry none (PNG); 0: not given */
  const char *series; /* only this SeriesInstanceUID */
  const char *merge;  /* "liver=1,livertumor*=2": later rows paint over earlier ones */
  tome_codec codec;
  int level;          /* 0: the codec's measured default */
  bool keep_identity; /* keep patient name, id, birth date, study date */
  bool replace;       /* a case of the same id with other voxels: replace it instead of refusing */
} tome_ingest_options;

typedef enum tome_event_kind {
  TOME_EVENT_ADDED,   /* the case is in the store and in the index */
  TOME_EVENT_SKIPPED, /* its sources are in already */
  TOME_EVENT_REFUSED, /* not taken; text says why and what to do */
  TOME_EVENT_NOTE,    /* worth knowing: a non-image passed over, a repair made, a problem found */
  TOME_EVENT_UNPAIRED /* labels given whose image was not: not taken; text says which and what to do */
} tome_event_kind;

typedef struct tome_event {
  tome_event_kind kind;
  const char *id;   /* case id, or "" */
  const char *path; /* the source in question */
  const char *text; /* one sentence */
} tome_event;

typedef struct tome_ingest_summary {
  uint64_t added, skipped, refused, notes;
  uint64_t unpaired;     /* files of labels that no image was found for */
  uint64_t bytes_in;     /* source files read */
  uint64_t bytes_voxels; /* decoded, as stored before compression */
  uint64_t bytes_stored; /* case files */
  double seconds;
} tome_ingest_summary;

/* Takes scans in. One bad case never stops the others: it is an event (and a row in `problems`), and `out->refused`
 * counts it. Returns false only where nothing more could be done (cancelled, disk full, store unusable); what was added before stays. Safe beside
 * other ingests into the same store. `on_event` is called from one thread at a time; may be NULL. */
TOME_API TOME_MUST_USE bool tome_ingest(tome_store *store, const tome_ingest_options *opt, const tome_run *run,
                                        void (*on_event)(void *user, const tome_event *event), void *user,
                                        tome_ingest_summary *out, tome_error *err);

/* ---- questions ------------------------------------------------------------------------------------------ */

typedef enum tome_value_kind { TOME_VALUE_NULL = 0, TOME_VALUE_INT, TOME_VALUE_REAL, TOME_VALUE_TEXT } tome_value_kind;
typedef struct tome_value {
  tome_value_kind kind;
  int64_t i;
  double r;
  const char *s; /* TEXT only; borrowed for the duration of the callback */
} tome_value;

/* One row. Called once with values == NULL to give the column names before the first row. Return false to stop early
 * (the query still succeeds). */
typedef bool (*tome_row_fn)(void *user, size_t columns, const char *const *names, const tome_value *values);

/* Runs one read-only SELECT over the index (schema/index/). Anything that would write, attach or load is refused.
 * `params` bind ?1, ?2 … as text. Cancelled after `seconds` (0: 30). */
TOME_API TOME_MUST_USE bool tome_query(tome_store *store, const char *sql, const char *const *params,
                                       size_t param_count, double seconds, tome_row_fn row, void *user,
                                       tome_error *err);

/* The data set's fingerprint over every voxel inside any label of every case ("foreground", nnU-Net's CT scheme),
 * and over one named label where `label` is not NULL. From statistics already stored; reads no voxel. */
typedef struct tome_fingerprint {
  uint64_t cases, cases_with_label;
  uint64_t voxels;                                          /* foreground voxels */
  double min, max, mean, std;                               /* HU; std is the population's */
  double p005, p05, p50, p95, p995;                         /* percentiles 0.5, 5, 50, 95, 99.5 as NumPy's linear */
  double window_level, window_width;                        /* from p005..p995 */
  double spacing_min[3], spacing_median[3], spacing_max[3]; /* mm, each axis on its own */
  double shape_min[3], shape_median[3], shape_max[3];       /* voxels */
} tome_fingerprint;
TOME_API TOME_MUST_USE bool tome_fingerprint_of(tome_store *store, const char *label, tome_fingerprint *out,
                                                tome_error *err);

/* ---- out, upkeep ---------------------------------------------------------------------------------------- */

/* A recipe: preprocessing steps as text ("resample:spacing=1", "window:tumor"), and/or a file of them (one step a line, # comments), which come
 * first. Empty: as stored. */
typedef struct tome_recipe_text {
  const char *const *steps;
  size_t step_count;
  const char *file; /* a path, or NULL */
} tome_recipe_text;

/* Writes one volume (or a box of it) to a file; the format follows the name (.npy, .npz, .nii, .nii.gz, .png, .h5). Appears whole or not at all; refuses to overwrite
 * unless `force`. */
typedef struct tome_export_options {
  const char *label; /* a label map ("segmentation") or one structure's name ("tumor": a 0/1 mask); NULL: the image */
  const char *box;   /* of the recipe's result; tome_box_parse's syntax, or NULL */
  bool force;
  tome_recipe_text recipe; /* computed on demand: only what the box needs is read */
} tome_export_options;
TOME_API TOME_MUST_USE bool tome_export(tome_store *store, const char *id, const char *path,
                                        const tome_export_options *opt, const tome_run *run, tome_error *err);

/* Many cases at once, image and label maps together. */
typedef struct tome_export_many_options {
  const char *const *ids; /* these cases … */
  size_t id_count;
  const char *where; /* … or those for which this condition over the view `cases` holds ("tumor_ml > 0") … */
  bool all;          /* … or all of them */
  /* Where to: "out/{id}.npy", "out/{id}_{label}.nii.gz", "out/{id}/{z:03}.png", "out/{id}.npz", or one archive "lits.h5". npz and h5 hold image and label maps
   * together; of the others each volume is a file, named by {label}, or "<name>_<map>" beside the image's; a path without {id} or {label} is one file
   * for one volume. Folders are made. */
  const char *path;
  const char *label, *box; /* as above; `label` writes that one volume instead of all */
  bool force;              /* overwrite what is there and was made otherwise */
  tome_recipe_text recipe;
} tome_export_many_options;

/* What became of a label value: its volume in ml, counted in the recipe's grid. */
typedef enum tome_fate { TOME_FATE_KEPT = 0, TOME_FATE_SHRUNK /* by more than half */, TOME_FATE_VANISHED } tome_fate;
typedef struct tome_survival {
  const char *map, *name;
  int32_t value;
  tome_fate fate;
  uint64_t voxels_before, voxels_after;
  double ml_before, ml_after;
} tome_survival;

typedef struct tome_export_volume {
  const char *name; /* "image", or the label map's or structure's */
  const char *path; /* the file; of PNG slices with {z} in it */
  bool is_label;
  tome_dtype dtype;
} tome_export_volume;

typedef enum tome_export_kind {
  TOME_EXPORT_WRITTEN,
  TOME_EXPORT_SKIPPED, /* is there already, made by the same recipe from the same voxels */
  TOME_EXPORT_FAILED
} tome_export_kind;

typedef struct tome_export_event {
  tome_export_kind kind;
  const char *id;
  tome_code code;   /* FAILED */
  const char *text; /* FAILED: why, one sentence; else "" */
  /* WRITTEN, SKIPPED: */
  const tome_geometry *geometry;
  const tome_export_volume *volumes;
  size_t volume_count;
  const char *recipe, *recipe_hash, *voxel_hash;
  /* WRITTEN, without a box: every label value of the maps written. */
  const tome_survival *survival;
  size_t survival_count;
} tome_export_event;

typedef struct tome_export_summary {
  uint64_t cases, written, skipped, failed;
  uint64_t bytes_voxels; /* of the results, in memory */
  double seconds;
} tome_export_summary;

/* One case that fails never stops the others: it is an event, and `out->failed` counts it. Returns false only where nothing more could be done (no such
 * cases, a bad recipe or path, cancelled, an archive on a full disk); files written before stay, an archive then is not there at all. Cases run in parallel on
 * run->threads, as many as fit into memory. `on_event` is called from one thread at a time, in no order; may be NULL. */
TOME_API TOME_MUST_USE bool tome_export_many(tome_store *store, const tome_export_many_options *opt,
                                             const tome_run *run,
                                             void (*on_event)(void *user, const tome_export_event *event), void *user,
                                             tome_export_summary *out, tome_error *err);

/* What a recipe would do to a case: shapes, spacings, types, boxes and chunks at each step, before any voxel is read. `text` is called once, with
 * several lines. `box` as above. */
TOME_API TOME_MUST_USE bool tome_explain(tome_store *store, const char *id, const tome_recipe_text *recipe,
                                         const char *box, void (*text)(void *user, const char *lines), void *user,
                                         tome_error *err);

/* ---- patches -------------------------------------------------------------------------------------------- */

/* Whose conventions hold. */
typedef enum tome_patch_rule { TOME_RULE_MONAI = 0, TOME_RULE_NNUNET } tome_patch_rule;

/* Where patches lie in a recipe's result. */
typedef enum tome_patch_mode {
  /* MONAI (RandCropByPosNegLabel): around a label voxel with probability pos/(pos+neg), else around a background voxel; moved so that the patch
   * fits. nnU-Net: the last patches of a case, from round(per_case*(1-oversample)) on, are around a voxel of a class picked among those present, and
   * may end behind the volume; the others lie anywhere. Every voxel of the kind or class is as likely. */
  TOME_PATCH_BALANCE = 0,
  TOME_PATCH_SLIDING, /* windows over the whole volume, the next one overlapping by `overlap` */
  TOME_PATCH_CLASSES, /* around a voxel of a class, picked by weight among those present (RandCropByLabelClasses) */
  TOME_PATCH_CENTRE,  /* the middle: one a case */
  TOME_PATCH_UNIFORM  /* anywhere */
} tome_patch_mode;

typedef struct tome_class_weight {
  const char *name; /* a label's name or kind ("tumor"), "map/name", a value of the result ("2"), or "background" */
  double weight;    /* >= 0 */
} tome_class_weight;

/* Zero-initialise for the defaults. */
typedef struct tome_patch_options {
  tome_recipe_text recipe;
  int64_t size[3]; /* voxels of the result; 0: the whole axis */
  tome_patch_mode mode;
  tome_patch_rule rule;
  int64_t per_case;                 /* 0: 1. Not of SLIDING and CENTRE */
  double pos, neg;                  /* of BALANCE by MONAI's rule; both 0: 1 and 1 */
  double oversample;                /* of BALANCE by nnU-Net's rule; 0: 0.33 */
  double overlap;                   /* of SLIDING: 0 <= overlap < 1 */
  const tome_class_weight *classes; /* of CLASSES */
  size_t class_count;
  const char *label;             /* the label map that counts; NULL: all */
  const double *image_threshold; /* background is only where the result's image is above this; NULL: anywhere */
  const double
      *pad_value; /* of the image, where the patch reaches beyond it; NULL: what the recipe has there (air for CT) */
  uint64_t seed;
  size_t cache_bytes; /* for decoded chunks; 0: 256 MiB */
} tome_patch_options;

typedef struct tome_patch {
  const char *id;
  int64_t n;         /* which patch of the case, from 0 */
  tome_box box;      /* in the result's voxels; may reach beyond it */
  tome_box inside;   /* the part that lies within; all else is padding */
  int64_t centre[3]; /* the voxel that was drawn, or the patch's voxel size/2 */
  const char *what;  /* what was drawn: "foreground", "background", a class's name; "" where position alone decided */
} tome_patch;

typedef struct tome_patch_volume {
  const char *name; /* "image", or the label map's name */
  bool is_label;
  tome_dtype dtype;
} tome_patch_volume;

/* Patches whose positions are settled; their voxels are computed when they are read. */
typedef struct tome_patches tome_patches;

/* Settles the positions of all patches of some cases (`ids` NULL: all cases). Patch n of a case depends on the seed, the case and n alone: not on the
 * other cases, their order, or threads. Voxels to draw come from the store's table of where labels lie: few chunks are read. A case that has nothing to
 * draw, or that the recipe does not fit, is passed over, with a sentence to `note` (may be NULL; called in the order of the ids); TOME_NOT_FOUND where that leaves none. `opt`
 * need not live on; `store` must. */
TOME_API TOME_MUST_USE tome_patches *tome_patches_plan(tome_store *store, const char *const *ids, size_t id_count,
                                                       const tome_patch_options *opt, const tome_run *run,
                                                       void (*note)(void *user, const char *id, const char *text),
                                                       void *user, tome_error *err);
TOME_API void tome_patches_close(tome_patches *p);
TOME_API size_t tome_patches_count(const tome_patches *p);
/* Patch i: case by case in the order of the ids, n rising. NULL past the last. */
TOME_API const tome_patch *tome_patches_at(const tome_patches *p, size_t i);
/* Volume k of patch i: the image, then label maps. NULL past the last. */
TOME_API const tome_patch_volume *tome_patches_volume(const tome_patches *p, size_t i, size_t k);
/* Computes patch i into caller's memory: out[k] gets volume k, packed, C order (z, y, x), of the box's shape; bytes[k] must be exactly its size.
 * out[k] NULL: not wanted. Any number of threads may read at the same time (each with run->threads 1), also after a fork(), as long as none was reading
 * at the fork. On failure the contents of `out` are undefined. */
TOME_API TOME_MUST_USE bool tome_patches_read(tome_patches *p, size_t i, void *const *out, const size_t *bytes,
                                              size_t count, const tome_run *run, tome_error *err);

typedef struct tome_patches_summary {
  uint64_t written, kept; /* kept: there already, of the same recipe, voxels and position */
  uint64_t passed_over;   /* cases without a patch in it */
} tome_patches_summary;
/* Writes all of them: a file a patch by a template ("out/{id}/{n}.npy"), or one archive with a row a patch (.h5). Rows are alike: an archive holds the
 * channels that most labelled cases have, of label maps the one that most of those have (or the options' label), and the others that all of these have. A case
 * without them leaves `p`; each such case, and each map left out (with `id` "archive"), is told to `note` (may be NULL). */
TOME_API TOME_MUST_USE bool tome_patches_write(tome_patches *p, const char *pattern, bool force, const tome_run *run,
                                               void (*note)(void *user, const char *id, const char *text), void *user,
                                               tome_patches_summary *out, tome_error *err);

/* A preprocessing step that a recipe may hold. */
typedef struct tome_op_info {
  const char *name, *title, *example;
  const char
      *help; /* its parameters with ranges and defaults, several lines; borrowed for the duration of the callback */
} tome_op_info;
/* Calls `op` for each step there is. */
TOME_API TOME_MUST_USE bool tome_each_op(void (*op)(void *user, const tome_op_info *info), void *user, tome_error *err);

/* ---- between formats ------------------------------------------------------------------------------------ */

/* Zero-initialise for the defaults. */
typedef struct tome_convert_options {
  const char *const *inputs; /* files, folders, patterns ("train/?.tif") */
  size_t input_count;
  /* One file ("v.nii.gz": all inputs are read together, as one series or one stack), a folder ("label_npy/"), or a pattern with {name}, {n} or {z}
   * ("slices/{z:03}.png": {name} is the input's, {n} counts inputs, or slices where there is one input, {z} is the slice). */
  const char *output;
  const char *to; /* a format's name, where the output's does not say it; NULL */
  /* Geometry, and repairs as in tome_ingest_options. */
  double spacing[3];
  const char *like; /* an image whose grid pictures of its shape take */
  const char *series;
  tome_gap gap;
  tome_duplicate duplicate;
  tome_uneven uneven;
  /* Values, in this order. What does not fit its type is an error that names it, unless `clamp`. */
  bool gray, drop_alpha;
  bool has_threshold;
  double threshold;  /* value >= threshold becomes 1, else 0 */
  const char *remap; /* "255=0,2=1" */
  double scale;      /* 0: none */
  double window_level,
      window_width; /* width 0: none. [level - width/2, level + width/2] becomes 0 … 255 (0 … 1 in floats) */
  tome_dtype dtype; /* TOME_NONE: uint8 after a window, else as the files have it (CT: int16 where exact) */
  bool clamp;
  const char *codec; /* DICOM: NULL, "jpegls" or "j2k" */
  int level;         /* compression, 0: the format's default; below 0: none */
  bool force;        /* overwrite */
  bool
      labels; /* the inputs are label maps: whole numbers are checked, palettes give indices, DICOM (".dcm") is written as SEG, referring to `like` */
  bool to_16_bits; /* DICOM: values that are no whole numbers of 16 bits are scaled to them, instead of refused */
  bool sync;       /* return only once everything written is on the disk, safe from a power cut */
} tome_convert_options;

typedef struct tome_convert_summary {
  uint64_t written, failed; /* volumes (of pictures: stacks of them) */
  double seconds;
} tome_convert_summary;

/* Reads files of any format and writes them as another. One bad input never stops the others: it is an event (TOME_EVENT_REFUSED), and `out->failed` counts it.
 * Each file appears whole or not at all, whatever ends the program; without `sync`, a power cut soon afterwards may take files again. `on_event`
 * (may be NULL) is called from one thread at a time; events say what was written as TOME_EVENT_ADDED, with
 * `id` the input and `path` the file (of slices: the first). Returns false only where nothing could be done. */
TOME_API TOME_MUST_USE bool tome_convert(const tome_convert_options *opt, const tome_run *run,
                                         void (*on_event)(void *user, const tome_event *event), void *user,
                                         tome_convert_summary *out, tome_error *err);

/* ---- what a file is -------------------------------------------------------------------------------------- */

/* Values of one sample of all voxels. Values that are not finite, and padding, are counted apart and in nothing else. */
typedef struct tome_sample_facts {
  uint64_t count, not_finite, padding;
  double min, max, mean, std;           /* NaN where count is 0; std is the population's */
  double percentile[7];                 /* 0.5, 5, 25, 50, 75, 95, 99.5, as NumPy's linear */
  double histogram_lo, histogram_width; /* bin i counts [lo + i*width, lo + (i+1)*width); width 1: whole numbers */
  const uint64_t *histogram;
  size_t bins;
  const double *values;         /* whole numbers of at most 256 kinds: each, in rising order … */
  const uint64_t *value_counts; /* … and how often */
  size_t value_count;           /* 0: others */
} tome_sample_facts;

/* One volume of a file or folder, or something that could not be read. Borrowed for the duration of the callback. Texts are "" where there is nothing. */
typedef struct tome_volume_facts {
  const char *input;  /* as it was named */
  const char *path;   /* its first file */
  const char *name;   /* of the array, in files that hold several */
  const char *format; /* "nifti"; "" where nobody knows the bytes */
  uint64_t files;
  const char *
      fault; /* why it cannot be read or used, with the remedy; "" where it can. Then only what is above holds, and notes */
  const char *code; /* of a fault: "geometry", "corrupt" … */
  tome_geometry geometry;
  bool placed;         /* the files say where it lies; else spacing, origin and direction are made up */
  char orientation[4]; /* LPS letters of increasing z, y, x: "SPL" */
  double tilt_degrees;
  int channels;
  tome_dtype stored, dtype; /* in the file; of the values it means (after rescale) */
  double slope, intercept;  /* of the first slice */
  const char *modality, *series_uid;
  int palette;       /* entries; the values are indices into it. 0: none */
  const char *alpha; /* "constant", "varies", or "" */
  bool lossy;
  const tome_sample_facts *samples; /* one a channel; NULL: voxels were not read */
  const char *const *notes;
  size_t note_count;
} tome_volume_facts;

/* Zero-initialise for the defaults. */
typedef struct tome_inspect_options {
  const char *const *inputs; /* files, folders, patterns, FILE:NAME */
  size_t input_count;
  bool headers; /* read no voxels */
} tome_inspect_options;

/* Says what files are: calls `facts` for every volume in them, in natural order, and for what could not be read. `faults` (may be NULL) counts those. */
TOME_API TOME_MUST_USE bool tome_inspect(const tome_inspect_options *opt, const tome_run *run,
                                         void (*facts)(void *user, const tome_volume_facts *v), void *user,
                                         uint64_t *faults, tome_error *err);

/* ---- archives of pictures ------------------------------------------------------------------------------- */

/* Zero-initialise for the defaults. */
typedef struct tome_stack_pictures_options {
  const char *const
      *inputs; /* pictures, folders, patterns ("train/?.tif"); order: as given, patterns and folders by number */
  size_t input_count;
  const char *output;  /* "out.h5" */
  const char *dataset; /* NULL: "image" */
  bool squeeze;        /* (N,H,W) for gray, in place of (N,H,W,1) */
  /* Values, as in tome_convert_options. */
  bool gray, drop_alpha, has_threshold;
  double threshold;
  const char *remap;
  tome_dtype dtype;
  bool clamp;
  int level;  /* 0: not compressed; 1 to 9: deflate */
  bool force; /* overwrite */
  bool sync;  /* as in tome_convert_options */
} tome_stack_pictures_options;

/* Writes pictures of one size as one array (N,H,W,C) of an HDF5 file, a chunk a picture; few are in memory at a time. Appears whole or not at all. An odd one is
 * named. The event (TOME_EVENT_ADDED; `on_event` may be NULL) says what was written. */
TOME_API TOME_MUST_USE bool tome_stack_pictures(const tome_stack_pictures_options *opt, const tome_run *run,
                                                void (*on_event)(void *user, const tome_event *event), void *user,
                                                tome_error *err);

typedef enum tome_drive_split { TOME_DRIVE_BOTH = 0, TOME_DRIVE_TRAINING, TOME_DRIVE_TEST } tome_drive_split;
typedef struct tome_drive_options {
  const char *root;   /* DRIVE's folder: training/ and test/, each with images, 1st_manual and mask */
  const char *output; /* a folder; made where it is not there */
  tome_drive_split split;
  tome_dtype dtype; /* TOME_NONE: uint8; the old scripts wrote TOME_F64 */
  int level;        /* as above */
  bool force, sync; /* as above */
} tome_drive_options;

/* Writes the field's six files DRIVE_dataset_{imgs,groundTruth,borderMasks}_{train,test}.hdf5, each with the data set "image": (N,584,565,3), and (N,584,565,1) for the
 * other two, sorted by number. Fails, naming the file, where a number is not in all three folders, sizes differ, or ground truth or masks do not run
 * from 0 to 255. All files appear once all are good, or none. */
TOME_API TOME_MUST_USE bool tome_archive_drive(const tome_drive_options *opt, const tome_run *run,
                                               void (*on_event)(void *user, const tome_event *event), void *user,
                                               tome_error *err);

/* One finding of tome_verify. Severity: "error" (data damaged or lost) or "note" (the index is behind; harmless). */
typedef void (*tome_finding_fn)(void *user, const char *severity, const char *id, const char *text);
typedef struct tome_verify_summary {
  uint64_t cases, chunks, bytes, errors, notes;
} tome_verify_summary;
/* Reads and checks everything: structure, every chunk's checksum, voxel hashes, index against files. Damage is a finding,
 * not a failure: look at out->errors. */
TOME_API TOME_MUST_USE bool tome_verify(tome_store *store, const tome_run *run, tome_finding_fn finding, void *user,
                                        tome_verify_summary *out, tome_error *err);
/* Rebuilds index.sqlite and archive.h5 from the case files alone. */
TOME_API TOME_MUST_USE bool tome_reindex(tome_store *store, const tome_run *run, uint64_t *cases, tome_error *err);
TOME_API TOME_MUST_USE bool tome_remove(tome_store *store, const char *id, tome_error *err);

/* One finding of tome_doctor. Strings are borrowed for the duration of the callback; "" where there is nothing to say. */
typedef struct tome_doctor_finding {
  const char *severity;      /* "error", "warning" or "info" */
  const char *code;          /* "label-mirrored", "outlier-spacing" … */
  const char *id, *path;     /* the case, and the source in question */
  const char *text, *remedy; /* one sentence, and what to do */
  bool refused;              /* a source that is not in the store because of this */
  bool now;                  /* found by this call; false: a row of `problems`, found while ingesting */
  size_t number, of;         /* its place in its group of one severity and code: 0 … of-1 */
} tome_doctor_finding;
typedef void (*tome_doctor_fn)(void *user, const tome_doctor_finding *finding);
/* Zero-initialise for the defaults; NULL means the same. */
typedef struct tome_doctor_options {
  const char *
      thumbnails; /* a folder for <id>.png of each case that has an error or a warning; appears whole or not at all; NULL: none */
  bool force; /* replace that folder */
} tome_doctor_options;
typedef struct tome_doctor_summary {
  uint64_t cases, errors, warnings, infos, pictures;
} tome_doctor_summary;
/* Says what is wrong with a store, worst first, without reading a voxel (but for thumbnails): the rows of `problems`; index against case files (missing,
 * of another size, unreadable, of other voxels); and what the index tells of ruined data sets: cases unlike the others (robust z-score beyond 3.5; beyond 10 a
 * warning), images, labels and patients that are there twice, what nine in ten cases have and one has not, values that no scanner makes, labels that resampling may
 * lose. Each check is one row of src/app/checks.c. Findings are no failure: look at out->errors. */
TOME_API TOME_MUST_USE bool tome_doctor(tome_store *store, const tome_doctor_options *opt, const tome_run *run,
                                        tome_doctor_fn finding, void *user, tome_doctor_summary *out, tome_error *err);

/* Zero-initialise for the defaults; NULL means the same. */
typedef struct tome_report_options {
  const char *title; /* NULL: the store's name */
  bool no_pictures;
  bool force; /* overwrite */
} tome_report_options;
/* Writes the data set as one HTML page that needs nothing else: plots, fingerprint, a table of all cases with thumbnails, problems. Appears whole or not at all.
 * Memory is bounded by what the index knows of the cases, not by their voxels. */
TOME_API TOME_MUST_USE bool tome_report_write(tome_store *store, const char *path, const tome_report_options *opt,
                                              const tome_run *run, tome_error *err);

/* ---- recipes, computed on demand ------------------------------------------------------------------------ */

/* Parameters of a step: one row of its table says how one is parsed, checked, explained and written back. */
typedef enum tome_kind {
  TOME_KIND_INT,    /* 4 */
  TOME_KIND_REAL,   /* 0.75 */
  TOME_KIND_LENGTH, /* 4 (voxels) or 6mm */
  TOME_KIND_MM,     /* 0.75, or 0.75mm: the same */
  TOME_KIND_CHOICE, /* one word of `choices` */
  TOME_KIND_WORD,   /* any word: a label's name */
  TOME_KIND_SPAN,   /* 40:136, :136, 40: or : */
  TOME_KIND_PAIR    /* 255=0, or tumor=1 */
} tome_kind;

enum { TOME_MANY = 64 }; /* the most values that a list may have */

typedef struct tome_param {
  const char *name; /* NULL ends the table */
  tome_kind kind;
  int most;             /* 1: one value. 3: one an axis (z,y,x), or one for all. TOME_MANY: a list */
  double lo, hi;        /* the range of a number, ends included */
  const char *choices;  /* "a|b|c": of a CHOICE; of a number, words that may stand in its place, as "keep" */
  const char *standard; /* the default, as a person would type it; NULL: none, the argument has no values */
  const char *help;     /* one line */
} tome_param;

/* One value of an argument. */
typedef struct tome_item {
  double a, b;      /* number; span a:b (NaN: left open); pair a=b (a is NaN where the key is a word) */
  int choice;       /* place in the row's choices; -1 where it is none of them */
  bool mm;          /* a length in mm */
  const char *word; /* of a WORD, CHOICE or PAIR (its key), as typed */
} tome_item;

/* All values of one parameter. Where the row says 3, count is 3 or 0; where it says 1, 1 or 0. */
typedef struct tome_arg {
  const tome_item *items;
  size_t count;
} tome_arg;

/* What a step of one's own is told in each of its calls. */
typedef struct tome_own_call {
  void *user;                    /* tome_own_step's */
  const tome_arg *args;          /* one for each row of its params, in that order; defaults filled in */
  const tome_geometry *geometry; /* the whole volume as it comes to the step */
  const char *volume;            /* "image", or the label map's name */
} tome_own_call;

/* A step of one's own: has a place in recipes, in their canonical text and in their hash as the built-in steps have. It changes values, never the
 * grid. Its calls come from several threads at once and must be pure: the same voxels for the same input, whatever the box. Give exactly one of `row`
 * and `tile`. The struct, and all that it points to, must outlive the results that use it. */
typedef struct tome_own_step {
  const char *
      name; /* letters, digits, '_', '-', a letter first; no built-in step's name. Put a version in it when its voxels change */
  const char *title;        /* one line; may be NULL */
  const tome_param *params; /* at most 24 rows; NULL: none */
  bool labels;              /* acts on the label maps; else on the image */
  bool
      keeps_statistics; /* with tile: the values mean what they did (a denoiser), so that later steps may take statistics (window:tumor, normalise)
                               from the stored voxels; else such steps are refused after it */
  tome_dtype dtype;     /* of the result; TOME_NONE: as it comes in. Integers are rounded half to even and saturate */
  void *user;

  /* Once for each volume it acts on, before any voxel is read. `halo` comes zeroed: sets how many voxels (z, y, x) beyond a voxel tile looks
   * at; each at most 1024. Returns false to refuse, with a sentence in `why` (`size` bytes). May be NULL. */
  bool (*plan)(const tome_own_call *call, int64_t halo[3], char *why, size_t size);
  /* Pointwise: `n` voxels in a line; `out` may be `in`. */
  void (*row)(const tome_own_call *call, const float *in, float *out, size_t n);
  /* Neighbourhood: fills `out`, the voxels of `box`, from `in`, those of `box` grown by the halo; both packed, C order. Beyond the volume `in` repeats
   * its outermost voxels. Returns false for want of memory; the read then fails, naming the step. */
  bool (*tile)(const tome_own_call *call, const tome_box *box, const float *in, float *out);
} tome_own_step;

/* Zero-initialise for the defaults; NULL means the same. */
typedef struct tome_result_options {
  uint64_t
      cache_bytes; /* of decoded chunks kept between reads, the least recently used going first; 0: 128 MiB, 1: none */
  uint64_t memory_bytes; /* for voxels between steps, in one read, all its threads together; 0: 512 MiB */
  const tome_own_step *const *own;
  size_t own_count;
} tome_result_options;

/* A recipe laid over one case: volumes that do not exist, whose voxels are computed when they are read. */
typedef struct tome_result tome_result;

typedef struct tome_result_info {
  tome_geometry geometry; /* of the whole result; image and label maps share one grid */
  tome_dtype dtype;
  bool is_label;
  double fill;             /* what lies outside the grid: air for CT until a step changes it, 0 for labels */
  char units[16];          /* "HU" while the image's values are; else "" */
  const char *recipe;      /* canonical: every step with all its arguments, a blank between; borrowed from the result */
  const char *recipe_hash; /* XXH3-128 of it, hex; borrowed */
  char voxel_hash[33];     /* of the stored voxels it is made of (of merged label maps: of their hashes, in order) */
} tome_result_info;

/* Checks a recipe's words against the table of steps, with no store: names, parameters, ranges. `opt` (its own steps) may be NULL. TOME_USAGE names the step by number and
 * name, the parameter, its range and a near miss. Else calls `text` (may be NULL) once with the canonical text and its hash. What depends on a case (has it such
 * a label?) is found out by tome_result_open. */
TOME_API TOME_MUST_USE bool tome_recipe_check(const tome_recipe_text *recipe, const tome_result_options *opt,
                                              void (*text)(void *user, const char *canonical, const char *hash),
                                              void *user, tome_error *err);

/* Takes the text of a recipe file apart: calls `step` for each, in order, comments left out; whether it is a step that exists is for tome_recipe_check. */
TOME_API TOME_MUST_USE bool tome_recipe_split(const char *text, void (*step)(void *user, const char *step), void *user,
                                              tome_error *err);

/* Plans a recipe for a case: reads what is known of the case, no voxel (but for steps that look for the body). `run` serves planning only. The store may be
 * closed before the result. A result opened before fork() works in the child, which begins a chunk cache of its own. */
TOME_API TOME_MUST_USE tome_result *tome_result_open(tome_store *store, const char *id, const tome_recipe_text *recipe,
                                                     const tome_result_options *opt, const tome_run *run,
                                                     tome_error *err);
TOME_API void tome_result_close(tome_result *r);
/* Names of the result's volumes: "image" first, then "labels/<name>" each. NULL past the last. */
TOME_API const char *tome_result_volume(const tome_result *r, size_t i);
/* All that is known of a volume before a voxel is computed. */
TOME_API TOME_MUST_USE bool tome_result_info_of(const tome_result *r, const char *volume, tome_result_info *out,
                                                tome_error *err);
/* Computes a box of a volume of the result into caller's memory, C order (z, y, x), packed, of the volume's dtype: only the chunks that it depends on are read.
 * The same voxels as that box of the whole result. `box` NULL: all of it; `out_bytes` must be exactly the box's size. Different
 * threads may read one result at the same time, and share its cache. `run` may be NULL; its progress is not called. On failure the contents of `out`
 * are undefined. */
TOME_API TOME_MUST_USE bool tome_result_read(const tome_result *r, const char *volume, const tome_box *box, void *out,
                                             size_t out_bytes, const tome_run *run, tome_error *err);

/* ---- pictures ------------------------------------------------------------------------------------------- */

/* Zero-initialise for the defaults. */
typedef struct tome_preview_options {
  const char *label;  /* show the range of this structure (a name, a kind as "tumor", or a label map); NULL: of any */
  const char *window; /* a tissue ("liver"), "LEVEL,WIDTH", a structure's name, or "auto"; NULL: auto */
  int size;           /* width in pixels, 64 to 8192; 0: 1600 */
  int slices;         /* how many, at most, 1 to 100; 0: 12 */
  bool light, force;
  tome_recipe_text recipe;
  bool steps; /* one row a step of the recipe */
  const char *
      channel; /* of a case that has several, by name ("t1ce", "green"): in gray; NULL: its image, photographs in colour */
} tome_preview_options;

/* Draws a case, or what a recipe makes of it, into a PNG: axial slices over the labels' range, coronal and sagittal ones, at true aspect and the patient's way up, labels
 * outlined. Only the slices shown are read. The file appears whole or not at all; TOME_EXISTS where it is there, unless `force`. */
TOME_API TOME_MUST_USE bool tome_preview(tome_store *store, const char *id, const char *path,
                                         const tome_preview_options *opt, const tome_run *run, tome_error *err);
/* The same of files of any format: an image and, unless NULL, its label map. No recipe. */
TOME_API TOME_MUST_USE bool tome_preview_files(const char *image, const char *label, const char *path,
                                               const tome_preview_options *opt, const tome_run *run, tome_error *err);
/* Draws one slice of each of 1 to 256 cases side by side, through the label asked for, else through a lesion, else the middle of all structures; structures of
 * one kind have one colour. Cases without `label` show their middle; TOME_NOT_FOUND where none has it. No steps. */
TOME_API TOME_MUST_USE bool tome_preview_gallery(tome_store *store, const char *const *ids, size_t count,
                                                 const char *path, const tome_preview_options *opt, const tome_run *run,
                                                 tome_error *err);
/* Draws the stored counts of a case's values, its labels' over them, into a PNG; reads no voxel. */
TOME_API TOME_MUST_USE bool tome_histogram_picture(tome_store *store, const char *id, const char *path,
                                                   const tome_preview_options *opt, tome_error *err);
/* One slice through the lesion, else the largest structure, as RGB, rows of 3 bytes a pixel, at true aspect: within `width` x `height` pixels, which become those it has.
 * `rgb` (at least width*height*3 bytes) is filled from its beginning. */
TOME_API TOME_MUST_USE bool tome_thumbnail(tome_store *store, const char *id, int *width, int *height, uint8_t *rgb,
                                           tome_error *err);
/* Sums of the stored counts of the image's values over `bars` equal parts of lo … hi. */
TOME_API TOME_MUST_USE bool tome_histogram_bars(tome_store *store, const char *id, size_t bars, uint64_t *counts,
                                                double *lo, double *hi, tome_error *err);

/* What a tissue is looked at through, in HU: level - width/2 is black, level + width/2 white. */
typedef struct tome_window_preset {
  const char *name; /* "liver": also what the step window:liver means */
  double level, width;
} tome_window_preset;
/* The i-th preset; false past the last. */
TOME_API bool tome_window_at(size_t i, tome_window_preset *out);
/* The colour of a case's i-th label in every picture, 0xRRGGBB. */
TOME_API uint32_t tome_colour_at(size_t i);

/* ---- what this build knows ------------------------------------------------------------------------------ */

typedef struct tome_format_info {
  const char *name;       /* "nifti" */
  const char *title;      /* "NIfTI-1, NIfTI-2, Analyze 7.5" */
  const char *extensions; /* ".nii .nii.gz .hdr/.img" */
  bool reads, writes;
  const char *keeps; /* what survives, in words */
  const char *loses;
} tome_format_info;
/* The i-th format; false past the last. */
TOME_API bool tome_format_at(size_t i, tome_format_info *out);

typedef struct tome_layout_info {
  const char *name, *title;
  const char *tree; /* what the folder looks like, several lines */
} tome_layout_info;
TOME_API bool tome_layout_at(size_t i, tome_layout_info *out);

/* A known fault of data sets that circulate, and what mends it: asked for by name ("lits-spacing", "flip-label=z"), never done unasked. */
typedef struct tome_repair_info {
  const char *name;  /* "flip-label" */
  const char *value; /* what may stand behind '=': "z|y|x"; NULL: nothing */
  const char *what;  /* one sentence: what it does, and when it is suggested */
} tome_repair_info;
/* The i-th repair; false past the last. */
TOME_API bool tome_repair_at(size_t i, tome_repair_info *out);

/* TOME_VERSION of the library linked, which may differ from the header's. */
TOME_API const char *tome_version(void);

#ifdef __cplusplus
}
#endif
#endif
