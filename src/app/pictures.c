/* tome archive stack: pictures of one size into one array, decoded on all cores, each written as soon as it is there. */
#include "app/pictures.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/output_inside.h"
#include "store/array_file.h"

typedef struct writing {
  tome_pictures_job *job;
  const tome_run *run;
  tome_run inner;    /* one picture: no progress, one thread */
  tome_volume first; /* decoded already */
  tome_array_file *file;
  pthread_mutex_t lock; /* guards what follows */
  double lo, hi;
  tome_progress progress;
} writing;

static void clear(writing *w) {
  tome_volume_clear(&w->first);
  tome_array_file_free(w->file);
  pthread_mutex_destroy(&w->lock);
}

static int samples(const tome_volume *v) { return v->channels > 1 ? v->channels : 1; }

/* ---- one picture ---- */

static bool check_picture(const writing *w, const tome_unit *u, const tome_volume *v, tome_error *err) {
  const tome_pictures_job *job = w->job;
  const int64_t *s = v->geometry.shape;
  const char *like = job->like ? job->like : job->units[0].shown;
  if (s[1] != job->size[0] || s[2] != job->size[1])
    return tome_fail(err, TOME_GEOMETRY, "%s: is %lldx%lld, and %s %lldx%lld; pictures of one size can be stacked",
                     u->shown, (long long)s[1], (long long)s[2], like, (long long)job->size[0],
                     (long long)job->size[1]);
  if (samples(v) != job->channels)
    return tome_fail(err, TOME_VALUE, "%s: has %d samples a pixel where %d are wanted; --gray makes colours one%s",
                     u->shown, samples(v), job->channels, samples(v) % 2 ? "" : ", --drop-alpha leaves alpha out");
  if (w->first.dtype && v->dtype != w->first.dtype)
    return tome_fail(err, TOME_VALUE, "%s: is %s, and %s %s; --dtype makes them one type", u->shown,
                     tome_dtype_name(v->dtype), job->units[0].shown, tome_dtype_name(w->first.dtype));
  return true;
}

static void range_of_bytes(const uint8_t *p, size_t n, double *lo, double *hi) {
  uint8_t least = UINT8_MAX, most = 0;
  for (size_t i = 0; i < n; i++) {
    least = p[i] < least ? p[i] : least;
    most = p[i] > most ? p[i] : most;
  }
  *lo = least;
  *hi = most;
}

static void range_of(const tome_volume *v, size_t n, double *lo, double *hi) {
  enum { BLOCK = 1024 };
  const size_t element = tome_dtype_size(v->dtype);
  double block[BLOCK];
  for (size_t first = 0; first < n; first += BLOCK) {
    const size_t m = n - first < BLOCK ? n - first : BLOCK;
    tome_values_to_double(v->dtype, (const char *)v->data + first * element, block, m);
    for (size_t i = 0; i < m; i++) {
      *lo = block[i] < *lo ? block[i] : *lo;
      *hi = block[i] > *hi ? block[i] : *hi;
    }
  }
}

static void measure(writing *w, const tome_volume *v) {
  const size_t n = tome_volume_voxels(v) * (size_t)samples(v);
  double lo = INFINITY, hi = -INFINITY;
  if (v->dtype == TOME_U8)
    range_of_bytes(v->data, n, &lo, &hi);
  else
    range_of(v, n, &lo, &hi);
  pthread_mutex_lock(&w->lock);
  w->lo = fmin(w->lo, lo);
  w->hi = fmax(w->hi, hi);
  pthread_mutex_unlock(&w->lock);
}

/* The range is that of the values before they are of another type, which are fewer bytes. */
static bool read_picture(writing *w, const tome_unit *u, tome_volume *out, tome_error *err) {
  TOME_CLEANUP(tome_volume_clear) tome_volume v = {0};
  tome_value_steps steps = w->job->values;
  const tome_value_steps cast = {.dtype = steps.dtype, .clamp = steps.clamp};
  if (w->job->full_range) steps.dtype = TOME_NONE;
  if (!tome_unit_picture(u, &w->inner, &v, err)) return tome_fail_prefix(err, "%s", u->shown);
  if (!tome_values_apply(&v, &steps, u->shown, &w->inner, err)) return false;
  if (w->job->full_range) measure(w, &v);
  if (w->job->full_range && !tome_values_apply(&v, &cast, u->shown, &w->inner, err)) return false;
  *out = v;
  v.data = NULL;
  return true;
}

static bool put_picture(void *ctx, size_t i, int worker, tome_error *err) {
  (void)worker;
  writing *w = ctx;
  const tome_unit *u = &w->job->units[i];
  TOME_CLEANUP(tome_volume_clear) tome_volume own = {0};
  const tome_volume *v = i ? &own : &w->first;
  if (i && (!read_picture(w, u, &own, err) || !check_picture(w, u, &own, err))) return false;
  if (!tome_array_file_put(w->file, (int64_t)i, v->data, err)) return tome_fail_prefix(err, "%s", w->job->output);
  pthread_mutex_lock(&w->lock);
  w->progress.items_done++;
  w->progress.item = u->name;
  tome_report(w->run, &w->progress);
  pthread_mutex_unlock(&w->lock);
  return true;
}

