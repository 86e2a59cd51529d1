/*
 * format.h - what a file format is to Tome: a vtable and a row in the table of formats.c.
 *
 * A format looks at bytes (probe), says from the headers alone what is inside (describe: a list of pieces), and later puts one
 * piece's stored values into caller's memory (decode). It knows nothing of series, cases or stores: a DICOM or PNG slice is a
 * 2-D piece, a multi-frame DICOM gives one 2-D piece a frame, a NIfTI file is one 3-D piece. src/stack orders pieces into volumes, once, for all formats.
 * describe and decode may run for different files on different threads at the same time.
 */
#ifndef TOME_FORMAT_H
#define TOME_FORMAT_H

#include "base/file.h"
#include "base/filling.h"
#include "grid/colour.h"

typedef struct tome_format tome_format;

/* One 2-D or 3-D array of voxels in a file, described by its header. Strings are in the list's arena, "" where absent. */
typedef struct tome_piece {
  const tome_format *format;
  const char *path; /* as it was opened */
  int64_t frame;    /* 0-based within the file; 0 for single-frame */
  const char *name; /* of the array, in a file that holds several ("image" of an .npz); "" elsewhere */

  int64_t shape[3]; /* (z, y, x); z == 1 for a slice */
  bool solid;       /* an array with an axis z of its own, though it may hold one slice */
  int channels;     /* samples a voxel, side by side (gray+alpha, RGB, RGBA); 1 for everything that can be stacked */
  tome_dtype dtype; /* of the stored values, as decode gives them (masked, sign-extended, native order) */
  double slope, intercept; /* value = stored*slope + intercept; 1, 0 where the file says nothing */
  bool inverted;           /* MONOCHROME1 */
  bool has_padding;
  double padding_lo, padding_hi; /* stored values (before rescale) that lie outside the patient, both ends included */

  /* Where a 3-D piece lies. Valid where has_geometry. */
  bool has_geometry;
  tome_geometry geometry;
  const char *geometry_note; /* e.g. "sform and qform disagree by 3.1 mm; sform used", or "" */

  /* Where a slice lies (LPS mm). Each valid where its flag is set. */
  bool has_position, has_orientation, has_pixel_spacing;
  double position[3];      /* centre of the first voxel */
  double along_row[3];     /* direction of increasing column index (IOP[0:3]) */
  double along_column[3];  /* direction of increasing row index (IOP[3:6]) */
  double pixel_spacing[2]; /* (y, x) mm */
  double slice_thickness;  /* mm, 0 unknown; never used for the slice step except for a single slice */
  double tilt_tag;         /* (0018,1120) degrees, NaN absent: evidence for a note, never used */

  /* What groups and orders slices. */
  const char *series_uid, *study_uid, *frame_uid, *sop_uid, *sop_class;
  const char *modality;                    /* "CT", "MR", "SEG", … */
  const char *image_type;                  /* "ORIGINAL\\PRIMARY\\AXIAL" */
  const char *description;                 /* series description: kept out of the store unless asked */
  int64_t instance, acquisition, temporal; /* INT64_MIN where absent */

  /* Patient name, id, birth date, study date: one "key=value\n" a line, for --keep-identity only. */
  const char *identity;

  uint64_t offset, length;       /* the format's own use: where the voxels begin, and how many bytes hold them (or 0) */
  uint32_t flags;                /* the format's own use */
  const char *data_path;         /* the format's own use: detached data (.img); "": they are in the file itself */
  const char *const *more_paths; /* where detached data are in several files (LIST): those after the first, in order */
  size_t more_count;

  /* Pictures. */
  const tome_palette *palette; /* the values are indices into it; NULL: no palette. In the list's arena */
  bool coloured;    /* decode gives the palette's colours, `channels` samples each: tome_pieces_as_pictures */
  bool lossy;       /* compressed so that values come back only about right (JPEG): no labels as they are */
  const char *note; /* what was read otherwise than the file has it, or not taken at its word; "" */

  tome_filling *filling; /* told by decode how far it has come, where the format can tell; NULL: nobody asks */
} tome_piece;

/* A file that is no image, or one that cannot be read: kept as a sentence. */
typedef struct tome_passed_over {
  const char *path;
  const char *text; /* why, and what to do */
  bool damaged;     /* true: looks like an image but is broken (a fault); false: a non-image (a note) */
  size_t unpaired;  /* how many files of labels it speaks of that no image was found for; 0: of none */
} tome_passed_over;

