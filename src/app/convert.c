/* tome convert: files of one format into files of another. Each unit is described, stacked, loaded, changed in value where asked, and written; one that
 * fails is an event, and the rest goes on. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "app/convert.h"

typedef struct converting {
  const tome_convert_options *opt;
  const tome_run *run;
  tome_run inner; /* for the work on one unit: no progress, and one thread where units run side by side */
  void (*on_event)(void *user, const tome_event *event);
  void *user;
  tome_value_steps values;
  tome_value_pair *remap;
  tome_pieces like_pieces; /* of --like */
  tome_stack_result like_stack;
  const tome_stacked *like; /* NULL: none */
  tome_target target;
  tome_units units;
  pthread_mutex_t lock; /* guards what follows */
  const char **taken; /* paths that are written or being written: a hash table of taken_size places, NULL where free */
  size_t taken_count, taken_size;
  const char *last; /* one of them */
  tome_convert_summary sum;
  tome_progress progress;
  tome_arena arena;
} converting;

/* ---- telling -------------------------------------------------------------------------------------------- */

static void say(converting *c, tome_event_kind kind, const char *from, const char *path, const char *text) {
  const tome_event e = {.kind = kind, .id = from, .path = path, .text = text};
  pthread_mutex_lock(&c->lock);
  if (kind == TOME_EVENT_ADDED) c->sum.written++;
  if (kind == TOME_EVENT_REFUSED) c->sum.failed++;
  if (c->on_event) c->on_event(c->user, &e);
  pthread_mutex_unlock(&c->lock);
}

static void step_done(converting *c, const tome_unit *u) {
  pthread_mutex_lock(&c->lock);
  c->progress.items_done++;
  c->progress.item = u->name;
  tome_report(c->run, &c->progress);
  pthread_mutex_unlock(&c->lock);
}

/* ---- one file ------------------------------------------------------------------------------------------- */

/* FNV-1a. */
static size_t place_of(const char *path, size_t size) {
  uint64_t h = 14695981039346656037u;
  for (const char *p = path; *p; p++) h = (h ^ (uint8_t)*p) * 1099511628211u;
  return (size_t)(h % size);
}

static const char **find_place(const char **table, size_t size, const char *path) {
  size_t i = place_of(path, size);
  while (table[i] && strcmp(table[i], path) != 0) i = i + 1 < size ? i + 1 : 0;
  return &table[i];
}

static bool grow_taken(converting *c, tome_error *err) {
  if (c->taken_count * 2 < c->taken_size) return true;
  const size_t size = c->taken_size ? c->taken_size * 2 : 64;
  const char **table = tome_alloc_zero(size, sizeof *table, "names", err);
  if (!table) return false;
  for (size_t i = 0; i < c->taken_size; i++)
    if (c->taken[i]) *find_place(table, size, c->taken[i]) = c->taken[i];
  free(c->taken);
  c->taken = table;
  c->taken_size = size;
  return true;
}

static bool take_locked(converting *c, const char *path, tome_error *err) {
  if (!grow_taken(c, err)) return false;
  const char **place = find_place(c->taken, c->taken_size, path);
  const bool *has = c->target.names.has;
  if (*place && has[TOME_PLACE_N] && !has[TOME_PLACE_ID])
    return tome_fail(err, TOME_EXISTS,
                     "%s: two volumes would both go there, since {n} numbers the inputs here; put {name} into the "
                     "pattern, which tells volumes of one input apart",
                     path);
  if (*place)
    return tome_fail(err, TOME_EXISTS, "%s: two inputs would both go there; put {name}, {n} or {z} into the pattern",
                     path);
  if (!(*place = tome_arena_dup(&c->arena, path, err))) return false;
  c->taken_count++;
  c->last = *place;
  return true;
}

/* False where another input has given a file of this name. */
static bool take(converting *c, const char *path, tome_error *err) {
  pthread_mutex_lock(&c->lock);
  const bool ok = take_locked(c, path, err);
  pthread_mutex_unlock(&c->lock);
  return ok;
}

