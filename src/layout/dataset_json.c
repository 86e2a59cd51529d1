/* dataset.json, told in three ways: {"modality": {"0": "CT"}, "labels": {"0": "background", "1": "liver"}} (the Decathlon, nnU-Net 1) and
 * {"channel_names": {"0": "CT"}, "labels": {"background": 0, "liver": 1, "organs": [1, 2]}} (nnU-Net 2). */
#include "layout/dataset_json.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json_read.h"

const tome_split tome_splits[TOME_SPLITS] = {
    {"imagesTr", "labelsTr"}, {"imagesVal", "labelsVal"}, {"imagesTs", "labelsTs"}};

enum { MOST_CHANNELS = 256, MOST_NAMES = 65535 };

/* A whole number written out, as a key or a value; -1 for anything else. */
static long whole(const char *text) {
  const size_t n = text ? strspn(text, "0123456789") : 0;
  return n && n < 10 && !text[n] ? strtol(text, NULL, 10) : -1;
}

/* ---- channels ---- */

static const char *unlike_others(tome_plan *plan, const tome_dataset *d, const char *text, tome_error *err) {
  const char *safe = tome_safe_name(&plan->arena, text, err), *name = safe;
  for (int n = 2; name; n++) {
    bool taken = false;
    for (size_t i = 0; i < d->channel_count; i++) taken |= strcmp(d->channels[i], name) == 0;
    if (!taken) return name;
    name = tome_arena_printf(&plan->arena, err, "%s-%d", safe, n);
  }
  return NULL;
}

/* {"0": "CT", "1": "PET"}: by the numbers, without a gap. */
static bool read_channels(tome_plan *plan, const tome_json *j, tome_dataset *out, tome_error *err) {
  size_t count = 0;
  for (const tome_json *m = j && j->kind == TOME_JSON_OBJECT ? j->first : NULL; m; m = m->next) count++;
  if (!count || count > MOST_CHANNELS) return true;
  out->channels = tome_arena_alloc(&plan->arena, count * sizeof *out->channels, err);
  if (!out->channels) return false;
  for (size_t i = 0; i < count; i++) {
    const char *name = NULL;
    for (const tome_json *m = j->first; m; m = m->next)
      if (whole(m->key) == (long)i) name = tome_json_text(m);
    if (!name) return true;
    if (!(name = unlike_others(plan, out, name, err))) return false;
    out->channels[out->channel_count++] = name;
  }
  return true;
}

static bool is_mr(const char *name) {
  static const char *const begins[] = {"mr", "t1", "t2", "flair", "adc", "dwi", "pd", "swi"};
  for (size_t i = 0; i < TOME_COUNT(begins); i++)
    if (strncasecmp(name, begins[i], strlen(begins[i])) == 0) return true;
  return false;
}

static const char *modality_of(const tome_dataset *d) {
  size_t ct = 0, mr = 0;
  for (size_t i = 0; i < d->channel_count; i++) {
    ct += strcasecmp(d->channels[i], "CT") == 0;
    mr += is_mr(d->channels[i]);
  }
  return !d->channel_count ? NULL : ct == d->channel_count ? "CT" : mr == d->channel_count ? "MR" : NULL;
}

/* ---- labels ---- */

static bool add_name(tome_plan *plan, tome_dataset *d, size_t *cap, long value, const char *text, tome_error *err) {
  if (value <= 0 || !text || d->name_count >= MOST_NAMES) return true;
  for (size_t i = 0; i < d->name_count; i++)
    if (d->names[i].value == value) return true;
  const char *name = tome_safe_name(&plan->arena, text, err);
  if (!name || !tome_arena_grow(&plan->arena, &d->names, cap, d->name_count + 1, sizeof *d->names, err)) return false;
  d->names[d->name_count++] = (tome_value_name){(int32_t)value, name};
  return true;
}

/* A region of one value is that value's name; -1 for those of several, which lie over others. */
static long value_of(const tome_json *j) {
  if (j->kind == TOME_JSON_ARRAY && j->first && !j->first->next) j = j->first;
  return j->kind == TOME_JSON_NUMBER ? whole(j->text) : -1;
}

/* ---- regions: {"whole tumor": [1, 2, 3], "tumor core": [2, 3], "enhancing tumor": [3]} ---- */

/* A label as a set of values: whether it holds this one, and how many it holds. */
static bool holds(const tome_json *region, long value) {
  if (region->kind != TOME_JSON_ARRAY) return value_of(region) == value;
  for (const tome_json *v = region->first; v; v = v->next)
    if (v->kind == TOME_JSON_NUMBER && whole(v->text) == value) return true;
  return false;
}

