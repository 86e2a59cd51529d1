/* cmd_info.c - tome info: what files are, before anything is done with them. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/json.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/term.h"
#include "cli/units.h"
#include "cli/verbs.h"

enum { FEW_VALUES = 20, BARS = 64, JSON_BINS = 4096 };

typedef struct report {
  bool json;
  uint64_t shown;
} report;

/* ---- text ---- */

static void show_shape(const tome_volume_facts *v) {
  const tome_geometry *g = &v->geometry;
  const double shape[3] = {(double)g->shape[0], (double)g->shape[1], (double)g->shape[2]};
  printf("shape        %s (z,y,x)", cli_units_shape(shape).s);
  if (v->channels > 1) printf(", %d samples a voxel", v->channels);
  if (v->stored) printf(", %s", tome_dtype_name(v->stored));
  if (v->dtype && v->dtype != v->stored) printf(" as stored, %s as values", tome_dtype_name(v->dtype));
  if (v->slope != 1 || v->intercept != 0) printf(" (stored*%.9g%+.9g)", v->slope, v->intercept);
  putchar('\n');
}

static void show_place(const tome_volume_facts *v) {
  const tome_geometry *g = &v->geometry;
  if (!v->placed) {
    printf("spacing      not said\n");
    return;
  }
  printf("spacing      %s mm\n", cli_units_spacing(g->spacing).s);
  printf("origin       %s, %s, %s mm (x,y,z, LPS); z,y,x point to %s\n", cli_units_real(g->origin[0], 2).s,
         cli_units_real(g->origin[1], 2).s, cli_units_real(g->origin[2], 2).s, v->orientation);
  if (fabs(v->tilt_degrees) > 0.01) printf("tilt         %s degrees\n", cli_units_real(v->tilt_degrees, 2).s);
}

/* One character a bar, eight heights (ten in plain ASCII); the square root keeps small counts in sight beside air. */
static void show_histogram(const tome_sample_facts *f) {
  static const char *const fine[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static const char coarse[] = " .:-=+*#@";
  uint64_t bars[BARS] = {0}, most = 1;
  const size_t count = f->bins < BARS ? f->bins : BARS;
  for (size_t i = 0; i < f->bins; i++) bars[i * count / f->bins] += f->histogram[i];
  for (size_t i = 0; i < count; i++) most = bars[i] > most ? bars[i] : most;
  fputs("histogram    ", stdout);
  for (size_t i = 0; i < count; i++) {
    const int height = bars[i] ? 1 + (int)(7 * sqrt((double)bars[i] / (double)most)) : 0;
    if (cli_utf8())
      fputs(fine[height], stdout);
    else
      putchar(coarse[height]);
  }
  putchar('\n');
}

static void show_values(const tome_sample_facts *f, int channel, int channels) {
  static const char *const ranks[] = {"0.5", "5", "25", "50", "75", "95", "99.5"};
  if (channels > 1) printf("sample %d\n", channel);
  if (f->padding) printf("padding      %s voxels, in no statistic\n", cli_units_count(f->padding).s);
  if (f->not_finite) printf("not finite   %s voxels, in no statistic\n", cli_units_count(f->not_finite).s);
  if (!f->count) return;
  printf("values       %s %s %s, mean %s, std %s\n", cli_units_sig(f->min).s, cli_range(), cli_units_sig(f->max).s,
         cli_units_sig(f->mean).s, cli_units_sig(f->std).s);
  fputs("percentiles ", stdout);
  for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++)
    printf(" %s: %s%s", ranks[i], cli_units_sig(f->percentile[i]).s, i + 1 < sizeof ranks / sizeof *ranks ? " " : "\n");
  show_histogram(f);
  if (!f->value_count || f->value_count > FEW_VALUES) return;
  fputs("counts       ", stdout);
  for (size_t i = 0; i < f->value_count; i++)
    printf("%s%s: %s", i ? "  " : "", cli_units_sig(f->values[i]).s, cli_units_count(f->value_counts[i]).s);
  putchar('\n');
}

static void show_line(const char *title, const char *text) {
  const int width = cli_width(stdout);
  printf("%-11s  ", title);
  cli_wrap(stdout, text, 13, true, width > 20 ? (size_t)width : 0);
}

