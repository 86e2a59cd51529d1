/* cmd_show.c - tome show: everything known of one case, on one screen. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/blocks.h"
#include "cli/open.h"
#include "cli/say.h"
#include "cli/term.h"
#include "cli/units.h"
#include "cli/verbs.h"

/* What the index says of a case; each is one query for ?1, the id. */
enum { CASE, LABELS, PROBLEMS, REPAIRS, SOURCES, PARTS };
static const struct {
  const char *name, *sql;
} parts[PARTS] = {
    [CASE] = {"case", "SELECT * FROM cases WHERE id = ?1"},
    [LABELS] = {"labels",
                "SELECT l.*, p.level, p.width, m.level AS minmax_level, m.width AS minmax_width FROM labels AS l"
                " LEFT JOIN windows AS p ON p.case_id = l.case_id AND p.map = l.map AND p.value = l.value AND p.method "
                "= 'percentile'"
                " LEFT JOIN windows AS m ON m.case_id = l.case_id AND m.map = l.map AND m.value = l.value AND m.method "
                "= 'minmax'"
                " WHERE l.case_id = ?1 ORDER BY l.map, l.value"},
    [PROBLEMS] =
        {"problems",
         "SELECT severity, code, text, remedy, path FROM problems WHERE case_id = ?1 AND refused = 0 ORDER BY number"},
    [REPAIRS] = {"repairs", "SELECT kind, text FROM repairs WHERE case_id = ?1 ORDER BY number"},
    [SOURCES] =
        {"sources",
         "SELECT role, count(*) AS files, sum(bytes) AS bytes, min(path) AS first, max(path) AS last FROM sources"
         " WHERE case_id = ?1 GROUP BY role ORDER BY min(number)"},
};

typedef struct known {
  cli_kept part[PARTS];
} known;

static void known_clear(known *k) {
  for (int i = 0; i < PARTS; i++) cli_kept_clear(&k->part[i]);
}

static double zyx_of(const cli_kept *k, const char *what, double out[3]) {
  static const char axes[] = "zyx";
  char name[32];
  for (int a = 0; a < 3; a++) {
    snprintf(name, sizeof name, "%s_%c", what, axes[a]);
    out[a] = cli_kept_real(k, 0, name);
  }
  return out[0] * out[1] * out[2];
}

static cli_units hu(const cli_kept *k, size_t row, const char *name) {
  return cli_units_hu(cli_kept_real(k, row, name));
}

static void show_grid(const cli_kept *c) {
  double shape[3], spacing[3], size[3];
  double voxels = zyx_of(c, "shape", shape);
  zyx_of(c, "spacing", spacing);
  for (int a = 0; a < 3; a++) size[a] = round(shape[a] * spacing[a]);
  printf("shape        %s (z,y,x), %s, %s voxels\n", cli_units_shape(shape).s, cli_kept_text(c, 0, "dtype"),
         cli_units_count((uint64_t)voxels).s);
  printf("spacing      %s mm; %s mm in all\n", cli_units_spacing(spacing).s, cli_units_shape(size).s);
  printf("origin       %s, %s, %s mm (x,y,z, LPS); z,y,x point to %s\n",
         cli_units_real(cli_kept_real(c, 0, "origin_x"), 2).s, cli_units_real(cli_kept_real(c, 0, "origin_y"), 2).s,
         cli_units_real(cli_kept_real(c, 0, "origin_z"), 2).s, cli_kept_text(c, 0, "orientation"));
  double tilt = cli_kept_real(c, 0, "tilt");
  if (tilt > 0.01) printf("tilt         %s degrees\n", cli_units_real(tilt, 2).s);
}

static void show_values(const cli_kept *c) {
  const char *units = cli_kept_text(c, 0, "units");
  printf("values       %s %s %s%s%s, mean %s, std %s\n", hu(c, 0, "hu_min").s, cli_range(), hu(c, 0, "hu_max").s,
         *units ? " " : "", units, hu(c, 0, "hu_mean").s, hu(c, 0, "hu_std").s);
  printf("percentiles  0.5: %s  5: %s  25: %s  50: %s  75: %s  95: %s  99.5: %s\n", hu(c, 0, "hu_p005").s,
         hu(c, 0, "hu_p05").s, hu(c, 0, "hu_p25").s, hu(c, 0, "hu_p50").s, hu(c, 0, "hu_p75").s, hu(c, 0, "hu_p95").s,
         hu(c, 0, "hu_p995").s);
  double padding = cli_kept_real(c, 0, "padding");
  if (padding > 0) printf("padding      %s voxels, now air, in no statistic\n", cli_units_count((uint64_t)padding).s);
}

