/*
 * emit.h - writing a DICOM data set: elements one after the other, explicit little endian, sequences with lengths.
 *
 * Elements have to be put in rising order of their tags. A failure (no memory, elements out of order) sticks: the calls after it do
 * nothing, and tome_emit_finish says it.
 */
#ifndef TOME_FORMAT_DICOM_EMIT_H
#define TOME_FORMAT_DICOM_EMIT_H

#include "base/file.h"

enum { TOME_EMIT_DEEPEST = 8, TOME_UID_SIZE = 65 };

typedef struct tome_emit {
  tome_bytes out; /* owned */
  size_t cap;
  struct {
    size_t at;     /* where the length is to be written */
    uint32_t last; /* tag of the level around it */
  } level[TOME_EMIT_DEEPEST];
  int depth;
  uint32_t last; /* tag of the element before */
  tome_error why;
} tome_emit;
void tome_emit_clear(tome_emit *e);

/* Values of text types; several are joined by a backslash already. Padded to even length. NULL is "". */
void tome_emit_text(tome_emit *e, uint32_t tag, const char *vr, const char *text);
/* Decimal strings: as many digits as 16 characters hold. */
void tome_emit_decimals(tome_emit *e, uint32_t tag, const double *v, size_t n);
void tome_emit_integer(tome_emit *e, uint32_t tag, int64_t v); /* an integer string */
void tome_emit_u16(tome_emit *e, uint32_t tag, const uint16_t *v, size_t n);
void tome_emit_u32(tome_emit *e, uint32_t tag, const uint32_t *v, size_t n);
void tome_emit_tag(tome_emit *e, uint32_t tag, uint32_t value);
void tome_emit_bytes(tome_emit *e, uint32_t tag, const char *vr, const void *data, size_t size);
/* One compressed frame as encapsulated pixel data. */
void tome_emit_frame(tome_emit *e, const void *code, size_t size);

void tome_emit_open(tome_emit *e, uint32_t sequence); /* ends with tome_emit_close; holds items only */
void tome_emit_item(tome_emit *e);                    /* ends with tome_emit_close */
void tome_emit_close(tome_emit *e);

/* The preamble and the file meta information. */
void tome_emit_head(tome_emit *e, const char *sop_class, const char *sop_uid, const char *syntax);
/* What went wrong, if anything; `name` opens the message. */
TOME_MUST_USE bool tome_emit_finish(const tome_emit *e, const char *name, tome_error *err);

/* A new UID under 2.25: a random UUID in decimal. */
TOME_MUST_USE bool tome_uid_new(char out[TOME_UID_SIZE], tome_error *err);
/* A number in at most 16 characters, as exact as they allow, whatever the locale. */
void tome_decimal(double v, char out[17]);

#endif
