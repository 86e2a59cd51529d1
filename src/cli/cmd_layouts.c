/* cmd_layouts.c - tome layouts: data sets that are recognised by how they lie on disk. */
#include <string.h>

#include "cli/json.h"
#include "cli/say.h"
#include "cli/verbs.h"

static void print_json(void) {
  cli_json j = {.out = stdout, .lines = true};
  tome_layout_info l;
  cli_json_open(&j, '[');
  for (size_t i = 0; tome_layout_at(i, &l); i++) {
    cli_json_open(&j, '{');
    cli_json_put_text(&j, "name", l.name);
    cli_json_put_text(&j, "title", l.title);
    cli_json_put_text(&j, "tree", l.tree);
    cli_json_close(&j, '}');
  }
  cli_json_close(&j, ']');
}

static void print_tree(const char *tree) {
  while (*tree) {
    size_t length = strcspn(tree, "\n");
    printf("    %.*s\n", (int)length, tree);
    tree += length + (tree[length] == '\n');
  }
}

static void print_repairs(void) {
  tome_repair_info r;
  printf("\nknown faults, mended where ingest is asked to: --repair NAME\n");
  for (size_t i = 0; tome_repair_at(i, &r); i++)
    printf("  %s%s%s - %s\n", r.name, r.value ? "=" : "", r.value ? r.value : "", r.what);
}

static int run(const cli_args *args) {
  tome_layout_info l;
  if (cli_given(args, "json")) {
    print_json();
    return CLI_OK;
  }
  for (size_t i = 0; tome_layout_at(i, &l); i++) {
    printf("%s%s - %s\n", i ? "\n" : "", l.name, l.title);
    print_tree(l.tree);
  }
  print_repairs();
  return CLI_OK;
}

static const cli_option options[] = {CLI_OPTION_JSON, CLI_OPTIONS_END};

const cli_verb cmd_layouts = {
    .name = "layouts",
    .group = CLI_GROUP_KNOW,
    .operands = "",
    .summary = "arrangements of files that ingest recognises",
    .about =
        "Lists the data set layouts, most particular first, with a picture of the folder each. Ingest tries them in "
        "this order; --layout "
        "NAME asks for one of them. At the end stand the repairs of known faults that ingest knows: none is made "
        "unasked. Anything else goes in with --image and --label.",
    .examples = "tome layouts",
    .options = options,
    .run = run,
};
