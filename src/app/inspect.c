/* tome info: what files are. Units are found, described and stacked as for `tome convert`; faults are told, not thrown. */
#include <stdio.h>
#include <string.h>

#include "app/inspect.h"

typedef struct inspecting {
  const tome_inspect_options *opt;
  const tome_run *run;
  tome_run inner;
  void (*facts)(void *user, const tome_volume_facts *v);
  void *user;
  uint64_t faults;
} inspecting;

static void tell(inspecting *in, const tome_volume_facts *v) {
  if (*v->fault) in->faults++;
  in->facts(in->user, v);
}

static tome_volume_facts nothing(const char *input, const char *path) {
  return (tome_volume_facts){.input = input,
                             .path = path,
                             .name = "",
                             .format = "",
                             .fault = "",
                             .code = "",
                             .modality = "",
                             .series_uid = "",
                             .alpha = "",
                             .slope = 1,
                             .files = 1};
}

static void tell_fault(inspecting *in, const tome_unit *u, const char *path, tome_code code, const char *text) {
  tome_volume_facts v = nothing(u->shown, path);
  const tome_format *f = tome_is_folder(path) ? NULL : tome_format_of(path, NULL);
  if (f) v.format = f->name;
  v.files = u->count;
  v.fault = text;
  v.code = tome_code_name(code);
  tell(in, &v);
}

/* ---- drawings ---- */

static bool tell_drawing(inspecting *in, const tome_unit *u, bool *found, tome_error *err) {
  TOME_CLEANUP(tome_drawing_clear) tome_drawing d = {0};
  tome_error why = {0};
  const tome_format *f = u->count == 1 ? tome_drawing_of(u->paths[0], &why) : NULL;
  *found = f != NULL;
  if (!f) return true;
  if (!f->outline(u->paths[0], &d, &why)) {
    tell_fault(in, u, u->paths[0], why.code, why.message);
    return true;
  }
  const char **notes = tome_arena_alloc(&d.arena, (d.count + d.note_count + 1) * sizeof *notes, err);
  size_t n = 0;
  if (!notes) return false;
  for (size_t i = 0; i < d.count; i++) {
    const char *name = *d.items[i].name ? d.items[i].name : "without a name";
    notes[n] = tome_arena_printf(&d.arena, err, "structure %lld: %s", (long long)d.items[i].number, name);
    if (!notes[n++]) return false;
  }
  for (size_t i = 0; i < d.note_count; i++) notes[n++] = d.notes[i];
  tome_volume_facts v = nothing(u->shown, u->paths[0]);
  v.format = f->name;
  v.modality = d.kind;
  v.series_uid = d.series_uid;
  v.geometry = d.geometry;
  v.placed = d.has_geometry;
  v.notes = notes;
  v.note_count = n;
  if (d.has_geometry) tome_geometry_code(&d.geometry, v.orientation);
  tell(in, &v);
  return true;
}

/* ---- volumes ---- */

static bool add_notes(const tome_stacked *s, tome_arena *a, tome_volume_facts *v, tome_error *err) {
  const tome_piece *p = s->order[0];
  const char **notes = tome_arena_alloc(a, (s->note_count + s->repair_count + 2) * sizeof *notes, err);
  size_t n = 0;
  if (!notes) return false;
  for (size_t i = 0; i < s->note_count; i++) notes[n++] = s->notes[i];
  for (size_t i = 0; i < s->repair_count; i++) notes[n++] = s->repairs[i].text;
  bool said = !*p->note;
  for (size_t i = 0; i < n; i++) said |= strcmp(notes[i], p->note) == 0;
  if (!said) notes[n++] = p->note;
  v->notes = notes;
  v->note_count = n;
  return true;
}

static uint64_t files_of(const tome_stacked *s) {
  uint64_t n = 1;
  for (size_t i = 1; i < s->order_count; i++) n += strcmp(s->order[i]->path, s->order[i - 1]->path) != 0;
  return n;
}

static tome_volume_facts header_of(const tome_unit *u, const tome_stacked *s) {
  const tome_piece *p = s->order[0];
  tome_volume_facts v = nothing(u->shown, p->path);
  v.name = p->name;
  v.format = p->format->name;
  v.files = files_of(s);
  v.geometry = s->geometry;
  v.placed = p->has_geometry || (p->has_position && p->has_orientation);
  tome_geometry_code(&s->geometry, v.orientation);
  v.tilt_degrees = s->tilt_degrees;
  v.channels = p->channels;
  v.stored = p->dtype;
  v.slope = p->slope;
  v.intercept = p->intercept;
  v.modality = p->modality;
  v.series_uid = s->series_uid;
  v.palette = p->palette ? p->palette->count : 0;
  v.lossy = p->lossy;
  return v;
}

