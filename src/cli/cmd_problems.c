/* cmd_problems.c - tome problems: what was found while ingesting, worst first, each with its remedy. */
#include "cli/open.h"
#include "cli/say.h"
#include "cli/term.h"
#include "cli/verbs.h"

#define RANK "CASE severity WHEN 'error' THEN 2 WHEN 'warning' THEN 1 ELSE 0 END"

static void print_one(const cli_kept *k, size_t r, size_t width) {
  const char *id = cli_kept_text(k, r, "case_id"), *path = cli_kept_text(k, r, "path"),
             *remedy = cli_kept_text(k, r, "remedy");
  printf("%-7s  ", cli_kept_text(k, r, "severity"));
  cli_put_clean(stdout, *id ? id : path);
  printf("  %s%s\n", cli_kept_text(k, r, "code"), cli_kept_real(k, r, "refused") > 0 ? "  (refused)" : "");
  cli_wrap(stdout, cli_kept_text(k, r, "text"), 9, false, width);
  if (*id && *path) {
    CLI_AUTO_TEXT char *from = cli_printf("from %s", path);
    cli_wrap(stdout, from, 9, false, width);
  }
  if (!*remedy) return;
  CLI_AUTO_TEXT char *what = cli_printf("%s %s", cli_utf8() ? "→" : "->", remedy);
  cli_wrap(stdout, what, 9, false, width);
}

static int print_rows(const cli_kept *k, const char *store, cli_output how) {
  if (how == CLI_JSON) {
    cli_json j = {.out = stdout, .lines = true};
    cli_kept_json(k, &j);
  } else if (how == CLI_CSV) {
    cli_printer p = {.how = CLI_CSV, .out = stdout};
    const char *const *names = (const char *const *)k->names;
    cli_printer_row(&p, k->columns, names, NULL);
    for (size_t r = 0; r < k->rows; r++) cli_printer_row(&p, k->columns, names, k->values + r * k->columns);
    cli_printer_end(&p, true);
  } else {
    int width = cli_width(stdout);
    for (size_t r = 0; r < k->rows; r++) print_one(k, r, width > 20 ? (size_t)width : 0);
    if (k->rows == 0) cli_say("no problems in %s", store);
  }
  return CLI_OK;
}

/* A mistyped id has no problems either: it must be a case, or a source that was refused. */
static bool known(tome_store *store, const char *id, tome_error *err) {
  CLI_AUTO_KEPT cli_kept rows = {0};
  if (!cli_kept_query(&rows, store, "SELECT 1 FROM cases WHERE id = ?1 UNION SELECT 1 FROM problems WHERE case_id = ?1",
                      id, err))
    return false;
  if (rows.rows > 0) return true;
  CLI_AUTO_CASE tome_case *opened = tome_case_open(store, id, err); /* for its sentence, which knows the nearest one */
  return opened != NULL;
}

static int run(const cli_args *args) {
  tome_error err = {0};
  cli_output how;
  if (!cli_output_of(args, &how, &err)) return cli_failed(&err);
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &err);
  if (!store) return cli_failed(&err);
  const char *id = args->operand_count > 1 ? args->operands[1] : NULL;
  CLI_AUTO_TEXT char *sql =
      cli_printf("SELECT severity, case_id, code, text, remedy, path, refused FROM problems WHERE " RANK
                 " >= %d %s ORDER BY " RANK " DESC, case_id, number",
                 cli_choice(args, "severity"), id ? "AND case_id = ?1" : "");
  CLI_AUTO_KEPT cli_kept kept = {0};
  if ((id && !known(store, id, &err)) || !cli_kept_query(&kept, store, sql, id, &err)) return cli_failed(&err);
  return print_rows(&kept, id ? id : args->operands[0], how);
}

static const cli_option options[] = {
    {.name = "severity",
     .letter = 's',
     .kind = CLI_CHOICE,
     .arg = "WORD",
     .choices = "info warning error",
     .fallback = "info",
     .help = "this bad at least"},
    CLI_OPTION_CSV,
    CLI_OPTION_JSON,
    CLI_OPTIONS_END,
};

const cli_verb cmd_problems = {
    .name = "problems",
    .group = CLI_GROUP_ASK,
    .operands = "STORE [CASE]",
    .summary = "list what was found wrong while ingesting, with the remedy",
    .about =
        "Lists the problems of all cases, or of one, worst first: geometry that does not fit, labels that are empty, "
        "not integral, outside "
        "their image or mirrored against it, implausible values, the same scan twice. A refused source is listed until "
        "an ingest takes it.",
    .examples =
        "tome problems liver.tome\ntome problems liver.tome --severity error --csv\ntome problems liver.tome volume-28",
    .options = options,
    .run = run,
};