/* Per cent of the bytes that are left on disk: label maps shrink to almost nothing. */
static cli_units share(uint64_t stored, uint64_t bytes) {
  double percent = bytes ? 100.0 * (double)stored / (double)bytes : 0;
  return cli_units_real(percent, percent < 9.95 ? 1 : 0);
}

/* How the volumes lie in the case file. */
static void show_volumes(const tome_case *opened) {
  const char *name;
  int width = cli_width(stdout);
  for (size_t i = 0; (name = tome_case_volume(opened, i)); i++) {
    tome_volume_info info;
    if (!tome_case_info(opened, name, &info, NULL)) continue;
    uint64_t bytes = tome_dtype_size(info.dtype);
    for (int a = 0; a < 3; a++) bytes *= (uint64_t)info.geometry.shape[a];
    const double chunk[3] = {(double)info.chunk[0], (double)info.chunk[1], (double)info.chunk[2]};
    CLI_AUTO_TEXT char *text = cli_printf("%s: %s, %s, chunks %s, %s of %s (%s %%)", name, tome_dtype_name(info.dtype),
                                          info.codec, cli_units_shape(chunk).s, cli_units_bytes(info.stored_bytes).s,
                                          cli_units_bytes(bytes).s, share(info.stored_bytes, bytes).s);
    printf("%-11s  ", i == 0 ? "stored" : "");
    cli_wrap(stdout, text, 13, true, width > 20 ? (size_t)width : 0);
  }
}

/* The table of labels: the columns that matter most fit a terminal of 80, the others wait for a wide one or a pipe. */
enum { MAP, VALUE, NAME, VOXELS, ML, SLICES, RANGE, MEAN, STD, WINDOW, MINMAX, PIECES, COLUMNS, WIDE_ENOUGH = 120 };
static const struct {
  const char *title;
  bool wide_only;
} columns[COLUMNS] = {
    [MAP] = {"label map", true},
    [VALUE] = {"value", false},
    [NAME] = {"name", false},
    [VOXELS] = {"voxels", true},
    [ML] = {"ml", false},
    [SLICES] = {"slices", false},
    [RANGE] = {"min max", false},
    [MEAN] = {"mean", false},
    [STD] = {"std", true},
    [WINDOW] = {"window L/W", false},
    [MINMAX] = {"min-max L/W", true},
    [PIECES] = {"pieces", false},
};

/* The cells of `all` that a terminal this wide has room for. */
static size_t pick(const char *const *all, int width, const char **out) {
  size_t n = 0;
  for (int c = 0; c < COLUMNS; c++)
    if (!columns[c].wide_only || width == 0 || width >= WIDE_ENOUGH) out[n++] = all[c];
  return n;
}

static void label_row(cli_table *t, const cli_kept *l, size_t r, int width) {
  char value[64];
  double first = cli_kept_real(l, r, "z_first"), last = cli_kept_real(l, r, "z_last");
  CLI_AUTO_TEXT char *slices = isfinite(first) ? cli_printf("%.0f-%.0f", first, last) : cli_dup("");
  CLI_AUTO_TEXT char *range = cli_printf("%s %s %s", hu(l, r, "hu_min").s, cli_range(), hu(l, r, "hu_max").s);
  CLI_AUTO_TEXT char *window = cli_printf("%s/%s", hu(l, r, "level").s, hu(l, r, "width").s);
  CLI_AUTO_TEXT char *minmax = cli_printf("%s/%s", hu(l, r, "minmax_level").s, hu(l, r, "minmax_width").s);
  cli_units voxels = cli_units_count((uint64_t)cli_kept_real(l, r, "voxels")),
            ml = cli_units_ml(cli_kept_real(l, r, "ml"));
  cli_units mean = hu(l, r, "hu_mean"), std = hu(l, r, "hu_std"),
            pieces = cli_units_real(cli_kept_real(l, r, "components"), 0);
  const char *all[COLUMNS] = {[MAP] = cli_kept_text(l, r, "map"),
                              [VALUE] = cli_value_shown(cli_kept_at(l, r, "value"), value),
                              [NAME] = cli_kept_text(l, r, "name"),
                              [VOXELS] = voxels.s,
                              [ML] = ml.s,
                              [SLICES] = slices,
                              [RANGE] = range,
                              [MEAN] = mean.s,
                              [STD] = std.s,
                              [WINDOW] = window,
                              [MINMAX] = minmax,
                              [PIECES] = pieces.s};
  if (!(cli_kept_real(l, r, "hu_count") > 0)) all[RANGE] = all[MEAN] = all[STD] = all[WINDOW] = all[MINMAX] = "";
  const char *cells[COLUMNS];
  pick(all, width, cells);
  cli_table_add(t, cells);
}

