/* The table of repairs, and what each does. A repair looks first whether a volume has the fault: a whole data set may be ingested under it. */
#include "app/repairs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "ops/turn.h"
#include "stats/stats.h"

enum { LITS_SPACING, KITS19_AXES, FLIP_LABEL, REPAIRS };

static const tome_repair_info table[REPAIRS] = {
    {"lits-spacing", NULL,
     "volumes that lost their geometry (1 mm at origin 0: LiTS 28 to 47) get the spacing given with --spacing; "
     "suggested "
     "by the problem identity-affine"},
    {"kits19-axes", NULL,
     "volumes whose slices do not come first (KiTS: array axes along z, y, x of the patient) are listed slice by "
     "slice; "
     "no voxel moves in the patient; suggested by the problem slices-not-first"},
    {"flip-label", "z|y|x[:all]",
     "label maps are turned round along that axis of their image, but for those on CT that lie on the body as they "
     "are, each of which gets the problem repair-not-applied; :all turns these too; suggested by the problem "
     "label-mirrored"},
};

bool tome_repair_at(size_t i, tome_repair_info *out) {
  if (i >= REPAIRS) return false;
  *out = table[i];
  return true;
}

/* ---- what was asked for ---- */

/* Which repair a text names, and the text of its value ("" without one); -1: none. */
static int find(const char *text, const char **value) {
  const size_t n = strcspn(text, "=");
  *value = text[n] ? text + n + 1 : "";
  for (int i = 0; i < REPAIRS; i++)
    if (strlen(table[i].name) == n && strncmp(table[i].name, text, n) == 0) return i;
  return -1;
}

/* "z", or "z:all" */
static bool is_axis(const char *value) {
  return *value && strchr("zyx", *value) && (!value[1] || !strcmp(value + 1, ":all"));
}

static bool unknown(const char *text, tome_error *err) {
  tome_near near = {.word = text};
  char names[200] = "";
  for (int i = 0; i < REPAIRS; i++) {
    tome_near_try(&near, table[i].name);
    const size_t n = strlen(names);
    snprintf(names + n, sizeof names - n, "%s%s%s%s", i ? ", " : "", table[i].name, table[i].value ? "=" : "",
             table[i].value ? table[i].value : "");
  }
  return tome_fail(err, TOME_USAGE, "%s: no such repair%s%s; there are: %s", text, near.best ? ", did you mean " : "",
                   near.best ? near.best : "", names);
}

bool tome_repairs_check(const tome_ingest_options *opt, tome_error *err) {
  for (size_t i = 0; i < opt->repair_count; i++) {
    const char *text = opt->repairs[i], *value;
    const int which = find(text, &value);
    if (which < 0) return unknown(text, err);
    const bool good = table[which].value ? is_axis(value) : !*value;
    if (!good)
      return tome_fail(err, TOME_USAGE, "%s: the repair is written %s%s%s", text, table[which].name,
                       table[which].value ? "=" : "", table[which].value ? table[which].value : "");
    if (which == LITS_SPACING && !(opt->spacing[0] > 0))
      return tome_fail(err, TOME_USAGE, "the repair %s needs the true spacing: give --spacing z,y,x in mm too", text);
  }
  return true;
}

static bool asked(const tome_ingesting *in, int which) {
  const char *value;
  for (size_t i = 0; i < in->opt->repair_count; i++)
    if (find(in->opt->repairs[i], &value) == which) return true;
  return false;
}

/* ---- faults ---- */

bool tome_geometry_is_lost(const tome_geometry *g) {
  return g->spacing[0] == 1 && g->spacing[1] == 1 && g->spacing[2] == 1 && g->origin[0] == 0 && g->origin[1] == 0 &&
         g->origin[2] == 0;
}

/* The array axis that each patient axis (head-foot, front-back, left-right) is nearest to. */
static bool slices_first(const tome_geometry *g, tome_turn *out) {
  bool used[3] = {false};
  for (int a = 0; a < 3; a++) {
    int best = -1;
    for (int b = 0; b < 3; b++)
      if (!used[b] && (best < 0 || fabs(g->direction[b][2 - a]) > fabs(g->direction[best][2 - a]))) best = b;
    used[best] = true;
    out->from[a] = best;
    out->back[a] = false;
  }
  return out->from[0] == 0 && out->from[1] == 1;
}

bool tome_slices_are_elsewhere(const tome_geometry *g) {
  tome_turn t;
  return !slices_first(g, &t) && t.from[0] != 0;
}

/* ---- lits-spacing ---- */

static bool give_spacing(const tome_ingesting *in, const char *what, const char *name, tome_geometry *g, tome_record *r,
                         tome_error *err) {
  if (!asked(in, LITS_SPACING) || !tome_geometry_is_lost(g)) return true;
  memcpy(g->spacing, in->opt->spacing, sizeof g->spacing);
  return tome_record_repair(r, "lits-spacing", err,
                            "%s%s: had lost its geometry (1 mm at origin 0); %.6g x %.6g x %.6g mm "
                            "were given in its place",
                            what, name, g->spacing[0], g->spacing[1], g->spacing[2]);
}

/* ---- kits19-axes ---- */

