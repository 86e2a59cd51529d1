/* One volume and its labels into a case: load, measure, write to a draft, put in place, index. Any failure leaves the store as it was. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/channels.h"
#include "app/repairs.h"
#include "base/hash.h"
#include "stats/stats.h"

typedef struct making {
  tome_ingesting *in;
  const tome_case_input *input;
  const tome_scanned *scanned;
  const tome_stacked *stacked;
  const char *id;
  tome_label_input *inputs; /* of labels: the input's own, and drawings that name this series; in `record`'s arena */
  tome_scanned *labels;     /* one each */
  size_t label_count;
  tome_channel_list channels;
  tome_loaded image;
  tome_record record;
  tome_draft draft;
  tome_case_writer *writer;
  tome_merging *merging;
  char *target; /* cases/<id>.h5 */
} making;

static void making_clear(making *m) {
  for (size_t i = 0; i < m->label_count; i++) tome_scanned_clear(&m->labels[i]);
  tome_channels_clear(&m->channels);
  tome_loaded_clear(&m->image);
  tome_case_writer_free(m->writer);
  tome_draft_abandon(&m->draft);
  tome_merging_free(m->merging);
  tome_record_clear(&m->record);
  free(m->target);
}

/* The grid, and how its axes lie in the patient. */
static bool take_geometry(tome_record *r, const tome_geometry *g, tome_error *err) {
  char code[4];
  r->geometry = *g;
  tome_geometry_code(g, code);
  return (r->orientation = tome_arena_dup(&r->arena, code, err));
}

/* ---- what the headers say ------------------------------------------------------------------------------- */

static bool take_header(making *m, tome_error *err) {
  const tome_piece *p = m->stacked->order[0];
  tome_record *r = &m->record;
  tome_arena *a = &r->arena;
  const char *modality = m->input->modality ? m->input->modality : p->modality;
  r->tilt_degrees = m->stacked->tilt_degrees;
  r->id = tome_arena_dup(a, m->id, err);
  r->layout = tome_arena_dup(a, m->input->layout, err);
  r->modality = tome_arena_dup(a, modality, err);
  r->series_uid = tome_arena_dup(a, p->series_uid, err);
  r->study_uid = tome_arena_dup(a, p->study_uid, err);
  r->frame_uid = tome_arena_dup(a, p->frame_uid, err);
  r->units = "";
  if (!r->id || !r->layout || !r->modality || !r->series_uid || !r->study_uid || !r->frame_uid) return false;
  return take_geometry(r, &m->stacked->geometry, err);
}

/* The stacker's repairs and notes, on record. */
static bool take_notes(making *m, tome_error *err) {
  const tome_stacked *v = m->stacked;
  char text[1200];
  for (size_t i = 0; i < v->repair_count; i++) {
    snprintf(text, sizeof text, "%s", v->repairs[i].text);
    tome_forget_root(&m->input->image, text);
    if (!tome_record_repair(&m->record, v->repairs[i].kind, err, "%s", text)) return false;
  }
  for (size_t i = 0; i < v->note_count; i++) {
    if (m->input->frame_name_count && strstr(v->notes[i], "; this is number"))
      continue; /* all are taken, as channels */
    snprintf(text, sizeof text, "%s", v->notes[i]);
    tome_forget_root(&m->input->image, text);
    tome_say(m->in, TOME_EVENT_NOTE, m->id, m->input->image.shown, text);
    if (!tome_record_problem(&m->record, TOME_INFO, "geometry-note", "", err, "%s", text)) return false;
  }
  const tome_piece *p = v->order[0];
  const double pixel = m->input->image.spacing[1];
  if (!p->has_geometry && !p->has_pixel_spacing && pixel > 0 && !(m->in->opt->spacing[0] > 0) &&
      !m->input->image.spacing_said &&
      !tome_record_problem(&m->record, TOME_INFO, "no-spacing", "give --spacing z,y,x in mm where you know it", err,
                           "the pictures do not say how large their pixels are; %g mm stands in for it", pixel))
    return false;
  const tome_passed_over *damaged = m->scanned->damaged;
  return !damaged ||
         tome_record_problem(
             &m->record, TOME_ERROR, "damaged-neighbour",
             "fetch that file again, or move it away, then ingest with --replace", err,
             "%s lies in the same folder and cannot be read: if it is a slice of this series, the volume is "
             "one slice short",
             tome_basename(damaged->path));
}

