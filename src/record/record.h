/*
 * record.h - what is known of a case besides its voxels: plain data, shared by those who find it out (stats, app),
 * those who keep it (store, in the case file) and those who answer from it (index).
 *
 * Everything a record points to lives in its arena: one tome_record_clear frees it all.
 */
#ifndef TOME_RECORD_H
#define TOME_RECORD_H

#include "base/mem.h"
#include "grid/grid.h"

/* The percentiles that every intensity summary holds, in this order. */
enum { TOME_PERCENTILES = 7, TOME_P005 = 0, TOME_P05, TOME_P25, TOME_P50, TOME_P75, TOME_P95, TOME_P995 };
extern const double tome_percentile_ranks[TOME_PERCENTILES]; /* 0.5 5 25 50 75 95 99.5 */

/* Values of a set of voxels. count 0: the rest is NaN. std is the population's; percentiles interpolate linearly as NumPy's. */
typedef struct tome_intensity {
  uint64_t count;
  double min, max, mean, std;
  double percentile[TOME_PERCENTILES];
} tome_intensity;

/* level = centre, width = full width: lower = level - width/2. */
typedef struct tome_window {
  double level, width;
} tome_window;

/* Exact counts for integer voxels (width 1, bin i holds the value lo + i); 4096 equal bins from min to max for float ones
 * (bin i holds [lo + i*width, lo + (i+1)*width), the last one closed). */
typedef struct tome_histogram {
  double lo, width;
  size_t bins;
  uint64_t *counts;
} tome_histogram;

/* One label value of one label map. */
typedef struct tome_label {
  const char *map;  /* the label volume it is in: "segmentation", "livertumor1" */
  const char *name; /* what it is: "liver", "tumor"; "label_3" where nobody said */
  int32_t value;    /* its value in the map */
  uint64_t voxels;
  double ml;
  tome_box box; /* bounding box; empty where voxels == 0 */
  /* first and last slice along z that hold it are box.lo[0] and box.hi[0]-1 */
  tome_intensity hu;                            /* of the image, inside the label */
  tome_window window_minmax, window_percentile; /* from hu min..max and 0.5..99.5 */
  uint64_t components;                          /* 26-connected */
  uint64_t largest;                             /* voxels of the largest one */
  tome_histogram histogram;                     /* of the image, inside the label; trimmed to its own range */
} tome_label;

/* One volume of the case beside the image: "labels/<name>". */
typedef struct tome_label_map {
  const char *name;
  tome_dtype dtype; /* TOME_U8 or TOME_U16 */
  char voxel_hash[33];
} tome_label_map;

/* One image of a case that has several on the same grid: MR sequences, the colours of a photograph. The first is the case's `image`. */
typedef struct tome_channel {
  const char *name; /* "t1ce", "red" */
  tome_dtype dtype;
  char voxel_hash[33];
  tome_intensity intensity; /* as the record's own, of this channel */
  tome_histogram histogram;
} tome_channel;

/* So many voxels of a label lie in one chunk of its map. Chunks are numbered in C order. */
typedef struct tome_label_chunk {
  int32_t label; /* its place in the record's labels */
  int32_t chunk, voxels;
} tome_label_chunk;

/* One source file. */
typedef struct tome_source {
  const char *role; /* "image" or the label map's name */
  const char *path; /* relative to the root it was ingested from: says nothing of the machine */
  uint64_t bytes;
  char hash[33];       /* XXH3-128 of the file */
  const char *sop_uid; /* SOP instance UID, or "" */
} tome_source;

/* A thing done to the data on the way in because somebody asked. */
typedef struct tome_repair {
  const char *kind; /* "gap=fill", "duplicate=first", "uneven=resample", "trust=image", "threshold" … */
  const char *text; /* with the numbers */
} tome_repair;

typedef enum tome_severity { TOME_INFO = 0, TOME_WARNING, TOME_ERROR } tome_severity;
const char *tome_severity_name(tome_severity s); /* "info" "warning" "error" */

