/* dcmtk behind its C face: a thin layer that asks, checks and catches. */
#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcdatset.h>
#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcdict.h>
#include <dcmtk/dcmdata/dcistrmb.h>
#include <dcmtk/dcmdata/dcistrmf.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcspchrs.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>
#include <dcmtk/dcmjpls/djencode.h>
#include <dcmtk/dcmjpls/djrparam.h>
#include <dcmtk/oflog/oflog.h>
#include <pthread.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <memory>
#include <new>

extern "C" {
#include "format/dicom/dcmtk.h"
}

namespace {

/* dcmtk's codecs, dictionary and logger are global to the process: set up once, here, and never taken down. */
pthread_once_t once = PTHREAD_ONCE_INIT;

void set_up() {
  OFLog::configure(OFLogger::OFF_LOG_LEVEL);
  DJDecoderRegistration::registerCodecs();
  DJLSDecoderRegistration::registerCodecs();
  DJLSEncoderRegistration::registerCodecs(OFFalse, 0, 0, 0, OFFalse); /* cells as they are, not rendered ones */
}

bool ready(tome_error *err) {
  pthread_once(&once, set_up);
  if (dcmDataDict.isDictionaryLoaded()) return true;
  return tome_fail(err, TOME_UNSUPPORTED,
                   "dcmtk's dictionary (dicom.dic) cannot be read; install dcmtk, or set DCMDICTPATH to it");
}

/* Runs `f`, so that no exception leaves this file. */
template <class F>
bool guarded(tome_error *err, F f) noexcept {
  try {
    return f();
  } catch (...) {
    return tome_fail(err, TOME_NO_MEMORY, "out of memory while reading DICOM");
  }
}

DcmTagKey key_of(uint32_t tag) { return DcmTagKey(static_cast<Uint16>(tag >> 16), static_cast<Uint16>(tag & 0xFFFF)); }
DcmItem *item_of(tome_dicom_item *item) { return reinterpret_cast<DcmItem *>(item); }
tome_dicom_item *face_of(DcmObject *item) { return reinterpret_cast<tome_dicom_item *>(static_cast<DcmItem *>(item)); }

enum : Uint32 { TEXT_MOST = 65536 }; /* no attribute that we ask for is longer */

DcmElement *find(tome_dicom_item *item, uint32_t tag) {
  DcmElement *e = nullptr;
  if (!item || item_of(item)->findAndGetElement(key_of(tag), e).bad() || !e) return nullptr;
  return e->getLengthField() > TEXT_MOST ? nullptr : e;
}

/* Control characters become blanks, and blanks at the ends go. */
char *tidy(char *text) {
  for (char *p = text; *p; p++)
    if (static_cast<unsigned char>(*p) < ' ') *p = ' ';
  text += strspn(text, " ");
  size_t n = strlen(text);
  while (n && text[n - 1] == ' ') text[--n] = 0;
  return text;
}

bool is_ascii(const OFString &s) {
  for (size_t i = 0; i < s.length(); i++)
    if (static_cast<unsigned char>(s[i]) > '~') return false;
  return true;
}

/* In place. Without its name ISO 8859-1 is meant: the default repertoire has no characters of the upper half. */
void to_utf8(const OFString &charset, OFString *text) {
  if (is_ascii(*text) && charset.find("2022") == OFString_npos) return;
  DcmSpecificCharacterSet converter;
  OFString out;
  const OFString from = charset.empty() || charset == "ISO_IR 6" ? OFString("ISO_IR 100") : charset;
  if (from != "ISO_IR 192" && converter.selectCharacterSet(from, "ISO_IR 192").good() &&
      converter.convertString(*text, out).good())
    *text = out;
}

/* Bytes that no UTF-8 sequence accounts for become '?'. */
void only_utf8(char *text) {
  for (auto *p = reinterpret_cast<unsigned char *>(text); *p;) {
    const size_t n = *p < 0x80                 ? 1
                     : *p >= 0xC2 && *p < 0xE0 ? 2
                     : (*p & 0xF0) == 0xE0     ? 3
                     : (*p & 0xF8) == 0xF0     ? 4
                                               : 0;
    size_t have = n ? 1 : 0;
    while (have && have < n && (p[have] & 0xC0) == 0x80) have++;
    if (!n || have < n) {
      *p++ = '?';
    } else {
      p += n;
    }
  }
}

/* ---- parsing --- */

struct parse_job {
  const uint8_t *data;
  size_t size;
  tome_dicom_coding coding;
  const char *path;
  bool (*use)(void *ctx, tome_dicom_item *data_set, tome_error *err);
  void *ctx;
  tome_error *err;
  bool ok;
};

bool parse(const parse_job *job) {
  const E_TransferSyntax xfer = job->coding.big        ? EXS_BigEndianExplicit
                                : job->coding.implicit ? EXS_LittleEndianImplicit
                                                       : EXS_LittleEndianExplicit;
  DcmInputBufferStream stream;
  stream.setBuffer(job->data, static_cast<offile_off_t>(job->size));
  stream.setEos();
  DcmDataset data_set;
  data_set.transferInit();
  const OFCondition result = data_set.read(stream, xfer, EGL_noChange, DCM_MaxReadLength);
  data_set.transferEnd();
  if (result.bad() && result != EC_EndOfStream)
    return tome_fail(job->err, TOME_CORRUPT, "%s: the header cannot be parsed (%s)", job->path, result.text());
  return job->use(job->ctx, face_of(&data_set), job->err);
}

void *run_parse(void *p) {
  auto *job = static_cast<parse_job *>(p);
  job->ok = guarded(job->err, [job] { return parse(job); });
  return nullptr;
}

/* How many bytes look like the start of an item: sequences cannot be nested deeper than that. */
size_t count_items(const uint8_t *data, size_t size, bool big) {
  const char *mark = big ? "\xFF\xFE\xE0\x00" : "\xFE\xFF\x00\xE0";
  size_t n = 0;
  for (const uint8_t *p = data, *end = data + size; p < end; n++) {
    p = static_cast<const uint8_t *>(memmem(p, static_cast<size_t>(end - p), mark, 4));
    if (!p) break;
    p += 4;
  }
  return n;
}

enum : size_t { SAFE_ITEMS = 1000, STACK_PER_ITEM = 2048, ITEMS_MOST = 1 << 20 };

/* dcmtk recurses into sequences, so a file of nothing but nested items could exhaust the stack: such files are parsed on a
 * stack that suffices for the deepest nesting their items allow. Untouched stack costs nothing. */
bool parse_aside(parse_job *job, size_t items) {
  if (items > ITEMS_MOST)
    return tome_fail(job->err, TOME_UNSUPPORTED,
                     "%s: the header holds %zu sequence items, more than the %zu that are read", job->path, items,
                     static_cast<size_t>(ITEMS_MOST));
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, (size_t{1} << 20) + items * STACK_PER_ITEM);
  pthread_t thread;
  const int failed = pthread_create(&thread, &attr, run_parse, job);
  pthread_attr_destroy(&attr);
  if (failed)
    return tome_fail(job->err, TOME_NO_MEMORY, "%s: no memory for a stack to parse %zu items on", job->path, items);
  pthread_join(thread, nullptr);
  return job->ok;
}