static bool make_folder_of(const char *path, tome_error *err) {
  size_t end = strlen(path);
  while (end && path[end - 1] == '/') end--; /* "series/" lies in what is above it */
  const char *slash = memrchr(path, '/', end);
  if (!slash || slash == path) return true;
  char folder[4096];
  snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
  return tome_is_folder(folder) || tome_make_folders(folder, err);
}

/* A sentence of a draft, said of what it was to become. */
static bool fail_of(const tome_error *why, const char *draft, const char *path, tome_error *err) {
  const char *at = draft ? strstr(why->message, draft) : NULL;
  if (!at) return tome_fail(err, why->code, "%s", why->message);
  return tome_fail(err, why->code, "%.*s%s%s", (int)(at - why->message), why->message, path, at + strlen(draft));
}

static bool ends_in(const char *name, const char *ending) {
  const size_t n = strlen(name), m = strlen(ending);
  return n >= m && strcmp(name + n - m, ending) == 0;
}

/* True where a folder holds nothing but DICOM files by their names, so that it may be replaced as a whole. */
static bool is_series_folder(const char *path, tome_error *err) {
  TOME_CLEANUP(tome_tree_clear) tome_tree tree = {0};
  if (!tome_tree_walk(path, NULL, &tree, NULL, err)) return false;
  for (size_t i = 0; i < tree.count; i++)
    if (tree.entries[i].folder || !ends_in(tree.entries[i].path, ".dcm"))
      return tome_fail(err, TOME_EXISTS,
                       "%s: holds more than .dcm files (%s), and --force would replace it whole; name a new folder",
                       path, tree.entries[i].path);
  return true;
}

static bool write_folder(const converting *c, const char *path, const tome_volume *v, const tome_write_options *o,
                         tome_error *err) {
  TOME_CLEANUP(tome_folder_draft_abandon) tome_folder_draft d = {0};
  tome_error why = {0};
  if (c->opt->force && tome_is_folder(path) && !is_series_folder(path, err)) return false;
  if (!tome_folder_draft_open(path, &d, err)) return false;
  return c->target.format->write_folder(d.path, v, o, &why) ? tome_folder_draft_place(&d, c->opt->force, err)
                                                            : fail_of(&why, d.path, d.target, err);
}

/* Whether a file is the one that was looked at: another process may have added to it since, and its data set would be lost. */
static bool unchanged(const char *path, const struct stat *was) {
  struct stat is;
  return stat(path, &is) == 0 && is.st_dev == was->st_dev && is.st_ino == was->st_ino && is.st_size == was->st_size &&
         is.st_mtim.tv_sec == was->st_mtim.tv_sec && is.st_mtim.tv_nsec == was->st_mtim.tv_nsec;
}

static bool write_hdf5(const converting *c, const char *path, const tome_volume *v, const tome_write_options *o,
                       tome_error *err) {
  TOME_CLEANUP(tome_draft_abandon) tome_draft d = {.fd = -1};
  tome_error why = {0};
  const bool add = c->target.added && tome_file_exists(path);
  struct stat was = {0};
  if (add && stat(path, &was) != 0) return tome_fail_errno(err, "%s: cannot be read", path);
  if (!tome_draft_open(path, &d, err) || (add && !tome_hdf5_copy(path, d.fd, err))) return false;
  if (!tome_write_hdf5(d.path, c->target.array, add, c->opt->force, v, o, &c->inner, &why))
    return fail_of(&why, d.path, path, err);
  if (add && !unchanged(path, &was))
    return tome_fail(err, TOME_IO, "%s: was changed by another program meanwhile; try again", path);
  return tome_draft_place(&d, add || c->opt->force, err);
}

static bool write_file(const converting *c, const char *path, const tome_volume *v, const tome_write_options *o,
                       tome_error *err) {
  const tome_format *f = c->target.format;
  return f->elsewhere ? write_hdf5(c, path, v, o, err) : tome_write_files(f, path, v, o, c->opt->force, err);
}

static bool put(converting *c, const char *path, const tome_volume *v, const tome_write_options *o, tome_error *err) {
  if (!take(c, path, err) || !make_folder_of(path, err)) return false;
  if (!c->opt->force && tome_file_exists(path) && !c->target.folders && !c->target.added)
    return tome_fail(err, TOME_EXISTS, "%s: exists already; --force overwrites it", path);
  return c->target.folders ? write_folder(c, path, v, o, err) : write_file(c, path, v, o, err);
}

