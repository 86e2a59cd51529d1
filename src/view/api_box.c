/* api_box.c - voxels: a box of a case, or of what a recipe makes of it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "view/inside.h"

static const size_t most_bytes = (size_t)64 << 20;

static bool box_of(const view_request *r, const int64_t shape[3], tome_box *out, tome_error *err) {
  static const char *const names[] = {"z", "y", "x"};
  for (int a = 0; a < 3; a++)
    if (!view_span(view_arg(r, names[a]), *names[a], shape[a], &out->lo[a], &out->hi[a], err)) return false;
  return true;
}

static bool read_box(const view_request *r, const tome_result *result, const char *volume, const tome_box *box,
                     view_reply *out, tome_error *err) {
  view_server *v = view_server_of(r);
  const tome_run *run = view_run_of(r);
  if (!view_gate_enter(&v->gate, out->size, run, err)) return false;
  out->data = malloc(out->size);
  const bool ok =
      out->data ? tome_result_read(result, volume, box, out->data, out->size, run, err) : view_no_memory(err);
  view_gate_computed(&v->gate);
  if (ok)
    out->held = out->size;
  else
    view_gate_sent(&v->gate, out->size);
  return ok;
}

static bool put_box(const view_request *r, const tome_result *result, view_reply *out, tome_error *err) {
  const char *volume = view_arg(r, "volume");
  tome_result_info info;
  tome_box box;
  if (!volume) volume = tome_result_volume(result, 0);
  if (!tome_result_info_of(result, volume, &info, err) || !box_of(r, info.geometry.shape, &box, err)) return false;
  if (!view_box_bytes(&box, tome_dtype_size(info.dtype), most_bytes, &out->size)) {
    out->status = 413;
    return view_fail(err, TOME_USAGE, "the box has more than 64 MiB of voxels; ask for less at a time");
  }
  out->type = "application/octet-stream";
  snprintf(out->dtype, sizeof out->dtype, "%s", view_type_text(info.dtype));
  snprintf(out->shape, sizeof out->shape, "%" PRId64 ",%" PRId64 ",%" PRId64, box.hi[0] - box.lo[0],
           box.hi[1] - box.lo[1], box.hi[2] - box.lo[2]);
  return read_box(r, result, volume, &box, out, err);
}

static bool box_through(const view_request *r, const char *recipe, view_reply *out, tome_error *err) {
  view_server *v = view_server_of(r);
  const char *id = view_need(r, "id", err);
  view_opened *o = id ? view_take(&v->shelf, id, recipe, err) : NULL;
  if (!o) return false;
  const bool ok = put_box(r, o->result, out, err);
  view_give_back(&v->shelf, o);
  return ok;
}

bool view_api_box(const view_request *r, view_reply *out, tome_error *err) { return box_through(r, "", out, err); }

bool view_api_result_box(const view_request *r, view_reply *out, tome_error *err) {
  const char *recipe = view_need(r, "recipe", err);
  return recipe && box_through(r, recipe, out, err);
}
