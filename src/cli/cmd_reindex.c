/* cmd_reindex.c - tome reindex: the index and the archive, made again from the case files. */
#include "cli/json.h"
#include "cli/open.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/units.h"
#include "cli/verbs.h"

static int run(const cli_args *args) {
  tome_error err = {0};
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &err);
  if (!store) return cli_failed(&err);
  uint64_t cases = 0;
  tome_run run;
  double began = cli_clock();
  cli_progress_begin(&run, (int)cli_int(args, "jobs"), cli_given(args, "quiet"));
  bool ok = tome_reindex(store, &run, &cases, &err);
  cli_progress_end();
  if (!ok) return cli_stopped(&err, "stopped; run tome reindex again to finish");
  if (cli_given(args, "json")) {
    cli_json j = {.out = stdout};
    cli_json_open(&j, '{');
    cli_json_put_int(&j, "cases", cases);
    cli_json_close(&j, '}');
  }
  if (!cli_given(args, "quiet"))
    cli_say("%s case%s indexed in %s", cli_units_count(cases).s, cases == 1 ? "" : "s",
            cli_units_seconds(cli_clock() - began).s);
  return CLI_OK;
}

static const cli_option options[] = {CLI_OPTION_JOBS, CLI_OPTION_JSON, CLI_OPTION_QUIET, CLI_OPTIONS_END};

const cli_verb cmd_reindex = {
    .name = "reindex",
    .group = CLI_GROUP_KEEP,
    .operands = "STORE",
    .summary = "make the index again from the case files",
    .about =
        "Builds index.sqlite and archive.h5 anew from cases/*.h5. The case files are the truth: a lost or damaged "
        "index loses nothing. "
        "No voxel is read.",
    .examples = "tome reindex liver.tome",
    .options = options,
    .run = run,
};
