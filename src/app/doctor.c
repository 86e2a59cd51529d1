/* What is wrong with a store, without reading a voxel: what ingesting found, index against files, cases unlike the others. */
#include "app/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/thumb.h"

void tome_findings_clear(tome_findings *f) {
  free(f->rows);
  tome_arena_clear(&f->arena);
  *f = (tome_findings){0};
}

static tome_doctor_finding *add_row(tome_findings *f, tome_error *err) {
  if (!tome_grow(&f->rows, &f->cap, f->count + 1, sizeof *f->rows, err)) return NULL;
  f->rows[f->count] = (tome_doctor_finding){.severity = "info", .id = "", .path = "", .text = "", .remedy = ""};
  return &f->rows[f->count++];
}

bool tome_findings_add(tome_findings *f, tome_severity severity, const char *code, const char *id, const char *remedy,
                       tome_error *err, const char *fmt, ...) {
  char text[1024];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  tome_doctor_finding *row = add_row(f, err);
  if (!row) return false;
  row->severity = tome_severity_name(severity);
  row->now = true;
  return (row->code = tome_arena_dup(&f->arena, code, err)) && (row->id = tome_arena_dup(&f->arena, id, err)) &&
         (row->remedy = tome_arena_dup(&f->arena, remedy, err)) && (row->text = tome_arena_dup(&f->arena, text, err));
}

/* ---- rows of `problems` --------------------------------------------------------------------------------- */

typedef struct taking {
  tome_findings *f;
  tome_error err;
} taking;

static const char *known_severity(const char *word) {
  for (tome_severity s = TOME_ERROR; s > TOME_INFO; s--)
    if (word && strcmp(word, tome_severity_name(s)) == 0) return tome_severity_name(s);
  return tome_severity_name(TOME_INFO);
}

static bool take_problem(void *user, size_t columns, const char *const *names, const tome_value *v) {
  taking *t = user;
  (void)columns;
  (void)names;
  if (!v) return true;
  tome_arena *a = &t->f->arena;
  tome_doctor_finding *row = add_row(t->f, &t->err);
  if (!row) return false;
  row->severity = known_severity(v[0].s);
  row->refused = v[6].i != 0;
  return (row->code = tome_arena_dup(a, v[1].s, &t->err)) && (row->id = tome_arena_dup(a, v[2].s, &t->err)) &&
         (row->text = tome_arena_dup(a, v[3].s, &t->err)) && (row->remedy = tome_arena_dup(a, v[4].s, &t->err)) &&
         (row->path = tome_arena_dup(a, v[5].s, &t->err));
}

static bool take_problems(tome_store *s, tome_findings *f, tome_error *err) {
  taking t = {.f = f};
  if (!tome_index_query(s->index, "SELECT severity, code, case_id, text, remedy, path, refused FROM problems", NULL, 0,
                        600, take_problem, &t, err))
    return false;
  return !t.err.code || tome_fail(err, t.err.code, "%s", t.err.message);
}

/* ---- index against files -------------------------------------------------------------------------------- */

typedef struct indexed {
  const char *id, *voxel_hash;
  int64_t bytes;
  bool seen;
} indexed;

typedef struct indexed_rows {
  indexed *rows;
  size_t count, cap;
  tome_arena *arena;
  tome_error err;
} indexed_rows;

static void indexed_rows_clear(indexed_rows *r) { free(r->rows); }

static bool take_indexed(void *user, size_t columns, const char *const *names, const tome_value *v) {
  indexed_rows *r = user;
  (void)columns;
  (void)names;
  if (!v) return true;
  if (!tome_grow(&r->rows, &r->cap, r->count + 1, sizeof *r->rows, &r->err)) return false;
  indexed *x = &r->rows[r->count++];
  *x = (indexed){.bytes = v[2].i};
  return (x->id = tome_arena_dup(r->arena, v[0].s, &r->err)) &&
         (x->voxel_hash = tome_arena_dup(r->arena, v[1].s, &r->err));
}

static int by_id(const void *a, const void *b) { return strcmp(((const indexed *)a)->id, ((const indexed *)b)->id); }

/* What looking at one case file said; told afterwards, in order, by one thread. */
typedef struct look {
  const char *id;
  indexed *row; /* NULL: not indexed */
  uint64_t size;
  bool readable, same_voxels;
  char *why; /* it is not readable */
} look;

typedef struct looking {
  tome_store *store;
  look *looks;
  size_t count;
} looking;

static void looking_clear(looking *l) {
  for (size_t i = 0; i < l->count && l->looks; i++) free(l->looks[i].why);
  free(l->looks);
}