static size_t size_of(const tome_json *region) {
  size_t n = 0;
  for (const tome_json *v = region->kind == TOME_JSON_ARRAY ? region->first : NULL; v; v = v->next) n++;
  return region->kind == TOME_JSON_ARRAY ? n : value_of(region) > 0;
}

/* The label that is `region` without `value`, to the last value; NULL: none is. */
static const tome_json *rest_of(const tome_json *labels, const tome_json *region, long value) {
  for (const tome_json *m = labels->first; m; m = m->next) {
    bool same = size_of(m) + 1 == size_of(region);
    for (const tome_json *v = region->first; same && v; v = v->next) {
      const long one = v->kind == TOME_JSON_NUMBER ? whole(v->text) : -1;
      same = holds(m, one) == (one != value);
    }
    if (same) return m;
  }
  return NULL;
}

/* A value that no label has to itself is called after the smallest region around it, and never the same as it: asking for "whole tumor" must not give its rim. */
static bool name_part(tome_plan *plan, const tome_json *labels, tome_dataset *d, size_t *cap, long value,
                      tome_error *err) {
  const tome_json *least = NULL;
  for (const tome_json *m = labels->first; m; m = m->next)
    if (size_of(m) > 1 && holds(m, value) && (!least || size_of(m) < size_of(least))) least = m;
  const tome_json *rest = rest_of(labels, least, value);
  const char *name = rest ? tome_arena_printf(&plan->arena, err, "%s without %s", least->key, rest->key)
                          : tome_arena_printf(&plan->arena, err, "%s, value %ld", least->key, value);
  return name && add_name(plan, d, cap, value, name, err);
}

/* "whole tumor = 1+2+3", behind the regions before it. */
static bool say_region(tome_plan *plan, const tome_json *region, tome_dataset *d, tome_error *err) {
  const char *all = tome_arena_printf(&plan->arena, err, "%s%s%.100s = ", d->regions ? d->regions : "",
                                      d->regions ? ", " : "", region->key);
  for (const tome_json *v = region->first; all && v; v = v->next)
    all = tome_arena_printf(&plan->arena, err, "%s%s%.9s", all, v == region->first ? "" : "+",
                            v->kind == TOME_JSON_NUMBER ? v->text : "?");
  d->regions = all;
  return all;
}

enum { MOST_REGION = 64, MOST_REGIONS = 64 }; /* longer ones are no regions of a segmentation */

static bool read_regions(tome_plan *plan, const tome_json *labels, tome_dataset *out, size_t *cap, tome_error *err) {
  size_t regions = 0;
  for (const tome_json *m = labels->first; m; m = m->next) {
    if (size_of(m) < 2 || size_of(m) > MOST_REGION || ++regions > MOST_REGIONS) continue;
    if (!say_region(plan, m, out, err)) return false;
    for (const tome_json *v = m->first; v; v = v->next)
      if (v->kind == TOME_JSON_NUMBER && whole(v->text) > 0 && !name_part(plan, labels, out, cap, whole(v->text), err))
        return false;
  }
  return true;
}

static bool read_labels(tome_plan *plan, const tome_json *j, tome_dataset *out, tome_error *err) {
  size_t cap = 0;
  if (!j || j->kind != TOME_JSON_OBJECT) return true;
  for (const tome_json *m = j->first; m; m = m->next) {
    const char *text = tome_json_text(m);
    if (!add_name(plan, out, &cap, text ? whole(m->key) : value_of(m), text ? text : m->key, err)) return false;
  }
  return read_regions(plan, j, out, &cap, err);
}

bool tome_dataset_read(tome_scan *s, tome_plan *plan, size_t folder, tome_dataset *out, tome_error *err) {
  const size_t entry = tome_scan_named(s, folder, "dataset.json");
  *out = (tome_dataset){0};
  if (entry == TOME_NOWHERE) return true;
  tome_error why = {0};
  const char *full = s->tree->entries[entry].full;
  const tome_json *j = tome_json_file(full, &s->arena, &why);
  s->claimed[entry] = true;
  if (!j && why.code == TOME_NO_MEMORY) return tome_fail(err, why.code, "%s", why.message);
  if (!j) return tome_plan_pass_over(plan, full, err, "%s; its channels and labels stay without names", why.message);
  const tome_json *channels = tome_json_member(j, "channel_names");
  if (!read_channels(plan, channels ? channels : tome_json_member(j, "modality"), out, err) ||
      !read_labels(plan, tome_json_member(j, "labels"), out, err))
    return false;
  out->modality = modality_of(out);
  return true;
}
