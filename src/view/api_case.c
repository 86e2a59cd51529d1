/* api_case.c - all that is known of one case before a voxel is read. */
#include <math.h>
#include <string.h>

#include "view/inside.h"

static void put_volume(cli_json *j, const char *name, const tome_result_info *info) {
  cli_json_open(j, '{');
  cli_json_put_text(j, "name", name);
  cli_json_put_text(j, "kind", info->is_label ? "labels" : strcmp(name, "image") ? "channel" : "image");
  cli_json_put_text(j, "dtype", tome_dtype_name(info->dtype));
  cli_json_put_text(j, "type", view_type_text(info->dtype));
  cli_json_put_text(j, "units", info->units);
  cli_json_put_real(j, "fill", info->fill);
  cli_json_close(j, '}');
}

bool view_put_volumes(cli_json *j, const tome_result *result, tome_error *err) {
  tome_result_info info;
  const char *name;
  if (!tome_result_info_of(result, tome_result_volume(result, 0), &info, err)) return false;
  view_json_whole(j, "shape", info.geometry.shape);
  cli_json_put_zyx(j, "spacing", info.geometry.spacing);
  view_json_affine(j, &info.geometry);
  cli_json_put_text(j, "dtype", tome_dtype_name(info.dtype));
  cli_json_put_text(j, "units", info.units);
  cli_json_key(j, "volumes");
  cli_json_open(j, '[');
  for (size_t i = 0; (name = tome_result_volume(result, i)); i++) {
    if (!tome_result_info_of(result, name, &info, err)) return false;
    put_volume(j, name, &info);
  }
  cli_json_close(j, ']');
  return true;
}

/* ---- rows of the index as objects ---- */

/* Objects of all columns but those that `special` takes. */
typedef struct rows {
  cli_json *json;
  size_t number;
} rows;

static void put_members(cli_json *j, size_t from, size_t columns, const char *const *names, const tome_value *values) {
  for (size_t i = from; i < columns; i++) {
    cli_json_key(j, names[i]);
    cli_json_value(j, &values[i]);
  }
}

static bool put_row(void *user, size_t columns, const char *const *names, const tome_value *values) {
  rows *r = user;
  if (!values) return true;
  cli_json_open(r->json, '{');
  put_members(r->json, 0, columns, names, values);
  cli_json_close(r->json, '}');
  return true;
}

/* The first three columns are the middle of the label's box. */
static bool put_label(void *user, size_t columns, const char *const *names, const tome_value *values) {
  rows *r = user;
  cli_json *j = r->json;
  if (!values) return true;
  char colour[8];
  snprintf(colour, sizeof colour, "#%06x", tome_colour_at(r->number++) & 0xffffffu);
  cli_json_open(j, '{');
  cli_json_key(j, "centre");
  if (values[0].kind == TOME_VALUE_NULL)
    cli_json_null(j);
  else {
    cli_json_open(j, '[');
    for (size_t a = 0; a < 3; a++) cli_json_value(j, &values[a]);
    cli_json_close(j, ']');
  }
  cli_json_put_text(j, "colour", colour);
  put_members(j, 3, columns, names, values);
  cli_json_close(j, '}');
  return true;
}

static bool put_summary(void *user, size_t columns, const char *const *names, const tome_value *values) {
  rows *r = user;
  cli_json *j = r->json;
  if (!values) return true;
  cli_json_key(j, "range");
  cli_json_open(j, '[');
  cli_json_value(j, &values[0]);
  cli_json_value(j, &values[1]);
  cli_json_close(j, ']');
  put_members(j, 2, columns, names, values);
  r->number++;
  return true;
}

static bool put_list(const view_request *r, cli_json *j, const char *name, const char *sql, const char *id,
                     tome_row_fn row, tome_error *err) {
  rows list = {.json = j};
  cli_json_key(j, name);
  cli_json_open(j, '[');
  if (!view_query(r, sql, id, row, &list, err)) return false;
  cli_json_close(j, ']');
  return true;
}

static bool put_known(const view_request *r, cli_json *j, const char *id, tome_error *err) {
  static const char summary[] =
      "SELECT hu_min, hu_max, channels, modality, layout, orientation, tilt, hu_mean AS mean, hu_std AS std, hu_p005 "
      "AS p005, "
      "hu_p50 AS p50,"
      " hu_p995 AS p995, padding, stored_bytes, voxel_hash, source FROM cases WHERE id = ?1";
  static const char labels[] =
      "SELECT (box_z0 + box_z1 - 1) / 2, (box_y0 + box_y1 - 1) / 2, (box_x0 + box_x1 - 1) / 2, map, value, name, kind, "
      "voxels, ml,"
      " hu_min, hu_max, hu_mean, z_first AS first_z, z_last AS last_z, box_z0, box_z1, box_y0, box_y1, box_x0, box_x1, "
      "components"
      " FROM labels WHERE case_id = ?1 ORDER BY rowid";
  static const char windows[] =
      "SELECT name, map, value, method, level, width FROM windows WHERE case_id = ?1 AND width > 0"
      " ORDER BY map = 'image' AND value = 0, method = 'minmax', map, value";
  static const char problems[] =
      "SELECT severity, code, text, remedy FROM problems WHERE case_id = ?1 AND refused = 0 ORDER BY number";
  static const char histograms[] =
      "SELECT DISTINCT CASE WHEN map = 'image' AND value = 0 THEN 'image' ELSE 'labels/' || map END AS volume"
      " FROM histograms WHERE case_id = ?1 AND bins > 0";
  rows one = {.json = j};
  return view_query(r, summary, id, put_summary, &one, err) &&
         (one.number || view_fail(err, TOME_NOT_FOUND, "the store has no case \"%.200s\"", id)) &&
         put_list(r, j, "labels", labels, id, put_label, err) && put_list(r, j, "windows", windows, id, put_row, err) &&
         put_list(r, j, "problems", problems, id, put_row, err) &&
         put_list(r, j, "histograms", histograms, id, put_row, err);
}

bool view_api_case(const view_request *r, view_reply *out, tome_error *err) {
  view_server *v = view_server_of(r);
  VIEW_CLEANUP(view_text_clear) view_text t = {0};
  const char *id = view_need(r, "id", err);
  if (!id || !view_text_open(&t, err)) return false;
  view_opened *o = view_take(&v->shelf, id, "", err);
  if (!o) return false;
  cli_json_open(&t.json, '{');
  cli_json_put_text(&t.json, "id", id);
  const bool ok = view_put_volumes(&t.json, o->result, err) && put_known(r, &t.json, id, err);
  view_give_back(&v->shelf, o);
  cli_json_close(&t.json, '}');
  return ok && view_text_reply(&t, out, err);
}