/* ---- names ---------------------------------------------------------------------------------------------- */

/* What a volume of a unit is called: the unit's name, with a number where the unit has several. */
static const char *volume_name(const tome_unit *u, size_t volume, size_t volumes, tome_arena *a, tome_error *err) {
  return volumes > 1 ? tome_arena_printf(a, err, "%s.%zu", u->name, volume + 1) : u->name;
}

typedef struct naming {
  const char *name;
  int64_t n, z; /* z < 0: not a slice */
  const char *label;
} naming;

static const char *path_of(const converting *c, const naming *what, bool add_z, tome_arena *a, tome_error *err) {
  char tail[32] = "";
  if (add_z) snprintf(tail, sizeof tail, "_%03lld", (long long)what->z);
  const tome_template_values v = {.id = what->name, .label = what->label, .n = what->n, .z = what->z < 0 ? 0 : what->z};
  return tome_template_fill(&c->target.names, &v, tail, c->target.ending, a, err);
}

/* ---- a volume ------------------------------------------------------------------------------------------- */

typedef struct volume_job {
  converting *c;
  const tome_unit *unit;
  const tome_volume *v;
  const tome_write_options *o;
  const char *name, *label;
  int64_t n;
  bool slices_count; /* {n} is the number of the slice */
  bool solid;        /* an array that knows nothing of where it lies */
} volume_job;

static bool put_slice(const volume_job *j, int64_t z, tome_arena *a, tome_error *err) {
  const tome_template *t = &j->c->target.names;
  const int64_t *shape = j->v->geometry.shape;
  const tome_box box = {{z, 0, 0}, {z + 1, shape[1], shape[2]}};
  const size_t channels = (size_t)(j->v->channels > 1 ? j->v->channels : 1);
  const size_t bytes = (size_t)(shape[1] * shape[2]) * channels * tome_dtype_size(j->v->dtype);
  const tome_volume slice = {.geometry = tome_geometry_crop(&j->v->geometry, &box),
                             .dtype = j->v->dtype,
                             .channels = j->v->channels,
                             .data = (char *)j->v->data + (size_t)z * bytes};
  const naming what = {j->name, j->slices_count ? z : j->n, z, j->label};
  const bool add_z = j->c->target.invented && shape[0] > 1 && !t->has[TOME_PLACE_Z];
  const char *path = path_of(j->c, &what, add_z, a, err);
  return path && put(j->c, path, &slice, j->o, err);
}

/* An array of (H, W, 3) that is to be one picture is one of colours. */
static bool as_colours(const volume_job *j, tome_volume *out) {
  const tome_target *t = &j->c->target;
  const int64_t *s = j->v->geometry.shape;
  if (t->invented || t->names.has[TOME_PLACE_Z] || j->slices_count || j->v->channels > 1 || !j->solid || s[0] <= 4 ||
      s[1] <= 4 || (s[2] != 3 && s[2] != 4))
    return false;
  *out = *j->v;
  out->channels = (int)s[2];
  const int64_t shape[3] = {1, s[0], s[1]};
  out->geometry = tome_geometry_identity(shape);
  return true;
}

/* Pictures hold one slice each. */
static bool put_slices(const volume_job *given, tome_arena *a, tome_error *err) {
  tome_volume colours;
  volume_job own = *given;
  const volume_job *j = &own;
  if (as_colours(j, &colours)) own.v = &colours;
  const tome_target *t = &j->c->target;
  const int64_t depth = j->v->geometry.shape[0];
  if (depth > 1 && !t->invented && !t->names.has[TOME_PLACE_Z] && !j->slices_count)
    return tome_fail(err, TOME_USAGE,
                     "%s: has %lld slices, and a %s file holds one; put {z} into the name: slices/{z:03}%s",
                     j->unit->shown, (long long)depth, t->format->name, t->pattern + strlen(t->pattern) - t->ending);
  for (int64_t z = 0; z < depth; z++) {
    if (tome_stopped(j->c->run)) return tome_fail_cancelled(err);
    if (!put_slice(j, z, a, err)) return false;
  }
  const naming what = {j->name, j->slices_count ? 0 : j->n, 0, j->label};
  const char *first = path_of(j->c, &what, t->invented && depth > 1 && !t->names.has[TOME_PLACE_Z], a, err);
  char text[200];
  snprintf(text, sizeof text, "%lld %s of %lldx%lld %s", (long long)depth, depth == 1 ? "picture" : "slices",
           (long long)j->v->geometry.shape[1], (long long)j->v->geometry.shape[2], tome_dtype_name(j->v->dtype));
  if (first) say(j->c, TOME_EVENT_ADDED, j->unit->shown, first, text);
  return first != NULL;
}

