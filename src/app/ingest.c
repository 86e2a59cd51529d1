/* Ingest, from left to right: roots → layouts → one case at a time. A case that fails is an event and a refusal; the rest goes on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/repairs.h"

/* A failure that belongs to one case becomes its refusal; one that belongs to the run (the user stopped it) ends the run. */
static bool refuse_or_stop(tome_ingesting *in, const tome_case_input *ci, const char *id, tome_error *e,
                           tome_error *err) {
  if (e->code == TOME_CANCELLED) return tome_fail(err, e->code, "%s", e->message);
  tome_forget_root(&ci->image, e->message);
  return tome_refuse(in, id, ci->image.shown, e->code, e->message, err);
}

/* ---- one input ------------------------------------------------------------------------------------------ */

/* How many series the input's files hold, and which of them (1 …, by first file) this UID is. */
static size_t series_number(const tome_pieces *p, const char *uid, size_t *all) {
  size_t n = 0, found = 0;
  for (size_t i = 0; i < p->count; i++) {
    bool first = true;
    for (size_t k = 0; first && k < i; k++) first = strcmp(p->items[k].series_uid, p->items[i].series_uid) != 0;
    if (!first) continue;
    n++;
    if (!strcmp(p->items[i].series_uid, uid)) found = n;
  }
  *all = n;
  return found;
}

static size_t series_count(const tome_pieces *p) {
  size_t all;
  (void)series_number(p, "", &all);
  return all;
}

/* <id> where one series gives one volume; <id>.<series> where there are several series; .<part> more where one series gives several
 * volumes (split at gaps, time points). Series are numbered over all there are, refused ones too: an id stays what it is when another
 * series is mended. */
static void name_volume(const tome_case_input *ci, const tome_scanned *s, const char *uid, const tome_stacked *v,
                        char *out, size_t size) {
  size_t all, part = 0, parts = 0;
  const size_t number = series_number(&s->pieces, uid, &all);
  for (size_t i = 0; v && i < s->stacked.volume_count; i++) {
    if (strcmp(s->stacked.volumes[i].series_uid, uid) != 0) continue;
    parts++;
    if (&s->stacked.volumes[i] == v) part = parts;
  }
  char series[32] = "", piece[32] = "";
  if (all > 1) snprintf(series, sizeof series, ".%zu", number);
  if (parts > 1) snprintf(piece, sizeof piece, ".%zu", part);
  snprintf(out, size, "%.200s%s%s", ci->id, series, piece);
}

/* A sentence names its file, by its name alone: those of formats and of stacking say the whole path, or nothing. */
static const char *naming(const tome_input *input, const char *path, const char *text, char *out, size_t size) {
  const char *name = tome_basename(path);
  const bool named = !*name || strstr(text, name);
  snprintf(out, size, "%s%s%s", named ? "" : name, named ? "" : ": ", text);
  tome_forget_root(input, out);
  return out;
}

static bool refuse_faults(tome_ingesting *in, const tome_case_input *ci, const tome_scanned *s, tome_error *err) {
  for (size_t i = 0; i < s->stacked.fault_count; i++) {
    const tome_stack_fault *f = &s->stacked.faults[i];
    char id[256], text[1200];
    name_volume(ci, s, f->series_uid, NULL, id, sizeof id);
    if (!tome_refuse(in, id, ci->image.shown, f->code, naming(&ci->image, ci->image.shown, f->text, text, sizeof text),
                     err))
      return false;
  }
  return true;
}

/* Says what was passed over. A damaged file may be a slice of any series beside it: *damaged is the first of these. */
static void say_passed(tome_ingesting *in, const tome_case_input *ci, const tome_pieces *p,
                       const tome_passed_over **damaged) {
  for (size_t i = 0; i < p->passed_count; i++) {
    const tome_passed_over *x = &p->passed[i];
    char text[1200];
    if (x->damaged && !*damaged) *damaged = x;
    if (!x->damaged)
      tome_say(in, TOME_EVENT_NOTE, ci->id, ci->image.shown, naming(&ci->image, x->path, x->text, text, sizeof text));
  }
}

/* Labels belong to the largest volume of their input: the others are localizers and the like. */
static size_t largest_volume(const tome_stack_result *s) {
  size_t best = 0;
  for (size_t i = 1; i < s->volume_count; i++) {
    const tome_box a = tome_box_of_shape(s->volumes[i].geometry.shape),
                   b = tome_box_of_shape(s->volumes[best].geometry.shape);
    if (tome_box_voxels(&a) > tome_box_voxels(&b)) best = i;
  }
  return best;
}

