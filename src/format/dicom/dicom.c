/* DICOM's row in the table of formats. */
#include "format/dicom/dicom.h"

#include <string.h>

#include "format/dicom/image.h"
#include "format/dicom/write.h"
#include "format/head.h"

static int probe(const uint8_t *head, size_t size, bool gzip, const char *name) {
  (void)name; /* DICOM files are called anything */
  return gzip ? 0 : tome_dicom_probe(head, size);
}

static bool is_drawing(const uint8_t *head, size_t size) {
  return tome_dicom_probe(head, size) && (tome_dicom_is_seg(head, size) || tome_dicom_is_rtstruct(head, size));
}

static bool outline(const char *path, tome_drawing *out, tome_error *err) {
  uint8_t head[TOME_HEAD];
  size_t size = 0;
  tome_drawing d = {0};
  bool ok = tome_file_head(path, head, sizeof head, &size, err);
  ok = ok && (tome_dicom_is_rtstruct(head, size) ? tome_dicom_outline_rtstruct(path, &d, err)
                                                 : tome_dicom_outline_seg(path, &d, err));
  if (!ok) {
    tome_drawing_clear(&d);
    return false;
  }
  d.format = &tome_format_dicom;
  *out = d;
  return true;
}

static bool rasterise(const tome_drawing *d, size_t i, const tome_geometry *grid, double threshold, uint8_t *mask,
                      tome_error *err) {
  return strcmp(d->kind, "SEG") == 0 ? tome_dicom_rasterise_seg(d, i, grid, threshold, mask, err)
                                     : tome_dicom_rasterise_rtstruct(d, i, grid, mask, err);
}

/* A series is a folder; one file holds a slice, or a label map as SEG. */
static bool wants_name(const char *name) {
  const size_t n = strlen(name);
  return tome_ends_in(name, ".dcm") || (n && name[n - 1] == '/');
}

const tome_format tome_format_dicom = {
    .name = "dicom",
    .title = "DICOM images, SEG and RTSTRUCT",
    .extensions = ".dcm .dicom .ima",
    .keeps =
        "position, orientation and spacing of each slice, rescale, padding, identifiers of study, series and image; of "
        "SEG and RTSTRUCT the "
        "structures, their names and numbers, on the image's grid",
    .loses =
        "window presets, overlays, acquisition parameters, private elements, colours of structures; written: 16 bits a "
        "voxel, values of a label map "
        "that are not 1, 2, 3 … are numbered anew in a SEG",
    .probe = probe,
    .describe = tome_dicom_describe,
    .decode = tome_dicom_decode,
    .grid = true,
    .usual_ending = "",
    .write = tome_dicom_write,
    .write_folder = tome_dicom_write_folder,
    .wants_name = wants_name,
    .is_drawing = is_drawing,
    .outline = outline,
    .rasterise = rasterise,
};