static bool put_whole(const volume_job *j, tome_arena *a, tome_error *err) {
  const naming what = {j->name, j->n, -1, j->label};
  const char *path = path_of(j->c, &what, false, a, err);
  if (!path || !put(j->c, path, j->v, j->o, err)) return false;
  const tome_geometry *g = &j->v->geometry;
  char text[200];
  int n = snprintf(text, sizeof text, "%lldx%lldx%lld", (long long)g->shape[0], (long long)g->shape[1],
                   (long long)g->shape[2]);
  if (j->v->channels > 1) n += snprintf(text + n, sizeof text - (size_t)n, "x%d", j->v->channels);
  n += snprintf(text + n, sizeof text - (size_t)n, " %s", tome_dtype_name(j->v->dtype));
  if (j->c->target.format->grid)
    snprintf(text + n, sizeof text - (size_t)n, ", %.4gx%.4gx%.4g mm", g->spacing[0], g->spacing[1], g->spacing[2]);
  say(j->c, TOME_EVENT_ADDED, j->unit->shown, path, text);
  return true;
}

/* ---- reading -------------------------------------------------------------------------------------------- */

static bool untouched(const tome_value_steps *v) {
  return !v->gray && !v->drop_alpha && !v->threshold_on && !v->remap_count && v->scale == 0 && !(v->width > 0) &&
         v->dtype == TOME_NONE;
}

/* Whether writing may begin before reading has ended: one array that goes as it is into a format that waits for it, on more than one core. The
 * output's folder has to be there: a file that turns out to be damaged leaves none behind. */
static bool may_flow(const volume_job *j, const tome_stacked *s, const tome_load_options *how, tome_arena *a) {
  const converting *c = j->c;
  const tome_format *f = c->target.format;
  if (!f->patient || f->flat || f->types || c->target.folders || !untouched(&c->values) ||
      tome_threads(&c->inner) < 2 || !tome_load_is_decoding(s, how))
    return false;
  const naming what = {j->name, j->n, -1, j->label};
  const char *path = path_of(c, &what, false, a, NULL), *slash = path ? strrchr(path, '/') : NULL;
  const char *folder = slash ? tome_arena_printf(a, NULL, "%.*s", (int)(slash - path) + 1, path) : ".";
  return path && folder && tome_is_folder(folder);
}

/* `in` is started where voxels are still to come. */
static bool load(const volume_job *j, const tome_stacked *s, tome_inflow *in, tome_volume *out, tome_arena *a,
                 tome_error *err) {
  converting *c = j->c;
  const tome_convert_options *o = c->opt;
  const tome_load_options how = {.name = j->unit->shown,
                                 .as_stored = true,
                                 .labels = o->labels,
                                 .threshold = o->labels && o->has_threshold ? o->threshold : 0};
  return may_flow(j, s, &how, a) ? tome_inflow_start(s, how.name, &c->inner, in, out, err)
                                 : tome_convert_load(s, &how, &c->inner, out, err);
}

/* Labels onto the grid of --like, where they lie on it in another order. */
static bool align(converting *c, const tome_unit *u, tome_volume *v, tome_error *err) {
  char text[200] = "";
  if (!c->like || !c->opt->labels || v->channels > 1) return true;
  const tome_grid_difference d = tome_geometry_compare(&v->geometry, &c->like->geometry);
  if (!d.shape && tome_geometry_same(&d, &v->geometry)) {
    v->geometry = c->like->geometry;
    return true;
  }
  tome_error why = {0};
  if (!tome_align_label(v, &c->like->geometry, &c->inner, text, sizeof text, &why))
    return tome_fail(err, why.code, "%s: does not lie on the grid of --like %s: %s", u->shown, c->opt->like,
                     why.message);
  if (*text) say(c, TOME_EVENT_NOTE, u->shown, "", text);
  return true;
}

