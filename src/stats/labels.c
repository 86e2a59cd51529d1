/* Label values of a map: a census first, then the intensities inside each, then one tome_label a value. */
#include <math.h>
#include <stdlib.h>

#include "stats/census.h"
#include "stats/measure.h"
#include "stats/stats.h"

typedef struct labels {
  tome_census_table census;
  uint32_t slots;    /* values that occur */
  uint32_t *value;   /* by slot, rising */
  uint32_t *slot_of; /* by value */
  tome_range *ranges;
  tome_box *boxes;
  tome_intensity *hu;
  tome_histogram *histogram;
} labels;

static void labels_clear(labels *l) {
  tome_census_table_clear(&l->census);
  free(l->value);
  free(l->slot_of);
  free(l->ranges);
  free(l->boxes);
  free(l->hu);
  free(l->histogram);
}

static bool check_shapes(const tome_volume *map, const tome_volume *image, tome_error *err) {
  const int64_t *m = map->geometry.shape, *i = image->geometry.shape;
  if (map->dtype != TOME_U8 && map->dtype != TOME_U16)
    return tome_fail(err, TOME_USAGE, "a label map is uint8 or uint16, not %s", tome_dtype_name(map->dtype));
  if (!tome_range_of(image->dtype))
    return tome_fail(err, TOME_UNSUPPORTED, "no statistics of %s voxels; store them as int16 or float32",
                     tome_dtype_name(image->dtype));
  if (m[0] != i[0] || m[1] != i[1] || m[2] != i[2])
    return tome_fail(err, TOME_USAGE, "label map of %lldx%lldx%lld voxels for an image of %lldx%lldx%lld",
                     (long long)m[0], (long long)m[1], (long long)m[2], (long long)i[0], (long long)i[1],
                     (long long)i[2]);
  size_t bytes;
  return tome_shape_bytes(m, 4, &bytes) || tome_fail(err, TOME_USAGE, "a volume without voxels, or with too many");
}

static bool number_slots(labels *l, tome_error *err) {
  const tome_census *values = l->census.values;
  l->slot_of = tome_alloc(TOME_VALUES, sizeof *l->slot_of, "label statistics", err);
  if (!l->slot_of) return false;
  for (uint32_t v = 0; v < TOME_VALUES; v++) l->slot_of[v] = values[v].voxels ? l->slots++ : TOME_NO_SLOT;
  l->value = tome_alloc(l->slots, sizeof *l->value, "label statistics", err);
  l->ranges = tome_alloc(l->slots, sizeof *l->ranges, "label statistics", err);
  l->boxes = tome_alloc(l->slots, sizeof *l->boxes, "label statistics", err);
  l->hu = tome_alloc_zero(l->slots, sizeof *l->hu, "label statistics", err);
  l->histogram = tome_alloc_zero(l->slots, sizeof *l->histogram, "label statistics", err);
  if (!l->value || !l->ranges || !l->boxes || !l->hu || !l->histogram) return false;
  for (uint32_t v = 0; v < TOME_VALUES; v++) {
    const uint32_t slot = l->slot_of[v];
    if (slot == TOME_NO_SLOT) continue;
    l->value[slot] = v;
    l->ranges[slot] = values[v].range;
    l->boxes[slot] = values[v].box;
  }
  return true;
}

/* Volume of a voxel in ml. A tilted gantry shears the grid: the determinant tells, not the spacings alone. */
static double voxel_ml(const tome_geometry *g) {
  const double(*d)[3] = g->direction;
  const double det = d[0][0] * (d[1][1] * d[2][2] - d[1][2] * d[2][1]) -
                     d[0][1] * (d[1][0] * d[2][2] - d[1][2] * d[2][0]) +
                     d[0][2] * (d[1][0] * d[2][1] - d[1][1] * d[2][0]);
  const double skew = fabs(fabs(det) - 1) < 1e-5 ? 1 : fabs(det); /* rounded direction cosines are no tilt */
  return g->spacing[0] * g->spacing[1] * g->spacing[2] * skew / 1000;
}

static bool append_label(const labels *l, uint32_t slot, const tome_volume *map, const char *map_name,
                         tome_record *record, tome_error *err) {
  const uint32_t value = l->value[slot];
  const char *name = tome_arena_printf(&record->arena, err, "label_%u", value);
  tome_label *label = name ? tome_record_label(record, err) : NULL;
  if (!label) return false;
  *label = (tome_label){.map = map_name, .name = name, .value = (int32_t)value};
  label->voxels = l->census.values[value].voxels;
  label->ml = (double)label->voxels * voxel_ml(&map->geometry);
  label->box = l->boxes[slot];
  label->hu = l->hu[slot];
  label->histogram = l->histogram[slot];
  label->window_minmax = tome_window_minmax(&label->hu);
  label->window_percentile = tome_window_percentile(&label->hu);
  label->components = l->census.components[value].count;
  label->largest = l->census.components[value].largest;
  return true;
}

static bool append_labels(const labels *l, const tome_volume *map, const char *map_name, tome_record *record,
                          tome_error *err) {
  const char *name = tome_arena_dup(&record->arena, map_name, err);
  if (!name) return false;
  const size_t before = record->label_count;
  for (uint32_t slot = 0; slot < l->slots; slot++) {
    if (append_label(l, slot, map, name, record, err)) continue;
    record->label_count = before;
    return false;
  }
  return true;
}

bool tome_stats_labels(const tome_volume *map, const char *map_name, const tome_volume *image,
                       const uint8_t *padding_mask, const tome_run *run, tome_record *record, tome_error *err) {
  if (!check_shapes(map, image, err)) return false;
  const tome_run fixed = {.threads = tome_threads(run), .stop = run ? run->stop : NULL, .user = run ? run->user : NULL};
  TOME_CLEANUP(labels_clear) labels l = {0};
  if (!tome_census_take(map, image, padding_mask, &fixed, fixed.threads, &l.census, err)) return false;
  if (!number_slots(&l, err)) return false;
  tome_measure m = {.image = image,
                    .run = &fixed,
                    .workers = fixed.threads,
                    .slots = l.slots,
                    .ranges = l.ranges,
                    .boxes = l.boxes,
                    .arena = &record->arena,
                    .hu = l.hu,
                    .histogram = l.histogram};
  m.spans = (tome_spans){.map = map, .padding = padding_mask, .slot_of = l.slot_of};
  for (int a = 0; a < 3; a++) m.spans.shape[a] = map->geometry.shape[a];
  const bool ok = image->dtype == TOME_F32 ? tome_measure_floats(&m, err) : tome_measure_integers(&m, err);
  return ok && append_labels(&l, map, map_name, record, err);
}
