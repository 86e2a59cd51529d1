/* Plain folders of DICOM: one input for each folder that directly holds DICOM files, with all the series in it. Segmentations and structure
 * sets are looked for first, wherever they lie: they name the series they were drawn on. */
#include <string.h>

#include "base/threads.h"
#include "layout/scan.h"

/* Files whose name says nothing are looked into: of those without extension only until one is DICOM (then all of them are handed
 * over), of those with an odd one each for itself. */
static bool holds_dicom(tome_scan *s, size_t folder, bool *bare, tome_picks *odd, tome_error *err) {
  const tome_folder *f = &s->folders[folder];
  *bare = false;
  for (size_t i = 0; i < f->file_count; i++) {
    const size_t e = f->files[i];
    if (s->claimed[e]) continue;
    if (tome_stopped(s->run)) return tome_fail_cancelled(err);
    const tome_name_kind kind = tome_name_kind_of(tome_scan_name(s, e));
    if (kind != TOME_NAME_ODD && (kind != TOME_NAME_BARE || *bare)) continue;
    const char *format = tome_scan_probe(s, e, err);
    if (!format) return false;
    if (strcmp(format, "dicom") != 0) continue;
    if (kind == TOME_NAME_BARE) *bare = true;
    if (kind == TOME_NAME_ODD && !tome_picks_add(s, odd, e, err)) return false;
  }
  return true;
}

bool tome_dicom_files(tome_scan *s, size_t folder, tome_picks *out, tome_error *err) {
  const tome_folder *f = &s->folders[folder];
  bool bare = false, named = false;
  tome_picks odd = {0};
  if (!holds_dicom(s, folder, &bare, &odd, err)) return false;
  for (size_t i = 0; i < f->file_count; i++)
    named |= !s->claimed[f->files[i]] && tome_name_kind_of(tome_scan_name(s, f->files[i])) == TOME_NAME_DICOM;
  const unsigned kinds = 1u << TOME_NAME_DICOM | (bare ? 1u << TOME_NAME_BARE : 0);
  if (!named && !bare && !odd.count) return true;
  for (size_t i = 0, next = 0; i < f->file_count; i++) {
    const size_t e = f->files[i];
    const bool is_odd = next < odd.count && odd.items[next] == e;
    next += is_odd;
    if (s->claimed[e] || (!is_odd && !(kinds & 1u << tome_name_kind_of(tome_scan_name(s, e))))) continue;
    if (!tome_picks_add(s, out, e, err)) return false;
    s->claimed[e] = true;
  }
  return true;
}

static tome_case_input *case_of_file(tome_plan *p, tome_scan *s, size_t entry, tome_error *err) {
  const char *name = tome_scan_name(s, entry);
  char *stem = tome_arena_printf(&s->arena, err, "%.*s", (int)tome_stem_length(name), name);
  return stem ? tome_plan_case(p, s, "dicom", stem, s->folder_of[entry], err) : NULL;
}

tome_case_input *tome_dicom_case(tome_plan *p, tome_scan *s, size_t folder, tome_error *err) {
  tome_picks picks = {0};
  if (!tome_dicom_files(s, folder, &picks, err) || !picks.count) return NULL;
  tome_case_input *c =
      s->is_file ? case_of_file(p, s, picks.items[0], err) : tome_plan_case_of_folder(p, s, "dicom", folder, err);
  const char *shown = s->is_file ? tome_scan_shown(s, picks.items[0]) : tome_scan_shown_folder(s, folder);
  if (!c || !tome_plan_input(p, s, &picks, shown, &c->image, err)) return NULL;
  c->all_series = true;
  return c;
}

/* DICOMDIR lists the other files of a medium; those are read themselves. */
static bool pass_dicomdirs(tome_scan *s, size_t folder, tome_plan *plan, tome_error *err) {
  tome_picks picks = {0};
  if (!tome_scan_take(s, folder, 1u << TOME_NAME_DICOMDIR, false, &picks, err)) return false;
  for (size_t i = 0; i < picks.count; i++)
    if (!tome_plan_pass_over(plan, s->tree->entries[picks.items[i]].full, err,
                             "%s: a table of contents; the files that it lists are read themselves",
                             tome_scan_shown(s, picks.items[i])))
      return false;
  return true;
}

