/* cmd_plan.c - tome plan: what a recipe would do to a case, before any voxel is read. */
#include "cli/open.h"
#include "cli/say.h"
#include "cli/verbs.h"

static void print(void *user, const char *lines) {
  (void)user;
  fputs(lines, stdout);
}

static int run(const cli_args *args) {
  tome_error err = {0};
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &err);
  if (!store) return cli_failed(&err);
  const tome_recipe_text recipe = {.steps = (const char *const *)args->operands + 2,
                                   .step_count = args->operand_count - 2,
                                   .file = cli_text(args, "recipe")};
  if (!tome_explain(store, args->operands[1], &recipe, cli_text(args, "box"), print, NULL, &err))
    return cli_failed(&err);
  return CLI_OK;
}

static const cli_option options[] = {
    {.name = "recipe",
     .letter = 'r',
     .kind = CLI_TEXT,
     .arg = "FILE",
     .help = "steps from a file, one a line, before those of the command line"},
    {.name = "box", .letter = 'b', .kind = CLI_TEXT, .arg = "Z0:Z1,Y0:Y1,X0:X1", .help = "of the result"},
    CLI_OPTIONS_END,
};

const cli_verb cmd_plan = {
    .name = "plan",
    .group = CLI_GROUP_OUT,
    .operands = "STORE CASE [STEP...]",
    .summary = "show what a recipe would do, before any voxel is read",
    .about =
        "Shows for each step the shape, spacing and type that come out of it, and which box and how many chunks of the "
        "case it "
        "would read.",
    .examples = "tome plan liver.tome volume-3 resample:spacing=1 window:tumor --box 0:96,100:196,100:196",
    .options = options,
    .run = run,
};
