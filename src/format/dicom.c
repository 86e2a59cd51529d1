/* DICOM's row in the table of formats. */
#include "format/dicom.h"

#include <string.h>

#include "format/dicom_image.h"
#include "format/dicom_write.h"
#include "format/head.h"

static int probe(const uint8_t *head, size_t size, bool gzip, const char *name) {
  (void)name; /* DICOM files are called anything */
  return gzip ? 0 : tome_dicom_probe(head, size);
}

/* A series is a folder; one file holds a slice, or a label map as SEG. */
static bool wants_name(const char *name) {
  const size_t n = strlen(name);
  return tome_ends_in(name, ".dcm") || (n && name[n - 1] == '/');
}

const tome_format tome_format_dicom = {
    .name = "dicom",
    .title = "DICOM image",
    .extensions = ".dcm .dicom .ima",
    .keeps =
        "position, orientation and spacing of each slice, rescale, padding, identifiers of study, series and image",
    .loses = "window presets, overlays, acquisition parameters, private elements",
    .probe = probe,
    .describe = tome_dicom_describe,
    .decode = tome_dicom_decode,
    .write = tome_dicom_write,
    .write_folder = tome_dicom_write_folder,
    .wants_name = wants_name,
};