static bool ingest_volumes(tome_ingesting *in, const tome_case_input *ci, const tome_scanned *s, tome_error *err) {
  const size_t largest = largest_volume(&s->stacked);
  for (size_t i = 0; i < s->stacked.volume_count; i++) {
    char id[256];
    tome_error e = {0};
    if (ci->frame_name_count) /* one case of them all */
      snprintf(id, sizeof id, "%.200s", ci->id);
    else
      name_volume(ci, s, s->stacked.volumes[i].series_uid, &s->stacked.volumes[i], id, sizeof id);
    if (!tome_make_case(in, ci, s, i, id, ci->frame_name_count || i == largest, &e) &&
        !refuse_or_stop(in, ci, id, &e, err))
      return false;
    if (ci->frame_name_count) break;
  }
  return true;
}

/* A volume without one of its slices would look whole where the slice is the first or the last. Where the folder holds several series, nobody knows whose slice
 * it was: the file is refused, the series are taken, and each says so among its problems. */
static bool refuse_damaged(tome_ingesting *in, const tome_case_input *ci, const tome_passed_over *damaged,
                           tome_error *err) {
  char named[1200], text[1400];
  snprintf(text, sizeof text, "%s%s", naming(&ci->image, damaged->path, damaged->text, named, sizeof named),
           ci->image.path_count > 1 ? " (or move it away: the series beside it may be incomplete)" : "");
  return tome_refuse(in, ci->id, ci->image.shown, TOME_CORRUPT, text, err);
}

static bool ingest_input(tome_ingesting *in, const tome_case_input *ci, tome_error *err) {
  TOME_CLEANUP(tome_scanned_clear) tome_scanned s = {0};
  tome_error e = {0};
  if (!tome_scan_input(in, &ci->image, NULL, &s, &e)) return refuse_or_stop(in, ci, ci->id, &e, err);
  const tome_passed_over *damaged = NULL;
  say_passed(in, ci, &s.pieces, &damaged);
  if (damaged && !refuse_damaged(in, ci, damaged, err)) return false;
  if (damaged && series_count(&s.pieces) <= 1) return true; /* it can only be a slice of that one */
  s.damaged = damaged;
  if (!s.pieces.count && in->opt->image) /* said outright to be an image */
    return tome_refuse(in, ci->id, ci->image.shown, TOME_UNSUPPORTED, "holds no image that this build reads", err);
  return refuse_faults(in, ci, &s, err) && ingest_volumes(in, ci, &s, err);
}

/* ---- the run -------------------------------------------------------------------------------------------- */

static uint64_t input_bytes(const tome_case_input *ci) {
  uint64_t sum = 0, n;
  tome_error ignored = {0};
  for (size_t i = 0; i < ci->image.path_count; i++)
    if (tome_file_size(ci->image.paths[i], &n, &ignored)) sum += n;
  for (size_t c = 0; c < ci->channel_count; c++)
    for (size_t i = 0; i < ci->channels[c].input.path_count; i++)
      if (tome_file_size(ci->channels[c].input.paths[i], &n, &ignored)) sum += n;
  for (size_t l = 0; l < ci->label_count; l++)
    for (size_t i = 0; i < ci->labels[l].input.path_count; i++)
      if (tome_file_size(ci->labels[l].input.paths[i], &n, &ignored)) sum += n;
  return sum;
}

static bool make_plan(tome_ingesting *in, tome_plan *plan, tome_error *err) {
  const tome_ingest_options *o = in->opt;
  const tome_said_case said = {.id = o->id,
                               .image = o->image,
                               .image_name = o->image_name,
                               .channels = o->channels,
                               .labels = o->labels,
                               .channel_count = o->channel_count,
                               .label_count = o->label_count};
  if (o->image) return tome_plan_one(&said, plan, err);
  if (!o->root_count) return tome_fail(err, TOME_USAGE, "nothing to ingest: name a folder or a file");
  const tome_progress looking = {.phase = "look", .item = ""};
  tome_report(in->run, &looking);
  for (size_t i = 0; i < o->root_count; i++)
    if (!tome_plan_root(o->roots[i], o->layout, in->run, plan, err)) return false;
  return true;
}