static bool scan_stack(making *m, const tome_label_input *l, tome_scanned *s, tome_error *err) {
  if (!tome_scan_input(m->in, &l->input, &m->stacked->geometry, s, err)) return false;
  for (size_t k = 0; k < s->pieces.passed_count; k++)
    if (s->pieces.passed[k].damaged)
      return tome_fail(err, TOME_CORRUPT, "label %s: %s", l->map, s->pieces.passed[k].text);
  if (s->stacked.fault_count)
    return tome_fail(err, s->stacked.faults[0].code, "label %s: %s", l->map, s->stacked.faults[0].text);
  if (s->stacked.volume_count != 1)
    return tome_fail(err, TOME_GEOMETRY, "label %s: %s holds %zu volumes where one is wanted", l->map, l->input.shown,
                     s->stacked.volume_count);
  return tome_add_sources(m->in, &l->input, &s->stacked.volumes[0], l->map, &m->record, err);
}

static bool scan_label(making *m, const tome_label_input *l, tome_error *err) {
  tome_scanned *s = &m->labels[m->label_count++];
  tome_error why = {0};
  if (tome_scan_drawing(&l->input, s, &why))
    return tome_add_drawing_source(m->in, &l->input, &s->drawn, l->map ? l->map : s->drawn.kind, &m->record, err);
  if (why.code) return tome_fail(err, why.code, "label %s: %s", l->map ? l->map : l->input.shown, why.message);
  return scan_stack(m, l, s, err);
}

/* Of several volumes of one series (phases, parts) drawings belong to the largest. */
static bool is_largest_of_series(const making *m) {
  const tome_stack_result *s = &m->scanned->stacked;
  const tome_box mine = tome_box_of_shape(m->stacked->geometry.shape);
  for (const tome_stacked *v = s->volumes; v < s->volumes + s->volume_count; v++) {
    const tome_box other = tome_box_of_shape(v->geometry.shape);
    if (v == m->stacked || strcmp(v->series_uid, m->stacked->series_uid) != 0) continue;
    if (tome_box_voxels(&other) > tome_box_voxels(&mine) - (v < m->stacked)) return false;
  }
  return true;
}

/* A drawing belongs to the series it names; one whose series is not there (or not named), to the first in its frame of reference. */
static bool is_drawn_on(const tome_drawing_input *d, const tome_piece *image) {
  if (*d->series_uid && strcmp(d->series_uid, image->series_uid) == 0) return true;
  return !d->present && !d->taken && *d->frame_uid && strcmp(d->frame_uid, image->frame_uid) == 0;
}

/* Takes it, and says so where it is not by the series' name. */
static bool take_drawing(making *m, tome_drawing_input *d, tome_error *err) {
  d->taken = true;
  if (strcmp(d->series_uid, m->stacked->series_uid) == 0) return true;
  return tome_record_problem(
      &m->record, TOME_INFO, "label-frame", "", err,
      "%s: was drawn on series %s, which is not among these files; it is taken here because it is in "
      "the same frame of reference",
      d->input.shown, *d->series_uid ? d->series_uid : "(none named)");
}

/* Which labels the volume gets. */
static bool list_labels(making *m, bool with_labels, size_t *count, tome_error *err) {
  const tome_case_input *ci = m->input;
  const size_t most = ci->label_count + m->in->drawing_count + 1;
  m->inputs = tome_arena_alloc(&m->record.arena, most * sizeof *m->inputs, err);
  m->labels = tome_arena_alloc(&m->record.arena, most * sizeof *m->labels, err);
  if (!m->inputs || !m->labels) return false;
  for (size_t i = 0; with_labels && i < ci->label_count; i++) m->inputs[(*count)++] = ci->labels[i];
  const bool may_have_drawings = is_largest_of_series(m);
  for (size_t i = 0; may_have_drawings && i < m->in->drawing_count; i++) {
    tome_drawing_input *d = &m->in->drawings[i];
    if (!is_drawn_on(d, m->stacked->order[0])) continue;
    if (!take_drawing(m, d, err)) return false;
    m->inputs[(*count)++] = (tome_label_input){.input = d->input};
  }
  return true;
}

/* Scans the labels' headers, so that the sources (and with them "is it in already?") are known before a voxel is read. */
static bool scan_labels(making *m, bool with_labels, tome_error *err) {
  size_t count = 0;
  if (!list_labels(m, with_labels, &count, err)) return false;
  for (size_t i = 0; i < count; i++)
    if (!scan_label(m, &m->inputs[i], err)) return false;
  return true;
}