static void show_labels(const cli_kept *l) {
  if (l->rows == 0) return;
  int width = cli_width(stdout);
  const char *titles[COLUMNS], *cells[COLUMNS];
  for (int c = 0; c < COLUMNS; c++) titles[c] = columns[c].title;
  size_t count = pick(titles, width, cells);
  CLI_AUTO_TABLE cli_table *t = cli_table_new(cells, count);
  for (size_t r = 0; r < l->rows; r++) label_row(t, l, r, width);
  putchar('\n');
  cli_table_show(t, stdout);
}

static void show_list(const cli_kept *k, const char *title, const char *first, const char *second, const char *third) {
  if (k->rows == 0) return;
  int width = cli_width(stdout);
  printf("\n%s\n", title);
  for (size_t r = 0; r < k->rows; r++) {
    const char *more = third ? cli_kept_text(k, r, third) : "";
    CLI_AUTO_TEXT char *line = cli_printf("%s: %s%s%s", cli_kept_text(k, r, first), cli_kept_text(k, r, second),
                                          *more ? (cli_utf8() ? " → " : " -> ") : "", more);
    cli_wrap(stdout, line, 2, false, width > 20 ? (size_t)width : 0);
  }
}

static void show_sources(const cli_kept *s) {
  for (size_t r = 0; r < s->rows; r++) {
    double files = cli_kept_real(s, r, "files");
    printf("%s", r == 0 ? "\nfrom\n  " : "  ");
    cli_put_clean(stdout, cli_kept_text(s, r, "role"));
    fputs(": ", stdout);
    cli_put_clean(stdout, cli_kept_text(s, r, "first"));
    if (files > 1) {
      printf(" %s ", cli_range());
      cli_put_clean(stdout, cli_kept_text(s, r, "last"));
      printf(", %.0f files", files);
    }
    printf(", %s\n", cli_units_bytes((uint64_t)cli_kept_real(s, r, "bytes")).s);
  }
}

static void show_all(const known *k, const tome_case *opened) {
  const cli_kept *c = &k->part[CASE];
  const char *modality = cli_kept_text(c, 0, "modality");
  cli_put_clean(stdout, cli_kept_text(c, 0, "id"));
  printf("  (%s%s%s layout)\n", modality, *modality ? ", " : "", cli_kept_text(c, 0, "layout"));
  show_grid(c);
  show_values(c);
  if (opened) show_volumes(opened);
  printf("voxel hash   %s\n", cli_kept_text(c, 0, "voxel_hash"));
  const char *series = cli_kept_text(c, 0, "series_uid");
  if (*series) printf("series       %s\n", series);
  show_labels(&k->part[LABELS]);
  show_list(&k->part[PROBLEMS], "problems", "severity", "text", "remedy");
  show_list(&k->part[REPAIRS], "repairs", "kind", "text", NULL);
  show_sources(&k->part[SOURCES]);
}

static void json_volumes(cli_json *j, const tome_case *opened) {
  const char *name;
  cli_json_key(j, "volumes");
  cli_json_open(j, '[');
  for (size_t i = 0; opened && (name = tome_case_volume(opened, i)); i++) {
    tome_volume_info info;
    if (!tome_case_info(opened, name, &info, NULL)) continue;
    const double chunk[3] = {(double)info.chunk[0], (double)info.chunk[1], (double)info.chunk[2]};
    cli_json_open(j, '{');
    cli_json_put_text(j, "name", name);
    cli_json_put_text(j, "dtype", tome_dtype_name(info.dtype));
    cli_json_put_text(j, "codec", info.codec);
    cli_json_put_zyx(j, "chunk", chunk);
    cli_json_put_int(j, "stored_bytes", info.stored_bytes);
    cli_json_put_text(j, "voxel_hash", info.voxel_hash);
    cli_json_close(j, '}');
  }
  cli_json_close(j, ']');
}

