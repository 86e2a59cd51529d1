/* cmd_convert.c - tome convert: files of one format into files of another. */
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/verbs.h"

static const char dtypes[] = "uint8 int8 uint16 int16 uint32 int32 uint64 int64 float32 float64";
static const tome_dtype dtype_of[] = {TOME_U8,  TOME_I8,  TOME_U16, TOME_I16, TOME_U32,
                                      TOME_I32, TOME_U64, TOME_I64, TOME_F32, TOME_F64};

enum { FEW = 4 }; /* so many inputs are told of one by one */

typedef struct report {
  bool json, quiet, each;
} report;

static void on_event(void *user, const tome_event *e) {
  report *r = user;
  static const char *const kinds[] = {"written", "skipped", "failed", "note"};
  if (r->json) {
    cli_json j = {.out = stdout};
    cli_json_open(&j, '{');
    cli_json_put_text(&j, "event", kinds[e->kind]);
    cli_json_put_text(&j, "input", e->id);
    cli_json_put_text(&j, "path", e->path);
    cli_json_put_text(&j, "text", e->text);
    cli_json_close(&j, '}');
    return;
  }
  if (e->kind == TOME_EVENT_REFUSED) cli_say("%s: %s", strstr(e->text, e->id) ? "failed" : e->id, e->text);
  if (r->quiet) return;
  if (e->kind == TOME_EVENT_NOTE) cli_say("%s: %s", e->id, e->text);
  if (e->kind == TOME_EVENT_ADDED && r->each) cli_say("%s → %s (%s)", e->id, e->path, e->text);
}

/* "40,400" */
static bool parse_window(const char *text, double *level, double *width, tome_error *err) {
  char *end;
  *level = strtod(text, &end);
  if (end != text && *end == ',') {
    const char *second = end + 1;
    *width = strtod(second, &end);
    if (end != second && !*end && *width > 0) return true;
  }
  return cli_fail(err, "--window %s: wants LEVEL,WIDTH with a width above 0: 40,400", text);
}

static bool options_of(const cli_args *args, tome_convert_options *o, tome_error *err) {
  *o = (tome_convert_options){
      .inputs = args->operands,
      .input_count = args->operand_count - 1,
      .output = args->operands[args->operand_count - 1],
      .to = cli_text(args, "to"),
      .like = cli_text(args, "like"),
      .series = cli_text(args, "series"),
      .gap = (tome_gap)cli_choice(args, "gap"),
      .duplicate = (tome_duplicate)cli_choice(args, "duplicate"),
      .uneven = (tome_uneven)cli_choice(args, "uneven"),
      .gray = cli_given(args, "gray"),
      .drop_alpha = cli_given(args, "drop-alpha"),
      .has_threshold = cli_given(args, "threshold"),
      .threshold = cli_real(args, "threshold"),
      .remap = cli_text(args, "remap"),
      .scale = cli_given(args, "scale") ? cli_real(args, "scale") : 0,
      .dtype = cli_given(args, "dtype") ? dtype_of[cli_choice(args, "dtype")] : TOME_NONE,
      .clamp = cli_given(args, "clamp"),
      .codec = cli_text(args, "codec"),
      .level = cli_given(args, "uncompressed") ? -1 : (int)cli_int(args, "level"),
      .force = cli_given(args, "force"),
      .labels = cli_given(args, "labels"),
      .to_16_bits = cli_given(args, "to-16-bits"),
      .sync = cli_given(args, "sync"),
  };
  memcpy(o->spacing, cli_value_of(args, "spacing")->number, sizeof o->spacing);
  const char *window = cli_text(args, "window");
  return !window || parse_window(window, &o->window_level, &o->window_width, err);
}

static int run(const cli_args *args) {
  tome_error err = {0};
  tome_convert_options how;
  if (!options_of(args, &how, &err)) return cli_failed(&err);
  report r = {.json = cli_given(args, "json"),
              .quiet = cli_given(args, "quiet"),
              .each = how.input_count <= FEW || cli_given(args, "verbose")};
  tome_convert_summary sum = {0};
  tome_run run;
  cli_keep_memory();
  cli_progress_begin(&run, (int)cli_int(args, "jobs"), r.quiet);
  const bool ok = tome_convert(&how, &run, on_event, &r, &sum, &err);
  cli_progress_end();
  if (!ok) return cli_stopped(&err, "stopped; what is written is whole");
  if (!r.quiet && !r.json && sum.written + sum.failed > 1)
    cli_say("%llu written, %llu failed, in %.1f s", (unsigned long long)sum.written, (unsigned long long)sum.failed,
            sum.seconds);
  return sum.failed ? CLI_REFUSED : CLI_OK;
}

