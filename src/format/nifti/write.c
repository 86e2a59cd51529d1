/* NIfTI out. */
#include "format/nifti/write.h"

#include <nifti2_io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/packed.h"
#include "format/head.h"
#include "format/nifti/header.h"
#include "format/nifti/place.h"

enum { EXTENSION_FLAGS = 4, EXTENSION_HEAD = 8, COMMENT_CODE = 6, MOST_NIFTI_1 = 32767 };

/* All bytes before the first voxel: the header proper, four flags, and the extension where there is one. */
typedef struct header {
  uint8_t *bytes;
  size_t size;
  bool alone; /* the voxels are in another file */
} header;

static void header_clear(header *h) { free(h->bytes); }

/* Bytes of the extension: a multiple of 16, so that the voxels begin at one. */
static size_t extension_bytes(const tome_write_options *opt) {
  const size_t text = opt && opt->comment ? strlen(opt->comment) : 0;
  return text ? (EXTENSION_HEAD + text + 15) / 16 * 16 : 0;
}

static int channels_of(const tome_volume *v) { return v->channels > 1 ? v->channels : 1; }

/* Bits of a voxel. */
static int bits_of(const tome_volume *v) { return channels_of(v) * (int)(8 * tome_dtype_size(v->dtype)); }

static void copy_text(char *out, size_t size, const char *text) { snprintf(out, size, "%s", text ? text : ""); }

static void header_one(const tome_volume *v, const tome_nifti_place *p, const tome_write_options *opt, header *out) {
  nifti_1_header h = {.sizeof_hdr = sizeof h,
                      .regular = 'r',
                      .dim = {3, 1, 1, 1, 1, 1, 1, 1},
                      .datatype = tome_nifti_datatype(v->dtype, channels_of(v)),
                      .bitpix = (short)bits_of(v),
                      .pixdim = {1, 1, 1, 1, 1, 1, 1, 1},
                      .vox_offset = out->alone ? 0 : (float)out->size,
                      .scl_slope = 1,
                      .xyzt_units = (char)p->units,
                      .qform_code = (short)p->qform_code,
                      .sform_code = (short)p->sform_code,
                      .quatern_b = (float)p->quatern[0],
                      .quatern_c = (float)p->quatern[1],
                      .quatern_d = (float)p->quatern[2],
                      .qoffset_x = (float)p->qoffset[0],
                      .qoffset_y = (float)p->qoffset[1],
                      .qoffset_z = (float)p->qoffset[2],
                      .magic = "n+1"};
  for (int i = 0; i < 3; i++) h.dim[1 + i] = (short)v->geometry.shape[2 - i];
  for (int i = 0; i < 4; i++) {
    h.pixdim[i] = (float)p->pixdim[i];
    h.srow_x[i] = (float)p->sform[0][i];
    h.srow_y[i] = (float)p->sform[1][i];
    h.srow_z[i] = (float)p->sform[2][i];
  }
  if (out->alone) h.magic[1] = 'i';
  copy_text(h.descrip, sizeof h.descrip, opt ? opt->description : NULL);
  memcpy(out->bytes, &h, sizeof h);
}

static void header_two(const tome_volume *v, const tome_nifti_place *p, const tome_write_options *opt, header *out) {
  nifti_2_header h = {.sizeof_hdr = sizeof h,
                      .magic = "n+2\0\r\n\032",
                      .datatype = tome_nifti_datatype(v->dtype, channels_of(v)),
                      .bitpix = (int16_t)bits_of(v),
                      .dim = {3, 1, 1, 1, 1, 1, 1, 1},
                      .pixdim = {1, 1, 1, 1, 1, 1, 1, 1},
                      .vox_offset = out->alone ? 0 : (int64_t)out->size,
                      .scl_slope = 1,
                      .xyzt_units = p->units,
                      .qform_code = p->qform_code,
                      .sform_code = p->sform_code,
                      .quatern_b = p->quatern[0],
                      .quatern_c = p->quatern[1],
                      .quatern_d = p->quatern[2],
                      .qoffset_x = p->qoffset[0],
                      .qoffset_y = p->qoffset[1],
                      .qoffset_z = p->qoffset[2]};
  h.magic[7] = '\n';
  if (out->alone) h.magic[1] = 'i';
  for (int i = 0; i < 3; i++) h.dim[1 + i] = v->geometry.shape[2 - i];
  memcpy(h.pixdim, p->pixdim, sizeof p->pixdim);
  memcpy(h.srow_x, p->sform[0], sizeof h.srow_x);
  memcpy(h.srow_y, p->sform[1], sizeof h.srow_y);
  memcpy(h.srow_z, p->sform[2], sizeof h.srow_z);
  copy_text(h.descrip, sizeof h.descrip, opt ? opt->description : NULL);
  memcpy(out->bytes, &h, sizeof h);
}

