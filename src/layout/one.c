/* One case said outright: --image, --channel NAME=PATH, --label NAME=PATH, --id. */
#include <string.h>

#include "format/format.h"
#include "layout/scan.h"

/* Certainly no volumes, and the second halves of pairs, are left out; pictures (.jpg, .tif) are wanted alone: beside others they are previews. */
static bool wanted(const tome_scan *s, size_t entry, bool pictures) {
  const tome_name_kind kind = tome_name_kind_of(tome_scan_name(s, entry));
  if (pictures || kind == TOME_NAME_PICTURE) return pictures && kind == TOME_NAME_PICTURE;
  if (kind == TOME_NAME_OTHER || kind == TOME_NAME_ARCHIVE || kind == TOME_NAME_DICOMDIR) return false;
  return !tome_is_second_half(s, entry);
}

static bool pick(tome_scan *s, size_t folder, int deeper, bool pictures, tome_picks *out, tome_error *err) {
  const tome_folder *f = &s->folders[folder];
  for (size_t i = 0; i < f->file_count; i++)
    if ((s->is_file || wanted(s, f->files[i], pictures)) && !tome_picks_add(s, out, f->files[i], err)) return false;
  for (size_t i = 0; deeper && i < f->sub_count; i++)
    if (!pick(s, f->subs[i], deeper - 1, pictures, out, err)) return false;
  return true;
}

/* Bytes of "name/" where it stands just before path + at: the folder's own name belongs to what its files are called. */
static size_t own_name_before(const char *path, size_t at, const char *name) {
  const size_t n = strlen(name) + 1;
  return at >= n && path[at - 1] == '/' && strncmp(path + at - n, name, n - 1) == 0 &&
                 (at == n || path[at - n - 1] == '/')
             ? n
             : 0;
}

/* "FILE:NAME" names one array of a file: the tree is walked for the file, the input keeps the name. */
static bool keep_member(const char *name, tome_plan *plan, tome_input *in, tome_error *err) {
  char *whole = tome_arena_printf(&plan->arena, err, "%s:%s", in->paths[0], name);
  if (whole) in->paths[0] = whole;
  return whole != NULL;
}

/* The files that a path stands for. The scan is left open for its names. */
static bool open_input(const char *whole, tome_tree *tree, tome_scan *s, tome_plan *plan, tome_input *out,
                       tome_error *err) {
  char file[4096];
  const char *member = NULL, *path = tome_split_member(whole, file, sizeof file, &member) ? file : whole;
  if (!tome_tree_walk(path, TOME_STORE_MARK, tree, NULL, err) || !tome_scan_open(tree, NULL, s, err)) return false;
  tome_picks picks = {0};
  if (!pick(s, 0, 1, false, &picks, err)) return false;
  if (!picks.count && !pick(s, 0, 1, true, &picks, err)) return false;
  if (!picks.count) return tome_fail(err, TOME_NOT_FOUND, "%s: no images in this folder or its subfolders", path);
  tome_input in = {0};
  const char *shown = s->is_file ? tome_scan_shown(s, 0) : tome_scan_shown_folder(s, 0);
  if (!tome_plan_input(plan, s, &picks, shown, &in, err)) return false;
  if (member && !keep_member(member, plan, &in, err)) return false;
  if (!s->is_file) in.root_length -= own_name_before(in.paths[0], in.root_length, shown);
  *out = in;
  return true;
}

static bool read_input(const char *path, tome_plan *plan, tome_input *out, tome_error *err) {
  tome_tree tree = {0};
  tome_scan s = {0};
  const bool ok = open_input(path, &tree, &s, plan, out, err);
  tome_scan_close(&s);
  tome_tree_clear(&tree);
  return ok;
}

static bool add_label(tome_plan *plan, tome_case_input *c, const tome_named_path *l, tome_error *err) {
  if (!l->name || !*l->name || !l->path || !*l->path)
    return tome_fail(err, TOME_USAGE, "a label is given as NAME=PATH, both of them");
  char *safe = tome_safe_name(&plan->arena, l->name, err);
  if (!safe) return false;
  if (strcmp(safe, l->name) != 0)
    return tome_fail(err, TOME_USAGE, "%s: no name for a label map; \"%s\" would be", l->name, safe);
  for (size_t i = 0; i < c->label_count; i++)
    if (strcmp(c->labels[i].map, safe) == 0) return tome_fail(err, TOME_USAGE, "two labels are called %s", safe);
  if (!tome_arena_grow(&plan->arena, &c->labels, &c->label_cap, c->label_count + 1, sizeof *c->labels, err))
    return false;
  tome_label_input label = {.map = safe};
  if (!read_input(l->path, plan, &label.input, err)) return false;
  c->labels[c->label_count++] = label;
  return true;
}