/* Moves the bits of a padding mask as bytes. */
static bool turn_mask(uint8_t *mask, const tome_geometry *from, const tome_turn *t, const tome_geometry *to,
                      const tome_run *run, tome_error *err) {
  const tome_box box = tome_box_of_shape(from->shape);
  const size_t n = (size_t)tome_box_voxels(&box);
  tome_volume v = {.geometry = *from, .dtype = TOME_U8, .data = tome_alloc(n, 1, "padding", err)};
  if (!v.data) return false;
  uint8_t *bytes = v.data;
  for (size_t i = 0; i < n; i++) bytes[i] = mask[i >> 3] >> (i & 7) & 1;
  const bool ok = tome_move_voxels(&v, t, to, run, err);
  bytes = v.data;
  if (ok) memset(mask, 0, (n + 7) / 8);
  for (size_t i = 0; ok && i < n; i++) mask[i >> 3] |= (uint8_t)(bytes[i] << (i & 7));
  free(v.data);
  return ok;
}

static bool put_slices_first(const tome_ingesting *in, tome_loaded *l, tome_record *r, tome_error *err) {
  tome_turn turn;
  tome_geometry g;
  char from[4], to[4];
  if (!asked(in, KITS19_AXES) || slices_first(&l->volume.geometry, &turn)) return true;
  tome_turn_shape(&turn, &l->volume.geometry, &g);
  if (!tome_move_voxels(&l->volume, &turn, &g, &in->quiet, err) ||
      (l->padding_mask && !turn_mask(l->padding_mask, &l->volume.geometry, &turn, &g, &in->quiet, err)))
    return false;
  tome_geometry_code(&l->volume.geometry, from);
  tome_geometry_code(&g, to);
  l->volume.geometry = g;
  return tome_record_repair(
      r, "kits19-axes", err,
      "its voxels were listed as %s and are now listed as %s (z, y, x), slices first; same places in the patient", from,
      to);
}

bool tome_repair_image(const tome_ingesting *in, const char *name, tome_loaded *image, tome_record *r,
                       tome_error *err) {
  const bool first = strcmp(name, "image") == 0;
  if (!give_spacing(in, first ? "" : "channel ", name, &image->volume.geometry, r, err)) return false;
  return !first || put_slices_first(in, image, r, err); /* channels are brought onto the image's grid anyway */
}

/* ---- labels ---- */

bool tome_repair_label(const tome_ingesting *in, const char *map, tome_volume *v, tome_record *r, tome_error *err) {
  return give_spacing(in, "label ", map, &v->geometry, r, err);
}

static bool flip(const tome_ingesting *in, const char *map, int axis, tome_volume *v, tome_record *r, tome_error *err) {
  tome_turn t = {.from = {0, 1, 2}};
  tome_geometry turned;
  t.back[axis] = true;
  tome_turn_shape(&t, &v->geometry, &turned); /* the grid stays: it is the voxels that were the wrong way round */
  return tome_move_voxels(v, &t, &v->geometry, &in->quiet, err) &&
         tome_record_repair(r,
                            axis == 0   ? "flip-label=z"
                            : axis == 1 ? "flip-label=y"
                                        : "flip-label=x",
                            err, "label %s: its voxels were turned round along %c", map, "zyx"[axis]);
}

/* Whether a label can be seen to be the right way round: in CT it covers tissue as it is. Of a case said outright the user knows; of other images nobody
 * can see it. */
static bool lies_well(const tome_ingesting *in, const tome_volume *v, const tome_loaded *image, const tome_record *r,
                      bool *out, tome_error *err) {
  tome_body_cover c;
  *out = false;
  if (in->opt->image || strcmp(r->modality, "CT") != 0) return true;
  if (!tome_stats_cover(v, &image->volume, TOME_BODY_HU, &in->quiet, &c, err)) return false;
  *out = 100 * c.as_is >= TOME_IN_BODY_PERCENT;
  return true;
}

/* A repair that was asked for and not made stays on record: a liver turned along x may lie on the body all the same. */
static bool say_left(const char *map, const char *repair, tome_record *r, tome_error *err) {
  char remedy[160];
  snprintf(remedy, sizeof remedy,
           "if it is mirrored all the same, ingest the case again with --repair %s:all --replace", repair);
  return tome_record_problem(r, TOME_WARNING, "repair-not-applied", remedy, err,
                             "label %s: not turned by %s: it lies on the body as it is; --repair %s:all, or --image "
                             "and --label, turn it anyway",
                             map, repair, repair);
}

bool tome_repair_aligned_label(tome_ingesting *in, const char *map, const tome_loaded *image, tome_volume *v,
                               tome_record *r, tome_error *err) {
  for (size_t i = 0; i < in->opt->repair_count; i++) {
    const char *value;
    bool well;
    if (find(in->opt->repairs[i], &value) != FLIP_LABEL) continue;
    if (!lies_well(in, v, image, r, &well, err)) return false;
    if (well && !value[1]) {
      if (!say_left(map, in->opt->repairs[i], r, err)) return false;
    } else if (!flip(in, map, *value == 'z' ? 0 : *value == 'y' ? 1 : 2, v, r, err)) {
      return false;
    }
  }
  return true;
}
