/* The sentences of the geometry contract: what is wrong, by how much, where, and what can be done. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "stack/plan.h"

const char *tome_piece_called(const tome_piece *p, char *out, size_t size) {
  if (p->instance != INT64_MIN)
    snprintf(out, size, "instance %" PRId64, p->instance);
  else
    snprintf(out, size, "%s", tome_basename(p->path));
  return out;
}

/* What tells two images apart for a person: their SOP instance UIDs, else their paths. */
static void name_twins(const tome_piece *a, const tome_piece *b, const char **name_a, const char **name_b) {
  const bool uids = *a->sop_uid && *b->sop_uid && strcmp(a->sop_uid, b->sop_uid) != 0;
  *name_a = uids ? a->sop_uid : a->path;
  *name_b = uids ? b->sop_uid : b->path;
}

bool tome_fault_duplicates(const tome_group *g, size_t at, size_t places, tome_error *err) {
  const size_t together = tome_group_run(g, at) - at;
  const char *a, *b;
  name_twins(g->items[at], g->items[at + 1], &a, &b);
  char where[64], more[96] = "";
  if (g->kind == TOME_GROUP_NAMED)
    snprintf(where, sizeof where, "number %.0f", g->place[at]);
  else
    snprintf(where, sizeof where, "%.6g mm along the normal", g->place[at]);
  if (places > 1) snprintf(more, sizeof more, " (and so at %zu positions)", places);
  return tome_fail(err, TOME_GEOMETRY,
                   "%zu different images lie at one position, %s%s: %s and %s; --duplicate=first keeps the one of the "
                   "lowest instance number, or leave the others out",
                   together, where, more, a, b);
}

/* "4-6, 9": the numbers that no name has, a dozen runs at most. */
static void list_missing(const tome_group *g, const tome_spacing *s, char *out, size_t size) {
  const double stride = s->length;
  size_t used = 0, runs = 0;
  out[0] = '\0';
  for (size_t i = 0; i + 1 < g->count && used < size; i++) {
    const double lo = g->place[i] + stride, hi = g->place[i + 1] - stride;
    if (s->index[i + 1] - s->index[i] < 2) continue;
    if (runs++ == 12) {
      snprintf(out + used, size - used, ", …");
      return;
    }
    int n;
    if (lo == hi)
      n = snprintf(out + used, size - used, "%s%.0f", used ? ", " : "", lo);
    else
      n = snprintf(out + used, size - used, "%s%.0f-%.0f", used ? ", " : "", lo, hi);
    used += n > 0 ? (size_t)n : 0;
  }
}

static void number_words(const tome_group *g, const tome_spacing *s, char *out, size_t size) {
  char list[400], step[48] = "";
  list_missing(g, s, list, sizeof list);
  if (s->length > 1) snprintf(step, sizeof step, " (numbers go by %.0f)", s->length);
  snprintf(out, size, "number%s %s %s missing between %s and %s%s", s->missing == 1 ? "" : "s", list,
           s->missing == 1 ? "is" : "are", tome_basename(g->items[0]->path),
           tome_basename(g->items[g->count - 1]->path), step);
}

void tome_gap_words(const tome_group *g, const tome_spacing *s, char *out, size_t size) {
  if (g->kind == TOME_GROUP_NAMED) {
    number_words(g, s, out, size);
    return;
  }
  char a[160], b[160], many[64] = "";
  const size_t w = s->widest;
  const int64_t lost = s->index[w + 1] - s->index[w] - 1;
  if (s->gaps > 1) snprintf(many, sizeof many, "in %zu gaps, %" PRId64 " of them ", s->gaps, lost);
  snprintf(out, size,
           "%" PRId64
           " slice%s missing %sin a gap of %.6g mm, where the step is %.6g mm, between %.6g and %.6g mm along the "
           "normal (%s and %s)",
           s->missing, s->missing == 1 ? " is" : "s are", many, g->place[w + 1] - g->place[w], s->length, g->place[w],
           g->place[w + 1], tome_piece_called(g->items[w], a, sizeof a),
           tome_piece_called(g->items[w + 1], b, sizeof b));
}

bool tome_fault_gap(const tome_group *g, const tome_spacing *s, tome_error *err) {
  char words[800];
  tome_gap_words(g, s, words, sizeof words);
  return tome_fail(
      err, TOME_GEOMETRY,
      "%s; --gap=fill interpolates, --gap=split makes a volume of each run, --gap=keep takes the slices as "
      "evenly spaced",
      words);
}

bool tome_fault_uneven(const tome_group *g, const tome_spacing *s, tome_error *err) {
  char called[160], aside[96] = "";
  if (s->sideways > s->tolerance) snprintf(aside, sizeof aside, ", up to %.3g mm of it sideways", s->sideways);
  double least = g->place[1] - g->place[0], most = least;
  for (size_t i = 1; i + 1 < g->count; i++) {
    const double step = g->place[i + 1] - g->place[i];
    if (step < least) least = step;
    if (step > most) most = step;
  }
  return tome_fail(
      err, TOME_GEOMETRY,
      "slices are unevenly spaced: the worst lies %.3g mm (%.3g %% of the mean step of %.4g mm) from an even "
      "grid (%s)%s; steps go from %.4g to %.4g mm; --uneven=resample interpolates onto an even grid, "
      "--uneven=keep takes the slices as they are with the mean step",
      s->worst, 100 * s->worst / s->mean, s->mean, tome_piece_called(g->items[s->worst_at], called, sizeof called),
      aside, least, most);
}

bool tome_fault_series(const tome_pieces *pieces, const char *wanted, tome_error *err) {
  char list[800] = "";
  size_t used = 0, shown = 0;
  const char *last = NULL;
  for (size_t i = 0; i < pieces->count && shown < 8; i++) {
    const char *uid = pieces->items[i].series_uid;
    if (!*uid || (last && strcmp(uid, last) == 0) || strstr(list, uid)) continue;
    const int n = snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", uid);
    if (n < 0 || used + (size_t)n >= sizeof list) break;
    used += (size_t)n;
    shown++;
    last = uid;
  }
  return tome_fail(err, TOME_NOT_FOUND, "no image belongs to series %s; %s%s", wanted,
                   *list ? "the series here are: " : "nothing here belongs to any series", list);
}
