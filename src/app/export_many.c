/* Cases out, several at a time: which ones, how many side by side, and what is told of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/export.h"

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- which cases ---- */

typedef struct id_list {
  tome_arena *arena;
  const char **ids;
  size_t count, cap;
  tome_error err;
} id_list;

static bool take_id(void *user, size_t columns, const char *const *names, const tome_value *values) {
  id_list *l = user;
  (void)columns, (void)names;
  if (!values || values[0].kind != TOME_VALUE_TEXT) return true;
  const char *id = tome_arena_dup(l->arena, values[0].s, &l->err);
  if (!id || !tome_arena_grow(l->arena, &l->ids, &l->cap, l->count + 1, sizeof *l->ids, &l->err)) return false;
  l->ids[l->count++] = id;
  return true;
}

static int by_name(const void *a, const void *b) { return tome_natural_compare(*(char *const *)a, *(char *const *)b); }

static bool ids_where(const tome_store *s, const char *where, tome_arena *arena, const char ***ids, size_t *count,
                      tome_error *err) {
  id_list l = {.arena = arena};
  const char *sql =
      tome_arena_printf(arena, err, "SELECT id FROM cases WHERE (%s\n)", where); /* it may end in a comment */
  if (!sql || !tome_index_query(s->index, sql, NULL, 0, 600, take_id, &l, err)) return tome_fail_prefix(err, "--where");
  if (l.err.code) return tome_fail(err, l.err.code, "%s", l.err.message);
  if (!l.count) return tome_fail(err, TOME_NOT_FOUND, "%s: no case is such that %s", s->path, where);
  qsort(l.ids, l.count, sizeof *l.ids, by_name);
  *ids = l.ids;
  *count = l.count;
  return true;
}

static bool ids_given(const tome_export_many_options *o, tome_arena *arena, const char ***ids, size_t *count,
                      tome_error *err) {
  const char **list = tome_arena_alloc(arena, (o->id_count + 1) * sizeof *list, err);
  if (!list) return false;
  for (size_t i = 0; i < o->id_count; i++) {
    for (size_t j = 0; j < i; j++)
      if (!strcmp(list[j], o->ids[i])) return tome_fail(err, TOME_USAGE, "%s: is named twice", o->ids[i]);
    list[i] = o->ids[i];
  }
  *ids = list;
  *count = o->id_count;
  return o->id_count > 0 || tome_fail(err, TOME_USAGE, "no case is named: give some, a condition, or ask for all");
}

static bool find_ids(const tome_store *s, const tome_export_many_options *o, tome_arena *arena, const char ***ids,
                     size_t *count, tome_error *err) {
  if ((o->id_count > 0) + (o->where != NULL) + o->all > 1)
    return tome_fail(err, TOME_USAGE, "cases are named, or chosen by a condition, or all of them: one of the three");
  if (o->where) return ids_where(s, o->where, arena, ids, count, err);
  if (!o->all) return ids_given(o, arena, ids, count, err);
  return tome_list_ids(s, arena, ids, count, err) &&
         (*count > 0 || tome_fail(err, TOME_NOT_FOUND, "%s: holds no case", s->path));
}

/* ---- progress and events ---- */

void tome_export_tell(tome_exporting *x, const tome_export_event *e) {
  pthread_mutex_lock(&x->lock);
  x->sum.written += e->kind == TOME_EXPORT_WRITTEN;
  x->sum.skipped += e->kind == TOME_EXPORT_SKIPPED;
  x->sum.failed += e->kind == TOME_EXPORT_FAILED;
  if (x->on_event) x->on_event(x->user, e);
  pthread_mutex_unlock(&x->lock);
}

static void step_progress(tome_exporting *x, size_t i) {
  pthread_mutex_lock(&x->lock);
  x->progress.items_done++;
  x->progress.bytes_done += x->sizes[i];
  x->progress.item = x->ids[i];
  tome_report(x->run, &x->progress);
  pthread_mutex_unlock(&x->lock);
}

static bool measure(tome_exporting *x, tome_arena *arena, tome_error *err) {
  x->sizes = tome_arena_alloc(arena, (x->count + 1) * sizeof *x->sizes, err);
  if (!x->sizes) return false;
  for (size_t i = 0; i < x->count; i++) {
    TOME_AUTO_FREE char *path = tome_case_path(x->store, x->ids[i], NULL);
    if (!path || !tome_file_size(path, &x->sizes[i], NULL)) x->sizes[i] = 0;
    x->progress.bytes_total += x->sizes[i];
  }
  x->progress.phase = "get";
  x->progress.items_total = x->count;
  return true;
}

