/* cmd_doctor.c - tome doctor: what is wrong with a store, grouped, worst first, without reading its voxels. */
#include <inttypes.h>
#include <string.h>

#include "cli/json.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/term.h"
#include "cli/units.h"
#include "cli/verbs.h"

/* How many cases of a group are told one by one, unless --all. */
enum { TOLD = 5 };

typedef struct report {
  bool all, as_json;
  size_t width;
  cli_json json;
  char *remedy; /* the group's, as printed last */
} report;

static void print_remedy(report *r, const char *remedy) {
  free(r->remedy);
  r->remedy = cli_dup(remedy);
  if (!*remedy) return;
  CLI_AUTO_TEXT char *what = cli_printf("%s %s", cli_utf8() ? "→" : "->", remedy);
  cli_wrap(stdout, what, 9, false, r->width);
}

static void print_finding(report *r, const tome_doctor_finding *f) {
  if (f->number == 0) {
    printf("%-7s  %s: %zu\n", f->severity, f->code, f->of);
    print_remedy(r, f->remedy);
  } else if (!r->all && f->number >= TOLD) {
    if (f->number == TOLD) printf("         %s and %zu more (--all)\n", cli_ellipsis(), f->of - TOLD);
    return;
  } else if (strcmp(f->remedy, r->remedy) != 0) {
    print_remedy(r, f->remedy);
  }
  const char *who = *f->id ? f->id : f->path;
  CLI_AUTO_TEXT char *text = cli_printf("%s%s%s%s", who, f->refused ? " (refused)" : "", *who ? ": " : "", f->text);
  cli_wrap(stdout, text, 11, false, r->width);
}

static void json_finding(cli_json *j, const tome_doctor_finding *f) {
  cli_json_open(j, '{');
  cli_json_put_text(j, "severity", f->severity);
  cli_json_put_text(j, "code", f->code);
  cli_json_put_text(j, "id", f->id);
  cli_json_put_text(j, "text", f->text);
  cli_json_put_text(j, "remedy", f->remedy);
  cli_json_put_text(j, "path", f->path);
  cli_json_key(j, "refused");
  cli_json_bool(j, f->refused);
  cli_json_put_text(j, "found", f->now ? "now" : "ingest");
  cli_json_put_int(j, "group_size", f->of);
  cli_json_close(j, '}');
}

static void on_finding(void *user, const tome_doctor_finding *f) {
  report *r = user;
  if (r->as_json)
    json_finding(&r->json, f);
  else
    print_finding(r, f);
}

static const char *ending(uint64_t n) { return n == 1 ? "" : "s"; }

static void say_summary(const tome_doctor_summary *s, const char *folder) {
  cli_say("%s case%s: %s error%s, %s warning%s, %s to know", cli_units_count(s->cases).s, ending(s->cases),
          cli_units_count(s->errors).s, ending(s->errors), cli_units_count(s->warnings).s, ending(s->warnings),
          cli_units_count(s->infos).s);
  if (folder) cli_say("%s picture%s in %s", cli_units_count(s->pictures).s, ending(s->pictures), folder);
}

static void finish_json(cli_json *j, const tome_doctor_summary *s) {
  cli_json_close(j, ']');
  cli_json_put_int(j, "cases", s->cases);
  cli_json_put_int(j, "errors", s->errors);
  cli_json_put_int(j, "warnings", s->warnings);
  cli_json_put_int(j, "infos", s->infos);
  cli_json_put_int(j, "pictures", s->pictures);
  cli_json_close(j, '}');
}

static int run(const cli_args *args) {
  tome_error err = {0};
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &err);
  if (!store) return cli_failed(&err);
  const tome_doctor_options opt = {.thumbnails = cli_text(args, "output"), .force = cli_given(args, "force")};
  CLI_AUTO_TEXT char *text = NULL;
  size_t length = 0;
  const int columns = cli_width(stdout);
  report r = {.all = cli_given(args, "all"),
              .as_json = cli_given(args, "json"),
              .width = columns > 20 ? (size_t)columns : 0,
              .json = {.out = cli_memory_file(&text, &length), .lines = true}};
  cli_json_open(&r.json, '{');
  cli_json_key(&r.json, "findings");
  cli_json_open(&r.json, '[');
  tome_run how = {0};
  tome_doctor_summary sum = {0};
  cli_progress_begin(&how, (int)cli_int(args, "jobs"), cli_given(args, "quiet"));
  const bool ok = tome_doctor(store, &opt, &how, on_finding, &r, &sum, &err);
  cli_progress_end();
  finish_json(&r.json, &sum);
  fclose(r.json.out);
  free(r.remedy);
  if (!ok) return cli_stopped(&err, "stopped before everything was looked at");
  if (r.as_json) fputs(text, stdout);
  if (!cli_given(args, "quiet")) say_summary(&sum, opt.thumbnails);
  return sum.errors || (cli_given(args, "strict") && sum.warnings) ? CLI_REFUSED : CLI_OK;
}

static const cli_option options[] = {
    {.name = "output",
     .letter = 'o',
     .kind = CLI_TEXT,
     .arg = "FOLDER",
     .help = "write a picture of each case that has an error or a warning: FOLDER/<id>.png"},
    {.name = "force", .kind = CLI_FLAG, .help = "replace FOLDER"},
    {.name = "all", .letter = 'a', .kind = CLI_FLAG, .help = "tell every case, also of large groups"},
    {.name = "strict", .kind = CLI_FLAG, .help = "exit status 1 also where there are only warnings"},
    CLI_OPTION_JOBS,
    CLI_OPTION_JSON,
    CLI_OPTION_QUIET,
    CLI_OPTIONS_END,
};

const cli_verb cmd_doctor = {
    .name = "doctor",
    .group = CLI_GROUP_ASK,
    .operands = "STORE",
    .summary = "say what is wrong with a store and what to do, worst first",
    .about =
        "Lists the problems found while ingesting, compares the index with the case files (missing, of another size, "
        "unreadable, not indexed), and asks the index what ruins data sets: cases unlike the others (spacing, field of "
        "view, orientation, modality, type; values of the image and within structures, volumes and pieces of "
        "structures "
        "whose robust z-score, by median and MAD, is beyond 3.5), values that are no Hounsfield units, no numbers or a "
        "mask's, images, labels and channels that are there twice, also mirrored, and cases of one patient (which must "
        "not lie on both sides of a split), labels and channels that nine in ten cases have, nameless values, labels "
        "that fill the image, are cut off by the scan's end, or that resampling may lose. Reads no voxel (tome verify "
        "reads all of them), but for pictures.\n"
        "The exit status is 0 where no error was found (warnings are told all the same, see --strict), 1 where one "
        "was, 2 where the command line is wrong.",
    .examples =
        "tome doctor liver.tome\ntome doctor liver.tome -o doctor/    # with pictures\n"
        "tome doctor liver.tome --json -q || echo 'do not train on this'",
    .options = options,
    .run = run,
};
