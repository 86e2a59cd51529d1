/*
 * scan.h - where things lie in a DICOM file, found by walking its elements' lengths without interpreting them.
 *
 * The walk is what keeps bad files harmless: it never trusts a length, never recurses, and tells before anything is
 * parsed or decoded whether the pixel data that the header promises are there at all.
 */
#ifndef TOME_FORMAT_DICOM_SCAN_H
#define TOME_FORMAT_DICOM_SCAN_H

#include "base/file.h"

/* How the bytes of a frame are coded. */
typedef enum tome_dicom_codec {
  TOME_DICOM_NATIVE,       /* one block, little endian */
  TOME_DICOM_BIG,          /* one block, big endian */
  TOME_DICOM_DEFLATED,     /* the whole data set is a raw deflate stream */
  TOME_DICOM_ENCAPSULATED, /* fragments of little-endian values */
  TOME_DICOM_RLE,
  TOME_DICOM_JPEG,
  TOME_DICOM_JPEGLS,
  TOME_DICOM_J2K
} tome_dicom_codec;

typedef struct tome_dicom_syntax {
  const char *uid, *name;
  tome_dicom_codec codec;
  bool lossy; /* it may be */
} tome_dicom_syntax;
extern const tome_dicom_syntax tome_dicom_syntaxes[]; /* ends with uid NULL */

/* The bytes to walk: a file, or memory (a deflated data set once inflated, the head that probe gets). Start with fd -1. */
typedef struct tome_dicom_source {
  int fd;                /* -1: memory */
  const uint8_t *memory; /* borrowed */
  uint64_t size;
  tome_bytes inflated; /* owned: what `memory` points to where the data set was deflated */
  uint8_t *window;     /* what was read last */
  uint64_t window_at;
  size_t window_size;
} tome_dicom_source;
TOME_MUST_USE bool tome_dicom_open(const char *path, tome_dicom_source *out, tome_error *err);
tome_dicom_source tome_dicom_memory(const void *data, size_t size);
void tome_dicom_close(tome_dicom_source *s);
/* `want` bytes at `at`, borrowed until the next call; NULL where they are not all there. want <= 4096. */
const uint8_t *tome_dicom_peek(tome_dicom_source *s, uint64_t at, size_t want);
/* False where the bytes are not all there. */
bool tome_dicom_read(tome_dicom_source *s, uint64_t at, void *out, size_t size);

/* How elements are written. */
typedef struct tome_dicom_coding {
  bool implicit, big;
} tome_dicom_coding;

/* One element's header. */
typedef struct tome_dicom_element {
  uint32_t tag; /* group << 16 | element */
  char vr[3];   /* "" where implicit */
  bool undefined;
  uint64_t length; /* of the value, 0 where undefined */
  uint64_t value;  /* where it begins */
} tome_dicom_element;
/* Reads an element's header; false where there are too few bytes for one. */
bool tome_dicom_element_at(tome_dicom_source *s, uint64_t at, tome_dicom_coding coding, tome_dicom_element *out);
uint32_t tome_dicom_u32(const uint8_t *p, bool big);

#define TOME_DICOM_ITEM 0xFFFEE000u
#define TOME_DICOM_ITEM_END 0xFFFEE00Du
#define TOME_DICOM_SEQUENCE_END 0xFFFEE0DDu

typedef struct tome_dicom_layout {
  const tome_dicom_syntax *syntax; /* NULL: none that this build reads */
  char syntax_uid[65];             /* "" where the file names none */
  char media_class[65];            /* (0002,0002), or "" */
  tome_dicom_coding coding;
  uint64_t data_set;         /* offset of its first element */
  uint64_t key_end;          /* end of the elements up to group 0028: patient, series, image */
  uint64_t header_end;       /* where the pixel data element begins, or the end of the data set */
  tome_dicom_element pixels; /* (7FE0,0010), or (7FE0,0008), (7FE0,0009) for floats; tag 0 where there are none */
} tome_dicom_layout;

/* Walks the file up to its pixel data. Inflates it first where it is deflated: `s` is then the inflated data set and offsets
 * are offsets in that. Fails with TOME_CORRUPT where the elements do not fit the file; messages open with "path: ". */
TOME_MUST_USE bool tome_dicom_scan(tome_dicom_source *s, const char *path, tome_dicom_layout *out, tome_error *err);

/* How sure one can be that these first bytes of a file are DICOM, 0 … 100. */
int tome_dicom_probe(const uint8_t *head, size_t size);

/* The media storage SOP class that the first bytes of a file name; else the data set's own, where it begins within them. "" where neither. */
void tome_dicom_class_of(const uint8_t *head, size_t size, char out[65]);

/* Where a frame's fragments lie: from the first one's item tag to the end of the last. */
typedef struct tome_dicom_extent {
  uint64_t offset, length;
} tome_dicom_extent;
/* Shares the fragments of encapsulated pixel data out among `frames` frames. Fails where they do not suffice or nothing tells
 * which belongs to which. `out` holds `frames`. */
TOME_MUST_USE bool tome_dicom_frames(tome_dicom_source *s, const tome_dicom_layout *l, const char *path, size_t frames,
                                     tome_dicom_extent *out, tome_error *err);
/* A frame's bytes, its fragments joined. */
TOME_MUST_USE bool tome_dicom_frame_bytes(tome_dicom_source *s, tome_dicom_extent e, const char *path, tome_bytes *out,
                                          tome_error *err);

#endif