/* The type the format wants, where that changes no value. */
static bool suit(const converting *c, const tome_unit *u, tome_volume *v, tome_error *err) {
  bool fits;
  const tome_format *f = c->target.format;
  if (!f->types || !tome_values_narrow(v, f->types, &fits, err)) return !f->types;
  if (fits) return true;
  return tome_fail(
      err, TOME_VALUE,
      "%s: its values (%s) do not fit in a %s file; say how they are to fit: --window LEVEL,WIDTH, --scale, or --dtype "
      "with --clamp",
      u->shown, tome_dtype_name(v->dtype), f->name);
}

/* The SOP instance UIDs of the slices of --like, where it has one for each. */
static bool name_slices(const converting *c, const char *const **out, tome_arena *a, tome_error *err) {
  const tome_stacked *s = c->like;
  const size_t depth = s->slices ? (size_t)s->geometry.shape[0] : 0;
  const char **uids = tome_arena_alloc(a, (depth + 1) * sizeof *uids, err);
  bool all = depth > 0;
  for (size_t z = 0; uids && z < depth; z++) {
    uids[z] = s->order[s->slices[z].a]->sop_uid;
    all &= s->slices[z].a == s->slices[z].b && *uids[z];
  }
  *out = all ? uids : NULL;
  return uids;
}

/* Labels say which image they belong to. */
static bool refer(const converting *c, tome_write_options *o, tome_arena *a, tome_error *err) {
  if (!c->like || !o->is_label) return true;
  const tome_piece *p = c->like->order[0];
  o->study_uid = p->study_uid;
  o->series_uid = p->series_uid;
  o->frame_uid = p->frame_uid;
  o->sop_class = p->sop_class;
  o->modality = p->modality;
  return name_slices(c, &o->sop_uids, a, err);
}

/* Changes values where asked, and writes. */
static bool put_volume(volume_job *j, tome_volume *v, tome_write_options *o, tome_arena *a, tome_error *err) {
  converting *c = j->c;
  if (!tome_values_apply(v, &c->values, j->unit->shown, &c->inner, err) || !suit(c, j->unit, v, err) ||
      !align(c, j->unit, v, err) || !refer(c, o, a, err))
    return false;
  j->v = v;
  j->o = o;
  return c->target.format->flat ? put_slices(j, a, err) : put_whole(j, a, err);
}

static bool convert_volume(const volume_job *what, const tome_stacked *s, tome_arena *a, tome_error *err) {
  TOME_CLEANUP(tome_volume_clear) tome_volume v = {0};
  TOME_CLEANUP(tome_inflow_end) tome_inflow in = {0}; /* ends before the volume goes */
  converting *c = what->c;
  const tome_unit *u = what->unit;
  const tome_piece *p = s->order[0];
  volume_job j = *what;
  j.solid = p->solid;
  if (!load(&j, s, &in, &v, a, err)) return false;
  const bool ct = strcmp(p->modality, "CT") == 0 && !c->opt->labels;
  const bool still_hu =
      ct && !(c->values.width > 0) && !c->values.threshold_on && !c->values.remap_count && c->values.scale == 0;
  tome_write_options o = {
      .level = c->opt->level,
      .units = still_hu ? "HU" : "",
      .id = j.name,
      .modality = p->modality,
      .codec = c->opt->codec,
      .to_16_bits = c->opt->to_16_bits,
      .study_uid = p->study_uid,
      .frame_uid = p->frame_uid,
      .description = "",
      .is_label = c->opt->labels,
      .filling = in.filling.started ? &in.filling : NULL,
      .unplaced = !p->has_geometry && !p->has_position && !(c->opt->spacing[0] > 0) && !c->like,
      .picture = u->count == 1 && p->shape[0] == 1 && !p->has_geometry && !p->has_position && !p->solid};
  for (size_t i = 0; i < s->note_count; i++) say(c, TOME_EVENT_NOTE, u->shown, "", s->notes[i]);
  for (size_t i = 0; i < s->repair_count; i++) say(c, TOME_EVENT_NOTE, u->shown, "", s->repairs[i].text);
  return put_volume(&j, &v, &o, a, err);
}

