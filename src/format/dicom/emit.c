/* Writing a DICOM data set, element by element, into memory. */
#include "format/dicom/emit.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Of this writer; a UUID drawn once. */
#define IMPLEMENTATION "2.25.93620745131902647382910563847261905573"

void tome_emit_clear(tome_emit *e) {
  tome_bytes_clear(&e->out);
  *e = (tome_emit){0};
}

/* ---- bytes --- */

static uint8_t *reserve(tome_emit *e, size_t n) {
  if (e->why.code || !tome_grow(&e->out.data, &e->cap, e->out.size + n, 1, &e->why)) return NULL;
  uint8_t *at = e->out.data + e->out.size;
  e->out.size += n;
  return at;
}

static void put(tome_emit *e, const void *data, size_t n) {
  uint8_t *at = reserve(e, n);
  if (at && n) memcpy(at, data, n);
}

static void store16(uint8_t *at, uint32_t v) {
  at[0] = (uint8_t)v;
  at[1] = (uint8_t)(v >> 8);
}

static void store32(uint8_t *at, uint32_t v) {
  store16(at, v & 0xFFFF);
  store16(at + 2, v >> 16);
}

static void put_tag(tome_emit *e, uint32_t tag) {
  uint8_t *at = reserve(e, 4);
  if (!at) return;
  store16(at, tag >> 16);
  store16(at + 2, tag & 0xFFFF);
}

static void put32(tome_emit *e, uint32_t v) {
  uint8_t *at = reserve(e, 4);
  if (at) store32(at, v);
}

static bool is_long(const char *vr) { return strstr("OB OW OF OD OL SQ UN UT UC UR", vr) != NULL; }

/* An element's tag, type and length. */
static void head(tome_emit *e, uint32_t tag, const char *vr, size_t size) {
  if (!e->why.code && tag <= e->last)
    (void)tome_fail(&e->why, TOME_USAGE, "element %08" PRIx32 " comes after %08" PRIx32, tag, e->last);
  e->last = tag;
  if (!e->why.code && (is_long(vr) ? size > UINT32_MAX - 1 : size > UINT16_MAX - 1))
    (void)tome_fail(&e->why, TOME_UNSUPPORTED, "element %08" PRIx32 " of %zu bytes is longer than DICOM allows", tag,
                    size);
  const uint32_t n = (uint32_t)(size + (size & 1));
  put_tag(e, tag);
  put(e, vr, 2);
  uint8_t *at = reserve(e, is_long(vr) ? 6 : 2);
  if (!at) return;
  store16(at, is_long(vr) ? 0 : n);
  if (is_long(vr)) store32(at + 2, n);
}

void tome_emit_bytes(tome_emit *e, uint32_t tag, const char *vr, const void *data, size_t size) {
  head(e, tag, vr, size);
  put(e, data, size);
  const char pad = strcmp(vr, "UI") == 0 || vr[0] == 'O' ? '\0' : ' ';
  if (size & 1) put(e, &pad, 1);
}

/* ---- values --- */

void tome_emit_text(tome_emit *e, uint32_t tag, const char *vr, const char *text) {
  tome_emit_bytes(e, tag, vr, text ? text : "", text ? strlen(text) : 0);
}

/* printf writes the decimal point of the program's locale. */
static void to_point(char *text) {
  for (char *p = text; *p; p++)
    if (!strchr("+-0123456789e", *p)) *p = '.';
}

void tome_decimal(double v, char out[17]) {
  char text[340]; /* of any double, however it is printed */
  int digits = 17;
  for (int shorter = 1; shorter <= 17; shorter++) { /* as few as give the number back */
    snprintf(text, sizeof text, "%.*g", shorter, v);
    if (strtod(text, NULL) == v) {
      digits = shorter;
      break;
    }
  }
  do snprintf(text, sizeof text, "%.*g", digits--, v);
  while (strlen(text) > 16);
  to_point(text);
  memcpy(out, text, strlen(text) + 1);
}

void tome_emit_decimals(tome_emit *e, uint32_t tag, const double *v, size_t n) {
  char text[16 * 17];
  size_t used = 0;
  for (size_t i = 0; i < n && i < 16; i++) {
    if (i) text[used++] = '\\';
    tome_decimal(v[i], text + used);
    used += strlen(text + used);
  }
  tome_emit_bytes(e, tag, "DS", text, used);
}

void tome_emit_integer(tome_emit *e, uint32_t tag, int64_t v) {
  char text[24];
  snprintf(text, sizeof text, "%" PRId64, v);
  tome_emit_text(e, tag, "IS", text);
}

void tome_emit_u16(tome_emit *e, uint32_t tag, const uint16_t *v, size_t n) {
  head(e, tag, "US", n * 2);
  uint8_t *at = reserve(e, n * 2);
  for (size_t i = 0; at && i < n; i++) store16(at + 2 * i, v[i]);
}

