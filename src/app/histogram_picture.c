/* tome histogram: the counts that the store keeps, as a picture. No voxel is read. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/picture.h"
#include "ops/ops.h"

static bool goes_by(const tome_label *l, const char *name) {
  return !name || tome_label_goes_by(l, name) || !strcmp(l->map, name);
}

static bool window_of(const tome_record *r, const char *text, tome_window *out, const char **name, tome_error *err) {
  char *end;
  *name = text;
  if (!text || !strcmp(text, "auto")) {
    const bool ct = !strcmp(r->units, "HU");
    *out = ct ? (tome_window){40, 400} : tome_window_percentile(&r->intensity);
    *name = ct ? "abdomen" : "0.5 to 99.5 %";
    return true;
  }
  out->level = strtod(text, &end);
  if (end != text && *end == ',') {
    const char *second = end + 1;
    out->width = strtod(second, &end);
    *name = "";
    if (end != second && !*end && isfinite(out->level) && isfinite(out->width) && out->width > 0) return true;
  }
  if (tome_tissue_window(text, &out->level, &out->width)) return true;
  for (size_t i = 0; i < r->label_count; i++)
    if (tome_label_goes_by(&r->labels[i], text) && r->labels[i].window_percentile.width > 0) {
      *out = r->labels[i].window_percentile;
      return true;
    }
  return tome_fail(err, TOME_USAGE,
                   "window \"%s\": is neither LEVEL,WIDTH (40,400) nor auto, nor a tissue, nor a label of %s", text,
                   r->id);
}

static bool layers_of(tome_record *r, const char *label, tome_chart *chart, tome_error *err) {
  tome_chart_layer *layers = tome_arena_alloc(&r->arena, (r->label_count + 1) * sizeof *layers, err);
  if (!layers) return false;
  for (size_t i = 0; i < r->label_count; i++)
    if (r->labels[i].voxels && r->labels[i].histogram.bins && goes_by(&r->labels[i], label))
      layers[chart->layer_count++] =
          (tome_chart_layer){r->labels[i].name, &r->labels[i].histogram, tome_label_colour(i)};
  chart->layers = layers;
  return chart->layer_count || !label ||
         tome_fail(err, TOME_NOT_FOUND, "%s has no label \"%s\" with voxels in it", r->id, label);
}

/* The counts of one channel take the place of the image's; those of labels are known of the first channel only. */
static bool use_channel(tome_record *r, const char *channel, tome_error *err) {
  char list[300] = "";
  for (size_t i = 0; channel && i < r->channel_count; i++) {
    if (strcmp(r->channels[i].name, channel)) {
      snprintf(list + strlen(list), sizeof list - strlen(list), "%s%.40s", *list ? ", " : "", r->channels[i].name);
      if (strlen(list) > 200) break;
      continue;
    }
    r->histogram = r->channels[i].histogram;
    r->intensity = r->channels[i].intensity;
    if (i > 0) r->label_count = 0;
    return true;
  }
  return !channel || tome_fail(err, TOME_NOT_FOUND, "%s has no channel \"%s\"; it has %s", r->id, channel,
                               *list ? list : "one image only");
}

static bool draw(tome_record *r, const char *path, const tome_preview_options *o, tome_error *err) {
  const int width = o->size ? o->size : 1600;
  tome_chart chart = {.title = r->id,
                      .units = r->units,
                      .histogram = &r->histogram,
                      .width = width,
                      .height = (int)(width * 0.5),
                      .light = o->light};
  if (!use_channel(r, o->channel, err)) return false;
  const tome_intensity *i = &r->intensity;
  chart.text = tome_arena_printf(&r->arena, err, "%s%s%llu voxels  ·  %g … %g %s  ·  mean %.1f, median %.0f",
                                 o->channel ? o->channel : "", o->channel ? "  ·  " : "", (unsigned long long)i->count,
                                 i->min, i->max, r->units, i->mean, i->percentile[TOME_P50]);
  TOME_CLEANUP(tome_canvas_clear) tome_canvas c = {0};
  return chart.text && window_of(r, o->window, &chart.window, &chart.window_name, err) &&
         layers_of(r, o->label, &chart, err) && tome_draw_chart(&chart, &c, NULL, err) &&
         tome_put_picture(&c, path, o->force, err);
}

static bool read_record(tome_store *store, const char *id, tome_record *out, tome_error *err) {
  TOME_AUTO_FREE char *path = tome_case_path(store, id, err);
  if (!path) return false;
  if (!tome_file_exists(path)) return tome_fail_no_case(store, id, err);
  return tome_read_record(store, id, out, err);
}

bool tome_histogram_picture(tome_store *store, const char *id, const char *path, const tome_preview_options *opt,
                            tome_error *err) {
  static const tome_preview_options standard = {0};
  TOME_CLEANUP(tome_record_clear) tome_record r = {0};
  if (!opt) opt = &standard;
  return tome_preview_check(opt, path, err) && read_record(store, id, &r, err) && draw(&r, path, opt, err);
}

bool tome_histogram_bars(tome_store *store, const char *id, size_t bars, uint64_t *counts, double *lo, double *hi,
                         tome_error *err) {
  TOME_CLEANUP(tome_record_clear) tome_record r = {0};
  if (!read_record(store, id, &r, err)) return false;
  const tome_histogram *h = &r.histogram;
  memset(counts, 0, bars * sizeof *counts);
  for (size_t i = 0; bars && i < h->bins; i++) counts[i * bars / h->bins] += h->counts[i];
  *lo = h->lo;
  *hi = h->lo + (double)h->bins * h->width;
  return true;
}
