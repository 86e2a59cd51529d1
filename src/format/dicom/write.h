/* What the files that write DICOM share. Not for other modules. */
#ifndef TOME_FORMAT_DICOM_WRITE_H
#define TOME_FORMAT_DICOM_WRITE_H

#include "format/dicom/emit.h"
#include "format/format.h"

/* Identifiers and texts that all files of a series share. */
typedef struct tome_dicom_series {
  char study[TOME_UID_SIZE], series[TOME_UID_SIZE], frame[TOME_UID_SIZE];
  const char *sop_class, *modality, *image_type;
  const char *id, *description; /* "" where not known */
  char date[9], time[7];        /* of the contents; "" where not said */
} tome_dicom_series;

/* How a volume's values become stored ones: stored = (value - intercept) / slope, exact unless `scaled`. */
typedef struct tome_dicom_values {
  double slope, intercept;
  bool is_signed, scaled;
  unsigned bits; /* stored: 12 or 16 */
  double lo, hi; /* the volume's range */
} tome_dicom_values;

/* The modules of patient, study, series and equipment up to group 0018, without what is particular to a class: `own` puts elements of groups
 * 0008 after the SOP instance UID's (may be NULL). */
void tome_dicom_emit_patient(tome_emit *e, const tome_dicom_series *s);
void tome_dicom_emit_general(tome_emit *e, const tome_dicom_series *s, const char *sop_uid);
/* "a\b\c\d\e\f" of the slices' plane. Fails where rows and columns are not perpendicular: no DICOM plane is. */
TOME_MUST_USE bool tome_dicom_plane(const tome_geometry *g, const char *name, double orientation[6], tome_error *err);
/* Distance of neighbouring slices along the normal of their plane, negative where z runs against it. */
double tome_dicom_slice_step(const tome_geometry *g);

/* dicom/values.c */
TOME_MUST_USE bool tome_dicom_values_of(const tome_volume *v, bool ct, bool may_scale, const char *name,
                                        tome_dicom_values *out, tome_error *err);
/* Slice z as 16-bit cells. */
void tome_dicom_store(const tome_volume *v, int64_t z, const tome_dicom_values *how, uint16_t *out);

/* dicom/write.c: a series into a folder, or one slice into a file. */
bool tome_dicom_write_folder(const char *folder, const tome_volume *v, const tome_write_options *opt, tome_error *err);
bool tome_dicom_write(int fd, const char *name, const tome_volume *v, const tome_write_options *opt, tome_error *err);
/* dicom/write_seg.c: a label map as a SEG. */
bool tome_dicom_write_seg(int fd, const char *name, const tome_volume *v, const tome_write_options *opt,
                          tome_error *err);

#endif