/* ---- numbers --- */

bool number_at(DcmElement *e, unsigned long i, double *out) {
  Float64 v = 0;
  Float32 f = 0;
  Sint32 n = 0;
  Uint16 us = 0;
  if (e->getFloat64(v, i).good()) {
    *out = v;
  } else if (e->getFloat32(f, i).good()) {
    *out = static_cast<double>(f);
  } else if (e->getSint32(n, i).good()) {
    *out = n;
  } else if (e->getUint16(us, i).good()) {
    *out = us;
  } else {
    return false;
  }
  return std::isfinite(*out);
}

/* A 16-bit value of a type that the dictionary leaves open may come as bytes. */
bool open_type(DcmElement *e, int64_t *out) {
  Uint8 *bytes = nullptr;
  if (e->getLengthField() != 2 || e->getUint8Array(bytes).bad() || !bytes) return false;
  *out = bytes[0] | bytes[1] << 8;
  return true;
}

bool integer_value(DcmElement *e, bool is_signed, int64_t *out) {
  Uint16 us = 0;
  Sint16 ss = 0;
  Uint32 ul = 0;
  Sint32 sl = 0;
  double v = 0;
  int64_t bits = 0;
  if (e->getUint16(us).good()) {
    bits = us;
  } else if (e->getSint16(ss).good()) {
    bits = static_cast<Uint16>(ss);
  } else if (e->getUint32(ul).good()) {
    *out = is_signed ? int64_t{static_cast<Sint32>(ul)} : int64_t{ul};
    return true;
  } else if (e->getSint32(sl).good()) {
    *out = sl;
    return true;
  } else if (number_at(e, 0, &v) && v == std::floor(v) && std::fabs(v) < 2147483648.0) {
    *out = static_cast<int64_t>(v);
    return true;
  } else if (!open_type(e, &bits)) {
    return false;
  }
  *out = is_signed ? int64_t{static_cast<Sint16>(bits)} : bits;
  return true;
}