/* ---- drawings ------------------------------------------------------------------------------------------- */

static bool say_names(converting *c, const tome_unit *u, const tome_write_name *names, size_t count) {
  char text[900];
  size_t n = 0;
  for (size_t i = 0; i < count && n + 100 < sizeof text; i++)
    n += (size_t)snprintf(text + n, sizeof text - n, "%s%d is %.80s", i ? ", " : "", names[i].value, names[i].name);
  if (count) say(c, TOME_EVENT_NOTE, u->shown, "", text);
  return true;
}

static bool put_drawn(volume_job *j, const tome_drawing *d, const tome_write_name *names, size_t only, tome_arena *a,
                      tome_error *err) {
  TOME_CLEANUP(tome_volume_clear) tome_volume v = {0};
  converting *c = j->c;
  const bool one = only < d->count;
  const tome_write_name mask = {1, one ? names[only].name : ""};
  tome_write_options o = {.level = c->opt->level,
                          .units = "",
                          .description = "",
                          .id = j->name,
                          .codec = c->opt->codec,
                          .series_uid = d->series_uid,
                          .frame_uid = d->frame_uid,
                          .is_label = true,
                          .names = one ? &mask : names,
                          .name_count = one ? 1 : d->count};
  const double threshold = d->fractional && c->opt->has_threshold ? c->opt->threshold : 0;
  j->label = one ? names[only].name : "labels";
  return tome_drawn_load(d, names, only, c->like ? &c->like->geometry : NULL, threshold, &c->inner, &v, err) &&
         put_volume(j, &v, &o, a, err);
}

static bool convert_drawing(volume_job *j, const tome_format *f, tome_arena *a, tome_error *err) {
  TOME_CLEANUP(tome_drawing_clear) tome_drawing d = {0};
  tome_write_name *names;
  converting *c = j->c;
  if (!f->outline(j->unit->paths[0], &d, err) || !tome_drawn_names(&d, a, &names, err)) return false;
  for (size_t i = 0; i < d.note_count; i++) say(c, TOME_EVENT_NOTE, j->unit->shown, "", d.notes[i]);
  say_names(c, j->unit, names, d.count);
  if (!c->target.names.has[TOME_PLACE_LABEL]) return put_drawn(j, &d, names, SIZE_MAX, a, err);
  for (size_t i = 0; i < d.count; i++)
    if (!put_drawn(j, &d, names, i, a, err)) return false;
  return true;
}

/* ---- a unit --------------------------------------------------------------------------------------------- */

static tome_stack_options stacking(const converting *c) {
  const tome_convert_options *o = c->opt;
  tome_stack_options s = {.gap = o->gap,
                          .duplicate = o->duplicate,
                          .uneven = o->uneven,
                          .series = o->series,
                          .like = c->like ? &c->like->geometry : NULL,
                          .labels = o->labels,
                          .colour = true};
  memcpy(s.spacing, o->spacing, sizeof s.spacing);
  if (!(s.spacing[0] > 0) && !c->target.format->grid) s.spacing[0] = s.spacing[1] = s.spacing[2] = 1; /* goes nowhere */
  return s;
}

/* Volumes of a file that follow one another and look alike: how many from `first` on. */
static size_t alike_from(const tome_stack_result *r, size_t first) {
  const tome_stacked *a = &r->volumes[first];
  size_t end = first + 1;
  while (end < r->volume_count &&
         memcmp(a->geometry.shape, r->volumes[end].geometry.shape, sizeof a->geometry.shape) == 0 &&
         strcmp(a->series_uid, r->volumes[end].series_uid) == 0)
    end++;
  return end - first;
}

