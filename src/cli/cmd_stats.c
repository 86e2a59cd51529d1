/* cmd_stats.c - tome stats: the fingerprint of the data set, as nnU-Net plans by. */
#include <inttypes.h>

#include "cli/json.h"
#include "cli/open.h"
#include "cli/say.h"
#include "cli/term.h"
#include "cli/units.h"
#include "cli/verbs.h"

static void print_json(const tome_fingerprint *f, const char *label) {
  cli_json j = {.out = stdout, .lines = true};
  cli_json_open(&j, '{');
  cli_json_put_int(&j, "cases", f->cases);
  cli_json_put_int(&j, "cases_with_label", f->cases_with_label);
  cli_json_put_text(&j, "label", label);
  cli_json_put_zyx(&j, "shape_min", f->shape_min);
  cli_json_put_zyx(&j, "shape_median", f->shape_median);
  cli_json_put_zyx(&j, "shape_max", f->shape_max);
  cli_json_put_zyx(&j, "spacing_min", f->spacing_min);
  cli_json_put_zyx(&j, "spacing_median", f->spacing_median);
  cli_json_put_zyx(&j, "spacing_max", f->spacing_max);
  cli_json_put_int(&j, "voxels", f->voxels);
  const struct {
    const char *name;
    double v;
  } reals[] = {{"min", f->min},
               {"max", f->max},
               {"mean", f->mean},
               {"std", f->std},
               {"p005", f->p005},
               {"p05", f->p05},
               {"p50", f->p50},
               {"p95", f->p95},
               {"p995", f->p995},
               {"window_level", f->window_level},
               {"window_width", f->window_width}};
  for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
    cli_json_put_real(&j, reals[i].name, f->voxels ? reals[i].v : 0.0 / 0.0);
  cli_json_close(&j, '}');
}

static void print_grids(const tome_fingerprint *f) {
  static const char *const titles[] = {"each axis on its own (z,y,x)", "min", "median", "max"};
  CLI_AUTO_TABLE cli_table *t = cli_table_new(titles, 4);
  const cli_units shape[] = {cli_units_shape(f->shape_min), cli_units_shape(f->shape_median),
                             cli_units_shape(f->shape_max)};
  const cli_units step[] = {cli_units_spacing(f->spacing_min), cli_units_spacing(f->spacing_median),
                            cli_units_spacing(f->spacing_max)};
  cli_table_add(t, (const char *const[]){"shape, voxels", shape[0].s, shape[1].s, shape[2].s});
  cli_table_add(t, (const char *const[]){"spacing, mm", step[0].s, step[1].s, step[2].s});
  cli_table_show(t, stdout);
}

static void print_foreground(const tome_fingerprint *f) {
  printf("\nvoxels      %s\n", cli_units_count(f->voxels).s);
  printf("range       %s %s %s, mean %s, std %s\n", cli_units_hu(f->min).s, cli_range(), cli_units_hu(f->max).s,
         cli_units_hu(f->mean).s, cli_units_hu(f->std).s);
  static const char *const titles[] = {"percentile", "0.5", "5", "50", "95", "99.5"};
  CLI_AUTO_TABLE cli_table *t = cli_table_new(titles, 6);
  const cli_units p[] = {cli_units_hu(f->p005), cli_units_hu(f->p05), cli_units_hu(f->p50), cli_units_hu(f->p95),
                         cli_units_hu(f->p995)};
  cli_table_add(t, (const char *const[]){"value", p[0].s, p[1].s, p[2].s, p[3].s, p[4].s});
  cli_table_show(t, stdout);
  printf("\nsuggested window: level %s, width %s (percentiles 0.5 to 99.5)\n", cli_units_hu(f->window_level).s,
         cli_units_hu(f->window_width).s);
}

/* A name that no case has is mistyped: said so, with the nearest one. */
static int absent(tome_store *store, const char *name) {
  tome_error err = {0};
  CLI_AUTO_KEPT cli_kept known = {0};
  cli_near near = {.word = name};
  if (!cli_kept_query(&known, store, "SELECT DISTINCT name FROM labels", NULL, &err)) return cli_failed(&err);
  for (size_t r = 0; r < known.rows; r++) cli_near_try(&near, cli_kept_text(&known, r, "name"));
  if (near.best)
    cli_error("no case has a structure \"%s\": did you mean %s?", name, near.best);
  else
    cli_error("no case has a structure \"%s\": tome ls %s shows which there are", name, tome_path(store));
  return CLI_REFUSED;
}

static int run(const cli_args *args) {
  tome_error err = {0};
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &err);
  if (!store) return cli_failed(&err);
  tome_fingerprint f = {0};
  const char *label = cli_text(args, "label");
  if (!tome_fingerprint_of(store, label, &f, &err)) return cli_failed(&err);
  if (label && f.cases_with_label == 0) return absent(store, label);
  if (cli_given(args, "json")) {
    print_json(&f, label);
    return CLI_OK;
  }
  printf("%" PRIu64 " cases, %" PRIu64 " with %s\n\n", f.cases, f.cases_with_label, label ? label : "labels");
  if (f.cases > 0) print_grids(&f);
  if (f.voxels > 0)
    print_foreground(&f);
  else if (label)
    printf("\nno voxel is inside a label \"%s\": nothing to say of its values\n", label);
  else
    printf("\nno voxel is inside any label: nothing to say of the foreground\n");
  return CLI_OK;
}

static const cli_option options[] = {
    {.name = "label",
     .letter = 'l',
     .kind = CLI_TEXT,
     .arg = "NAME",
     .help = "only voxels inside this structure, instead of inside any label"},
    CLI_OPTION_JSON,
    CLI_OPTIONS_END,
};

const cli_verb cmd_stats = {
    .name = "stats",
    .group = CLI_GROUP_ASK,
    .operands = "STORE",
    .summary = "the fingerprint: spacings, shapes, foreground values, a window",
    .about =
        "Sums up all cases: shapes and spacings, and the image values of every voxel inside any label (the "
        "\"foreground\" of nnU-Net's "
        "CT scheme): range, mean, population std, percentiles, and the display window that the 0.5 to 99.5 percentiles "
        "give. "
        "Everything was measured while ingesting: no voxel is read.",
    .examples = "tome stats liver.tome\ntome stats liver.tome --label tumor --json",
    .options = options,
    .run = run,
};
