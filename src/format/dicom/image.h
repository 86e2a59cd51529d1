/* What the parts of the DICOM reader tell each other: how pixels are laid out, where frames lie, and the two calls of the vtable. */
#ifndef TOME_FORMAT_DICOM_IMAGE_H
#define TOME_FORMAT_DICOM_IMAGE_H

#include "format/dicom/dcmtk.h"
#include "format/format.h"

typedef enum tome_dicom_colour {
  TOME_DICOM_MONO,
  TOME_DICOM_RGB,
  TOME_DICOM_YBR,
  TOME_DICOM_YBR_422
} tome_dicom_colour;

/* How pixels are stored. */
typedef struct tome_dicom_image {
  const tome_dicom_syntax *syntax;
  int64_t rows, columns, frames;
  unsigned samples, allocated, stored, high; /* bits; high: the number of the highest one */
  bool is_signed, is_float;
  bool planar;  /* all of one channel, then all of the next */
  bool swapped; /* 8-bit values in big-endian 16-bit words */
  bool monochrome1;
  tome_dicom_colour colour;
} tome_dicom_image;

/* Reads it from a data set that holds pixel data, and checks it. Messages open with "path: ". */
TOME_MUST_USE bool tome_dicom_image_read(tome_dicom_item *data_set, const tome_dicom_layout *l, const char *path,
                                         tome_dicom_image *out, tome_error *err);
tome_dtype tome_dicom_image_dtype(const tome_dicom_image *i);
uint64_t tome_dicom_frame_size(const tome_dicom_image *i); /* bytes, decoded */
/* What decode needs and a piece has no field for goes through piece->flags. */
uint32_t tome_dicom_pack(const tome_dicom_image *i);
tome_dicom_image tome_dicom_unpack(const tome_piece *p);

/* Where to look for a frame's attributes: its own functional groups, then the shared ones, then the data set. The first two may be NULL. */
typedef struct tome_dicom_groups {
  tome_dicom_item *frame, *shared, *data_set;
  int64_t index; /* of the frame */
  bool many;     /* the object has several frames */
} tome_dicom_groups;
/* Position, orientation, pixel spacing, thickness and tilt. What is absent or makes no sense leaves its flag unset. p->modality is read. */
void tome_dicom_place(const tome_dicom_groups *g, tome_piece *p);
/* Slope and intercept; refuses what is not linear. */
TOME_MUST_USE bool tome_dicom_rescale(const tome_dicom_groups *g, tome_piece *p, tome_error *err);
/* Instance, acquisition and temporal position. */
void tome_dicom_number(const tome_dicom_groups *g, tome_piece *p);

/* ---- dicom/file.c: an open file. Start with source.fd -1 --- */
typedef struct tome_dicom_file {
  const char *path; /* borrowed */
  tome_dicom_source source;
  tome_dicom_layout layout;
  tome_dicom_image image;     /* filled by the caller, from the parsed header */
  tome_dicom_extent *extents; /* of the frames, where they are compressed */
} tome_dicom_file;
TOME_MUST_USE bool tome_dicom_file_open(const char *path, tome_dicom_file *out, tome_error *err);
void tome_dicom_file_close(tome_dicom_file *f);
typedef bool (*tome_dicom_use)(void *ctx, tome_dicom_item *data_set, tome_error *err);
/* Parses the data set's bytes up to `end` and calls `use` with it. */
TOME_MUST_USE bool tome_dicom_file_parse(tome_dicom_file *f, uint64_t end, tome_dicom_use use, void *ctx,
                                         tome_error *err);
/* Fails where the bytes that `image` speaks of are not there. */
TOME_MUST_USE bool tome_dicom_check_pixels(tome_dicom_file *f, tome_error *err);
/* Sets the piece's offset and length to those of a frame. */
void tome_dicom_locate(const tome_dicom_file *f, int64_t frame, tome_piece *p);

/* ---- drawings --- */
/* The SOP class in a file's first bytes is that of a segmentation, of a structure set. */
bool tome_dicom_is_seg(const uint8_t *head, size_t size);
bool tome_dicom_is_rtstruct(const uint8_t *head, size_t size);
bool tome_dicom_outline_seg(const char *path, tome_drawing *out, tome_error *err);
bool tome_dicom_outline_rtstruct(const char *path, tome_drawing *out, tome_error *err);
bool tome_dicom_rasterise_seg(const tome_drawing *d, size_t i, const tome_geometry *grid, double threshold,
                              uint8_t *mask, tome_error *err);
bool tome_dicom_rasterise_rtstruct(const tome_drawing *d, size_t i, const tome_geometry *grid, uint8_t *mask,
                                   tome_error *err);

bool tome_dicom_describe(const char *path, tome_pieces *out, tome_error *err);
bool tome_dicom_decode(const tome_piece *piece, void *out, size_t out_bytes, tome_error *err);

#endif