/* One case file: its size, and whether it opens. A file of another size than the index says is not opened. */
static bool look_at(void *ctx, size_t item, int worker, tome_error *err) {
  const looking *l = ctx;
  look *x = &l->looks[item];
  char hash[33] = "";
  tome_error e = {0};
  (void)worker;
  if (!x->row) return true;
  TOME_AUTO_FREE char *path = tome_case_path(l->store, x->id, err);
  if (!path) return false;
  x->readable = tome_file_size(path, &x->size, &e);
  const bool whole = x->readable && x->size == (uint64_t)x->row->bytes;
  if (whole) x->readable = tome_case_file_voxel_hash(path, hash, &e);
  x->same_voxels = strcmp(hash, x->row->voxel_hash) == 0;
  if (x->readable) return true;
  if (e.code == TOME_NO_MEMORY) return tome_fail(err, e.code, "%s", e.message);
  return (x->why = strdup(e.message)) || tome_fail(err, TOME_NO_MEMORY, "%s: out of memory", x->id);
}

static bool tell_look(const look *l, tome_findings *f, tome_error *err) {
  if (!l->row)
    return tome_findings_add(f, TOME_WARNING, "not-indexed", l->id, "tome reindex, or the next tome ingest", err,
                             "is in the store but not in the index: an ingest was interrupted");
  if (!l->readable)
    return tome_findings_add(f, TOME_ERROR, "case-unreadable", l->id,
                             "take the case from its source again: tome ingest --replace", err, "%s", l->why);
  if (l->size != (uint64_t)l->row->bytes)
    return tome_findings_add(f, TOME_ERROR, "size-differs", l->id,
                             "tome verify says whether it is damaged; if not, tome reindex", err,
                             "the case file has %llu bytes, the index speaks of %lld", (unsigned long long)l->size,
                             (long long)l->row->bytes);
  return l->same_voxels || tome_findings_add(f, TOME_ERROR, "index-disagrees", l->id, "tome reindex", err,
                                             "the index speaks of other voxels than the case file");
}

static bool check_missing(const indexed_rows *rows, tome_findings *f, tome_error *err) {
  for (size_t i = 0; i < rows->count; i++)
    if (!rows->rows[i].seen && !tome_findings_add(f, TOME_ERROR, "file-missing", rows->rows[i].id,
                                                  "ingest it again, or forget it: tome reindex", err,
                                                  "is in the index but its case file is gone"))
      return false;
  return true;
}

static indexed *row_of(const indexed_rows *rows, const char *id) {
  const indexed key = {.id = id};
  return rows->count ? bsearch(&key, rows->rows, rows->count, sizeof key, by_id) : NULL;
}

/* All case files, so many at a time that progress is seen. */
static bool look_at_all(looking *l, const tome_run *run, tome_error *err) {
  enum { BATCH = 64 };
  tome_run quiet = run ? *run : (tome_run){0};
  tome_progress p = {.phase = "look", .item = "", .items_total = l->count};
  quiet.progress = NULL;
  for (size_t first = 0; first < l->count; first += BATCH) {
    looking part = *l;
    part.looks += first;
    const size_t n = l->count - first < BATCH ? l->count - first : BATCH;
    p.item = l->looks[first].id;
    tome_report(run, &p);
    if (!tome_parallel(&quiet, n, look_at, &part, err)) return false;
    p.items_done += n;
  }
  tome_report(run, &p);
  return true;
}

static bool check_files(tome_store *s, indexed_rows *rows, const tome_run *run, tome_findings *f, tome_error *err) {
  TOME_CLEANUP(looking_clear) looking l = {.store = s};
  const char **ids;
  size_t count;
  if (!tome_list_ids(s, &f->arena, &ids, &count, err) ||
      !(l.looks = tome_alloc_zero(count + 1, sizeof *l.looks, "cases", err)))
    return false;
  f->cases = l.count = count;
  if (rows->count) qsort(rows->rows, rows->count, sizeof *rows->rows, by_id);
  for (size_t i = 0; i < count; i++) {
    l.looks[i] = (look){.id = ids[i], .row = row_of(rows, ids[i])};
    if (l.looks[i].row) l.looks[i].row->seen = true;
  }
  if (!look_at_all(&l, run, err)) return false;
  for (size_t i = 0; i < count; i++)
    if (!tell_look(&l.looks[i], f, err)) return false;
  if (!tome_file_exists(s->archive) &&
      !tome_findings_add(f, TOME_WARNING, "archive-missing", "", "tome reindex", err, "archive.h5 is gone"))
    return false;
  return check_missing(rows, f, err);
}

/* ---- all of it, in order -------------------------------------------------------------------------------- */

static int rank(const tome_doctor_finding *f) { return *f->severity == 'e' ? 0 : *f->severity == 'w' ? 1 : 2; }

static int same_group(const tome_doctor_finding *a, const tome_doctor_finding *b) {
  const int d = rank(a) - rank(b);
  return d ? d : strcmp(a->code, b->code);
}

static int by_urgency(const void *a, const void *b) {
  const tome_doctor_finding *x = a, *y = b;
  int d = same_group(x, y);
  if (!d) d = tome_natural_compare(x->id, y->id);
  if (!d) d = strcmp(x->path, y->path);
  return d ? d : strcmp(x->text, y->text);
}

static void number_groups(tome_findings *f) {
  for (size_t i = 0, end; i < f->count; i = end) {
    for (end = i + 1; end < f->count && same_group(&f->rows[i], &f->rows[end]) == 0;) end++;
    for (size_t k = i; k < end; k++) {
      f->rows[k].number = k - i;
      f->rows[k].of = end - i;
    }
  }
}

