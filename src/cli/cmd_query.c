/* cmd_query.c - tome query: any read-only SELECT over the index. */
#include "cli/open.h"
#include "cli/rows.h"
#include "cli/say.h"
#include "cli/verbs.h"

static int run(const cli_args *args) {
  tome_error err = {0};
  cli_printer printer = {.out = stdout};
  if (!cli_output_of(args, &printer.how, &err)) return cli_failed(&err);
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &err);
  if (!store) return cli_failed(&err);
  bool ok = tome_query(store, args->operands[1], args->operands + 2, args->operand_count - 2, cli_real(args, "seconds"),
                       cli_printer_row, &printer, &err);
  cli_printer_end(&printer, ok);
  return ok ? CLI_OK : cli_failed(&err);
}

static const cli_option options[] = {
    CLI_OPTION_CSV,
    CLI_OPTION_JSON,
    {.name = "seconds",
     .kind = CLI_REAL,
     .arg = "S",
     .lo = 0.1,
     .hi = 86400,
     .fallback = "30",
     .help = "give up after this long"},
    CLI_OPTIONS_END,
};

const cli_verb cmd_query = {
    .name = "query",
    .group = CLI_GROUP_ASK,
    .operands = "STORE SQL [PARAM...]",
    .summary = "ask the index in SQL",
    .about =
        "Runs one SELECT over the index and prints the rows. Nothing can be changed this way. PARAMs stand for ?1, ?2 "
        "... in the SQL.\n"
        "The view `cases` has one row a case: id, modality, shape_z, spacing_z, hu_min, hu_max, hu_mean, hu_p995, "
        "labels, "
        "problems ... and, for each kind of structure in the store (liver, tumor ...), tumor_ml, tumor_voxels, "
        "tumor_hu_min, "
        "tumor_hu_max, tumor_hu_mean, tumor_z_first, tumor_z_last, tumor_level, tumor_width, tumor_components. Beside "
        "it stand the "
        "tables labels, windows, structures, intensity, sources, repairs, problems.\n"
        "Real numbers are shortened in the table; CSV and JSON hold all their digits.",
    .examples =
        "tome query liver.tome \"SELECT id, tumor_hu_min, tumor_hu_max FROM cases WHERE tumor_ml > 5 ORDER BY tumor_ml "
        "DESC\"\n"
        "tome query liver.tome \"SELECT * FROM labels WHERE case_id = ?1\" volume-3 --csv > labels.csv\n"
        "tome query liver.tome \"SELECT sql FROM sqlite_schema\"",
    .options = options,
    .run = run,
};