/* Says of each drawing whether the series it names is among the cases. Reads headers until all are found. */
static bool look_for_series(tome_ingesting *in, const tome_plan *plan, tome_error *err) {
  size_t wanted = plan->drawing_count;
  for (size_t c = 0; wanted && c < plan->case_count; c++) {
    TOME_CLEANUP(tome_pieces_clear) tome_pieces pieces = {0};
    const tome_input *i = &plan->cases[c].image;
    if (!tome_describe_all(i->paths, i->path_count, &in->quiet, &pieces, err)) return false;
    for (size_t k = 0; k < plan->drawing_count; k++) {
      tome_drawing_input *d = &plan->drawings[k];
      for (size_t p = 0; !d->present && p < pieces.count; p++)
        if (strcmp(pieces.items[p].series_uid, d->series_uid) == 0) d->present = *d->series_uid != 0;
    }
    wanted = 0;
    for (size_t k = 0; k < plan->drawing_count; k++) wanted += !plan->drawings[k].present;
  }
  return true;
}

/* Drawings whose image did not come by. */
static void say_strays(tome_ingesting *in) {
  for (size_t i = 0; i < in->drawing_count; i++) {
    const tome_drawing_input *d = &in->drawings[i];
    char text[400];
    if (d->taken) continue;
    snprintf(
        text, sizeof text,
        "is a %s drawn on %s %s, of which no image was taken here; ingest both together, or pair them with --image and "
        "--label",
        d->kind,
        *d->series_uid  ? "series"
        : *d->frame_uid ? "frame of reference"
                        : "an image that it does not name",
        *d->series_uid ? d->series_uid : d->frame_uid);
    in->sum.unpaired++;
    tome_say(in, TOME_EVENT_UNPAIRED, "", d->input.shown, text);
  }
}

static bool run_plan(tome_ingesting *in, const tome_plan *plan, tome_error *err) {
  in->drawings = plan->drawings;
  in->drawing_count = plan->drawing_count;
  if (!look_for_series(in, plan, err)) return false;
  tome_progress *p = &in->progress;
  *p = (tome_progress){.phase = "ingest", .item = "", .items_total = plan->case_count};
  for (size_t i = 0; i < plan->case_count; i++) p->bytes_total += input_bytes(&plan->cases[i]);
  for (size_t i = 0; i < plan->passed_count; i++) {
    const tome_passed_over *x = &plan->passed[i];
    in->sum.unpaired += x->unpaired;
    if (!x->damaged)
      tome_say(in, x->unpaired ? TOME_EVENT_UNPAIRED : TOME_EVENT_NOTE, "", x->path, x->text);
    else if (!tome_refuse(in, x->path, x->path, TOME_CORRUPT, x->text, err))
      return false;
  }
  for (size_t i = 0; i < plan->case_count; i++) {
    p->item = plan->cases[i].id;
    tome_report(in->run, p);
    if (tome_stopped(in->run)) return tome_fail_cancelled(err);
    if (!ingest_input(in, &plan->cases[i], err)) return false;
    p->items_done++;
    p->bytes_done += input_bytes(&plan->cases[i]);
  }
  tome_report(in->run, p);
  say_strays(in);
  return true;
}

static double now_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool prepare(tome_ingesting *in, tome_error *err) {
  if (in->opt->merge && !tome_merging_check(in->opt->merge, err)) return false;
  if (!tome_repairs_check(in->opt, err)) return false;
  tome_draft_sweep(in->store->cases);
  tome_draft_sweep(in->store->refused);
  tome_draft_sweep(in->store->path);
  in->index = tome_store_index(in->store, err);
  return in->index && tome_reconcile(in->store, in->index, err);
}

bool tome_ingest(tome_store *store, const tome_ingest_options *opt, const tome_run *run,
                 void (*on_event)(void *user, const tome_event *event), void *user, tome_ingest_summary *out,
                 tome_error *err) {
  tome_ingesting in = {.store = store, .opt = opt, .run = run, .on_event = on_event, .user = user};
  if (run) in.quiet = *run;
  in.quiet.progress = NULL;
  const double start = now_seconds();
  tome_plan plan = {0};
  tome_error first = {0};
  const bool done = prepare(&in, &first) && make_plan(&in, &plan, &first) && run_plan(&in, &plan, &first);
  /* whatever came in is linked, also after a stop */
  const bool linked = !in.sum.added || tome_update_archive(store, &first);
  tome_plan_clear(&plan);
  tome_index_close(in.index);
  in.sum.seconds = now_seconds() - start;
  if (out) *out = in.sum;
  return (done && linked) || tome_fail(err, first.code, "%s", first.message);
}