static bool tell_volume(inspecting *in, const tome_unit *u, const tome_stacked *s, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena a = {0};
  tome_volume_facts v = header_of(u, s);
  tome_error why = {0};
  if (!add_notes(s, &a, &v, err)) return false;
  if (!in->opt->headers && !tome_inspect_values(s, u->shown, &in->inner, &a, &v, &why)) {
    if (why.code == TOME_CANCELLED) return tome_fail(err, why.code, "%s", why.message);
    v.fault = why.message;
    v.code = tome_code_name(why.code);
  }
  tell(in, &v);
  return true;
}

/* ---- units ---- */

/* Non-images are a fault where they were named, and nothing where they lay in a folder beside images. */
static bool was_named(const inspecting *in, const tome_unit *u) {
  for (size_t i = 0; i < in->opt->input_count; i++)
    if (strcmp(in->opt->inputs[i], u->shown) == 0) return true;
  return false;
}

static bool tell_passed(inspecting *in, const tome_unit *u, const tome_pieces *p, bool any, tome_error *err) {
  bool drawing = false;
  if (!any && !tell_drawing(in, u, &drawing, err)) return false;
  for (size_t i = 0; i < p->passed_count && !drawing; i++)
    if (p->passed[i].damaged || (u->count == 1 && was_named(in, u)))
      tell_fault(in, u, p->passed[i].path, p->passed[i].damaged ? TOME_CORRUPT : TOME_UNSUPPORTED, p->passed[i].text);
  return true;
}

static bool inspect_unit(inspecting *in, const tome_unit *u, tome_error *err) {
  TOME_CLEANUP(tome_pieces_clear) tome_pieces pieces = {0};
  TOME_CLEANUP(tome_stack_result_clear) tome_stack_result r = {0};
  const tome_stack_options how = {.spacing = {1, 1, 1}, .colour = true};
  tome_error why = {0};
  if (!tome_describe_all(u->paths, u->count, &in->inner, &pieces, &why) ||
      !tome_stack(&pieces, &how, &in->inner, &r, &why)) {
    if (why.code == TOME_CANCELLED) return tome_fail(err, why.code, "%s", why.message);
    tell_fault(in, u, u->paths[0], why.code, why.message);
    return true;
  }
  for (size_t i = 0; i < r.volume_count; i++)
    if (!tell_volume(in, u, &r.volumes[i], err)) return false;
  for (size_t i = 0; i < r.fault_count; i++) tell_fault(in, u, r.faults[i].path, r.faults[i].code, r.faults[i].text);
  return tell_passed(in, u, &pieces, pieces.count > 0, err);
}

/* One input; what cannot be found is told as a fault, and the others go on. */
static bool inspect_input(inspecting *in, const char *input, tome_error *err) {
  TOME_CLEANUP(tome_units_clear) tome_units units = {0};
  tome_error why = {0};
  if (!tome_units_find(&input, 1, false, NULL, &in->inner, &units, &why)) {
    if (why.code == TOME_CANCELLED) return tome_fail(err, why.code, "%s", why.message);
    const tome_unit u = {.shown = input, .count = 0};
    tell_fault(in, &u, input, why.code, why.message);
    return true;
  }
  tome_progress progress = {.phase = "info", .item = "", .items_total = units.count};
  for (size_t i = 0; i < units.count; i++) {
    if (tome_stopped(in->run)) return tome_fail_cancelled(err);
    if (!inspect_unit(in, &units.items[i], err)) return false;
    progress.items_done = i + 1;
    progress.item = units.items[i].name;
    tome_report(in->run, &progress);
  }
  return true;
}

bool tome_inspect(const tome_inspect_options *opt, const tome_run *run,
                  void (*facts)(void *user, const tome_volume_facts *v), void *user, uint64_t *faults,
                  tome_error *err) {
  inspecting in = {.opt = opt, .run = run, .facts = facts, .user = user};
  if (run) in.inner = *run;
  in.inner.progress = NULL;
  if (!opt->input_count) return tome_fail(err, TOME_USAGE, "name a file or a folder");
  for (size_t i = 0; i < opt->input_count; i++)
    if (!inspect_input(&in, opt->inputs[i], err)) return false;
  if (faults) *faults = in.faults;
  return true;
}
