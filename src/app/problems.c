/* What a person should know of a case before training on it: found from its numbers, kept with their remedy. */
#include <stdio.h>
#include <string.h>

#include "app/repairs.h"
#include "stats/stats.h"

/* ---- the image ------------------------------------------------------------------------------------------ */

static bool check_hu(tome_record *r, tome_error *err) {
  const tome_intensity *i = &r->intensity;
  if (strcmp(r->modality, "CT") != 0 || i->count == 0) return true;
  if (i->min == i->max)
    return tome_record_problem(r, TOME_WARNING, "constant-image", "look at the source: it holds no picture", err,
                               "every voxel is %g HU", i->min);
  if (i->max > 30000)
    return tome_record_problem(
        r, TOME_ERROR, "implausible-hu", "read the source as signed (PixelRepresentation 1), then ingest it again", err,
        "voxels up to %g HU: signed values seem to have been read as unsigned (-1024 becomes 64512)", i->max);
  if (i->min >= 0 && i->percentile[TOME_P995] > 800)
    return tome_record_problem(
        r, TOME_WARNING, "implausible-hu",
        "apply the rescale intercept (often -1024) to the source, then ingest it again", err,
        "no voxel below 0 HU (%g to %g) though a CT holds air at -1000: the values seem not to be rescaled", i->min,
        i->max);
  if (i->min < -5000 || i->percentile[TOME_P995] > 5000)
    return tome_record_problem(r, TOME_WARNING, "implausible-hu", "check rescale slope and padding of the source", err,
                               "voxels from %g to %g HU", i->min, i->max);
  return true;
}

/* LiTS volumes 28 to 47 go about with an identity affine: 1 mm in all directions at origin 0, which no scanner makes. */
static bool check_identity(tome_record *r, tome_error *err) {
  if (!tome_geometry_is_lost(&r->geometry) || strcmp(r->modality, "CT") != 0) return true;
  return tome_record_problem(
      r, TOME_WARNING, "identity-affine",
      "find the true spacing (LiTS 28-47 circulate without it), then ingest the case again with --repair "
      "lits-spacing --spacing z,y,x --replace",
      err, "spacing 1x1x1 mm at origin 0: the file carries no geometry of a scanner");
}

/* KiTS lists its CT as (x, y, z) arrays whose affine says that the first axis is head-foot: right in space, but slices do not come first. */
static bool check_axes(tome_record *r, tome_error *err) {
  if (strcmp(r->modality, "CT") != 0 || !tome_slices_are_elsewhere(&r->geometry)) return true;
  return tome_record_problem(
      r, TOME_INFO, "slices-not-first", "ingest it again with --repair kits19-axes --replace to have slices first", err,
      "its axes are %s (z, y, x): slices do not come first, as they do in most CT; places in the "
      "patient are right",
      r->orientation);
}

static bool check_duplicate(tome_index *ix, tome_record *r, tome_error *err) {
  char other[256] = "";
  if (!tome_index_by_voxels(ix, r->voxel_hash, r->id, other, sizeof other, err)) return false;
  if (!*other) return true;
  char remedy[400];
  snprintf(remedy, sizeof remedy, "keep one of the two: tome rm STORE %s", r->id);
  return tome_record_problem(r, TOME_WARNING, "duplicate-voxels", remedy, err,
                             "its voxels are those of case %s, to the last one", other);
}

/* A series that lies scattered over folders comes in as several cases, each of which looks whole: fewer slices, or every other one at twice the step. */
static bool check_scattered(tome_index *ix, tome_record *r, const char *input, tome_error *err) {
  char other[256] = "", remedy[700];
  if (!tome_index_by_series(ix, r, input, other, sizeof other, err)) return false;
  if (!*other) return true;
  snprintf(remedy, sizeof remedy,
           "where it is one scan, put its files into one folder, or name the folder above them with --image; then tome "
           "rm STORE %s %s",
           other, r->id);
  return tome_record_problem(r, TOME_WARNING, "series-scattered", remedy, err,
                             "its slices are of the same series as those of case %s, from another place: each may be a "
                             "part of one scan",
                             other);
}

bool tome_find_image_problems(tome_index *ix, const char *input, tome_record *r, tome_error *err) {
  return check_hu(r, err) && check_identity(r, err) && check_axes(r, err) && check_duplicate(ix, r, err) &&
         check_scattered(ix, r, input, err);
}

/* ---- labels --------------------------------------------------------------------------------------------- */

/* A structure that is itself air, or holds some, sits on air rightly. */
static bool holds_air(const tome_record *r, size_t first_label) {
  static const char *const airy[] = {"lung",     "airway",    "trachea",    "bronch", "stomach", "colon", "bowel",
                                     "duodenum", "esophagus", "oesophagus", "sinus",  "skin",    "body"};
  for (size_t l = first_label; l < r->label_count; l++)
    for (size_t i = 0; i < TOME_COUNT(airy); i++)
      if (strcasestr(r->labels[l].name, airy[i])) return true;
  return false;
}

static bool report_mirrored(tome_record *r, const char *name, const tome_body_cover *c, int axis, tome_error *err) {
  static const char axes[] = "zyx";
  char remedy[120];
  snprintf(remedy, sizeof remedy, "ingest the case again with --repair flip-label=%c --replace", axes[axis]);
  return tome_record_problem(r, TOME_ERROR, "label-mirrored", remedy, err,
                             "label %s: %.0f %% of it lies in the body, but %.0f %% would if it were flipped along %c: "
                             "it seems mirrored against its image",
                             name, 100 * c->as_is, 100 * c->flipped[axis], axes[axis]);
}

/* A label of an organ lies in it wholly; one that is mirrored (a known fault of data sets passed through tools of different
 * axis habits) lies partly in the air around it. */
static bool check_cover(const tome_volume *map, const char *name, const tome_loaded *image, const tome_run *run,
                        tome_record *r, size_t first_label, tome_error *err) {
  if (strcmp(r->modality, "CT") != 0 || holds_air(r, first_label)) return true;
  tome_body_cover c;
  if (!tome_stats_cover(map, &image->volume, TOME_BODY_HU, run, &c, err)) return false;
  if (100 * c.as_is >= TOME_IN_BODY_PERCENT) return true;
  int best = 0;
  for (int a = 1; a < 3; a++)
    if (c.flipped[a] > c.flipped[best]) best = a;
  if (c.flipped[best] >= 0.9) return report_mirrored(r, name, &c, best, err);
  if (c.as_is >= 0.3) return true;
  return tome_record_problem(r, TOME_WARNING, "label-outside", "look at it over its image; is it another patient's?",
                             err, "label %s: only %.0f %% of it lies in the body", name, 100 * c.as_is);
}

bool tome_find_label_problems(const tome_volume *map, const char *name, const tome_loaded *image, const tome_run *run,
                              tome_record *r, size_t first_label, tome_error *err) {
  if (r->label_count == first_label)
    return tome_record_problem(r, TOME_WARNING, "empty-label",
                               "leave it if the structure is absent; else look at the source", err,
                               "label %s: holds no voxel but background", name);
  return check_cover(map, name, image, run, r, first_label, err);
}
