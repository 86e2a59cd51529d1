/* What no layout claimed, in as few sentences as say it. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "layout/scan.h"

/* ---- labels without an image: one sentence a reason and folder of the root's ---- */

/* Bytes of the first folder of a path: 0 for a file in the root itself. */
static size_t top_length(const char *path) {
  const char *slash = strchr(path, '/');
  return slash ? (size_t)(slash - path) : 0;
}

static int by_place_r(const void *x, const void *y, void *scan) {
  const tome_orphan *a = x, *b = y;
  const tome_scan *s = scan;
  const int why = strcmp(a->why, b->why);
  if (why) return why;
  const char *pa = s->tree->entries[a->entry].path, *pb = s->tree->entries[b->entry].path;
  const size_t na = top_length(pa), nb = top_length(pb);
  const int top = strncmp(pa, pb, na < nb ? na : nb);
  if (top || na != nb) return top ? top : na < nb ? -1 : 1;
  return a->entry < b->entry ? -1 : a->entry > b->entry;
}

static bool go_together(const tome_scan *s, const tome_orphan *a, const tome_orphan *b) {
  const char *pa = s->tree->entries[a->entry].path, *pb = s->tree->entries[b->entry].path;
  const size_t n = top_length(pa);
  return strcmp(a->why, b->why) == 0 && n == top_length(pb) && strncmp(pa, pb, n) == 0;
}

static bool pass_orphans(tome_plan *p, const tome_scan *s, tome_error *err) {
  static const char remedy[] = "; pair them with --image and --label, or take one as an image with --image";
  const size_t n = s->orphan_count;
  if (n) qsort_r(s->orphans, n, sizeof *s->orphans, by_place_r, (void *)(uintptr_t)s);
  for (size_t i = 0, end; i < n; i = end) {
    const tome_orphan *o = &s->orphans[i];
    for (end = i + 1; end < n && go_together(s, o, &s->orphans[end]);) end++;
    const char *shown = tome_scan_shown(s, o->entry), *full = s->tree->entries[o->entry].full;
    const size_t more = end - i - 1, top = top_length(shown);
    const bool ok = !more ? tome_plan_pass_over(p, full, err, "%s: %s%s", shown, o->why, remedy)
                          : tome_plan_pass_over(p, full, err, "%s and %zu more in %.*s: %s%s", shown, more,
                                                top ? (int)top : 10, top ? shown : "the folder", o->why, remedy);
    if (!ok) return false;
    p->passed[p->passed_count - 1].unpaired = end - i;
  }
  return true;
}

/* ---- the rest: one sentence a kind ---- */

typedef struct group {
  char name[12]; /* "PNG", ".txt", "" for those without extension */
  const char *why;
  size_t first, count;
} group;

enum { MOST_GROUPS = 24 };

/* Voxels that only a header makes sense of. */
static bool is_headless(const char *name) {
  static const char *const ends[] = {".raw", ".zraw", ".rec", ".bin"};
  for (size_t i = 0; i < TOME_COUNT(ends); i++)
    if (strcasecmp(tome_extension(name), ends[i]) == 0) return true;
  return false;
}

static const char *reason(tome_name_kind kind, const char *name, const char *only) {
  if (is_headless(name)) return "bare voxels are read through the header that names them (.mhd, .nhdr, .par)";
  switch (kind) {
    case TOME_NAME_ARCHIVE:
      return "archives are not opened: unpack them first";
    case TOME_NAME_PNG:
      return "no layout pairs them with a volume: name a folder of slices with --image, and its spacing";
    case TOME_NAME_PICTURE:
      return "pictures are taken only where they are named: with --image and --spacing, and --label";
    case TOME_NAME_OTHER:
      return "no images that this build reads";
    case TOME_NAME_NIFTI:
    case TOME_NAME_IMG:
    case TOME_NAME_DICOM:
    case TOME_NAME_DICOMDIR:
      return only ? "not part of the layout asked for" : "not taken";
    case TOME_NAME_BARE:
    case TOME_NAME_ODD:
    case TOME_NAME_HEAP:
      break;
  }
  return only ? "not part of the layout asked for" : "not recognised by their bytes";
}

static void add_to(group *groups, size_t *count, size_t entry, const char *name, const char *why) {
  size_t i = 0;
  while (i < *count && (strcasecmp(groups[i].name, name) != 0 || groups[i].why != why)) i++;
  if (i == *count && *count == MOST_GROUPS) i--; /* whatever comes after shares the last one */
  if (i == *count) {
    groups[i] = (group){.why = why, .first = entry};
    strncpy(groups[i].name, name, sizeof groups[i].name - 1);
    ++*count;
  }
  groups[i].count++;
}

static bool pass_group(tome_plan *p, const tome_scan *s, const group *g, tome_error *err) {
  const char *shown = tome_scan_shown(s, g->first), *full = s->tree->entries[g->first].full;
  if (g->count == 1) return tome_plan_pass_over(p, full, err, "%s: passed over: %s", shown, g->why);
  if (!*g->name)
    return tome_plan_pass_over(p, full, err, "%zu files without extension passed over (the first is %s): %s", g->count,
                               shown, g->why);
  return tome_plan_pass_over(p, full, err, "%zu %s files passed over (the first is %s): %s", g->count, g->name, shown,
                             g->why);
}

bool tome_plan_leftovers(tome_plan *p, const tome_scan *s, const char *only, tome_error *err) {
  group groups[MOST_GROUPS];
  size_t count = 0;
  if (!pass_orphans(p, s, err)) return false;
  for (size_t i = 0; i < s->tree->count; i++) {
    if (s->claimed[i] || s->tree->entries[i].folder) continue;
    const char *name = tome_scan_name(s, i);
    add_to(groups, &count, i, tome_extension(name), reason(tome_name_kind_of(name), name, only));
  }
  for (size_t i = 0; i < count; i++)
    if (!pass_group(p, s, &groups[i], err)) return false;
  return true;
}