/* ---- the run ---- */

static bool run_case(void *ctx, size_t i, int worker, tome_error *err) {
  (void)worker;
  tome_exporting *x = ctx;
  tome_error why = {0};
  if (!tome_export_case(x, x->ids[i], &why)) {
    if (why.code == TOME_CANCELLED) {
      pthread_cond_broadcast(&x->room);
      return tome_fail(err, why.code, "%s", why.message);
    }
    tome_export_tell(
        x,
        &(tome_export_event){
            .kind = TOME_EXPORT_FAILED, .id = x->ids[i], .code = why.code ? why.code : TOME_IO, .text = why.message});
    if (tome_output_broken(x->output)) return tome_fail(err, why.code, "%s", why.message);
  }
  step_progress(x, i);
  return true;
}

/* Threads: cases side by side first, what is left over within each. */
static void share(tome_exporting *x, tome_run *outer) {
  const size_t threads = (size_t)tome_threads(x->run), side = x->count < threads ? x->count : threads;
  const size_t limit = tome_alloc_limit();
  *outer = (tome_run){.threads = (int)side};
  x->inner = (tome_run){.threads = (int)(threads / side)};
  if (x->run) {
    outer->stop = x->inner.stop = x->run->stop;
    outer->user = x->inner.user = x->run->user;
  }
  x->budget = limit - limit / 3;
  x->pull_memory = ((size_t)512 << 20) / side;
}

static bool run_all(tome_exporting *x, tome_error *err) {
  tome_run outer;
  share(x, &outer);
  const tome_export_many_options *o = x->opt;
  const tome_output_options how = {
      .force = o->force, .items = (int64_t)x->count, .cases = (int64_t)x->count, .threads = x->inner.threads};
  x->output = tome_output_open(o->path, &how, err);
  if (!x->output) return false;
  if (o->label && !tome_output_takes_one(x->output))
    return tome_fail(err, TOME_USAGE, "%s: holds image and label maps together; --label is for files of one volume",
                     o->path);
  return tome_parallel(&outer, x->count, run_case, x, err) && tome_output_commit(x->output, err);
}

bool tome_export_many(tome_store *store, const tome_export_many_options *opt, const tome_run *run,
                      void (*on_event)(void *user, const tome_export_event *event), void *user,
                      tome_export_summary *out, tome_error *err) {
  TOME_CLEANUP(tome_arena_clear) tome_arena arena = {0};
  const double began = now();
  tome_exporting x = {.store = store, .opt = opt, .run = run, .on_event = on_event, .user = user};
  if (!tome_recipe_text_check(&opt->recipe, err) || !find_ids(store, opt, &arena, &x.ids, &x.count, err) ||
      !measure(&x, &arena, err))
    return false;
  pthread_mutex_init(&x.lock, NULL);
  pthread_cond_init(&x.room, NULL);
  const bool ok = run_all(&x, err);
  tome_output_close(x.output);
  pthread_cond_destroy(&x.room);
  pthread_mutex_destroy(&x.lock);
  x.sum.cases = x.count;
  x.sum.seconds = now() - began;
  if (out) *out = x.sum;
  return ok;
}

/* ---- one case ---- */

static void keep_failure(void *user, const tome_export_event *e) {
  if (e->kind == TOME_EXPORT_FAILED) tome_fail(user, e->code, "%s", e->text);
}

bool tome_export(tome_store *store, const char *id, const char *path, const tome_export_options *opt,
                 const tome_run *run, tome_error *err) {
  static const tome_export_options defaults = {0};
  if (!opt) opt = &defaults;
  const tome_export_many_options o = {.ids = &id,
                                      .id_count = 1,
                                      .path = path,
                                      .label = opt->label,
                                      .box = opt->box,
                                      .force = opt->force,
                                      .recipe = opt->recipe};
  tome_error why = {0};
  tome_export_summary sum = {0};
  if (!tome_export_many(store, &o, run, keep_failure, &why, &sum, err)) return false;
  return sum.failed == 0 || tome_fail(err, why.code, "%s", why.message);
}
