/* cmd_ingest.c - tome ingest: scans and labels into a store. The options; what it tells while it runs is in ingest_report.c. */
#include <string.h>

#include "cli/ingest_report.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/verbs.h"

/* The words of each choice stand in the order of the enum in tome.h. */
static const char trusts[] = "none image", codecs[] = "deflate zstd lz4 none";

static bool layout_known(const char *name, tome_error *err) {
  tome_layout_info l;
  cli_near near = {.word = name};
  for (size_t i = 0; tome_layout_at(i, &l); i++) {
    if (strcmp(l.name, name) == 0) return true;
    cli_near_try(&near, l.name);
  }
  if (near.best) return cli_fail(err, "there is no layout \"%s\": did you mean %s?", name, near.best);
  return cli_fail(err, "there is no layout \"%s\": \"tome layouts\" lists them", name);
}

/* Things that the table of options cannot say. */
static bool consistent(const cli_args *args, tome_error *err) {
  bool image = cli_given(args, "image"), roots = args->operand_count > 1;
  if (!image && !roots)
    return cli_fail(err, "ingest needs a ROOT (a folder or file to walk) or --image: tome ingest STORE ROOT...");
  if (image && roots)
    return cli_fail(err, "--image says one case outright and leaves no room for the ROOT \"%s\": give one or the other",
                    args->operands[1]);
  if (!image && cli_given(args, "label"))
    return cli_fail(err, "--label NAME=PATH belongs to an --image: give that too");
  if (!image && cli_given(args, "channel"))
    return cli_fail(err, "--channel NAME=PATH belongs to an --image: give that too");
  if (cli_given(args, "image-name") && !cli_given(args, "channel"))
    return cli_fail(err, "--image-name is what --image is called among --channel NAME=PATH: give one of those too");
  if (!image && cli_given(args, "id")) return cli_fail(err, "--id names the one case of --image: give that too");
  if (image && cli_given(args, "layout")) return cli_fail(err, "--layout is for a ROOT; --image needs none");
  static const int highest[] = {12, 22, 12, 0};
  int codec = cli_choice(args, "codec");
  if (cli_int(args, "level") > highest[codec])
    return cli_fail(err, "--level %d is beyond what %s has: 0 (its default) to %d", (int)cli_int(args, "level"),
                    cli_text(args, "codec"), highest[codec]);
  return !cli_given(args, "layout") || layout_known(cli_text(args, "layout"), err);
}

/* NAME=PATH options as the library wants them; the names are copies. */
static tome_named_path *pairs_of(const cli_args *args, const char *option, size_t *count) {
  const cli_value *v = cli_value_of(args, option);
  tome_named_path *labels = cli_alloc(v->count, sizeof *labels);
  for (size_t i = 0; i < v->count; i++) {
    const char *equals = strchr(v->texts[i], '=');
    labels[i].name = cli_printf("%.*s", (int)(equals - v->texts[i]), v->texts[i]);
    labels[i].path = equals + 1;
  }
  *count = v->count;
  return labels;
}

static void free_pairs(tome_named_path *labels, size_t count) {
  for (size_t i = 0; i < count; i++) free((void *)(uintptr_t)labels[i].name);
  free(labels);
}

static tome_ingest_options options_of(const cli_args *args) {
  tome_ingest_options o = {
      .roots = args->operands + 1,
      .root_count = args->operand_count - 1,
      .layout = cli_text(args, "layout"),
      .id = cli_text(args, "id"),
      .image = cli_text(args, "image"),
      .gap = (tome_gap)cli_choice(args, "gap"),
      .duplicate = (tome_duplicate)cli_choice(args, "duplicate"),
      .uneven = (tome_uneven)cli_choice(args, "uneven"),
      .trust = (tome_trust)cli_choice(args, "trust"),
      .threshold = cli_real(args, "threshold"),
      .series = cli_text(args, "series"),
      .merge = cli_text(args, "merge"),
      .image_name = cli_text(args, "image-name"),
      .repairs = cli_value_of(args, "repair")->texts,
      .repair_count = cli_value_of(args, "repair")->count,
      .codec = (tome_codec)cli_choice(args, "codec"),
      .level = (int)cli_int(args, "level"),
      .keep_identity = cli_given(args, "keep-identity"),
      .replace = cli_given(args, "replace"),
  };
  memcpy(o.spacing, cli_value_of(args, "spacing")->number, sizeof o.spacing);
  return o;
}

static int run(const cli_args *args) {
  tome_error err = {0};
  if (!consistent(args, &err)) return cli_failed(&err);
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &err);
  if (!store) return cli_failed(&err);
  tome_ingest_options how = options_of(args);
  tome_named_path *labels = pairs_of(args, "label", &how.label_count);
  tome_named_path *channels = pairs_of(args, "channel", &how.channel_count);
  how.labels = labels;
  how.channels = channels;
  ingest_report report = {
      .json = cli_given(args, "json"), .quiet = cli_given(args, "quiet"), .verbose = cli_given(args, "verbose")};
  tome_ingest_summary summary = {0};
  tome_run run;
  cli_progress_begin(&run, (int)cli_int(args, "jobs"), report.quiet);
  bool ok = tome_ingest(store, &how, &run, ingest_report_event, &report, &summary, &err);
  cli_progress_end();
  int status = ok ? ingest_report_done(&report, &summary) : ingest_report_failed(&report, &err);
  ingest_report_clear(&report);
  free_pairs(labels, how.label_count);
  free_pairs(channels, how.channel_count);
  return status;
}

