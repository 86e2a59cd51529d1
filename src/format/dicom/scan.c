/* Walking a DICOM file by its lengths: the transfer syntax, the end of the header, the pixel data. */
#include "format/dicom/scan.h"

#include <string.h>

#include "format/dicom/dcmtk.h"

const tome_dicom_syntax tome_dicom_syntaxes[] = {
    {"1.2.840.10008.1.2", "implicit little endian", TOME_DICOM_NATIVE, false},
    {"1.2.840.10008.1.2.1", "explicit little endian", TOME_DICOM_NATIVE, false},
    {"1.2.840.10008.1.2.2", "explicit big endian", TOME_DICOM_BIG, false},
    {"1.2.840.10008.1.2.1.99", "deflated", TOME_DICOM_DEFLATED, false},
    {"1.2.840.10008.1.2.1.98", "encapsulated uncompressed", TOME_DICOM_ENCAPSULATED, false},
    {"1.2.840.10008.1.2.5", "RLE", TOME_DICOM_RLE, false},
    {"1.2.840.10008.1.2.4.50", "JPEG baseline", TOME_DICOM_JPEG, true},
    {"1.2.840.10008.1.2.4.51", "JPEG extended", TOME_DICOM_JPEG, true},
    {"1.2.840.10008.1.2.4.53", "JPEG spectral selection", TOME_DICOM_JPEG, true},
    {"1.2.840.10008.1.2.4.55", "JPEG progressive", TOME_DICOM_JPEG, true},
    {"1.2.840.10008.1.2.4.57", "JPEG lossless", TOME_DICOM_JPEG, false},
    {"1.2.840.10008.1.2.4.70", "JPEG lossless SV1", TOME_DICOM_JPEG, false},
    {"1.2.840.10008.1.2.4.80", "JPEG-LS", TOME_DICOM_JPEGLS, false},
    {"1.2.840.10008.1.2.4.81", "JPEG-LS near-lossless", TOME_DICOM_JPEGLS, true},
    {"1.2.840.10008.1.2.4.90", "JPEG 2000 lossless", TOME_DICOM_J2K, false},
    {"1.2.840.10008.1.2.4.91", "JPEG 2000", TOME_DICOM_J2K, true},
    {NULL, NULL, TOME_DICOM_NATIVE, false},
};

static const tome_dicom_syntax *syntax_of(const char *uid) {
  for (const tome_dicom_syntax *s = tome_dicom_syntaxes; s->uid; s++)
    if (strcmp(s->uid, uid) == 0) return s;
  return NULL;
}

/* ---- elements ------------------------------------------------------------------------------------------- */

