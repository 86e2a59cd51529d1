/* Slices that know nothing but their names (PNG): natural order, and the number in the name says where each belongs. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "stack/plan.h"

enum {
  MOST_RUNS = 16,  /* runs of digits looked at in one name */
  MOST_DIGITS = 15 /* a double holds these exactly */
};

/* Reads the run of digits at *s and steps over it; false where it is too long for a number. */
static bool read_number(const char **s, int64_t *value) {
  *value = 0;
  int digits = 0;
  for (; isdigit((unsigned char)**s); (*s)++) {
    if (*value || **s != '0') digits++;
    if (digits > MOST_DIGITS) return false;
    *value = *value * 10 + (**s - '0');
  }
  return true;
}

/* The numbers in a name, where its other characters are those of `pattern`; -1 otherwise. */
static int read_runs(const char *pattern, const char *name, int64_t runs[MOST_RUNS]) {
  int count = 0;
  while (*pattern && *name) {
    if (isdigit((unsigned char)*pattern) && isdigit((unsigned char)*name)) {
      if (count == MOST_RUNS || !read_number(&name, &runs[count++])) return -1;
      while (isdigit((unsigned char)*pattern)) pattern++;
    } else if (*pattern++ != *name++) {
      return -1;
    }
  }
  return *pattern || *name ? -1 : count;
}

/* The last number that is not the same in all names; -1 where there is none or names are not of one pattern. */
static int varying_run(const tome_group *g) {
  const char *pattern = tome_basename(g->items[0]->path);
  int64_t first[MOST_RUNS], runs[MOST_RUNS];
  int varying = -1;
  const int count = read_runs(pattern, pattern, first);
  for (size_t i = 1; i < g->count; i++) {
    if (read_runs(pattern, tome_basename(g->items[i]->path), runs) != count || count < 0) return -1;
    for (int r = varying + 1; r < count; r++)
      if (runs[r] != first[r]) varying = r;
  }
  return varying;
}

static bool one_file(const tome_group *g) {
  for (size_t i = 1; i < g->count; i++)
    if (strcmp(g->items[i]->path, g->items[0]->path) != 0) return false;
  return true;
}

static bool read_places(tome_group *g) {
  if (one_file(g)) { /* the pages of one file */
    for (size_t i = 0; i < g->count; i++) g->place[i] = (double)g->items[i]->frame;
    return g->count > 1;
  }
  const int run = varying_run(g);
  const char *pattern = tome_basename(g->items[0]->path);
  for (size_t i = 0; i < g->count; i++) {
    int64_t runs[MOST_RUNS];
    g->place[i] = (double)i;
    if (run < 0) continue;
    read_runs(pattern, tome_basename(g->items[i]->path), runs);
    g->place[i] = (double)runs[run];
  }
  return run >= 0;
}

static int by_path(const void *pa, const void *pb) {
  return tome_piece_compare(*(const tome_piece *const *)pa, *(const tome_piece *const *)pb);
}

bool tome_stack_order_names(const tome_stack_job *job, tome_group *g, tome_error *err) {
  tome_arena *a = &job->out->arena;
  qsort(g->items, g->count, sizeof *g->items, by_path);
  const tome_piece *first = g->items[0];
  for (size_t i = 0; i < g->count; i++) {
    const tome_piece *p = g->items[i];
    if (p->channels != 1 && !job->opt->colour)
      return tome_fail(err, TOME_UNSUPPORTED,
                       "%s has %d samples a pixel (a colour picture); only images of one sample make a volume", p->path,
                       p->channels);
    if (p->shape[1] != first->shape[1] || p->shape[2] != first->shape[2])
      return tome_fail(
          err, TOME_GEOMETRY,
          "images of different sizes do not stack: %s is %lld by %lld pixels, %s is %lld by %lld; keep each size in a "
          "folder of its own",
          first->path, (long long)first->shape[1], (long long)first->shape[2], p->path, (long long)p->shape[1],
          (long long)p->shape[2]);
  }
  g->place = tome_arena_alloc(a, g->count * sizeof *g->place, err);
  if (!g->place) return false;
  g->numbered = read_places(g);
  if (!g->numbered && g->count > 1 &&
      !tome_group_note(
          g, a, err,
          "no number tells the images apart; stacked in the order of their names, so a missing one would not show"))
    return false;
  return tome_group_sort(g, a, err);
}