void tome_emit_u32(tome_emit *e, uint32_t tag, const uint32_t *v, size_t n) {
  head(e, tag, "UL", n * 4);
  for (size_t i = 0; i < n; i++) put32(e, v[i]);
}

void tome_emit_tag(tome_emit *e, uint32_t tag, uint32_t value) {
  head(e, tag, "AT", 4);
  put_tag(e, value);
}

#define ITEM 0xFFFEE000u
enum { PIXELS = 0x7FE00010 };

void tome_emit_frame(tome_emit *e, const void *code, size_t size) {
  static const uint8_t open[] = {0xE0, 0x7F, 0x10, 0x00, 'O', 'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, /* undefined length */
                                 0xFE, 0xFF, 0x00, 0xE0, 0,   0,   0, 0};                        /* no offset table */
  static const uint8_t close[] = {0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0};
  put(e, open, sizeof open);
  put_tag(e, ITEM);
  put32(e, (uint32_t)(size + (size & 1)));
  put(e, code, size);
  if (size & 1) put(e, "", 1);
  put(e, close, sizeof close);
  e->last = PIXELS;
}

/* ---- sequences --- */

static void push(tome_emit *e) {
  if (!e->why.code && e->depth == TOME_EMIT_DEEPEST)
    (void)tome_fail(&e->why, TOME_USAGE, "sequences are nested too deep");
  if (e->why.code) return;
  e->level[e->depth].at = e->out.size - 4;
  e->level[e->depth++].last = e->last;
  e->last = 0;
}

void tome_emit_open(tome_emit *e, uint32_t sequence) {
  head(e, sequence, "SQ", 0);
  push(e);
}

void tome_emit_item(tome_emit *e) {
  put_tag(e, ITEM);
  put32(e, 0);
  push(e);
}

void tome_emit_close(tome_emit *e) {
  if (e->why.code || !e->depth) return;
  const size_t at = e->level[--e->depth].at, size = e->out.size - at - 4;
  e->last = e->level[e->depth].last;
  if (size > UINT32_MAX - 1)
    (void)tome_fail(&e->why, TOME_UNSUPPORTED, "a sequence of %zu bytes is longer than DICOM allows", size);
  store32(e->out.data + at, (uint32_t)size);
}

/* ---- files --- */

void tome_emit_head(tome_emit *e, const char *sop_class, const char *sop_uid, const char *syntax) {
  static const uint8_t version[] = {0, 1};
  uint8_t *preamble = reserve(e, 128);
  if (preamble) memset(preamble, 0, 128);
  put(e, "DICM", 4);
  const uint32_t later = 0;
  tome_emit_u32(e, 0x00020000, &later, 1);
  const size_t begin = e->out.size;
  tome_emit_bytes(e, 0x00020001, "OB", version, sizeof version);
  tome_emit_text(e, 0x00020002, "UI", sop_class);
  tome_emit_text(e, 0x00020003, "UI", sop_uid);
  tome_emit_text(e, 0x00020010, "UI", syntax);
  tome_emit_text(e, 0x00020012, "UI", IMPLEMENTATION);
  tome_emit_text(e, 0x00020013, "SH", "TOME " TOME_VERSION);
  if (!e->why.code) store32(e->out.data + begin - 4, (uint32_t)(e->out.size - begin));
}

bool tome_emit_finish(const tome_emit *e, const char *name, tome_error *err) {
  return !e->why.code || tome_fail(err, e->why.code, "%s: %s", name, e->why.message);
}

/* Divides a big-endian number by ten, in place; gives the rest. */
static unsigned tenth(uint8_t n[16]) {
  unsigned rest = 0;
  for (int i = 0; i < 16; i++) {
    const unsigned v = rest << 8 | n[i];
    n[i] = (uint8_t)(v / 10);
    rest = v % 10;
  }
  return rest;
}

bool tome_uid_new(char out[TOME_UID_SIZE], tome_error *err) {
  uint8_t n[16];
  if (getrandom(n, sizeof n, 0) != (ssize_t)sizeof n) return tome_fail_errno(err, "no random numbers for a UID");
  n[6] = (uint8_t)((n[6] & 0x0F) | 0x40); /* version 4, variant 1 (RFC 4122) */
  n[8] = (uint8_t)((n[8] & 0x3F) | 0x80);
  char digits[40];
  size_t count = 0;
  while (count < 39) { /* 2^128 has 39 digits */
    digits[count++] = (char)('0' + tenth(n));
    static const uint8_t zero[16];
    if (memcmp(n, zero, sizeof n) == 0) break;
  }
  memcpy(out, "2.25.", 5);
  for (size_t i = 0; i < count; i++) out[5 + i] = digits[count - 1 - i];
  out[5 + count] = '\0';
  return true;
}
