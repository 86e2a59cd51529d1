/* Putting a case in: one record to its rows. Each table has one function here, in the order of 0001.sql, 0002.sql. */
#include <stdlib.h>
#include <string.h>

#include "index/structures.h"

static void bind_shape(tome_db_use *u, const tome_geometry *g) {
  for (int a = 0; a < 3; a++) tome_bind_int(u, g->shape[a]);
  for (int a = 0; a < 3; a++) tome_bind_real(u, g->spacing[a]);
  for (int c = 0; c < 3; c++) tome_bind_real(u, g->origin[c]);
  for (int a = 0; a < 3; a++)
    for (int c = 0; c < 3; c++) tome_bind_real(u, g->direction[a][c]);
}

static void bind_word(tome_db_use *u, const char *text) { tome_bind_text(u, text ? text : ""); }

static bool put_image(tome_index *ix, const tome_record *r, tome_error *err) {
  tome_db_use u = tome_db_prepare(
      ix,
      "INSERT INTO images (id, layout, modality, units, dtype, shape_z, shape_y, shape_x, spacing_z, spacing_y, "
      "spacing_x,"
      " origin_x, origin_y, origin_z, direction_z_x, direction_z_y, direction_z_z, direction_y_x, direction_y_y, "
      "direction_y_z,"
      " direction_x_x, direction_x_y, direction_x_z, orientation, tilt, padding, stored_bytes, series_uid, study_uid, "
      "frame_uid,"
      " voxel_hash, source_hash) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  tome_bind_text(&u, r->id);
  bind_word(&u, r->layout);
  bind_word(&u, r->modality);
  bind_word(&u, r->units);
  tome_bind_text(&u, tome_dtype_name(r->dtype));
  bind_shape(&u, &r->geometry);
  bind_word(&u, r->orientation);
  tome_bind_real(&u, r->tilt_degrees);
  tome_bind_count(&u, r->padding);
  tome_bind_count(&u, r->stored_bytes);
  bind_word(&u, r->series_uid);
  bind_word(&u, r->study_uid);
  bind_word(&u, r->frame_uid);
  tome_bind_text(&u, r->voxel_hash);
  tome_bind_text(&u, r->source_hash);
  return tome_db_run(&u, err);
}

static bool put_intensity(tome_index *ix, const tome_record *r, tome_error *err) {
  tome_db_use u = tome_db_prepare(
      ix,
      "INSERT INTO intensity (case_id, count, hu_min, hu_max, hu_mean, hu_std, hu_p005, hu_p05, hu_p25, hu_p50, hu_p75,"
      " hu_p95, hu_p995) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  tome_bind_text(&u, r->id);
  tome_bind_count(&u, r->intensity.count);
  tome_bind_intensity(&u, &r->intensity);
  return tome_db_run(&u, err);
}

static bool put_channel(tome_index *ix, const char *id, size_t number, const tome_channel *c, tome_error *err) {
  tome_db_use u = tome_db_prepare(
      ix,
      "INSERT INTO channels (case_id, number, name, dtype, count, hu_min, hu_max, hu_mean, hu_std, hu_p005, hu_p05,"
      " hu_p25, hu_p50, hu_p75, hu_p95, hu_p995, voxel_hash) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  tome_bind_text(&u, id);
  tome_bind_count(&u, number);
  bind_word(&u, c->name);
  tome_bind_text(&u, tome_dtype_name(c->dtype));
  tome_bind_count(&u, c->intensity.count);
  tome_bind_intensity(&u, &c->intensity);
  tome_bind_text(&u, c->voxel_hash);
  return tome_db_run(&u, err);
}

static bool put_map(tome_index *ix, const char *id, const tome_label_map *m, tome_error *err) {
  tome_db_use u = tome_db_prepare(ix, "INSERT INTO label_maps (case_id, name, dtype, voxel_hash) VALUES (?, ?, ?, ?)");
  tome_bind_text(&u, id);
  bind_word(&u, m->name);
  tome_bind_text(&u, tome_dtype_name(m->dtype));
  tome_bind_text(&u, m->voxel_hash);
  return tome_db_run(&u, err);
}

static void bind_extent(tome_db_use *u, const tome_label *l) {
  if (!l->voxels) {
    for (int i = 0; i < 8; i++) tome_bind_null(u);
    return;
  }
  tome_bind_int(u, l->box.lo[TOME_Z]);
  tome_bind_int(u, l->box.hi[TOME_Z] - 1);
  for (int a = 0; a < 3; a++) {
    tome_bind_int(u, l->box.lo[a]);
    tome_bind_int(u, l->box.hi[a]);
  }
}

static bool put_label(tome_index *ix, const char *id, const tome_label *l, const char *kind, tome_error *err) {
  tome_db_use u =
      tome_db_prepare(ix,
                      "INSERT INTO labels (case_id, map, value, name, kind, voxels, ml, z_first, z_last, box_z0, "
                      "box_z1, box_y0, box_y1,"
                      " box_x0, box_x1, hu_count, hu_min, hu_max, hu_mean, hu_std, hu_p005, hu_p05, hu_p25, hu_p50, "
                      "hu_p75, hu_p95, hu_p995,"
                      " components, largest_component) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  tome_bind_text(&u, id);
  bind_word(&u, l->map);
  tome_bind_int(&u, l->value);
  bind_word(&u, l->name);
  tome_bind_text(&u, kind);
  tome_bind_count(&u, l->voxels);
  tome_bind_real(&u, l->ml);
  bind_extent(&u, l);
  tome_bind_count(&u, l->hu.count);
  tome_bind_intensity(&u, &l->hu);
  tome_bind_count(&u, l->components);
  tome_bind_count(&u, l->largest);
  return tome_db_run(&u, err);
}

/* What windows and histograms are of: a label, or the image (map "image", value 0, no kind). */
typedef struct subject {
  const char *id, *map, *name, *kind;
  int32_t value;
} subject;

static void bind_subject(tome_db_use *u, const subject *s) {
  tome_bind_text(u, s->id);
  bind_word(u, s->map);
  tome_bind_int(u, s->value);
  bind_word(u, s->name);
  tome_bind_text(u, s->kind);
}

static bool put_window(tome_index *ix, const subject *s, const char *method, const tome_window *w, tome_error *err) {
  tome_db_use u = tome_db_prepare(
      ix,
      "INSERT INTO windows (case_id, map, value, name, kind, method, level, width) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  bind_subject(&u, s);
  tome_bind_text(&u, method);
  tome_bind_window(&u, w);
  return tome_db_run(&u, err);
}

static bool put_windows(tome_index *ix, const subject *s, const tome_intensity *hu, const tome_window *minmax,
                        const tome_window *percentile, tome_error *err) {
  if (!hu->count) return true;
  return put_window(ix, s, "minmax", minmax, err) && put_window(ix, s, "percentile", percentile, err);
}

/* Bytes that hold the largest count: 1, 2, 4 or 8. */
static size_t count_bytes(const tome_histogram *h) {
  uint64_t all = 0;
  for (size_t i = 0; i < h->bins; i++) all |= h->counts[i];
  return all > UINT32_MAX ? 8 : all > UINT16_MAX ? 4 : all > UINT8_MAX ? 2 : 1;
}

static uint8_t *encode_counts(const tome_histogram *h, size_t *size, tome_error *err) {
  const size_t bytes = count_bytes(h);
  uint8_t *blob = tome_alloc(h->bins, bytes, "histogram", err);
  if (!blob) return NULL;
  for (size_t i = 0; i < h->bins; i++)
    for (size_t b = 0; b < bytes; b++) blob[i * bytes + b] = (uint8_t)(h->counts[i] >> (8 * b));
  *size = h->bins * bytes;
  return blob;
}

static bool put_histogram(tome_index *ix, const subject *s, const tome_histogram *h, tome_error *err) {
  if (!h->bins) return true;
  size_t size;
  uint8_t *blob TOME_AUTO_FREE = encode_counts(h, &size, err);
  if (!blob) return false;
  tome_db_use u = tome_db_prepare(ix,
                                  "INSERT INTO histograms (case_id, map, value, name, kind, lo, width, bins, counts) "
                                  "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  bind_subject(&u, s);
  tome_bind_real(&u, h->lo);
  tome_bind_real(&u, h->width);
  tome_bind_count(&u, h->bins);
  tome_bind_blob(&u, blob, size);
  return tome_db_run(&u, err);
}

static bool put_structure(tome_index *ix, const char *id, const tome_structure *s, tome_error *err) {
  tome_db_use u = tome_db_prepare(
      ix,
      "INSERT INTO structures (case_id, kind, labels, voxels, ml, z_first, z_last, hu_count, hu_min, hu_max, hu_mean, "
      "hu_std,"
      " hu_p005, hu_p05, hu_p25, hu_p50, hu_p75, hu_p95, hu_p995, level, width, minmax_level, minmax_width, components,"
      " largest_component) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  tome_bind_text(&u, id);
  tome_bind_text(&u, s->kind);
  tome_bind_count(&u, s->labels);
  tome_bind_count(&u, s->voxels);
  tome_bind_real(&u, s->ml);
  if (s->voxels) {
    tome_bind_int(&u, s->z_first);
    tome_bind_int(&u, s->z_last);
  } else {
    tome_bind_null(&u);
    tome_bind_null(&u);
  }
  tome_bind_count(&u, s->hu.count);
  tome_bind_intensity(&u, &s->hu);
  tome_bind_window(&u, &s->percentile);
  tome_bind_window(&u, &s->minmax);
  tome_bind_count(&u, s->components);
  tome_bind_count(&u, s->largest);
  return tome_db_run(&u, err);
}

static bool put_source(tome_index *ix, const char *id, size_t number, const tome_source *s, tome_error *err) {
  tome_db_use u = tome_db_prepare(
      ix, "INSERT INTO sources (case_id, number, role, path, bytes, hash, sop_uid) VALUES (?, ?, ?, ?, ?, ?, ?)");
  tome_bind_text(&u, id);
  tome_bind_count(&u, number);
  bind_word(&u, s->role);
  bind_word(&u, s->path);
  tome_bind_count(&u, s->bytes);
  tome_bind_text(&u, s->hash);
  bind_word(&u, s->sop_uid);
  return tome_db_run(&u, err);
}

static bool put_repair(tome_index *ix, const char *id, size_t number, const tome_repair *p, tome_error *err) {
  tome_db_use u = tome_db_prepare(ix, "INSERT INTO repairs (case_id, number, kind, text) VALUES (?, ?, ?, ?)");
  tome_bind_text(&u, id);
  tome_bind_count(&u, number);
  bind_word(&u, p->kind);
  bind_word(&u, p->text);
  return tome_db_run(&u, err);
}

static bool put_problem(tome_index *ix, const char *id, const tome_problem *p, tome_error *err) {
  tome_db_use u = tome_db_prepare(
      ix, "INSERT INTO problems (case_id, severity, code, text, remedy, path, refused) VALUES (?, ?, ?, ?, ?, '', 0)");
  tome_bind_text(&u, id);
  tome_bind_text(&u, tome_severity_name(p->severity));
  bind_word(&u, p->code);
  bind_word(&u, p->text);
  bind_word(&u, p->remedy);
  return tome_db_run(&u, err);
}

static bool put_image_rows(tome_index *ix, const tome_record *r, tome_error *err) {
  const subject image = {.id = r->id, .map = "image", .name = "image", .kind = NULL, .value = 0};
  const tome_window minmax = tome_window_minmax(&r->intensity), percentile = tome_window_percentile(&r->intensity);
  if (!put_image(ix, r, err)) return false;
  for (size_t i = 0; i < r->channel_count; i++)
    if (!put_channel(ix, r->id, i, &r->channels[i], err)) return false;
  return put_intensity(ix, r, err) && put_windows(ix, &image, &r->intensity, &minmax, &percentile, err) &&
         put_histogram(ix, &image, &r->histogram, err);
}

static bool put_label_rows(tome_index *ix, const tome_record *r, const tome_structures *all, tome_error *err) {
  for (size_t i = 0; i < r->map_count; i++)
    if (!put_map(ix, r->id, &r->maps[i], err)) return false;
  for (size_t i = 0; i < r->label_count; i++) {
    const tome_label *l = &r->labels[i];
    const char *kind = all->items[all->of_label[i]].kind;
    const subject label = {.id = r->id, .map = l->map, .name = l->name, .kind = kind, .value = l->value};
    if (!put_label(ix, r->id, l, kind, err) ||
        !put_windows(ix, &label, &l->hu, &l->window_minmax, &l->window_percentile, err) ||
        !put_histogram(ix, &label, &l->histogram, err))
      return false;
  }
  return true;
}

static bool put_provenance_rows(tome_index *ix, const tome_record *r, tome_error *err) {
  for (size_t i = 0; i < r->source_count; i++)
    if (!put_source(ix, r->id, i, &r->sources[i], err)) return false;
  for (size_t i = 0; i < r->repair_count; i++)
    if (!put_repair(ix, r->id, i, &r->repairs[i], err)) return false;
  for (size_t i = 0; i < r->problem_count; i++)
    if (!put_problem(ix, r->id, &r->problems[i], err)) return false;
  return true;
}

static bool put_structure_rows(tome_index *ix, const char *id, const tome_structures *all, bool *fresh,
                               tome_error *err) {
  for (size_t i = 0; i < all->count; i++)
    if (!put_structure(ix, id, &all->items[i], err) || !tome_view_add_kind(ix, all->items[i].kind, fresh, err))
      return false;
  return true;
}

static bool put_locked(tome_index *ix, const tome_record *r, const tome_structures *all, tome_error *err) {
  bool replaced = false, kinds_changed = false;
  if (!tome_case_delete(ix, r->id, &replaced, err) || !put_image_rows(ix, r, err) || !put_label_rows(ix, r, all, err) ||
      !put_provenance_rows(ix, r, err) || !put_structure_rows(ix, r->id, all, &kinds_changed, err))
    return false;
  if (replaced && !tome_view_drop_kinds(ix, &kinds_changed, err)) return false;
  return !kinds_changed || tome_view_make(ix, err);
}

bool tome_index_put(tome_index *ix, const tome_record *r, tome_error *err) {
  if (!r->id || !*r->id) return tome_fail(err, TOME_USAGE, "%s: a case needs an id", ix->path);
  tome_structures all TOME_CLEANUP(tome_structures_clear) = {0};
  if (!tome_structures_of(r, &all, err)) return tome_fail_prefix(err, "%s", r->id);
  if (!tome_db_enter(ix, err)) return false;
  if (tome_db_leave(ix, put_locked(ix, r, &all, err), err)) return true;
  return tome_fail_prefix(err, "%s", r->id);
}