typedef struct tome_pieces {
  tome_piece *items;
  size_t count, cap;
  tome_passed_over *passed;
  size_t passed_count, passed_cap;
  tome_arena arena; /* holds items, passed and their strings */
} tome_pieces;
void tome_pieces_clear(tome_pieces *p);
/* Appends a piece with neutral values (slope 1, instance INT64_MIN, strings "", channels 1, tilt_tag NaN) and returns it. */
TOME_MUST_USE tome_piece *tome_pieces_add(tome_pieces *p, const tome_format *f, const char *path, tome_error *err);
TOME_MUST_USE bool tome_pieces_pass_over(tome_pieces *p, const char *path, bool damaged, tome_error *err,
                                         const char *fmt, ...) TOME_PRINTF(5, 6);
/* For files that are offered as images and not as labels: decode of palette pieces gives colours from now on. */
void tome_pieces_as_pictures(tome_pieces *p);
/* Moves everything of `from` to the end of `to`; `from` ends empty. */
TOME_MUST_USE bool tome_pieces_join(tome_pieces *to, tome_pieces *from, tome_error *err);

/* A label value's name, for formats that hold names. */
typedef struct tome_write_name {
  int32_t value;
  const char *name;
} tome_write_name;

/* A volume on its way out. Zero-initialise for "not known" or the format's default; each format takes what it can hold. */
typedef struct tome_write_options {
  int level;         /* compression, 0: the format's default; below 0: none, where a format leaves the choice */
  const char *units; /* "HU" or "" */
  const char *description;
  bool picture;         /* a single slice that is no volume: formats of plain arrays leave the axis z out */
  bool unplaced;        /* nothing says where it lies: the geometry is made up */
  const char *id;       /* of the case; NULL: not known */
  const char *modality; /* "CT", "MR" …; NULL: by the units */
  const char *codec;    /* DICOM: NULL none, "jpegls", "j2k" (both lossless) */
  bool to_16_bits;      /* DICOM: values that do not fit 16 bits are scaled to them; false: refused */
  double window_level, window_width; /* DICOM: of the window tags; width 0: 40/400 for CT, else the range */
  const char *study_uid, *series_uid, *frame_uid; /* NULL or "": new ones. For labels: those of the image */
  bool is_label;                                  /* a label map: DICOM writes a SEG */
  const tome_write_name *names;                   /* labels: what the values are called */
  size_t name_count;
  const char *const *sop_uids; /* labels: of the image's slices, one a slice; NULL: not known */
  const char *sop_class;       /* of these images */
  const char *
      comment; /* what made it, as JSON: written where the format has a place for text (see keeps_comment); NULL: nothing */
  const char *voxels_name; /* of the file of voxels beside the header, where `apart` asks for one; NULL: one file */
  int voxels_fd;           /* that file, open */
  tome_filling *
      filling; /* the voxels are still on their way, and gone once written (formats that are `patient`); NULL: they are there, and stay */
} tome_write_options;

/* Labels that are drawn on another image's grid and have none of their own, or only parts of one: DICOM SEG and RTSTRUCT. A structure is
 * one segment or one region of interest. Strings and everything below `state` live in the arena. */
typedef struct tome_structure {
  int64_t number;   /* as the file numbers it */
  const char *name; /* "" where the file has none */
  bool has_colour;
  uint8_t colour[3]; /* RGB */
} tome_structure;
typedef struct tome_drawing {
  const tome_format *format;
  const char *path, *kind;            /* as it was opened; "SEG", "RTSTRUCT" */
  const char *series_uid, *frame_uid; /* of the image it was drawn on; "" where the file does not say */
  const char *sop_uid;                /* the file's own */
  bool fractional;                    /* values between 0 and 1: rasterise needs a threshold */
  bool has_geometry;                  /* the frames lie on an even grid of their own */
  tome_geometry geometry;             /* that grid, from the first frame to the last */
  tome_structure *items;
  size_t count, cap;
  const char **notes; /* sentences: open contours passed over … */
  size_t note_count, note_cap;
  const void *state; /* the format's own */
  tome_arena arena;
} tome_drawing;
void tome_drawing_clear(tome_drawing *d);
TOME_MUST_USE bool tome_drawing_note(tome_drawing *d, tome_error *err, const char *fmt, ...) TOME_PRINTF(3, 4);