static void show_volume(const tome_volume_facts *v) {
  show_shape(v);
  show_place(v);
  if (*v->modality || *v->series_uid)
    printf("series       %s%s%s\n", v->modality, *v->modality && *v->series_uid ? " " : "", v->series_uid);
  if (v->palette) printf("palette      %d colours; the values are indices into it\n", v->palette);
  if (*v->alpha) printf("alpha        %s\n", v->alpha);
  if (v->lossy) printf("compression  lossy: no labels as they are\n");
  for (int k = 0; v->samples && k < v->channels; k++) show_values(&v->samples[k], k, v->channels);
}

static void show(const tome_volume_facts *v) {
  cli_put_clean(stdout, v->input);
  if (strcmp(v->path, v->input) != 0 && strncmp(v->path, v->input, strlen(v->path)) != 0) {
    fputs(" (", stdout);
    cli_put_clean(stdout, v->path);
    fputs(v->files > 1 ? " …)" : ")", stdout);
  }
  putchar('\n');
  if (*v->format) printf("format       %s", v->format);
  if (*v->format && *v->name) printf(", array %s", v->name);
  if (*v->format && v->files > 1) printf(", %" PRIu64 " files", v->files);
  if (*v->format) putchar('\n');
  if (!*v->fault && v->geometry.shape[0]) show_volume(v);
  if (!*v->fault && !v->geometry.shape[0] && *v->modality) printf("drawing      %s\n", v->modality);
  for (size_t i = 0; i < v->note_count; i++) show_line("note", v->notes[i]);
  if (*v->fault) show_line("fault", v->fault);
}

/* ---- JSON ---- */

static void put_reals(cli_json *j, const char *name, const double *v, size_t n) {
  cli_json_key(j, name);
  cli_json_open(j, '[');
  for (size_t i = 0; i < n; i++) cli_json_real(j, v[i]);
  cli_json_close(j, ']');
}

static void put_real(cli_json *j, const char *name, double v) {
  cli_json_key(j, name);
  cli_json_real(j, v);
}

/* At most JSON_BINS counts: neighbours are added up where there are more. */
static void put_histogram(cli_json *j, const tome_sample_facts *f) {
  const size_t fold = (f->bins + JSON_BINS - 1) / JSON_BINS;
  cli_json_key(j, "histogram");
  cli_json_open(j, '{');
  put_real(j, "lo", f->histogram_lo);
  put_real(j, "width", f->histogram_width * (double)(fold ? fold : 1));
  cli_json_key(j, "counts");
  cli_json_open(j, '[');
  for (size_t i = 0; i < f->bins; i += fold) {
    uint64_t sum = 0;
    for (size_t k = i; k < i + fold && k < f->bins; k++) sum += f->histogram[k];
    cli_json_int(j, (int64_t)sum);
  }
  cli_json_close(j, ']');
  cli_json_close(j, '}');
}

static void put_sample(cli_json *j, const tome_sample_facts *f) {
  cli_json_open(j, '{');
  cli_json_put_int(j, "count", f->count);
  cli_json_put_int(j, "padding", f->padding);
  cli_json_put_int(j, "not_finite", f->not_finite);
  put_real(j, "min", f->min);
  put_real(j, "max", f->max);
  put_real(j, "mean", f->mean);
  put_real(j, "std", f->std);
  static const char *const names[] = {"p0_5", "p5", "p25", "p50", "p75", "p95", "p99_5"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) put_real(j, names[i], f->percentile[i]);
  put_histogram(j, f);
  if (f->value_count) {
    cli_json_key(j, "values");
    cli_json_open(j, '[');
    for (size_t i = 0; i < f->value_count; i++) {
      cli_json_open(j, '{');
      put_real(j, "value", f->values[i]);
      cli_json_put_int(j, "count", f->value_counts[i]);
      cli_json_close(j, '}');
    }
    cli_json_close(j, ']');
  }
  cli_json_close(j, '}');
}