static bool fail_several(const converting *c, const tome_unit *u, const tome_stack_result *r, tome_error *err) {
  char list[400] = "";
  for (size_t i = 0, alike; i < r->volume_count && strlen(list) < 300; i += alike) {
    const tome_stacked *v = &r->volumes[i];
    const int64_t *s = v->geometry.shape;
    char times[32] = "";
    alike = alike_from(r, i);
    if (alike > 1) snprintf(times, sizeof times, "%zu of ", alike);
    snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s%lldx%lldx%lld%s%.64s", i ? "; " : "", times,
             (long long)s[0], (long long)s[1], (long long)s[2], *v->series_uid ? " series " : "", v->series_uid);
  }
  const bool series = *r->volumes[0].series_uid && strcmp(r->volumes[0].series_uid, r->volumes[1].series_uid) != 0;
  return tome_fail(err, TOME_USAGE, "%s holds %zu volumes, and %s is one: %s; %sput {name} or {n} into the output",
                   u->shown, r->volume_count, c->target.pattern, list, series ? "choose with --series UID, or " : "");
}

static bool convert_stacked(const volume_job *what, const tome_stack_result *r, tome_arena *a, tome_error *err) {
  converting *c = what->c;
  const tome_template *t = &c->target.names;
  const bool only = c->units.count == 1;
  for (size_t i = 0; i < r->volume_count; i++) {
    volume_job j = *what;
    j.slices_count =
        only && r->volume_count == 1 && c->target.format->flat && t->has[TOME_PLACE_N] && !t->has[TOME_PLACE_Z];
    j.name = volume_name(what->unit, i, r->volume_count, a, err);
    if (only) j.n = (int64_t)i;
    if (!j.name || !convert_volume(&j, &r->volumes[i], a, err)) return false;
  }
  return true;
}

static bool convert_unit(converting *c, size_t index, tome_error *err) {
  const tome_unit *u = &c->units.items[index];
  TOME_CLEANUP(tome_pieces_clear) tome_pieces pieces = {0};
  TOME_CLEANUP(tome_stack_result_clear) tome_stack_result r = {0};
  TOME_CLEANUP(tome_arena_clear) tome_arena a = {0};
  volume_job j = {
      .c = c, .unit = u, .name = u->name, .n = (int64_t)index, .label = c->opt->labels ? "labels" : "image"};
  const tome_stack_options how = stacking(c);
  if (!tome_describe_all(u->paths, u->count, &c->inner, &pieces, err)) return false;
  const tome_format *drawn = u->count == 1 && !pieces.count ? tome_drawing_of(u->paths[0], NULL) : NULL;
  if (drawn) return convert_drawing(&j, drawn, &a, err);
  if (!tome_unit_passed(u, &pieces, err)) return false;
  if (!c->opt->labels) tome_pieces_as_pictures(&pieces);
  if (!tome_stack(&pieces, &how, &c->inner, &r, err)) return false;
  if (r.fault_count) return tome_fail(err, r.faults[0].code, "%s", r.faults[0].text);
  if (!r.volume_count) return tome_fail(err, TOME_UNSUPPORTED, "%s: holds no image that this build reads", u->shown);
  if (r.volume_count > 1 && !c->target.many) return fail_several(c, u, &r, err);
  return convert_stacked(&j, &r, &a, err);
}

static bool convert_item(void *ctx, size_t item, int worker, tome_error *err) {
  (void)worker;
  converting *c = ctx;
  const tome_unit *u = &c->units.items[item];
  tome_error e = {0};
  if (!convert_unit(c, item, &e)) {
    if (e.code == TOME_CANCELLED) return tome_fail(err, e.code, "%s", e.message);
    say(c, TOME_EVENT_REFUSED, u->shown, u->shown, e.message);
  }
  step_done(c, u);
  return true;
}

/* ---- the run -------------------------------------------------------------------------------------------- */

static bool read_like(converting *c, tome_error *err) {
  const char *path = c->opt->like;
  if (!path) return true;
  TOME_CLEANUP(tome_units_clear) tome_units u = {0};
  const tome_stack_options how = {.colour = true};
  tome_stack_result *r = &c->like_stack;
  if (!tome_units_find(&path, 1, true, "like", &c->inner, &u, err) ||
      !tome_describe_all(u.items[0].paths, u.items[0].count, &c->inner, &c->like_pieces, err) ||
      !tome_stack(&c->like_pieces, &how, &c->inner, r, err))
    return false;
  if (r->volume_count != 1)
    return tome_fail(err, TOME_USAGE, "--like %s: holds %zu volumes where one is wanted%s%s", path, r->volume_count,
                     r->fault_count ? ": " : "", r->fault_count ? r->faults[0].text : "");
  c->like = &r->volumes[0];
  return true;
}