struct tome_format {
  const char *name, *title, *extensions, *keeps, *loses;
  /* 0 no … 100 certain. `head` is the first `size` (up to 4096) bytes, of the file itself and, where it is gzip, inflated
   * (`gzip` says so). `name` is the file's name, for formats whose bytes say little (headerless pairs). */
  int (*probe)(const uint8_t *head, size_t size, bool gzip, const char *name);
  /* Appends the file's pieces, or passes it over with a sentence (non-images, broken headers). False only where nothing can go on
   * (no memory). */
  bool (*describe)(const char *path, tome_pieces *out, tome_error *err);
  /* Puts the piece's stored values at `out`: exactly shape*channels*dtype bytes, C order. */
  bool (*decode)(const tome_piece *piece, void *out, size_t out_bytes, tome_error *err);
  /* Writes a volume to an open file (a draft). NULL: read-only format. `name` is the target's name ("v.nii.gz"). */
  bool (*write)(int fd, const char *name, const tome_volume *v, const tome_write_options *opt, tome_error *err);
  /* For formats of which a volume is a folder of files: writes them into an empty folder (a draft). May be NULL; a target whose
   * name ends in '/' is a folder. */
  bool (*write_folder)(const char *folder, const tome_volume *v, const tome_write_options *opt, tome_error *err);
  /* The ending of the file of voxels beside the header ("v.mhd": ".raw"), where this name asks for two files; NULL: one file. May be NULL. */
  const char *(*apart)(const char *name, const tome_write_options *opt);
  /* Whether it writes by this name: "out.nii.gz", "series/". */
  bool (*wants_name)(const char *name);
  bool elsewhere;     /* written, but not by write: HDF5 belongs to src/store */
  bool keeps_comment; /* write puts opt->comment into the file */
  bool
      patient; /* write looks at each voxel once, in their order, and waits for those that opt->filling says are still to come */
  /* What write can hold. */
  bool grid;                /* spacing, origin and direction */
  bool flat;                /* one slice a file: a picture */
  const tome_dtype *types;  /* the element types, narrowest first, then TOME_NONE; NULL: any, or write says */
  const char *usual_ending; /* what files of it are called where nobody says: ".nii.gz" */
  /* The next three go together; NULL where the format has no drawings. Whether these first bytes begin a drawing: describe passes such
   * files over. */
  bool (*is_drawing)(const uint8_t *head, size_t size);
  /* Reads what a drawing holds; `out` starts zeroed. */
  bool (*outline)(const char *path, tome_drawing *out, tome_error *err);
  /* Sets the bytes of `mask` (one a voxel of `grid`, C order) that lie in structure `i` to 1 and leaves the others. `threshold`: where values
   * are fractions, those from it up are in. TOME_GEOMETRY where the drawing does not fit the grid. */
  bool (*rasterise)(const tome_drawing *d, size_t i, const tome_geometry *grid, double threshold, uint8_t *mask,
                    tome_error *err);
};

extern const tome_format *const tome_formats[]; /* the table; NULL-terminated */

/* The format of a file by its bytes; NULL with err untouched where nobody knows it, NULL with err set where it cannot be read. */
TOME_MUST_USE const tome_format *tome_format_of(const char *path, tome_error *err);
/* Describes one file by whatever format its bytes are, passing over what nobody knows ("not an image this build reads"). "FILE:NAME", where there is no
 * file of that whole name, is the arrays called NAME in FILE; pieces then carry FILE as their path. */
TOME_MUST_USE bool tome_describe(const char *path, tome_pieces *out, tome_error *err);
/* Splits "FILE:NAME" at the first colon before which there is a regular file; false where `path` is there as it stands, or nothing is. `name` points
 * into path. */
bool tome_split_member(const char *path, char *file, size_t size, const char **name);
/* Describes many on all cores, keeping their order. Calls tome_report with phase "scan". */
TOME_MUST_USE bool tome_describe_all(const char *const *paths, size_t count, const tome_run *run, tome_pieces *out,
                                     tome_error *err);
const tome_format *tome_format_for_name(const char *name); /* for writing; NULL where none */
/* The format of which this file is a drawing; NULL with err untouched where it is none, NULL with err set where it cannot be read. */
TOME_MUST_USE const tome_format *tome_drawing_of(const char *path, tome_error *err);

#endif