static void put_grid(cli_json *j, const tome_volume_facts *v) {
  const tome_geometry *g = &v->geometry;
  cli_json_key(j, "shape");
  cli_json_open(j, '[');
  for (int a = 0; a < 3; a++) cli_json_int(j, g->shape[a]);
  if (v->channels > 1) cli_json_int(j, v->channels);
  cli_json_close(j, ']');
  cli_json_put_int(j, "channels", (uint64_t)(v->channels > 1 ? v->channels : 1));
  if (v->stored) cli_json_put_text(j, "stored", tome_dtype_name(v->stored));
  if (v->dtype) cli_json_put_text(j, "dtype", tome_dtype_name(v->dtype));
  put_real(j, "slope", v->slope);
  put_real(j, "intercept", v->intercept);
  cli_json_key(j, "placed");
  cli_json_bool(j, v->placed);
  if (!v->placed) return;
  put_reals(j, "spacing", g->spacing, 3);
  put_reals(j, "origin", g->origin, 3);
  cli_json_key(j, "direction");
  cli_json_open(j, '[');
  for (int a = 0; a < 3; a++) {
    cli_json_open(j, '[');
    for (int k = 0; k < 3; k++) cli_json_real(j, g->direction[a][k]);
    cli_json_close(j, ']');
  }
  cli_json_close(j, ']');
  cli_json_put_text(j, "orientation", v->orientation);
  put_real(j, "tilt", v->tilt_degrees);
}

static void put_picture(cli_json *j, const tome_volume_facts *v) {
  if (v->palette) cli_json_put_int(j, "palette", (uint64_t)v->palette);
  if (*v->alpha) cli_json_put_text(j, "alpha", v->alpha);
  if (!v->lossy) return;
  cli_json_key(j, "lossy");
  cli_json_bool(j, true);
}

static void put(const tome_volume_facts *v) {
  cli_json j = {.out = stdout};
  cli_json_open(&j, '{');
  cli_json_put_text(&j, "input", v->input);
  cli_json_put_text(&j, "path", v->path);
  if (*v->name) cli_json_put_text(&j, "name", v->name);
  cli_json_put_text(&j, "format", v->format);
  cli_json_put_int(&j, "files", v->files);
  if (*v->modality) cli_json_put_text(&j, "modality", v->modality);
  if (*v->series_uid) cli_json_put_text(&j, "series", v->series_uid);
  if (v->geometry.shape[0]) put_grid(&j, v);
  put_picture(&j, v);
  if (v->samples) {
    cli_json_key(&j, "samples");
    cli_json_open(&j, '[');
    for (int k = 0; k < v->channels; k++) put_sample(&j, &v->samples[k]);
    cli_json_close(&j, ']');
  }
  cli_json_key(&j, "notes");
  cli_json_open(&j, '[');
  for (size_t i = 0; i < v->note_count; i++) cli_json_text(&j, v->notes[i]);
  cli_json_close(&j, ']');
  if (*v->fault) {
    cli_json_put_text(&j, "fault", v->fault);
    cli_json_put_text(&j, "code", v->code);
  }
  cli_json_close(&j, '}');
}

/* ---- the command ---- */

static void on_facts(void *user, const tome_volume_facts *v) {
  report *r = user;
  cli_progress_hold();
  if (r->json) {
    put(v);
  } else {
    if (r->shown++) putchar('\n');
    show(v);
  }
  cli_progress_release();
}

static int run(const cli_args *args) {
  tome_error err = {0};
  report r = {.json = cli_given(args, "json")};
  const tome_inspect_options how = {args->operands, args->operand_count, cli_given(args, "headers")};
  uint64_t faults = 0;
  tome_run run;
  cli_progress_begin(&run, (int)cli_int(args, "jobs"), r.json);
  const bool ok = tome_inspect(&how, &run, on_facts, &r, &faults, &err);
  cli_progress_end();
  if (!ok) return cli_stopped(&err, "stopped");
  return faults ? CLI_REFUSED : CLI_OK;
}

static const cli_option options[] = {
    {.name = "headers", .kind = CLI_FLAG, .help = "read headers only: no ranges, no histogram, no counts"},
    CLI_OPTION_JOBS,
    {.name = "json", .kind = CLI_FLAG, .help = "print one JSON object a line for each volume"},
    CLI_OPTIONS_END,
};

const cli_verb cmd_info = {
    .name = "info",
    .group = CLI_GROUP_KNOW,
    .operands = "FILE...",
    .summary = "what a file, a folder of slices or an array in a file is",
    .about =
        "Says of each volume in the files, folders and quoted patterns what it is: format, shape (z,y,x), element "
        "type, spacing, orientation, the range of its values with percentiles and a histogram, and how often each "
        "value occurs where they are few (label maps). Arrays in files that hold several are named FILE:NAME.\n"
        "What cannot be read or stacked is told with the reason and the remedy.\nThe exit status is 1 where there was "
        "any such.",
    .examples =
        "tome info volume.nii.gz\n"
        "tome info series/ --headers\n"
        "tome info results.h5:/volume-3/image\n"
        "tome info labels/*.png --json",
    .options = options,
    .run = run,
};