static void print_json(const known *k, const tome_case *opened) {
  cli_json j = {.out = stdout, .lines = true};
  cli_json_open(&j, '{');
  cli_json_key(&j, parts[CASE].name);
  cli_kept_json_row(&k->part[CASE], 0, &j);
  json_volumes(&j, opened);
  for (int i = CASE + 1; i < PARTS; i++) {
    cli_json_key(&j, parts[i].name);
    cli_kept_json(&k->part[i], &j);
  }
  cli_json_close(&j, '}');
}

enum { PICTURE_COLUMNS = 48, PICTURE_ROWS = 22, SPARKS = 64 };

/* On a terminal, a slice through the labels; where it fails, nothing: it is an ornament. */
static void show_picture(tome_store *store, const char *id) {
  const int colours = cli_colours(stdout), room = cli_width(stdout);
  int width = room - 1 < PICTURE_COLUMNS ? room - 1 : PICTURE_COLUMNS, height = 2 * PICTURE_ROWS;
  uint8_t rgb[PICTURE_COLUMNS * 2 * PICTURE_ROWS * 3];
  if (!colours || width < 8 || !tome_thumbnail(store, id, &width, &height, rgb, NULL)) return;
  cli_put_blocks(stdout, rgb, width, height, colours);
}

static void show_sparkline(tome_store *store, const char *id) {
  uint64_t counts[SPARKS];
  double lo, hi;
  const int width = cli_width(stdout), bars = width - 44 < SPARKS ? width - 44 : SPARKS;
  if (!cli_redraws(stdout) || !cli_utf8() || bars < 8) return;
  if (!tome_histogram_bars(store, id, (size_t)bars, counts, &lo, &hi, NULL)) return;
  printf("histogram    %s ", cli_units_hu(lo).s);
  cli_put_sparkline(stdout, counts, (size_t)bars);
  printf(" %s  (log)\n", cli_units_hu(hi).s);
}

/* Nothing in the index: the case file says whether there is such a case, and which id is near. */
static int absent(tome_store *store, const char *id) {
  tome_error err = {0};
  CLI_AUTO_CASE tome_case *opened = tome_case_open(store, id, &err);
  if (!opened) return cli_failed(&err);
  cli_error("%s is in the store but not in its index: run tome reindex %s", id, tome_path(store));
  return CLI_REFUSED;
}

static int run(const cli_args *args) {
  tome_error err = {0};
  const char *id = args->operands[1];
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &err);
  if (!store) return cli_failed(&err);
  __attribute__((cleanup(known_clear))) known k = {0};
  for (int i = 0; i < PARTS; i++)
    if (!cli_kept_query(&k.part[i], store, parts[i].sql, id, &err)) return cli_failed(&err);
  if (k.part[CASE].rows == 0) return absent(store, id);
  CLI_AUTO_CASE tome_case *opened = tome_case_open(store, id, &err);
  if (cli_given(args, "json"))
    print_json(&k, opened);
  else {
    show_picture(store, id);
    show_sparkline(store, id);
    show_all(&k, opened);
  }
  return opened ? CLI_OK : cli_failed(&err);
}

static const cli_option options[] = {CLI_OPTION_JSON, CLI_OPTIONS_END};

const cli_verb cmd_show = {
    .name = "show",
    .group = CLI_GROUP_ASK,
    .operands = "STORE CASE",
    .summary = "everything known of one case",
    .about =
        "Prints the grid, the image's values, how it is stored, one line a label (volume, slices, values, display "
        "windows as level/width: "
        "from the 0.5 to 99.5 percentiles and from min to max, connected pieces), the problems with their remedies, "
        "the repairs and the "
        "sources. Slices count from 0.\n"
        "On a terminal that shows colours a small picture and the values' histogram come first; NO_COLOR leaves the "
        "picture out.",
    .examples = "tome show liver.tome volume-3\ntome show liver.tome volume-3 --json",
    .options = options,
    .run = run,
};
