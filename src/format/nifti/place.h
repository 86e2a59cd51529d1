/* Where a NIfTI header puts its voxels in the patient: sform, qform or the spacing alone. The one place where RAS is spoken. Inside src/format only. */
#ifndef TOME_FORMAT_NIFTI_PLACE_H
#define TOME_FORMAT_NIFTI_PLACE_H

#include "base/error.h"
#include "grid/grid.h"

/* The header's fields on position, as they stand there (native byte order, no units applied). */
typedef struct tome_nifti_place {
  int sform_code, qform_code, units; /* units: bits 0–2 of xyzt_units */
  double sform[3][4];                /* srow_x, srow_y, srow_z */
  double quatern[3], qoffset[3];     /* b, c, d; x, y, z */
  double pixdim[4];                  /* [0] is qfac */
  bool analyze;
  double spm_origin[3]; /* Analyze as SPM writes it: 1-based voxel of the origin; 0 where unset */
} tome_nifti_place;

/* nibabel's choice: sform where its code is above 0, else qform, else the spacing with the origin in the middle and x running right to left.
 * One that is unusable (singular, not finite) gives way to the next. `note` gets what a person should know, or "". */
TOME_MUST_USE bool tome_nifti_geometry(const tome_nifti_place *p, const int64_t shape[3], tome_geometry *out,
                                       char *note, size_t note_size, tome_error *err);

/* The way back. sform always; qform (with qfac in pixdim[0]) only where the axes are orthogonal: a shear has no quaternion. */
void tome_nifti_place_of(const tome_geometry *g, tome_nifti_place *out);

#endif