/* ---- drawings --- */

static bool plan_drawing(tome_scan *s, size_t entry, const tome_drawing *d, tome_plan *plan, tome_error *err) {
  tome_arena *a = &plan->arena;
  if (!tome_arena_grow(a, &plan->drawings, &plan->drawing_cap, plan->drawing_count + 1, sizeof *plan->drawings, err))
    return false;
  tome_picks picks = {&entry, 1, 1};
  tome_drawing_input in = {.kind = tome_arena_dup(a, d->kind, err),
                           .series_uid = tome_arena_dup(a, d->series_uid, err),
                           .frame_uid = tome_arena_dup(a, d->frame_uid, err)};
  if (!in.kind || !in.series_uid || !in.frame_uid ||
      !tome_plan_input(plan, s, &picks, tome_scan_shown(s, entry), &in.input, err))
    return false;
  plan->drawings[plan->drawing_count++] = in;
  return true;
}

/* A drawing that cannot be read is a fault of its own; no image fails for it. */
static bool plan_damaged(tome_scan *s, size_t entry, const char *why, tome_plan *plan, tome_error *err) {
  const char *full = s->tree->entries[entry].full;
  const size_t n = strlen(full);
  if (strncmp(why, full, n) == 0 && why[n] == ':') why += n + 2; /* the sentence names the whole path */
  if (!tome_plan_pass_over(plan, tome_scan_shown(s, entry), err, "%s: %s", tome_scan_shown(s, entry), why))
    return false;
  plan->passed[plan->passed_count - 1].damaged = true;
  return true;
}

static bool take_drawing(tome_scan *s, size_t entry, tome_plan *plan, tome_error *err) {
  tome_error why = {0};
  const char *path = s->tree->entries[entry].full;
  const tome_format *f = tome_drawing_of(path, &why);
  if (!f) return true; /* none, or not to be read: whoever takes the file will say so */
  TOME_CLEANUP(tome_drawing_clear) tome_drawing d = {0};
  s->claimed[entry] = true;
  if (f->outline(path, &d, &why)) return plan_drawing(s, entry, &d, plan, err);
  if (why.code == TOME_NO_MEMORY) return tome_fail(err, why.code, "%s", why.message);
  return plan_damaged(s, entry, why.message, plan, err);
}

static bool find_drawings(tome_scan *s, tome_plan *plan, tome_error *err) {
  for (size_t i = 0; i < s->tree->count; i++) {
    if (s->claimed[i] || s->tree->entries[i].folder) continue;
    if (tome_stopped(s->run)) return tome_fail_cancelled(err);
    const tome_name_kind kind = tome_name_kind_of(tome_scan_name(s, i));
    if (kind != TOME_NAME_DICOM && kind != TOME_NAME_BARE && kind != TOME_NAME_ODD) continue;
    if (!take_drawing(s, i, plan, err)) return false;
  }
  return true;
}

static bool find(tome_scan *s, tome_plan *plan, tome_error *err) {
  if (!find_drawings(s, plan, err)) return false;
  for (size_t i = 0; i < s->folder_count; i++) {
    tome_error failed = {0};
    if (!pass_dicomdirs(s, i, plan, err)) return false;
    if (!tome_dicom_case(plan, s, i, &failed) && failed.code) return tome_fail(err, failed.code, "%s", failed.message);
  }
  return true;
}

extern const tome_layout tome_layout_dicom;
const tome_layout tome_layout_dicom = {
    .name = "dicom",
    .title = "DICOM in folders, however nested: every series found is a case",
    .tree =
        "archive/\n"
        "  patient1/CT/IM0001 IM0002 …       with or without .dcm; told by their bytes\n"
        "  patient2/CT/1.dcm 2.dcm …\n"
        "One input for each folder that directly holds DICOM files, named after it; a folder called CT, series, DICOM "
        "…\n"
        "bears its parent's name before its own (patient1_CT). A SEG or RTSTRUCT anywhere in the tree becomes labels "
        "of the series\n"
        "that it says it was drawn on.\n",
    .find = find,
};