/* ---- all of them ---- */

static bool begin(writing *w, const char *path, tome_error *err) {
  tome_pictures_job *job = w->job;
  if (!read_picture(w, &job->units[0], &w->first, err)) return false;
  const int64_t *s = w->first.geometry.shape;
  if (!job->size[0]) memcpy(job->size, s + 1, sizeof job->size);
  if (!job->channels) job->channels = samples(&w->first);
  if (!check_picture(w, &job->units[0], &w->first, err)) return false;
  if (job->squeeze && job->channels > 1)
    return tome_fail(err, TOME_USAGE,
                     "%s: has %d samples a pixel, which --squeeze cannot leave out; --gray makes them one",
                     job->units[0].shown, job->channels);
  const tome_array_spec spec = {.name = job->dataset,
                                .dtype = w->first.dtype,
                                .dims = job->squeeze ? 3 : 4,
                                .shape = {(int64_t)job->count, s[1], s[2], job->channels},
                                .level = job->level,
                                .soon = job->sync};
  int n = snprintf(job->text, sizeof job->text, "(%zu,%lld,%lld", job->count, (long long)s[1], (long long)s[2]);
  if (!job->squeeze) n += snprintf(job->text + n, sizeof job->text - (size_t)n, ",%d", job->channels);
  snprintf(job->text + n, sizeof job->text - (size_t)n, ") %s", tome_dtype_name(w->first.dtype));
  w->file = tome_array_file_new(path, &spec, err);
  return w->file || tome_fail_prefix(err, "%s", job->output);
}

static bool check_range(const writing *w, tome_error *err) {
  if (!w->job->full_range || (w->lo == 0 && w->hi == 255)) return true;
  return tome_fail(err, TOME_VALUE,
                   "%s: the pictures from %s to %s hold values from %g to %g, and masks run from 0 to 255",
                   w->job->output, w->job->units[0].shown, w->job->units[w->job->count - 1].shown, w->lo, w->hi);
}

bool tome_pictures_room(const char *output, bool force, tome_error *err) {
  if (!force && tome_file_exists(output))
    return tome_fail(err, TOME_EXISTS, "%s: exists already; --force overwrites it", output);
  return tome_output_folder_of(output, err);
}

bool tome_pictures_place(const tome_pictures_job *job, tome_draft *draft, tome_error *err) {
  return job->sync ? tome_draft_commit(draft, job->force, err) : tome_draft_place(draft, job->force, err);
}

bool tome_pictures_write(tome_pictures_job *job, tome_draft *hold, const tome_run *run, tome_error *err) {
  TOME_CLEANUP(tome_draft_abandon) tome_draft d = {.fd = -1};
  TOME_CLEANUP(clear)
  writing w = {.job = job, .run = run, .lock = PTHREAD_MUTEX_INITIALIZER, .lo = INFINITY, .hi = -INFINITY};
  if (run) w.inner = *run;
  w.inner.progress = NULL;
  w.inner.threads = 1;
  w.progress = (tome_progress){.phase = "archive", .item = "", .items_total = job->count};
  if (!tome_pictures_room(job->output, job->force, err) || !tome_draft_open(job->output, &d, err) ||
      !begin(&w, d.path, err) || !tome_parallel(run, job->count, put_picture, &w, err) || !check_range(&w, err))
    return false;
  tome_array_file *file = w.file;
  w.file = NULL;
  if (!tome_array_file_finish(file, err)) return tome_fail_prefix(err, "%s", job->output);
  if (!hold) return tome_pictures_place(job, &d, err);
  *hold = d;
  d = (tome_draft){.fd = -1};
  return true;
}

/* ---- the call ---- */

bool tome_stack_pictures(const tome_stack_pictures_options *o, const tome_run *run,
                         void (*on_event)(void *user, const tome_event *event), void *user, tome_error *err) {
  TOME_CLEANUP(tome_units_clear) tome_units units = {0};
  TOME_AUTO_FREE tome_value_pair *remap = NULL;
  tome_pictures_job job = {.output = o->output,
                           .dataset = o->dataset ? o->dataset : "image",
                           .squeeze = o->squeeze,
                           .level = o->level,
                           .force = o->force,
                           .sync = o->sync,
                           .values = {.gray = o->gray,
                                      .drop_alpha = o->drop_alpha,
                                      .threshold_on = o->has_threshold,
                                      .threshold = o->threshold,
                                      .dtype = o->dtype,
                                      .clamp = o->clamp}};
  if (o->remap && !tome_values_parse_remap(o->remap, &remap, &job.values.remap_count, err)) return false;
  job.values.remap = remap;
  if (!tome_units_find(o->inputs, o->input_count, false, NULL, run, &units, err)) return false;
  job.units = units.items;
  job.count = units.count;
  if (!tome_pictures_write(&job, NULL, run, err)) return false;
  const tome_event e = {TOME_EVENT_ADDED, job.dataset, job.output, job.text};
  if (on_event) on_event(user, &e);
  return true;
}
