/* What the two halves of the SEG reader share: what a segmentation's header says (dicom/seg.c), and its frames onto a grid (dicom/seg_read.c). */
#ifndef TOME_FORMAT_DICOM_SEG_H
#define TOME_FORMAT_DICOM_SEG_H

#include "format/dicom/image.h"

typedef enum tome_seg_kind {
  TOME_SEG_BINARY,     /* one bit a pixel, frames follow each other without padding */
  TOME_SEG_FRACTIONAL, /* pixel / most is a probability or an occupancy */
  TOME_SEG_LABELMAP    /* the pixel is the segment's number */
} tome_seg_kind;

typedef struct tome_seg_frame {
  int64_t segment; /* number; unused for label maps */
  double position[3], along_row[3], along_column[3];
  double spacing[2];       /* y, x */
  uint64_t offset, length; /* of its pixels; unused where they are bits */
} tome_seg_frame;

/* tome_drawing.state of a SEG. */
typedef struct tome_seg {
  tome_seg_kind kind;
  bool bits;   /* one bit a pixel */
  double most; /* fractional: the value that means 1 */
  int64_t rows, columns;
  tome_piece like; /* how frames of whole values decode */
  bool deflated;   /* offsets are in the inflated data set */
  uint64_t pixels; /* bits: where they begin */
  tome_seg_frame *frames;
  size_t frame_count;
} tome_seg;

#endif