static bool read_values(converting *c, tome_error *err) {
  const tome_convert_options *o = c->opt;
  if (o->labels && (o->gray || o->scale != 0 || o->window_width > 0))
    return tome_fail(err, TOME_USAGE, "--labels: labels are values, not grays: without --gray, --scale and --window");
  c->values = (tome_value_steps){
      .gray = o->gray,
      .drop_alpha = o->drop_alpha,
      .threshold_on = o->has_threshold && !(o->labels && o->threshold > 0), /* else done on loading */
      .threshold = o->threshold,
      .scale = o->scale,
      .level = o->window_level,
      .width = o->window_width,
      .dtype = o->dtype,
      .clamp = o->clamp};
  if (o->remap && !tome_values_parse_remap(o->remap, &c->remap, &c->values.remap_count, err)) return false;
  c->values.remap = c->remap;
  return true;
}

static void clear(converting *c) {
  tome_target_clear(&c->target);
  tome_units_clear(&c->units);
  tome_stack_result_clear(&c->like_stack);
  tome_pieces_clear(&c->like_pieces);
  free(c->remap);
  free(c->taken);
  tome_arena_clear(&c->arena);
  pthread_mutex_destroy(&c->lock);
}

/* Whether what is to be read is one volume: then "vol.nii out_dicom/" is that folder, not a folder in it. Pictures are slices. */
static bool is_one_volume(converting *c, bool *out, tome_error *err) {
  const tome_units *u = &c->units;
  *out = u->count == 1;
  if (u->count < 2 || c->opt->input_count > 1) return true;
  const tome_format *f = tome_format_of(u->items[0].paths[0], err);
  *out = f && f->flat;
  return f || !err->code;
}

static bool prepare(converting *c, tome_error *err) {
  const tome_convert_options *o = c->opt;
  bool one = false;
  if (!tome_target_of(o->output, o->to, o->labels, &c->target, err) || !read_values(c, err) || !read_like(c, err) ||
      !tome_units_find(o->inputs, o->input_count, !c->target.many, NULL, &c->inner, &c->units, err))
    return false;
  if (!c->target.invented || !c->target.folders) return true;
  if (!is_one_volume(c, &one, err) || !one) return one || !err->code;
  c->target.pattern = o->output;
  c->target.many = false;
  if (!tome_template_parse(o->output, &c->target.names, err)) return false;
  if (c->units.count == 1) return true;
  tome_units_clear(&c->units);
  return tome_units_find(o->inputs, o->input_count, true, NULL, &c->inner, &c->units, err);
}

/* Waits for the disk once for all files, where that was asked for; also where the run was cancelled: what is written is to stay. */
static bool finish(const converting *c, tome_error *err) {
  return !c->opt->sync || !c->last || tome_sync_around(c->last, err);
}

bool tome_convert(const tome_convert_options *opt, const tome_run *run,
                  void (*on_event)(void *user, const tome_event *event), void *user, tome_convert_summary *out,
                  tome_error *err) {
  TOME_CLEANUP(clear)
  converting c = {.opt = opt, .run = run, .on_event = on_event, .user = user, .lock = PTHREAD_MUTEX_INITIALIZER};
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  if (run) c.inner = *run;
  c.inner.progress = NULL;
  if (!prepare(&c, err)) return false;
  c.progress = (tome_progress){.phase = "convert", .item = "", .items_total = c.units.count};
  if (c.units.count > 1) c.inner.threads = 1;
  const bool converted = tome_parallel(run, c.units.count, convert_item, &c, err);
  const bool ok = finish(&c, err) && converted;
  clock_gettime(CLOCK_MONOTONIC, &end);
  c.sum.seconds = (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
  if (out) *out = c.sum;
  return ok;
}