/* ---- codecs --- */

void describe_frame(DcmDataset *d, const tome_dicom_coded *c) {
  const Uint16 bits = static_cast<Uint16>(c->bits);
  d->putAndInsertUint16(DCM_SamplesPerPixel, c->samples);
  d->putAndInsertString(DCM_PhotometricInterpretation, c->photometric);
  if (c->samples > 1) d->putAndInsertUint16(DCM_PlanarConfiguration, 0);
  d->putAndInsertString(DCM_NumberOfFrames, "1");
  d->putAndInsertUint16(DCM_Rows, c->rows);
  d->putAndInsertUint16(DCM_Columns, c->columns);
  d->putAndInsertUint16(DCM_BitsAllocated, bits);
  d->putAndInsertUint16(DCM_BitsStored, bits);
  d->putAndInsertUint16(DCM_HighBit, static_cast<Uint16>(bits - 1));
  d->putAndInsertUint16(DCM_PixelRepresentation, 0);
}

/* A pixel sequence of an empty offset table and one fragment. */
DcmPixelSequence *one_fragment(const uint8_t *data, size_t size) {
  auto sequence = std::make_unique<DcmPixelSequence>(DCM_PixelSequenceTag);
  auto fragment = std::make_unique<DcmPixelItem>(DCM_PixelItemTag);
  if (fragment->putUint8Array(data, static_cast<unsigned long>(size)).bad()) throw std::bad_alloc();
  sequence->insert(new DcmPixelItem(DCM_PixelItemTag));
  sequence->insert(fragment.release());
  return sequence.release();
}

/* The codec is shown a data set of our making that holds this frame only: it cannot be led astray by the file's header, and the cost of a
 * frame does not grow with the number of frames. */
bool decode_frame(const tome_dicom_coded *c, const uint8_t *data, size_t size, void *out, size_t out_bytes,
                  const char *path, tome_error *err) {
  DcmDataset d;
  describe_frame(&d, c);
  const E_TransferSyntax xfer = DcmXfer(c->syntax->uid).getXfer();
  auto *pixels = new DcmPixelData(DCM_PixelData);
  d.insert(pixels);
  pixels->putOriginalRepresentation(xfer, nullptr, one_fragment(data, size));
  const size_t room = out_bytes + (out_bytes & 1);
  std::unique_ptr<uint8_t[]> frame(new uint8_t[room]());
  Uint32 first = 0;
  OFString model;
  const OFCondition result = pixels->getUncompressedFrame(&d, 0, first, frame.get(), static_cast<Uint32>(room), model);
  if (result.bad())
    return tome_fail(err, TOME_CORRUPT, "%s: the %s data cannot be decompressed (%s)", path, c->syntax->name,
                     result.text());
  memcpy(out, frame.get(), out_bytes);
  return true;
}

/* ---- encoding --- */

/* The first fragment after the (empty) offset table: a code stream, its padding included. */
bool take_fragment(DcmDataset *d, tome_bytes *out, const char *path, tome_error *err) {
  DcmElement *e = nullptr;
  DcmPixelSequence *sequence = nullptr;
  DcmPixelItem *item = nullptr;
  Uint8 *data = nullptr;
  const DcmRepresentationParameter *any = nullptr;
  E_TransferSyntax xfer = EXS_Unknown;
  if (d->findAndGetElement(DCM_PixelData, e).bad()) return tome_fail(err, TOME_UNSUPPORTED, "%s: no JPEG-LS", path);
  auto *pixels = static_cast<DcmPixelData *>(e);
  pixels->getCurrentRepresentationKey(xfer, any);
  if (pixels->getEncapsulatedRepresentation(xfer, any, sequence).bad() || sequence->card() != 2 ||
      sequence->getItem(item, 1).bad() || item->getUint8Array(data).bad())
    return tome_fail(err, TOME_UNSUPPORTED, "%s: dcmtk gives no JPEG-LS code stream", path);
  const size_t size = item->getLength();
  out->data = static_cast<uint8_t *>(tome_alloc(size, 1, "JPEG-LS code stream", err));
  if (!out->data) return false;
  memcpy(out->data, data, size);
  out->size = size;
  return true;
}