static const cli_option options[] = {
    {.name = "to",
     .letter = 't',
     .kind = CLI_TEXT,
     .arg = "FORMAT",
     .help = "the format to write, where OUTPUT's name does not say it (see tome formats)"},
    {.name = "spacing",
     .kind = CLI_ZYX,
     .arg = "Z,Y,X",
     .lo = 0.0001,
     .hi = 1000,
     .help = "mm, for files that carry none (pictures, npy); one number stands for all three"},
    {.name = "like", .kind = CLI_TEXT, .arg = "FILE", .help = "an image whose grid a stack of pictures takes"},
    CLI_OPTIONS_STACKING,
    {.name = "labels",
     .letter = 'l',
     .kind = CLI_FLAG,
     .help = "the inputs are label maps: whole numbers, of palettes the indices; a name in .dcm becomes a SEG"},
    {.name = "gray", .kind = CLI_FLAG, .help = "colours become luma (ITU-R 601, as PIL's L)"},
    {.name = "drop-alpha", .kind = CLI_FLAG, .help = "leave the alpha of pictures out"},
    {.name = "threshold",
     .kind = CLI_REAL,
     .arg = "V",
     .lo = -1e12,
     .hi = 1e12,
     .help = "values from V up become 1, others 0"},
    {.name = "remap", .kind = CLI_TEXT, .arg = "OLD=NEW,...", .help = "values into others: 255=0,2=1"},
    {.name = "scale",
     .kind = CLI_REAL,
     .arg = "F",
     .lo = -1e12,
     .hi = 1e12,
     .help = "multiply by F; gives float32 unless --dtype says otherwise"},
    {.name = "window",
     .kind = CLI_TEXT,
     .arg = "LEVEL,WIDTH",
     .help = "that range becomes 0 to 255 (0 to 1 with --dtype float32)"},
    {.name = "dtype",
     .kind = CLI_CHOICE,
     .arg = "TYPE",
     .choices = dtypes,
     .help = "element type to write; a value that does not fit is an error"},
    {.name = "clamp",
     .kind = CLI_FLAG,
     .help = "values that do not fit become the nearest that do, instead of an error"},
    {.name = "codec",
     .kind = CLI_CHOICE,
     .arg = "WORD",
     .choices = "none jpegls j2k",
     .help = "compression of DICOM pixels, both lossless"},
    {.name = "to-16-bits", .kind = CLI_FLAG, .help = "scale what DICOM's 16 bits cannot hold as it is"},
    {.name = "level",
     .kind = CLI_INT,
     .arg = "N",
     .lo = 0,
     .hi = 22,
     .fallback = "0",
     .help = "effort of compression; 0: the format's default"},
    {.name = "uncompressed", .kind = CLI_FLAG, .help = "no compression, in formats that leave the choice"},
    {.name = "force", .letter = 'f', .kind = CLI_FLAG, .help = "overwrite files that are there"},
    CLI_OPTION_SYNC,
    CLI_OPTION_JOBS,
    {.name = "json", .kind = CLI_FLAG, .help = "print one JSON object a line for each file written, failed or noted"},
    {.name = "verbose", .letter = 'v', .kind = CLI_FLAG, .help = "tell of every file that is written"},
    CLI_OPTION_QUIET,
    CLI_OPTIONS_END,
};

const cli_verb cmd_convert = {
    .name = "convert",
    .group = CLI_GROUP_OUT,
    .operands = "INPUT... OUTPUT",
    .summary = "turn files of one format into files of another",
    .about =
        "Reads files, folders and quoted patterns of any format that \"tome formats\" lists, by their bytes, and "
        "writes them as what OUTPUT's name says. Into one "
        "file all inputs go together: the slices of a DICOM series, or pictures stacked in the order of their numbers. "
        "Into a folder (its name ends in '/'), or a "
        "pattern with {name}, {n} or {z}, each input goes by itself; a folder's format is said by --to or by a word in "
        "its name (label_npy/).\n"
        "Values stay as they are (CT becomes HU); what does not fit the type asked for is an error that names the "
        "value, unless --clamp. They are changed in this order: --gray, --threshold, --remap, --scale, --window, "
        "--dtype. Spacing, origin and "
        "orientation go along where both formats hold them; pictures take theirs from --spacing or --like.\n"
        "DICOM segmentations and structure sets are read too, on the grid of --like; {label} in OUTPUT gives each "
        "structure a file.\n"
        "Nothing is overwritten without --force, and each file appears whole or not at all. The exit status is 1 where "
        "an input failed.",
    .examples =
        "tome convert series/ out.nii.gz\n"
        "tome convert vol.nii out_dicom/\n"
        "tome convert a.mha slices/{z:03}.png --window 40,400\n"
        "tome convert label_png/*.png label_npy/ --remap 255=0\n"
        "tome convert masks/*.png seg.nii.gz --like volume.nii.gz\n"
        "tome convert vol.nii.gz all.h5:/ct/image\n"
        "tome convert train/*.tif imgs_train.npy\n"
        "tome convert seg.dcm seg.nii.gz --like series/\n"
        "tome convert seg.nii.gz seg.dcm --labels --like series/",
    .options = options,
    .run = run,
};
