/* Which volume of a result is meant. Label maps and channels are looked for among what the recipe leaves, structures in the case's record: a step that
 * renames values is followed, so that a mask shows the structure that was asked for and nothing else. */
#include "app/pick.h"

#include <stdio.h>
#include <string.h>

/* ---- volumes ---- */

static const char *without_folder(const char *name) {
  static const char folder[] = "channels/";
  return strncmp(name, folder, sizeof folder - 1) == 0 ? name + sizeof folder - 1 : name;
}

/* "image" and the first channel's name are one; other channels go by their own, with or without the folder. */
static bool is_channel(const tome_course *c, const tome_flow *f, const char *label) {
  const tome_channel *first = c->record.channel_count ? &c->record.channels[0] : NULL;
  if (strcmp(f->name, label) == 0 || strcmp(without_folder(f->name), label) == 0) return true;
  return strcmp(f->name, "image") == 0 && first && strcmp(first->name, without_folder(label)) == 0;
}

static bool find_volume(const tome_course *c, const char *label, bool labels, tome_pick *out) {
  const tome_graph *g = &c->graph;
  for (size_t i = 0; i < g->count; i++) {
    const tome_flow *f = &g->outputs[i]->flow;
    if (f->is_label != labels || !(labels ? strcmp(f->name, label) == 0 : is_channel(c, f, label))) continue;
    *out = (tome_pick){.output = i, .is_label = labels};
    return true;
  }
  return false;
}

static bool is_merged(const tome_node *n) {
  for (; n->op; n = n->in[0])
    if (n->op->joins) return true;
  return false;
}

static bool pick_map(const tome_course *c, const char *label, tome_pick *out) {
  if (!find_volume(c, label, true, out)) return false;
  const tome_node *n = c->graph.outputs[out->output];
  if (!is_merged(n)) out->map = n->flow.name;
  return true;
}

/* ---- structures ---- */

/* What the label maps of the result are called. */
static void list_maps(const tome_course *c, char *out, size_t size) {
  *out = '\0';
  for (size_t i = 0; i < c->graph.count; i++) {
    const tome_flow *f = &c->graph.outputs[i]->flow;
    const size_t used = strlen(out);
    if (f->is_label) snprintf(out + used, size - used, "%s%s", *out ? ", " : "", f->name);
  }
}

static const tome_label *find_structure(const tome_course *c, const char *label, tome_error *err) {
  const tome_record *r = &c->record;
  const tome_label *found = NULL;
  size_t count = 0;
  char known[400] = "", maps[300];
  for (size_t i = 0; i < r->label_count; i++) {
    const tome_label *l = &r->labels[i];
    char both[300];
    snprintf(both, sizeof both, "%s/%s", l->map, l->name);
    snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", *known ? ", " : "", both);
    if (strcmp(l->name, label) != 0 && strcmp(both, label) != 0) continue;
    count++;
    found = l;
  }
  if (count == 1) return found;
  list_maps(c, maps, sizeof maps);
  if (count)
    tome_fail(err, TOME_USAGE, "%s: %zu label maps hold a \"%s\"; say which: %s", r->id, count, label, known);
  else if (c->recipe.count && *maps)
    tome_fail(err, TOME_NOT_FOUND, "%s: has no label \"%s\"; it has %s, and the recipe leaves the label map%s %s",
              r->id, label, *known ? known : "none", strchr(maps, ',') ? "s" : "", maps);
  else
    tome_fail(err, TOME_NOT_FOUND, "%s: has no label \"%s\"; it has %s", r->id, label, *known ? known : "none");
  return NULL;
}

/* The value that a stored one has become; 0 where it is background now. */
static int32_t value_now(const tome_flow *f, int32_t stored) { return (int32_t)tome_flow_value(f, (float)stored); }

/* A mask of the structure can be told apart only while nothing else has its value. */
static bool follow(const tome_course *c, const tome_label *l, tome_pick *p, tome_error *err) {
  const tome_record *r = &c->record;
  const tome_flow *f = &c->graph.outputs[p->output]->flow;
  p->structure = l->value;
  p->value = value_now(f, l->value);
  if (p->value == 0)
    return tome_fail(err, TOME_USAGE, "%s: the recipe makes %s background: there is nothing of it to write", r->id,
                     l->name);
  const char *other = value_now(f, 0) == p->value ? "the background" : NULL;
  for (size_t i = 0; i < r->label_count && !other; i++) {
    const tome_label *k = &r->labels[i];
    if (k != l && k->voxels && !strcmp(k->map, l->map) && value_now(f, k->value) == p->value) other = k->name;
  }
  return !other ||
         tome_fail(err, TOME_USAGE,
                   "%s: the recipe gives %s and %s one value (%d), so that neither can be told apart; ask for the "
                   "label map %s",
                   r->id, l->name, other, (int)p->value, l->map);
}

static bool pick_structure(const tome_course *c, const char *label, tome_pick *out, tome_error *err) {
  char maps[300];
  const tome_label *l = find_structure(c, label, err);
  if (!l) return false;
  list_maps(c, maps, sizeof maps);
  if (!find_volume(c, l->map, true, out) || is_merged(c->graph.outputs[out->output]))
    return tome_fail(err, TOME_USAGE,
                     "%s: the recipe merges label maps: %s cannot be told apart any more; ask for what it leaves: %s",
                     c->record.id, l->name, *maps ? maps : "no label map at all");
  out->map = l->map;
  return follow(c, l, out, err);
}

bool tome_pick_volume(const tome_course *c, const char *label, tome_pick *out, tome_error *err) {
  if (!label)
    return find_volume(c, "image", false, out) || tome_fail(err, TOME_NOT_FOUND, "%s: has no image", c->record.id);
  return pick_map(c, label, out) || find_volume(c, label, false, out) || pick_structure(c, label, out, err);
}