/* The comment as an extension of code 6: size and code in native order, as the header. */
static void put_extension(uint8_t *at, const tome_write_options *opt) {
  const int32_t head[2] = {(int32_t)extension_bytes(opt), COMMENT_CODE};
  at[0] = 1; /* the flag that says one follows */
  memcpy(at + EXTENSION_FLAGS, head, sizeof head);
  memcpy(at + EXTENSION_FLAGS + EXTENSION_HEAD, opt->comment, strlen(opt->comment));
}

static bool make_header(const tome_volume *v, const tome_write_options *opt, header *out, tome_error *err) {
  const int64_t *s = v->geometry.shape;
  const bool two = s[0] > MOST_NIFTI_1 || s[1] > MOST_NIFTI_1 || s[2] > MOST_NIFTI_1;
  const size_t proper = two ? sizeof(nifti_2_header) : sizeof(nifti_1_header), extension = extension_bytes(opt);
  tome_nifti_place place;
  tome_nifti_place_of(&v->geometry, &place);
  out->size = proper + EXTENSION_FLAGS + extension;
  out->bytes = tome_alloc_zero(out->size, 1, "NIfTI header", err);
  if (!out->bytes) return false;
  (two ? header_two : header_one)(v, &place, opt, out);
  if (extension) put_extension(out->bytes + proper, opt);
  return true;
}

static bool write_gzip(int fd, const char *name, const header *head, const tome_volume *v, size_t bytes, int level,
                       tome_filling *filling, tome_error *err) {
  const tome_packing packing = {.wrapping = TOME_WRAP_GZIP,
                                .level = level > 0 ? level : TOME_USUAL_LEVEL,
                                .head = head->bytes,
                                .head_size = head->size,
                                .data = v->data,
                                .size = bytes,
                                .element = tome_dtype_size(v->dtype),
                                .filling = filling};
  return tome_write_packed(fd, name, &packing, NULL, err);
}

bool tome_nifti_write(int fd, const char *name, const tome_volume *v, const tome_write_options *opt, tome_error *err) {
  size_t bytes;
  const int channels = channels_of(v);
  if (channels > 1 && tome_nifti_datatype(v->dtype, channels) == DT_UNKNOWN)
    return tome_fail(err, TOME_UNSUPPORTED,
                     "%s: NIfTI holds colours as RGB or RGBA of uint8, not %d samples of %s a voxel; make them gray or "
                     "8-bit first, or write .nrrd, .mha, .tif or .npy",
                     name, channels, tome_dtype_name(v->dtype));
  if (tome_nifti_datatype(v->dtype, channels) == DT_UNKNOWN ||
      !tome_shape_bytes(v->geometry.shape, tome_dtype_size(v->dtype) * (size_t)channels, &bytes))
    return tome_fail(err, TOME_USAGE, "%s: a volume without voxels cannot be written", name);
  if (tome_ends_in(name, ".hdr.gz") || tome_ends_in(name, ".img.gz"))
    return tome_fail(err, TOME_USAGE, "%s: pairs are written as they are; take .hdr (with .img), or .nii.gz", name);
  TOME_CLEANUP(header_clear) header head = {.alone = opt && opt->voxels_name};
  tome_filling *filling = opt ? opt->filling : NULL;
  if (!make_header(v, opt, &head, err)) return false;
  if (tome_ends_in(name, ".gz")) return write_gzip(fd, name, &head, v, bytes, opt ? opt->level : 0, filling, err);
  return tome_write_all(fd, head.bytes, head.size, name, err) &&
         tome_filling_write(filling, head.alone ? opt->voxels_fd : fd, v->data, bytes,
                            head.alone ? opt->voxels_name : name, err);
}
