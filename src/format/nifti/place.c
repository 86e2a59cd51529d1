/* Affines of NIfTI headers. niftilib does the quaternions. */
#include "format/nifti/place.h"

#include <math.h>
#include <nifti2_io.h>
#include <stdio.h>
#include <string.h>

/* Millimetres in one unit of length; unknown counts as mm, as everywhere. */
static double unit_mm(int units) {
  switch (units) {
    case NIFTI_UNITS_METER:
      return 1000;
    case NIFTI_UNITS_MICRON:
      return 0.001;
    default:
      return 1;
  }
}

static double usable_pixdim(double v) { return isfinite(v) && v != 0 ? fabs(v) : 1; }

/* In mm, RAS, from the header's units. */
static bool from_affine(double affine[4][4], const tome_nifti_place *p, const int64_t shape[3], tome_geometry *out,
                        tome_error *err) {
  const double mm = unit_mm(p->units);
  for (int r = 0; r < 3; r++)
    for (int c = 0; c < 4; c++) affine[r][c] *= mm;
  return tome_geometry_from_ras_affine(shape, affine, out, err);
}

static bool from_sform(const tome_nifti_place *p, const int64_t shape[3], tome_geometry *out, tome_error *err) {
  double affine[4][4] = {[3] = {0, 0, 0, 1}};
  memcpy(affine, p->sform, sizeof p->sform);
  return from_affine(affine, p, shape, out, err);
}

static bool from_qform(const tome_nifti_place *p, const int64_t shape[3], tome_geometry *out, tome_error *err) {
  const double *q = p->quatern, *o = p->qoffset;
  const nifti_dmat44 m =
      nifti_quatern_to_dmat44(q[0], q[1], q[2], o[0], o[1], o[2], usable_pixdim(p->pixdim[1]),
                              usable_pixdim(p->pixdim[2]), usable_pixdim(p->pixdim[3]), p->pixdim[0] < 0 ? -1 : 1);
  double affine[4][4];
  memcpy(affine, m.m, sizeof affine);
  return from_affine(affine, p, shape, out, err);
}

/* SPM's origin, where it lies near the grid. */
static bool spm_origin_usable(const tome_nifti_place *p, const int64_t shape[3]) {
  if (!p->analyze || (p->spm_origin[0] == 0 && p->spm_origin[1] == 0 && p->spm_origin[2] == 0)) return false;
  for (int i = 0; i < 3; i++) {
    const double n = (double)shape[2 - i];
    if (p->spm_origin[i] <= -n || p->spm_origin[i] >= 2 * n) return false;
  }
  return true;
}

static bool from_pixdim(const tome_nifti_place *p, const int64_t shape[3], tome_geometry *out, tome_error *err) {
  const bool spm = spm_origin_usable(p, shape);
  double affine[4][4] = {[3] = {0, 0, 0, 1}};
  for (int i = 0; i < 3; i++) {
    const double step = usable_pixdim(p->pixdim[1 + i]) * (i == 0 ? -1 : 1);
    const double centre = spm ? p->spm_origin[i] - 1 : ((double)shape[2 - i] - 1) / 2;
    affine[i][i] = step;
    affine[i][3] = -centre * step;
  }
  return from_affine(affine, p, shape, out, err);
}

static bool any_pixdim_unusable(const tome_nifti_place *p) {
  for (int i = 1; i <= 3; i++)
    if (!isfinite(p->pixdim[i]) || p->pixdim[i] <= 0) return true;
  return false;
}

static void note_spacing_alone(const tome_nifti_place *p, const char *broken, char *note, size_t size) {
  const char *spacing =
      any_pixdim_unusable(p) ? ", and its pixdim is not all above 0 (sign dropped, 1 taken for 0)" : "";
  if (*broken)
    snprintf(note, size, "the header's affine is unusable (%s); the spacing alone is used, orientation unknown%s",
             broken, spacing);
  else
    snprintf(note, size, "the header states no orientation; x is taken to run right to left, as nibabel does%s",
             spacing);
}

static void note_disagreement(const tome_geometry *s, const tome_geometry *q, char *note, size_t size) {
  const tome_grid_difference d = tome_geometry_compare(s, q);
  if (!tome_geometry_same(&d, s)) snprintf(note, size, "sform and qform disagree by %.3g mm; sform used", d.corner_mm);
}

bool tome_nifti_geometry(const tome_nifti_place *p, const int64_t shape[3], tome_geometry *out, char *note,
                         size_t note_size, tome_error *err) {
  tome_geometry s, q;
  tome_error bad_s = {0}, bad_q = {0};
  const bool has_s = p->sform_code > 0 && from_sform(p, shape, &s, &bad_s);
  const bool has_q = p->qform_code > 0 && from_qform(p, shape, &q, &bad_q);
  note[0] = '\0';
  if (has_s) {
    if (has_q) note_disagreement(&s, &q, note, note_size);
    *out = s;
    return true;
  }
  if (has_q) {
    if (bad_s.code) snprintf(note, note_size, "the sform is unusable (%s); qform used", bad_s.message);
    *out = q;
    return true;
  }
  note_spacing_alone(p, bad_s.code ? bad_s.message : bad_q.message, note, note_size);
  return from_pixdim(p, shape, out, err);
}

static bool orthogonal(const tome_geometry *g) {
  for (int a = 0; a < 3; a++) {
    double dot = 0;
    for (int i = 0; i < 3; i++) dot += g->direction[a][i] * g->direction[(a + 1) % 3][i];
    if (fabs(dot) > 1e-5) return false;
  }
  return true;
}

void tome_nifti_place_of(const tome_geometry *g, tome_nifti_place *out) {
  double affine[4][4];
  tome_geometry_to_ras_affine(g, affine);
  tome_nifti_place p = {.sform_code = NIFTI_XFORM_SCANNER_ANAT,
                        .units = NIFTI_UNITS_MM,
                        .pixdim = {1, g->spacing[TOME_X], g->spacing[TOME_Y], g->spacing[TOME_Z]}};
  memcpy(p.sform, affine, sizeof p.sform);
  for (int i = 0; i < 3; i++) p.qoffset[i] = affine[i][3];
  if (orthogonal(g)) {
    nifti_dmat44 m;
    double dx, dy, dz; /* the spacings again */
    memcpy(m.m, affine, sizeof m.m);
    nifti_dmat44_to_quatern(m, &p.quatern[0], &p.quatern[1], &p.quatern[2], NULL, NULL, NULL, &dx, &dy, &dz,
                            &p.pixdim[0]);
    p.qform_code = NIFTI_XFORM_SCANNER_ANAT;
  }
  *out = p;
}