static uint32_t u16(const uint8_t *p, bool big) {
  return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

uint32_t tome_dicom_u32(const uint8_t *p, bool big) {
  return big ? u16(p, true) << 16 | u16(p + 2, true) : u16(p + 2, false) << 16 | u16(p, false);
}

static bool is_vr(const uint8_t *p) {
  static const char known[] =
      "AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV";
  for (const char *k = known;; k += 3) {
    if (k[0] == (char)p[0] && k[1] == (char)p[1]) return true;
    if (!k[2]) return false;
  }
}

/* These have a 32-bit length after two spare bytes. So has, by the standard's advice, every type that is yet to be invented. */
static bool is_long_vr(const uint8_t *p) {
  static const char brief[] = "AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US ??";
  for (const char *k = brief;; k += 3) {
    if (k[0] == (char)p[0] && k[1] == (char)p[1]) return false;
    if (!k[2]) return true;
  }
}

bool tome_dicom_element_at(tome_dicom_source *s, uint64_t at, tome_dicom_coding coding, tome_dicom_element *out) {
  const uint8_t *p = tome_dicom_peek(s, at, 8);
  if (!p) return false;
  *out = (tome_dicom_element){.tag = u16(p, coding.big) << 16 | u16(p + 2, coding.big), .value = at + 8};
  uint32_t length = tome_dicom_u32(p + 4, coding.big);
  if (!coding.implicit && out->tag >> 16 != 0xFFFE) {
    memcpy(out->vr, p + 4, 2);
    if (is_long_vr(p + 4)) {
      if (!(p = tome_dicom_peek(s, at, 12))) return false;
      length = tome_dicom_u32(p + 8, coding.big);
      out->value = at + 12;
    } else {
      length = u16(p + 6, coding.big);
    }
  }
  out->undefined = length == UINT32_MAX;
  out->length = out->undefined ? 0 : length;
  return true;
}

/* ---- sequences without a length --- */

enum { DEEPEST = 64 }; /* sequences without a length, one in another: real objects have four or five */

typedef struct nest {
  struct {
    bool items; /* a sequence, which holds items; otherwise an item, which holds elements */
    tome_dicom_coding coding;
  } level[DEEPEST];
  int depth;
} nest;

static bool push(nest *n, bool items, tome_dicom_coding coding) {
  if (n->depth == DEEPEST) return false;
  n->level[n->depth].items = items;
  n->level[n->depth++].coding = coding;
  return true;
}

/* A value of unknown type and length is a sequence in implicit little endian, whatever surrounds it. */
static tome_dicom_coding inside(const tome_dicom_element *e, tome_dicom_coding around) {
  return strcmp(e->vr, "UN") == 0 ? (tome_dicom_coding){true, false} : around;
}

/* One step through a sequence's insides; false where what stands there cannot. */
static bool nest_step(nest *n, const tome_dicom_element *e) {
  const bool items = n->level[n->depth - 1].items;
  const tome_dicom_coding coding = n->level[n->depth - 1].coding;
  if (e->tag == (items ? TOME_DICOM_SEQUENCE_END : TOME_DICOM_ITEM_END)) {
    n->depth--;
    return true;
  }
  if (items && e->tag != TOME_DICOM_ITEM) return false;
  if (!e->undefined) return true;
  return items ? push(n, false, coding) : push(n, true, inside(e, coding));
}

/* Moves *at past a sequence of undefined length whose first item is there. Each step takes at least eight bytes of the file. */
static bool skip_sequence(tome_dicom_source *s, uint64_t *at, tome_dicom_coding coding) {
  nest n = {.depth = 0};
  if (!push(&n, true, coding)) return false;
  while (n.depth > 0) {
    tome_dicom_element e;
    if (!tome_dicom_element_at(s, *at, n.level[n.depth - 1].coding, &e) || !nest_step(&n, &e)) return false;
    if (e.length > s->size - e.value) return false;
    *at = e.value + e.length;
  }
  return true;
}

/* ---- the file meta information --- */

static bool has_preamble(tome_dicom_source *s) {
  const uint8_t *p = tome_dicom_peek(s, 128, 4);
  return p && memcmp(p, "DICM", 4) == 0;
}

/* A UID's text, without the zero or blanks that pad it. */
static void read_uid(tome_dicom_source *s, const tome_dicom_element *e, char out[65]) {
  const size_t n = e->length < 64 ? (size_t)e->length : 64;
  const uint8_t *p = n ? tome_dicom_peek(s, e->value, n) : NULL;
  size_t used = 0;
  while (p && used < n && ((p[used] >= '0' && p[used] <= '9') || p[used] == '.')) used++;
  if (used) memcpy(out, p, used);
  out[used] = 0;
}

/* Group 0002, always explicit little endian; its own length element is often wrong, so the group is walked. */
static void scan_meta(tome_dicom_source *s, uint64_t at, tome_dicom_layout *l) {
  tome_dicom_element e;
  while (tome_dicom_element_at(s, at, (tome_dicom_coding){false, false}, &e) && e.tag >> 16 == 2) {
    if (e.length > s->size - e.value || e.undefined) break;
    if (e.tag == 0x00020002) read_uid(s, &e, l->media_class);
    if (e.tag == 0x00020010) read_uid(s, &e, l->syntax_uid);
    at = e.value + e.length;
  }
  l->data_set = at;
}

/* The data set's own bytes say how its elements are written; some files say otherwise in their meta information. */
static tome_dicom_coding sniff(tome_dicom_source *s, uint64_t at) {
  const uint8_t *p = tome_dicom_peek(s, at, 8);
  if (!p) return (tome_dicom_coding){false, false};
  return (tome_dicom_coding){!is_vr(p + 4), u16(p, true) < u16(p, false)};
}

/* ---- the data set --- */

static bool is_pixel_data(uint32_t tag) { return tag == 0x7FE00010 || tag == 0x7FE00008 || tag == 0x7FE00009; }

static bool cut_short(const char *path, uint64_t at, const tome_dicom_element *e, uint64_t size, tome_error *err) {
  return tome_fail(err, TOME_CORRUPT,
                   "%s: the file is cut short or damaged: element (%04x,%04x) at byte %llu does not fit into its %llu "
                   "bytes; fetch the file again",
                   path, e->tag >> 16, e->tag & 0xFFFF, (unsigned long long)at, (unsigned long long)size);
}

enum { DISORDER = 1024 }; /* elements out of order: each costs dcmtk a walk along its list */

static bool scan_elements(tome_dicom_source *s, const char *path, tome_dicom_layout *l, tome_error *err) {
  uint64_t at = l->data_set;
  uint32_t before = 0, disorder = 0;
  tome_dicom_element e = {.tag = 1};
  l->key_end = 0;
  for (; tome_dicom_element_at(s, at, l->coding, &e); before = e.tag) {
    if (e.tag == 0) break; /* zero padding after the last element */
    if (e.tag <= before && ++disorder > DISORDER)
      return tome_fail(err, TOME_CORRUPT, "%s: more than %d elements are out of order", path, DISORDER);
    if (e.tag >> 16 > 0x28 && !l->key_end) l->key_end = at;
    if (is_pixel_data(e.tag)) {
      l->pixels = e;
      break;
    }
    uint64_t next = e.value + e.length;
    if (e.undefined ? !skip_sequence(s, &next, inside(&e, l->coding)) : e.length > s->size - e.value)
      return cut_short(path, at, &e, s->size, err);
    at = next;
  }
  if (!l->pixels.tag && e.tag && at < s->size) return cut_short(path, at, &e, s->size, err);
  l->header_end = at;
  if (!l->key_end) l->key_end = at;
  return true;
}

/* Puts the inflated data set in the source's place. */
static bool inflate(tome_dicom_source *s, const char *path, tome_dicom_layout *l, tome_error *err) {
  tome_bytes all = {0};
  if (!tome_dcmtk_inflate(path, l->data_set, &all, err)) return false;
  tome_dicom_close(s);
  *s = tome_dicom_memory(all.data, all.size);
  s->inflated = all;
  l->data_set = 0;
  return true;
}

bool tome_dicom_scan(tome_dicom_source *s, const char *path, tome_dicom_layout *out, tome_error *err) {
  tome_dicom_layout l = {0};
  scan_meta(s, has_preamble(s) ? 132 : 0, &l);
  l.syntax = syntax_of(l.syntax_uid);
  if (l.syntax && l.syntax->codec == TOME_DICOM_DEFLATED && !inflate(s, path, &l, err)) return false;
  l.coding = sniff(s, l.data_set);
  const bool plain = !l.syntax_uid[0] || (l.syntax && l.syntax->codec <= TOME_DICOM_BIG);
  if (plain) l.syntax = &tome_dicom_syntaxes[l.coding.big ? 2 : l.coding.implicit ? 0 : 1];
  if (!scan_elements(s, path, &l, err)) return false;
  *out = l;
  return true;
}

/* ---- probing --- */

/* A data set without preamble: its first elements must read as elements, in rising order, from group 0002 or 0008 on. */
static int probe_bare(tome_dicom_source *s) {
  const uint8_t *p = tome_dicom_peek(s, 0, 8);
  if (!p) return 0;
  const tome_dicom_coding coding = sniff(s, 0);
  const uint32_t group = u16(p, coding.big);
  if (group != 2 && group != 8) return 0;
  uint32_t before = 0;
  int good = 0;
  uint64_t at = 0;
  tome_dicom_element e;
  for (; good < 6 && tome_dicom_element_at(s, at, coding, &e); good++, before = e.tag, at = e.value + e.length) {
    if ((good && e.tag <= before) || e.tag >> 16 > 0x7FE0 || e.undefined || (e.length & 1)) break;
    if (!coding.implicit && !is_vr((const uint8_t *)e.vr)) break;
  }
  if (good < 3) return 0;
  return coding.implicit ? 50 : 70;
}

int tome_dicom_probe(const uint8_t *head, size_t size) {
  tome_dicom_source s = tome_dicom_memory(head, size);
  return has_preamble(&s) ? 100 : probe_bare(&s);
}

void tome_dicom_class_of(const uint8_t *head, size_t size, char out[65]) {
  tome_dicom_source s = tome_dicom_memory(head, size);
  tome_dicom_layout l = {0};
  scan_meta(&s, has_preamble(&s) ? 132 : 0, &l);
  memcpy(out, l.media_class, sizeof l.media_class);
  const tome_dicom_coding coding = sniff(&s, l.data_set);
  tome_dicom_element e;
  for (uint64_t at = l.data_set; !out[0] && tome_dicom_element_at(&s, at, coding, &e) && e.tag <= 0x00080016;
       at = e.value + e.length) {
    if (e.undefined || e.length > s.size - e.value) return;
    if (e.tag == 0x00080016) read_uid(&s, &e, out);
  }
}