/* What the index knows; false with err untouched where there is no index that could be asked, which is a finding. */
static bool ask_index(tome_store *s, const tome_run *run, tome_findings *f, indexed_rows *rows, bool *usable,
                      tome_error *err) {
  tome_error e = {0};
  *usable = tome_index_query(s->index, "SELECT id, voxel_hash, stored_bytes FROM images", NULL, 0, 600, take_indexed,
                             rows, &e);
  if (rows->err.code) return tome_fail(err, rows->err.code, "%s", rows->err.message);
  if (*usable) return take_problems(s, f, err) && tome_find_outliers(s, run, f, err);
  if (e.code == TOME_CANCELLED || e.code == TOME_NO_MEMORY) return tome_fail(err, e.code, "%s", e.message);
  if (!tome_file_exists(s->index))
    return tome_findings_add(f, TOME_ERROR, "index-missing", "", "tome reindex makes it anew", err,
                             "index.sqlite is gone");
  return tome_findings_add(f, TOME_ERROR, "index-damaged", "", "tome reindex makes it anew", err, "%s", e.message);
}

/* Without an index every case would be "not indexed": one finding says it all. */
static bool count_files(tome_store *s, tome_findings *f, tome_error *err) {
  const char **ids;
  size_t count;
  if (!tome_list_ids(s, &f->arena, &ids, &count, err)) return false;
  f->cases = count;
  return true;
}

bool tome_findings_collect(tome_store *s, const tome_run *run, tome_findings *out, tome_error *err) {
  TOME_CLEANUP(tome_findings_clear) tome_findings f = {0};
  TOME_CLEANUP(indexed_rows_clear) indexed_rows rows = {.arena = &f.arena};
  bool usable;
  if (!ask_index(s, run, &f, &rows, &usable, err)) return false;
  if (usable ? !check_files(s, &rows, run, &f, err) : !count_files(s, &f, err)) return false;
  if (f.count) qsort(f.rows, f.count, sizeof *f.rows, by_urgency);
  number_groups(&f);
  *out = f;
  f = (tome_findings){0};
  return true;
}

/* ---- pictures ------------------------------------------------------------------------------------------- */

/* The ids of cases that have an error or a warning, each once, in `ids`. */
static size_t cases_to_show(const tome_findings *f, const char **ids) {
  size_t n = 0;
  for (size_t i = 0; i < f->count; i++) {
    const tome_doctor_finding *row = &f->rows[i];
    bool there = !*row->id || row->refused || rank(row) > 1;
    for (size_t k = n; k > 0 && !there; k--) there = strcmp(ids[k - 1], row->id) == 0;
    if (!there) ids[n++] = row->id;
  }
  return n;
}

static bool draw_all(tome_store *s, const tome_findings *f, const tome_doctor_options *opt, const tome_run *run,
                     uint64_t *drawn, tome_error *err) {
  TOME_AUTO_FREE const char **ids = tome_alloc(f->count + 1, sizeof *ids, "cases", err);
  TOME_CLEANUP(tome_folder_draft_abandon) tome_folder_draft folder = {0};
  TOME_CLEANUP(tome_thumbs_clear) tome_thumbs thumbs = {0};
  if (!ids || !tome_folder_draft_open(opt->thumbnails, &folder, err) || !tome_thumbs_open(s, 320, 1, &thumbs, err))
    return false;
  const size_t n = cases_to_show(f, ids);
  for (size_t i = 0; i < n; i++) {
    TOME_CLEANUP(tome_bytes_clear) tome_bytes png = {0};
    tome_error e = {0};
    if (tome_stopped(run)) return tome_fail_cancelled(err);
    if (!tome_thumbs_png(&thumbs, ids[i], &png, &e)) {
      if (e.code == TOME_NO_MEMORY || e.code == TOME_CANCELLED) return tome_fail(err, e.code, "%s", e.message);
      continue; /* a case that cannot be read is a finding already */
    }
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.png", folder.path, ids[i]);
    if (!tome_thumb_save(path, &png, err)) return false;
    (*drawn)++;
  }
  return tome_folder_draft_place(&folder, opt->force, err);
}

bool tome_doctor(tome_store *s, const tome_doctor_options *opt, const tome_run *run, tome_doctor_fn finding, void *user,
                 tome_doctor_summary *out, tome_error *err) {
  TOME_CLEANUP(tome_findings_clear) tome_findings f = {0};
  if (!tome_findings_collect(s, run, &f, err)) return false;
  tome_doctor_summary sum = {.cases = f.cases};
  if (opt && opt->thumbnails && !draw_all(s, &f, opt, run, &sum.pictures, err)) return false;
  for (size_t i = 0; i < f.count; i++) {
    const int r = rank(&f.rows[i]);
    *(r == 0 ? &sum.errors : r == 1 ? &sum.warnings : &sum.infos) += 1;
    if (finding) finding(user, &f.rows[i]);
  }
  if (out) *out = sum;
  return true;
}