static const cli_option options[] = {
    {.name = "layout",
     .letter = 'L',
     .kind = CLI_TEXT,
     .arg = "NAME",
     .help = "take the ROOTs to be of this layout (see tome layouts), instead of recognising it"},
    {.name = "image",
     .letter = 'i',
     .kind = CLI_TEXT,
     .arg = "PATH",
     .help = "one case said outright: its image, a file or a folder of slices"},
    {.name = "label",
     .letter = 'l',
     .kind = CLI_PAIR,
     .arg = "NAME=PATH",
     .repeats = true,
     .help = "a label of --image, a file or a folder of slices"},
    {.name = "channel",
     .kind = CLI_PAIR,
     .arg = "NAME=PATH",
     .repeats = true,
     .help = "a further image of the case, on --image's grid (another MR sequence)"},
    {.name = "image-name",
     .kind = CLI_TEXT,
     .arg = "NAME",
     .help = "what --image is called among the channels, instead of image"},
    {.name = "id",
     .kind = CLI_TEXT,
     .arg = "CASE",
     .help = "the id of the case of --image, instead of the image's name"},
    CLI_OPTIONS_STACKING,
    {.name = "trust",
     .kind = CLI_CHOICE,
     .arg = "WORD",
     .choices = trusts,
     .fallback = "none",
     .help = "a label of the image's shape that lies elsewhere in space: believe the image"},
    {.name = "threshold",
     .kind = CLI_REAL,
     .arg = "V",
     .lo = 0.001,
     .hi = 1e6,
     .help = "gray label masks become voxel >= V"},
    {.name = "spacing",
     .kind = CLI_ZYX,
     .arg = "Z,Y,X",
     .lo = 0.0001,
     .hi = 1000,
     .help = "mm, for files that carry none (PNG); one number stands for all three"},
    {.name = "repair",
     .kind = CLI_TEXT,
     .arg = "NAME",
     .repeats = true,
     .help = "mend a known fault where it is found: lits-spacing (with --spacing), kits19-axes, flip-label=z|y|x. A "
             "label that flip-label leaves as it is, since it lies on the body (CT), is "
             "told of and listed by problems; flip-label=z:all turns every one"},
    {.name = "merge",
     .kind = CLI_TEXT,
     .arg = "RULES",
     .help = "paint label maps into one, later ones over earlier ones: liver=1,livertumor*=2"},
    {.name = "replace",
     .kind = CLI_FLAG,
     .help = "a case of the same id with other voxels is replaced instead of refused"},
    {.name = "keep-identity", .kind = CLI_FLAG, .help = "keep patient name, id, birth date and study date"},
    {.name = "codec",
     .kind = CLI_CHOICE,
     .arg = "WORD",
     .choices = codecs,
     .fallback = "deflate",
     .help = "compression of chunks; only deflate and none open without a plugin everywhere"},
    {.name = "level",
     .kind = CLI_INT,
     .arg = "N",
     .lo = 0,
     .hi = 22,
     .fallback = "0",
     .help = "effort of the codec; 0: its measured default"},
    CLI_OPTION_JOBS,
    {.name = "json",
     .kind = CLI_FLAG,
     .help = "print one JSON object a line: each event as it happens, the summary last"},
    {.name = "verbose", .letter = 'v', .kind = CLI_FLAG, .help = "tell of every case and every note as it happens"},
    CLI_OPTION_QUIET,
    CLI_OPTIONS_END,
};

const cli_verb cmd_ingest = {
    .name = "ingest",
    .group = CLI_GROUP_IN,
    .operands = "STORE [ROOT...]",
    .summary = "take scans and their labels into a store",
    .about =
        "Walks each ROOT, recognises how the data set lies on disk (tome layouts) and takes every case in: image, "
        "labels, geometry, statistics. "
        "File formats are told by their bytes (tome formats lists them). Anything else about the arrangement can be "
        "said outright with "
        "--image and --label.\n"
        "Faults of geometry or labels are refused with a sentence that names the remedy; each repair is asked for by "
        "an option and stays on record "
        "in the case. One bad case never stops the others.\n"
        "What is in already is skipped: an ingest that was stopped, by Ctrl-C or a power cut, goes on where it was "
        "when it is run again. "
        "Names, ids and dates of patients are left out.\n"
        "The exit status is 1 where something was refused, where labels were left out because no image of theirs was "
        "found, and where no case was found at all.",
    .examples =
        "tome ingest liver.tome ~/LITS17 ~/3Dircadb1\n"
        "tome ingest liver.tome ~/3Dircadb1 --merge liver=1,livertumor*=2\n"
        "tome ingest heads.tome ~/head-ct --gap=fill --jobs 2\n"
        "tome ingest own.tome --image ct/ --label liver=liver.nii.gz --label tumor=masks/ --id patient-7\n"
        "tome ingest brains.tome --image t1.nii.gz --image-name t1 --channel t1ce=t1ce.nii.gz --channel "
        "flair=flair.nii.gz\n"
        "tome ingest own.tome cases.csv\n"
        "tome ingest em.tome --image train/image --label membrane=train/label --spacing 50,4,4",
    .options = options,
    .run = run,
};
