/*
 * dcmtk.h - the little of dcmtk that Tome uses, behind a C face: attributes of a parsed data set, codecs, inflation.
 *
 * The only file behind it, dicom/dcmtk.cc, is the only one that sees dcmtk. No C++ exception leaves it. Everything here may be called from
 * several threads at once.
 */
#ifndef TOME_FORMAT_DICOM_DCMTK_H
#define TOME_FORMAT_DICOM_DCMTK_H

#include "base/file.h"
#include "format/dicom/scan.h"

/* A data set or an item of a sequence; borrowed from the parse it belongs to. */
typedef struct tome_dicom_item tome_dicom_item;

/* Parses the elements in `data` and calls `use` with them; they are gone when it returns. Fails with TOME_CORRUPT where the bytes cannot be
 * parsed, and as `use` fails. */
TOME_MUST_USE bool tome_dcmtk_parse(const uint8_t *data, size_t size, tome_dicom_coding coding, const char *path,
                                    bool (*use)(void *ctx, tome_dicom_item *data_set, tome_error *err), void *ctx,
                                    tome_error *err);

/* Attributes. Tags are group << 16 | element. `item` may be NULL: everything is absent in it. */
bool tome_dcmtk_has(tome_dicom_item *item, uint32_t tag);
/* The value as text, several joined by a backslash, blanks trimmed; "" where absent or absurdly long. False only without memory. */
TOME_MUST_USE bool tome_dcmtk_text(tome_dicom_item *item, uint32_t tag, tome_arena *a, const char **out,
                                   tome_error *err);
/* The same as UTF-8, from the character set that `data_set` names (none: ISO 8859-1, which people write under no name); what cannot be
 * converted becomes '?'. */
TOME_MUST_USE bool tome_dcmtk_utf8(tome_dicom_item *data_set, tome_dicom_item *item, uint32_t tag, tome_arena *a,
                                   const char **out, tome_error *err);
/* Value `index` as a number; false where there is none, or it is not finite. Outputs untouched on false. */
bool tome_dcmtk_number(tome_dicom_item *item, uint32_t tag, size_t index, double *out);
/* All values of a decimal string, however many (TOME_CORRUPT where one is no number): *count of them in the arena. 0 where absent. */
TOME_MUST_USE bool tome_dcmtk_numbers(tome_dicom_item *item, uint32_t tag, tome_arena *a, const char *path,
                                      const double **out, size_t *count, tome_error *err);
/* One integer; 16-bit values of either sign are read as `is_signed` says, whatever type the file gives them. */
bool tome_dcmtk_integer(tome_dicom_item *item, uint32_t tag, bool is_signed, int64_t *out);
/* The item of sequence `tag` after `previous` (NULL: the first); NULL where there is none. */
tome_dicom_item *tome_dcmtk_next(tome_dicom_item *item, uint32_t tag, tome_dicom_item *previous);

/* One compressed frame: what it is said to be. */
typedef struct tome_dicom_coded {
  const tome_dicom_syntax *syntax;
  uint16_t rows, columns, samples;
  unsigned bits;           /* of a sample as it comes out: 8 or 16 */
  const char *photometric; /* "MONOCHROME2", "RGB", "YBR_FULL_422", … */
} tome_dicom_coded;
/* Decompresses JPEG and JPEG-LS into exactly `out_bytes`, samples interleaved, native order. */
TOME_MUST_USE bool tome_dcmtk_decode(const tome_dicom_coded *c, const uint8_t *data, size_t size, void *out,
                                     size_t out_bytes, const char *path, tome_error *err);

/* Compresses a slice of 16-bit cells, of which the lower `bits` count, to a lossless JPEG-LS code stream. */
TOME_MUST_USE bool tome_dcmtk_jpegls(const uint16_t *cells, uint16_t rows, uint16_t columns, unsigned bits,
                                     bool is_signed, tome_bytes *out, const char *path, tome_error *err);

/* Inflates the raw deflate stream that begins at `offset` of a file. What a cut-short stream gives is returned as it is. */
TOME_MUST_USE bool tome_dcmtk_inflate(const char *path, uint64_t offset, tome_bytes *out, tome_error *err);

#endif
