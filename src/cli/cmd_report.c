/* cmd_report.c - tome report: the data set as one page that opens on any computer. */
#include "cli/open.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/verbs.h"

static int run(const cli_args *args) {
  tome_error err = {0};
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &err);
  if (!store) return cli_failed(&err);
  const char *path = cli_text(args, "output");
  const tome_report_options opt = {.title = cli_text(args, "title"),
                                   .no_pictures = cli_given(args, "no-pictures"),
                                   .force = cli_given(args, "force")};
  tome_run how = {0};
  const double began = cli_clock();
  cli_progress_begin(&how, (int)cli_int(args, "jobs"), cli_given(args, "quiet"));
  const bool ok = tome_report_write(store, path, &opt, &how, &err);
  cli_progress_end();
  if (!ok) return cli_stopped(&err, "stopped: no report was written");
  if (!cli_given(args, "quiet")) cli_say("%s written in %.1f s", path, cli_clock() - began);
  return CLI_OK;
}

static const cli_option options[] = {
    {.name = "output", .letter = 'o', .kind = CLI_TEXT, .arg = "FILE", .required = true, .help = "the page: FILE.html"},
    {.name = "title", .kind = CLI_TEXT, .arg = "TEXT", .help = "its title, in place of the store's name"},
    {.name = "no-pictures", .kind = CLI_FLAG, .help = "numbers only: a page of some kilobytes, nobody's anatomy in it"},
    {.name = "force", .kind = CLI_FLAG, .help = "overwrite FILE"},
    CLI_OPTION_JOBS,
    CLI_OPTION_QUIET,
    CLI_OPTIONS_END,
};

const cli_verb cmd_report = {
    .name = "report",
    .group = CLI_GROUP_ASK,
    .operands = "STORE",
    .summary = "the whole data set as one HTML page, with pictures and plots",
    .about =
        "Writes one HTML file that needs nothing else: no network, no folder beside it. It holds plots of shapes, "
        "spacings, values and volumes "
        "of structures, the fingerprint, a table of all cases that sorts and filters, a small picture of each with its "
        "structures outlined, and everything tome doctor found, with what to do. It opens in any browser, light or "
        "dark, and prints. The file appears whole or not at all.",
    .examples =
        "tome report liver.tome -o report.html\n"
        "tome report liver.tome -o numbers.html --no-pictures --title 'Liver CT'",
    .options = options,
    .run = run,
};