/* The id given, or a case named after the image as a layout would. */
static tome_case_input *open_case(const char *id, const char *image, tome_plan *plan, tome_error *err) {
  tome_tree tree = {0};
  tome_scan s = {0};
  tome_case_input *c = NULL;
  tome_input in = {0};
  if (open_input(image, &tree, &s, plan, &in, err)) {
    const char *name = s.is_file ? tome_scan_name(&s, 0) : "";
    char *stem = tome_arena_printf(&plan->arena, err, "%.*s", (int)tome_stem_length(name), name);
    if (stem && (id || *stem))
      c = tome_plan_case(plan, &s, "explicit", id ? id : stem, TOME_NOWHERE, err);
    else if (stem)
      c = tome_plan_case_of_folder(plan, &s, "explicit", 0, err);
    if (c) c->image = in;
  }
  tome_scan_close(&s);
  tome_tree_clear(&tree);
  return c;
}

static bool add_channel(tome_plan *plan, tome_case_input *c, const tome_named_path *n, tome_error *err) {
  if (!n->name || !*n->name || !n->path || !*n->path)
    return tome_fail(err, TOME_USAGE, "a channel is given as NAME=PATH, both of them");
  char *safe = tome_safe_name(&plan->arena, n->name, err);
  if (!safe) return false;
  if (strcmp(safe, n->name) != 0)
    return tome_fail(err, TOME_USAGE, "%s: no name for a channel; \"%s\" would be", n->name, safe);
  bool taken = strcmp(c->image_name, safe) == 0;
  for (size_t i = 0; i < c->channel_count; i++) taken |= strcmp(c->channels[i].name, safe) == 0;
  if (taken) return tome_fail(err, TOME_USAGE, "two channels are called %s", safe);
  if (!tome_arena_grow(&plan->arena, &c->channels, &c->channel_cap, c->channel_count + 1, sizeof *c->channels, err))
    return false;
  tome_channel_input channel = {.name = safe};
  if (!read_input(n->path, plan, &channel.input, err)) return false;
  c->channels[c->channel_count++] = channel;
  return true;
}

/* What the first channel is called, where there are others. */
static bool name_image(const tome_said_case *said, tome_plan *plan, tome_case_input *c, tome_error *err) {
  if (!said->channel_count) return true;
  const char *name = said->image_name ? said->image_name : "image";
  char *safe = tome_safe_name(&plan->arena, name, err);
  if (!safe) return false;
  if (strcmp(safe, name) != 0)
    return tome_fail(err, TOME_USAGE, "%s: no name for a channel; \"%s\" would be", name, safe);
  c->image_name = safe;
  return true;
}

static tome_case_input *said_case(const tome_said_case *said, tome_plan *plan, const tome_named_path **at,
                                  tome_error *err) {
  const char *id = said->id;
  *at = NULL;
  if (!said->image || !*said->image) {
    tome_fail(err, TOME_USAGE, "labels without an image: name it with --image");
    return NULL;
  }
  char *safe = id ? tome_safe_name(&plan->arena, id, err) : NULL;
  if (id && safe && strcmp(id, safe) != 0)
    tome_fail(err, TOME_USAGE, "%s: no id for a case; \"%s\" would be", id, safe);
  if (id && (!safe || strcmp(id, safe) != 0)) return NULL;
  tome_case_input *c = open_case(id, said->image, plan, err);
  if (!c || !name_image(said, plan, c, err)) return NULL;
  for (size_t i = 0; i < said->channel_count; i++)
    if (*at = &said->channels[i], !add_channel(plan, c, *at, err)) return NULL;
  for (size_t i = 0; i < said->label_count; i++)
    if (*at = &said->labels[i], !add_label(plan, c, *at, err)) return NULL;
  c->all_series = !said->label_count && !said->channel_count && c->image.path_count > 1;
  return c;
}

tome_case_input *tome_plan_said(const tome_said_case *said, tome_plan *plan, const tome_named_path **at,
                                tome_error *err) {
  const tome_named_path *failed;
  const size_t before = plan->case_count;
  tome_case_input *c = said_case(said, plan, &failed, err);
  if (!c) plan->case_count = before;
  if (at) *at = failed;
  return c;
}

bool tome_plan_one(const tome_said_case *said, tome_plan *plan, tome_error *err) {
  return tome_plan_said(said, plan, NULL, err) && tome_plan_name_all(plan, err);
}