/* A thing found that a person should know. */
typedef struct tome_problem {
  tome_severity severity;
  const char *code;   /* "geometry-mismatch", "empty-label", "duplicate-voxels" … */
  const char *text;   /* one sentence with the numbers */
  const char *remedy; /* what to do, or "" */
} tome_problem;

typedef struct tome_record {
  const char *id;
  const char *layout;                             /* "lits", "ircad", "dicom", … */
  const char *modality;                           /* "CT", "MR", "" */
  const char *units;                              /* "HU" or "" */
  const char *series_uid, *study_uid, *frame_uid; /* or "" */
  const char *orientation;                        /* axis code of increasing (z, y, x) in LPS letters, e.g. "SPL" */
  tome_geometry geometry;
  tome_dtype dtype;
  char voxel_hash[33];
  char source_hash[33];     /* of all sources' roles and hashes: "is it in already?" */
  uint64_t stored_bytes;    /* of the case file; filled where the file is at hand */
  uint64_t padding;         /* voxels that were padding, now air */
  double tilt_degrees;      /* angle between the slice step and the slice normal */
  tome_intensity intensity; /* all voxels that are not padding */
  tome_histogram histogram;
  tome_channel *channels; /* all of them, the first too; none where the image is the only one */
  size_t channel_count, channel_cap;
  tome_label_map *maps;
  size_t map_count, map_cap;
  tome_label *labels;
  size_t label_count, label_cap;
  tome_label_chunk *label_chunks; /* by label, then chunk; NULL where nobody has counted (label_chunks.h) */
  size_t label_chunk_count;
  tome_source *sources;
  size_t source_count, source_cap;
  tome_repair *repairs;
  size_t repair_count, repair_cap;
  tome_problem *problems;
  size_t problem_count, problem_cap;
  tome_arena arena;
} tome_record;

void tome_record_clear(tome_record *r);

/* Append; strings are copied into the arena. */
TOME_MUST_USE bool tome_record_problem(tome_record *r, tome_severity severity, const char *code, const char *remedy,
                                       tome_error *err, const char *fmt, ...) TOME_PRINTF(6, 7);
TOME_MUST_USE bool tome_record_repair(tome_record *r, const char *kind, tome_error *err, const char *fmt, ...)
    TOME_PRINTF(4, 5);
TOME_MUST_USE bool tome_record_source(tome_record *r, const tome_source *s, tome_error *err);
TOME_MUST_USE bool tome_record_map(tome_record *r, const tome_label_map *m, tome_error *err);
/* Makes room for one more channel and returns it, cleared; the name is copied, the caller fills the rest with things in r->arena. */
TOME_MUST_USE tome_channel *tome_record_channel(tome_record *r, const char *name, tome_error *err);
/* The channel that a volume of the case file is ("channels/t1ce"; "image": the first); NULL where the case has one image only, or none of that name. */
const tome_channel *tome_record_find_channel(const tome_record *r, const char *volume);
/* Makes room for one more label and returns it, cleared; the caller fills it with things in r->arena. */
TOME_MUST_USE tome_label *tome_record_label(tome_record *r, tome_error *err);

/* The kind of structure a label name speaks of, so that data sets can be asked in one word: "tumor" for tumour, lesion, cancer, metastasis, livertumor3 …;
 * otherwise the name in lower case, blanks and punctuation as '_'. Writes at most `size` bytes. */
void tome_label_kind(const char *name, char *out, size_t size);

/* ---- summaries out of histograms (exact for integer voxels) --- */

/* min, max, mean, std and percentiles of what a histogram counts. */
void tome_intensity_of(const tome_histogram *h, tome_intensity *out);
/* Adds `h` to `sum`, growing it (in `a`) as needed. Both integer-valued (width 1), or TOME_USAGE. */
TOME_MUST_USE bool tome_histogram_add(tome_arena *a, tome_histogram *sum, const tome_histogram *h, tome_error *err);
/* Windows of an intensity summary. */
tome_window tome_window_minmax(const tome_intensity *i);
tome_window tome_window_percentile(const tome_intensity *i);

#endif