bool encode_jpegls(const uint16_t *cells, const tome_dicom_coded *c, bool is_signed, tome_bytes *out, const char *path,
                   tome_error *err) {
  DcmDataset d;
  describe_frame(&d, c);
  d.putAndInsertUint16(DCM_BitsAllocated, 16);
  d.putAndInsertUint16(DCM_PixelRepresentation, is_signed ? 1 : 0);
  const auto n = static_cast<unsigned long>(c->rows) * c->columns;
  if (d.putAndInsertUint16Array(DCM_PixelData, cells, n).bad())
    return tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", path);
  const DJLSRepresentationParameter lossless(0, OFTrue);
  const OFCondition result = d.chooseRepresentation(EXS_JPEGLSLossless, &lossless);
  if (result.bad())
    return tome_fail(err, TOME_UNSUPPORTED, "%s: cannot be compressed with JPEG-LS (%s)", path, result.text());
  return take_fragment(&d, out, path, err);
}

/* ---- many numbers --- */

/* An element's text: of a type that says so, or of none at all (writers use UN for what is longer than a short length). */
const char *text_of(DcmElement *e, size_t *length) {
  char *text = nullptr;
  Uint8 *bytes = nullptr;
  if (e->getString(text).good() && text) {
    *length = strlen(text);
    return text;
  }
  const bool raw = e->getUint8Array(bytes).good() && bytes;
  *length = raw ? e->getLengthField() : 0;
  return raw ? reinterpret_cast<const char *>(bytes) : "";
}

/* Skips what may stand around a number: blanks, a plus sign, the zero that pads. */
const char *skip_blank(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\0')) p++;
  return p;
}

bool parse_numbers(const char *p, const char *end, double *out, size_t *count) {
  size_t n = 0;
  for (p = skip_blank(p, end); p < end; n++) {
    if (*p == '+') p++;
    const auto got = std::from_chars(p, end, out[n]);
    if (got.ec != std::errc() || !std::isfinite(out[n])) return false;
    p = skip_blank(got.ptr, end);
    if (p < end && *p != '\\') return false;
    if (p < end && ++p == end) return false;
    p = skip_blank(p, end);
  }
  *count = n;
  return true;
}

enum : size_t { INFLATED_MOST = size_t{2} << 30 };

bool inflate_all(const char *path, uint64_t offset, tome_bytes *out, tome_error *err) {
  DcmInputFileStream stream(OFFilename(path), static_cast<offile_off_t>(offset));
  if (!stream.good() || stream.installCompressionFilter(ESC_zlib).bad())
    return tome_fail(err, TOME_IO, "%s: cannot be read", path);
  size_t cap = 0;
  for (bool more = true; more;) {
    if (out->size > INFLATED_MOST)
      return tome_fail(err, TOME_UNSUPPORTED, "%s: inflates to more than %zu bytes", path,
                       static_cast<size_t>(INFLATED_MOST));
    if (!tome_grow(&out->data, &cap, out->size + (1 << 16), 1, err)) return false;
    const offile_off_t n = stream.read(out->data + out->size, static_cast<offile_off_t>(cap - out->size));
    more = n > 0;
    if (more) out->size += static_cast<size_t>(n);
  }
  return true;
}

}  // namespace