static bool take_sources(making *m, bool with_labels, tome_error *err) {
  char part[32] = "";
  const tome_piece *p = m->stacked->order[0];
  if (m->stacked->order_count == 1 && p->frame) snprintf(part, sizeof part, "frame %lld", (long long)p->frame);
  if (!tome_channels_list(m->in, m->input, m->scanned, m->stacked, &m->record.arena, &m->channels, err) ||
      !tome_add_sources(m->in, &m->input->image, m->stacked, "image", &m->record, err))
    return false;
  for (size_t i = 0; i < m->channels.scan_count; i++) {
    const tome_channel_input *c = &m->input->channels[i];
    if (!tome_add_sources(m->in, &c->input, &m->channels.scans[i].stacked.volumes[0], c->name, &m->record, err))
      return false;
  }
  return scan_labels(m, with_labels, err) && tome_hash_sources(&m->record, part, err);
}

static bool say_skipped(making *m, const char *other, const char *hint) {
  char text[400];
  const bool renamed = strcmp(other, m->id) != 0;
  snprintf(text, sizeof text, "is in already%s%s%s", renamed ? " as " : "", renamed ? other : "", hint);
  tome_say(m->in, TOME_EVENT_SKIPPED, m->id, m->input->image.shown, text);
  return true;
}

/* True where the case file of this id was made from the very same sources: another ingest put it in a moment ago, or a crash kept it
 * out of the index. */
static bool same_sources_in_place(const making *m) {
  TOME_CLEANUP(tome_record_clear) tome_record there = {0};
  tome_error unreadable = {0};
  return tome_read_record(m->in->store, m->id, &there, &unreadable) &&
         strcmp(there.source_hash, m->record.source_hash) == 0;
}

/* *skip: nothing to do. Fails where another case has this id. */
static bool already_in(making *m, bool *skip, tome_error *err) {
  char other[256] = "";
  *skip = false;
  if (m->in->opt->replace) return true;
  if (!tome_index_by_source(m->in->index, m->record.source_hash, other, sizeof other, err)) return false;
  if (*other) return *skip = say_skipped(m, other, "; --replace ingests it again");
  if (!tome_file_exists(m->target)) return true;
  if (same_sources_in_place(m)) return *skip = say_skipped(m, m->id, "");
  return tome_fail(err, TOME_EXISTS,
                   "a case \"%s\" is in the store already, made from other files; --replace puts this one in its place",
                   m->id);
}

/* ---- voxels --------------------------------------------------------------------------------------------- */

/* NIfTI does not say what machine it came from. Air around a body at -1024 … -900 and tissue above says CT; then, and only then, the
 * voxels are called HU. */
static void guess_modality(tome_record *r) {
  const tome_intensity *i = &r->intensity;
  if (!*r->modality && r->dtype == TOME_I16 && i->min <= -900 && i->min >= -3100 && i->max >= 100 && i->max <= 32000 &&
      i->percentile[TOME_P05] < -500)
    r->modality = "CT";
  if (!strcmp(r->modality, "CT")) r->units = "HU";
}

static bool load_image(making *m, tome_error *err) {
  const tome_load_options o = {.name = m->input->image.shown,
                               .sample = m->channels.count ? m->channels.items[0].sample : 0};
  tome_record *r = &m->record;
  if (!tome_load(m->stacked, &o, &m->in->quiet, &m->image, err) ||
      !tome_repair_image(m->in, "image", &m->image, r, err) || !take_geometry(r, &m->image.volume.geometry, err))
    return false;
  const tome_volume *v = &m->image.volume;
  const size_t bytes = tome_volume_voxels(v) * tome_dtype_size(v->dtype);
  r->dtype = v->dtype;
  r->padding = m->image.padding;
  m->in->sum.bytes_voxels += bytes;
  tome_hash_bytes(v->data, bytes, r->voxel_hash);
  if (!tome_stats_image(v, m->image.padding_mask, &m->in->quiet, &r->arena, &r->intensity, &r->histogram, err))
    return false;
  guess_modality(r);
  return true;
}

static bool write_image(making *m, tome_error *err) {
  const tome_chunking c = {m->in->opt->codec, m->in->opt->level};
  return tome_draft_open(m->target, &m->draft, err) && (m->writer = tome_case_writer_new(m->draft.path, err)) &&
         tome_case_writer_volume(m->writer, "image", &m->image.volume, m->record.units, &c, &m->in->quiet, err);
}

