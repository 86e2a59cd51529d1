/* The table of layouts, and a root walked through it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/near.h"
#include "base/threads.h"
#include "layout/scan.h"

extern const tome_layout tome_layout_ircad, tome_layout_lits, tome_layout_brats, tome_layout_dicom, tome_layout_nifti,
    tome_layout_png_stack;
extern const tome_layout tome_layout_csv, tome_layout_drive, tome_layout_chase, tome_layout_stare, tome_layout_nerve,
    tome_layout_kits, tome_layout_totalsegmentator, tome_layout_nnunet, tome_layout_msd;

/* The most particular first; png-stack last, since it adds to what the others have planned. */
const tome_layout *const tome_layouts[] = {
    &tome_layout_csv,
    &tome_layout_nnunet,
    &tome_layout_msd,
    &tome_layout_kits,
    &tome_layout_totalsegmentator,
    &tome_layout_drive,
    &tome_layout_chase,
    &tome_layout_stare,
    &tome_layout_nerve,
    &tome_layout_ircad,
    &tome_layout_lits,
    &tome_layout_brats,
    &tome_layout_dicom,
    &tome_layout_nifti,
    &tome_layout_png_stack,
    NULL,
};

static bool unknown(const char *name, tome_error *err) {
  char names[256] = "";
  tome_near near = {.word = name};
  for (size_t i = 0; tome_layouts[i]; i++) {
    const char *n = tome_layouts[i]->name;
    tome_near_try(&near, n);
    if (strlen(names) + strlen(n) + 3 < sizeof names) strcat(strcat(names, i ? ", " : ""), n);
  }
  if (near.best)
    return tome_fail(err, TOME_USAGE, "%s: no such layout; did you mean %s? There are: %s", name, near.best, names);
  return tome_fail(err, TOME_USAGE, "%s: no such layout; there are: %s", name, names);
}

static bool is_known(const char *only) {
  for (size_t i = 0; tome_layouts[i]; i++)
    if (!only || strcmp(only, tome_layouts[i]->name) == 0) return true;
  return false;
}

/* A root that is one file whose name says nothing, but whose bytes do. */
static bool plan_odd_file(tome_scan *s, tome_plan *plan, tome_error *err) {
  if (!s->is_file || s->claimed[0]) return true;
  const char *format = tome_scan_probe(s, 0, err);
  if (!format) return false;
  if (!*format) return true;
  const tome_case_input *c = tome_nifti_case(plan, s, 0, err);
  return c != NULL;
}

static bool plan_tree(tome_scan *s, const char *only, tome_plan *plan, tome_error *err) {
  s->first_case = plan->case_count;
  s->alone = only != NULL;
  for (size_t i = 0; tome_layouts[i]; i++) {
    if (tome_stopped(s->run)) return tome_fail_cancelled(err);
    if (only && strcmp(only, tome_layouts[i]->name) != 0) continue;
    if (!tome_layouts[i]->find(s, plan, err)) return false;
  }
  if (!only && !plan_odd_file(s, plan, err)) return false;
  if (!s->tree->count && !tome_plan_pass_over(plan, s->tree->root, err, "%s: an empty folder", s->tree->root))
    return false;
  return tome_plan_leftovers(plan, s, only, err) && tome_plan_name_all(plan, err);
}

bool tome_plan_root(const char *root, const char *only, const tome_run *run, tome_plan *plan, tome_error *err) {
  if (!is_known(only)) return unknown(only, err);
  tome_tree tree = {0};
  tome_scan scan = {0};
  if (!tome_tree_walk(root, TOME_STORE_MARK, &tree, run, err)) return false;
  bool ok = tome_scan_open(&tree, run, &scan, err);
  if (ok) {
    ok = plan_tree(&scan, only, plan, err);
    tome_scan_close(&scan);
  }
  tome_tree_clear(&tree);
  return ok;
}