extern "C" {

bool tome_dcmtk_parse(const uint8_t *data, size_t size, tome_dicom_coding coding, const char *path,
                      bool (*use)(void *ctx, tome_dicom_item *data_set, tome_error *err), void *ctx, tome_error *err) {
  if (!ready(err)) return false;
  parse_job job = {data, size, coding, path, use, ctx, err, false};
  const size_t items = count_items(data, size, coding.big) + (coding.big ? count_items(data, size, false) : 0);
  if (items > SAFE_ITEMS) return parse_aside(&job, items);
  run_parse(&job);
  return job.ok;
}

bool tome_dcmtk_has(tome_dicom_item *item, uint32_t tag) {
  return guarded(nullptr, [=] { return item && item_of(item)->tagExists(key_of(tag)); });
}

bool tome_dcmtk_text(tome_dicom_item *item, uint32_t tag, tome_arena *a, const char **out, tome_error *err) {
  return guarded(err, [=] {
    OFString text;
    DcmElement *e = find(item, tag);
    if (e && e->getOFStringArray(text).bad()) text.clear();
    char *own = tome_arena_dup(a, text.c_str(), err);
    if (own) *out = tidy(own);
    return own != nullptr;
  });
}

bool tome_dcmtk_utf8(tome_dicom_item *data_set, tome_dicom_item *item, uint32_t tag, tome_arena *a, const char **out,
                     tome_error *err) {
  return guarded(err, [=] {
    OFString text, charset;
    DcmElement *e = find(item, tag), *c = find(data_set, 0x00080005);
    if (c && c->getOFStringArray(charset).bad()) charset.clear();
    if (e && e->getOFStringArray(text).bad()) text.clear();
    to_utf8(charset, &text);
    char *own = tome_arena_dup(a, text.c_str(), err);
    if (!own) return false;
    only_utf8(own);
    *out = tidy(own);
    return true;
  });
}

bool tome_dcmtk_number(tome_dicom_item *item, uint32_t tag, size_t index, double *out) {
  return guarded(nullptr, [=] {
    DcmElement *e = find(item, tag);
    double v = 0;
    if (!e || !number_at(e, static_cast<unsigned long>(index), &v)) return false;
    *out = v;
    return true;
  });
}

bool tome_dcmtk_integer(tome_dicom_item *item, uint32_t tag, bool is_signed, int64_t *out) {
  return guarded(nullptr, [=] {
    DcmElement *e = find(item, tag);
    return e && integer_value(e, is_signed, out);
  });
}

tome_dicom_item *tome_dcmtk_next(tome_dicom_item *item, uint32_t tag, tome_dicom_item *previous) {
  tome_dicom_item *next = nullptr;
  (void)guarded(nullptr, [&] {
    DcmSequenceOfItems *sequence = nullptr;
    if (!item || item_of(item)->findAndGetSequence(key_of(tag), sequence).bad() || !sequence) return false;
    DcmObject *found = previous ? sequence->nextInContainer(item_of(previous)) : sequence->nextInContainer(nullptr);
    if (found) next = face_of(found);
    return true;
  });
  return next;
}

bool tome_dcmtk_decode(const tome_dicom_coded *c, const uint8_t *data, size_t size, void *out, size_t out_bytes,
                       const char *path, tome_error *err) {
  if (!ready(err)) return false;
  if (out_bytes > UINT32_MAX - 1 || size > UINT32_MAX - 2)
    return tome_fail(err, TOME_UNSUPPORTED, "%s: a compressed frame of %zu bytes is more than is read", path,
                     out_bytes);
  return guarded(err, [=] { return decode_frame(c, data, size, out, out_bytes, path, err); });
}

bool tome_dcmtk_jpegls(const uint16_t *cells, uint16_t rows, uint16_t columns, unsigned bits, bool is_signed,
                       tome_bytes *out, const char *path, tome_error *err) {
  const tome_dicom_coded c = {nullptr, rows, columns, 1, bits, "MONOCHROME2"};
  return ready(err) && guarded(err, [=] { return encode_jpegls(cells, &c, is_signed, out, path, err); });
}

bool tome_dcmtk_numbers(tome_dicom_item *item, uint32_t tag, tome_arena *a, const char *path, const double **out,
                        size_t *count, tome_error *err) {
  *count = 0;
  return guarded(err, [=] {
    DcmElement *e = nullptr;
    if (!item || item_of(item)->findAndGetElement(key_of(tag), e).bad() || !e) return true;
    size_t length = 0;
    const char *text = text_of(e, &length);
    size_t most = 1;
    for (size_t i = 0; i < length; i++) most += text[i] == '\\';
    auto *v = static_cast<double *>(tome_arena_alloc(a, most * sizeof(double), err));
    if (!v) return false;
    if (!parse_numbers(text, text + length, v, count))
      return tome_fail(err, TOME_CORRUPT, "%s: element (%04x,%04x) holds something that is no number", path, tag >> 16,
                       tag & 0xFFFF);
    *out = v;
    return true;
  });
}

bool tome_dcmtk_inflate(const char *path, uint64_t offset, tome_bytes *out, tome_error *err) {
  tome_bytes all = {nullptr, 0};
  const bool ok = ready(err) && guarded(err, [&] { return inflate_all(path, offset, &all, err); });
  if (ok)
    *out = all;
  else
    tome_bytes_clear(&all);
  return ok;
}

}  // extern "C"