static bool make_channels(making *m, tome_error *err) {
  const tome_channel_list *l = &m->channels;
  if (!l->count) return true;
  if (!tome_channels_first(l->items[0].name, &m->record, err) ||
      !tome_case_writer_name_image(m->writer, l->items[0].name, err))
    return false;
  for (size_t i = 1; i < l->count; i++)
    if (!tome_channels_make(m->in, &l->items[i], &m->record.geometry, m->input->image.shown, &m->record, m->writer,
                            err))
      return false;
  return true;
}

static bool make_labels(making *m, tome_error *err) {
  if (m->in->opt->merge && m->label_count) {
    m->merging = tome_merging_new(m->in->opt->merge, &m->image.volume.geometry, err);
    if (!m->merging) return false;
  }
  for (size_t i = 0; i < m->label_count; i++)
    if (!tome_make_label(m->in, &m->inputs[i], &m->labels[i], &m->image, &m->record, m->writer, m->merging, err))
      return false;
  if (!m->merging) return true;
  const tome_volume *map;
  tome_value_name *names;
  size_t count;
  return tome_merging_finish(m->merging, &m->record.arena, &map, &names, &count, err) &&
         tome_record_repair(&m->record, "merge", err, "%s", m->in->opt->merge) &&
         tome_put_map(m->in, map, "merged", names, count, &m->image, &m->record, m->writer, err);
}

/* ---- into the store ------------------------------------------------------------------------------------- */

/* The draft was just locked by this process and HDF5 has its own descriptor on it: finish, then rename. A case of the same id that another process put in
 * meanwhile is never overwritten unasked. */
static bool put_in_place(making *m, bool *skip, tome_error *err) {
  const char *identity = m->in->opt->keep_identity ? m->stacked->order[0]->identity : NULL;
  if (!tome_case_writer_record(m->writer, &m->record, identity, err)) return false;
  tome_case_writer *w = m->writer;
  m->writer = NULL;
  if (!tome_case_writer_finish(w, err)) return false;
  tome_error e = {0};
  if (!tome_draft_commit(&m->draft, m->in->opt->replace, &e)) {
    if (e.code == TOME_EXISTS && same_sources_in_place(m)) return *skip = say_skipped(m, m->id, "");
    return tome_fail(err, e.code, "%s", e.message);
  }
  return tome_file_size(m->target, &m->record.stored_bytes, err) && tome_index_put(m->in->index, &m->record, err);
}

static bool tell(making *m, tome_error *err) {
  char text[256];
  const tome_geometry *g = &m->record.geometry;
  size_t serious = 0;
  for (size_t i = 0; i < m->record.problem_count; i++) serious += m->record.problems[i].severity != TOME_INFO;
  snprintf(text, sizeof text, "%lldx%lldx%lld voxels, %.4gx%.4gx%.4g mm, %zu label%s%s", (long long)g->shape[0],
           (long long)g->shape[1], (long long)g->shape[2], g->spacing[0], g->spacing[1], g->spacing[2],
           m->record.label_count, m->record.label_count == 1 ? "" : "s", serious ? "; see its problems" : "");
  m->in->sum.bytes_stored += m->record.stored_bytes;
  tome_say(m->in, TOME_EVENT_ADDED, m->id, m->input->image.shown, text);
  for (size_t i = 0; i < m->record.problem_count; i++)
    if (m->record.problems[i].severity != TOME_INFO)
      tome_say(m->in, TOME_EVENT_NOTE, m->id, m->input->image.shown, m->record.problems[i].text);
  return tome_refusal_drop(m->in->store, m->in->index, m->id, err);
}

bool tome_make_case(tome_ingesting *in, const tome_case_input *input, const tome_scanned *image, size_t volume,
                    const char *id, bool with_labels, tome_error *err) {
  TOME_CLEANUP(making_clear)
  making m = {.in = in,
              .input = input,
              .scanned = image,
              .stacked = &image->stacked.volumes[volume],
              .id = id,
              .draft = {.fd = -1}};
  bool skip = false;
  if (!(m.target = tome_case_path(in->store, id, err)) || !take_header(&m, err) || !take_notes(&m, err) ||
      !take_sources(&m, with_labels, err) || !already_in(&m, &skip, err))
    return false;
  if (skip) return tome_refusal_drop(in->store, in->index, id, err);
  return load_image(&m, err) && tome_find_image_problems(in->index, input->id, &m.record, err) &&
         write_image(&m, err) && make_channels(&m, err) && make_labels(&m, err) && put_in_place(&m, &skip, err) &&
         (skip || tell(&m, err));
}
