/* From an input's files to stacked volumes, and to the list of sources that a case keeps. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "base/hash.h"

void tome_scanned_clear(tome_scanned *s) {
  tome_drawing_clear(&s->drawn);
  tome_stack_result_clear(&s->stacked);
  tome_pieces_clear(&s->pieces);
}

/* Of a file of several named arrays (.npz) asked for as a whole: the one that is called what it is asked for as. */
static void keep_usual_array(tome_pieces *p, bool label) {
  static const char *const names[2][6] = {{"image", "images", "img", "volume", "data", NULL},
                                          {"label", "labels", "mask", "seg", "segmentation", NULL}};
  for (const char *const *name = names[label]; *name; name++) {
    size_t kept = 0, first = 0;
    while (first < p->count && strcmp(p->items[first].name, *name) != 0) first++;
    if (first == p->count) continue;
    const char *path = p->items[first].path;
    for (size_t i = 0; i < p->count; i++)
      if (strcmp(p->items[i].path, path) != 0 || strcmp(p->items[i].name, *name) == 0) p->items[kept++] = p->items[i];
    p->count = kept;
    return;
  }
}

bool tome_scan_input(tome_ingesting *in, const tome_input *input, const tome_geometry *like, tome_scanned *out,
                     tome_error *err) {
  tome_scanned s = {0};
  const tome_ingest_options *o = in->opt;
  tome_stack_options so = {.gap = o->gap,
                           .duplicate = o->duplicate,
                           .uneven = o->uneven,
                           .like = like,
                           .labels = like != NULL,
                           .colour = !like};
  if (!like) so.series = o->series; /* a label's series has a UID of its own */
  memcpy(so.spacing, o->spacing[0] > 0 ? o->spacing : input->spacing, sizeof so.spacing);
  bool ok = tome_describe_all(input->paths, input->path_count, &in->quiet, &s.pieces, err);
  if (ok) keep_usual_array(&s.pieces, like != NULL);
  if (ok && !like) tome_pieces_as_pictures(&s.pieces); /* labels are a palette's indices, images its colours */
  ok = ok && tome_stack(&s.pieces, &so, &in->quiet, &s.stacked, err);
  if (ok) {
    *out = s;
    return true;
  }
  tome_scanned_clear(&s);
  return false;
}

bool tome_scan_drawing(const tome_input *input, tome_scanned *out, tome_error *err) {
  if (input->path_count != 1) return false;
  tome_error unreadable = {0}; /* whoever reads the file next says so */
  const tome_format *f = tome_drawing_of(input->paths[0], &unreadable);
  return f && f->outline(input->paths[0], &out->drawn, err);
}

void tome_forget_root(const tome_input *input, char *text) {
  const size_t n = input->root_length;
  if (n < 2) return;
  for (char *at = text; *at;) {
    if (strncmp(at, input->paths[0], n) == 0)
      memmove(at, at + n, strlen(at + n) + 1);
    else
      at++;
  }
}

/* ---- sources -------------------------------------------------------------------------------------------- */

typedef struct hashing {
  const tome_ingesting *in;
  tome_source *sources;
  const char **full; /* where each can be opened */
} hashing;

static bool hash_one(void *ctx, size_t i, int worker, tome_error *err) {
  const hashing *h = ctx;
  (void)worker;
  return tome_hash_file(h->full[i], h->sources[i].hash, &h->sources[i].bytes, err);
}

/* What provenance calls a file: relative to the root the user named, so that it says nothing of the machine. */
static const char *shown_path(const tome_input *input, const char *full) {
  const bool inside = strlen(full) > input->root_length && strncmp(full, input->paths[0], input->root_length) == 0;
  return inside ? full + input->root_length : tome_basename(full);
}

/* Room for every file that the pieces may speak of. */
static size_t most_files(const tome_stacked *v) {
  size_t n = 0;
  for (size_t i = 0; i < v->order_count; i++) n += 2 + v->order[i]->more_count;
  return n;
}

static void add_file(const tome_input *input, const tome_piece *p, const char *role, const char *full, hashing *h,
                     size_t *n) {
  h->full[*n] = full;
  h->sources[(*n)++] = (tome_source){.role = role, .path = shown_path(input, full), .sop_uid = p->sop_uid};
}

/* The volume's files, each once, in slice order; a frame of a multi-frame file does not repeat it, detached voxels (.img, all files of a LIST) follow their
 * header. */
static bool list_files(const tome_input *input, const tome_stacked *v, const char *role, tome_record *r, hashing *h,
                       size_t *count, tome_error *err) {
  const size_t most = most_files(v);
  h->sources = tome_arena_alloc(&r->arena, most * sizeof *h->sources, err);
  h->full = tome_arena_alloc(&r->arena, most * sizeof *h->full, err);
  if (!h->sources || !h->full) return false;
  size_t n = 0;
  for (size_t i = 0; i < v->order_count; i++) {
    const tome_piece *p = v->order[i], *before = i ? v->order[i - 1] : NULL;
    const bool detached = p->data_path && *p->data_path && strcmp(p->path, p->data_path) != 0;
    if (!before || strcmp(p->path, before->path) != 0) add_file(input, p, role, p->path, h, &n);
    if (!detached || (before && before->data_path && strcmp(p->data_path, before->data_path) == 0)) continue;
    add_file(input, p, role, p->data_path, h, &n);
    for (size_t k = 0; k < p->more_count; k++) add_file(input, p, role, p->more_paths[k], h, &n);
  }
  *count = n;
  return true;
}

bool tome_add_sources(tome_ingesting *in, const tome_input *input, const tome_stacked *v, const char *role,
                      tome_record *r, tome_error *err) {
  hashing h = {.in = in};
  size_t count = 0;
  if (!list_files(input, v, role, r, &h, &count, err) || !tome_parallel(&in->quiet, count, hash_one, &h, err))
    return false;
  for (size_t i = 0; i < count; i++) {
    if (!tome_record_source(r, &h.sources[i], err)) return false;
    in->sum.bytes_in += h.sources[i].bytes;
  }
  return true;
}

bool tome_add_drawing_source(tome_ingesting *in, const tome_input *input, const tome_drawing *d, const char *role,
                             tome_record *r, tome_error *err) {
  const tome_piece piece = {.path = input->paths[0], .sop_uid = d->sop_uid}, *order = &piece;
  const tome_stacked one = {.order = &order, .order_count = 1};
  return tome_add_sources(in, input, &one, role, r, err);
}

bool tome_hash_sources(tome_record *r, const char *part, tome_error *err) {
  tome_hasher *h = tome_hasher_new(err);
  if (!h) return false;
  for (size_t i = 0; i < r->source_count; i++) {
    tome_hasher_add(h, r->sources[i].role, strlen(r->sources[i].role) + 1);
    tome_hasher_add(h, r->sources[i].hash, sizeof r->sources[i].hash);
  }
  tome_hasher_add(h, part, strlen(part));
  tome_hasher_text(h, r->source_hash);
  tome_hasher_free(h);
  return true;
}
