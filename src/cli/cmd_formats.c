/* cmd_formats.c - tome formats: what this build reads and writes. */
#include <string.h>

#include "cli/json.h"
#include "cli/open.h"
#include "cli/say.h"
#include "cli/term.h"
#include "cli/verbs.h"

static void print_json(const char *only) {
  cli_json j = {.out = stdout, .lines = true};
  tome_format_info f;
  cli_json_open(&j, '[');
  for (size_t i = 0; tome_format_at(i, &f); i++) {
    if (only && strcmp(only, f.name) != 0) continue;
    cli_json_open(&j, '{');
    cli_json_put_text(&j, "name", f.name);
    cli_json_put_text(&j, "title", f.title);
    cli_json_put_text(&j, "extensions", f.extensions);
    cli_json_key(&j, "reads");
    cli_json_bool(&j, f.reads);
    cli_json_key(&j, "writes");
    cli_json_bool(&j, f.writes);
    cli_json_put_text(&j, "keeps", f.keeps);
    cli_json_put_text(&j, "loses", f.loses);
    cli_json_close(&j, '}');
  }
  cli_json_close(&j, ']');
}

static void print_table(void) {
  static const char *const titles[] = {"name", "reads", "writes", "names", "what it is"};
  CLI_AUTO_TABLE cli_table *t = cli_table_new(titles, 5);
  tome_format_info f;
  for (size_t i = 0; tome_format_at(i, &f); i++)
    cli_table_add(t, (const char *const[]){f.name, f.reads ? "yes" : "", f.writes ? "yes" : "", f.extensions, f.title});
  cli_table_show(t, stdout);
}

static void print_one(const tome_format_info *f) {
  int width = cli_width(stdout);
  printf("%s - %s\n%s%s\n", f->name, f->title, f->reads ? "read" : "",
         f->writes ? (f->reads ? " and written" : "written") : "");
  const char *const lines[][2] = {{"names  ", f->extensions}, {"keeps  ", f->keeps}, {"loses  ", f->loses}};
  for (size_t i = 0; i < 3; i++) {
    if (!lines[i][1] || !*lines[i][1]) continue;
    fputs(lines[i][0], stdout);
    cli_wrap(stdout, lines[i][1], 7, true, width > 20 ? (size_t)width : 0);
  }
}

/* The format of that name, or the nearest one for the sentence. */
static bool find(const char *name, tome_format_info *out) {
  cli_near near = {.word = name};
  for (size_t i = 0; tome_format_at(i, out); i++) {
    if (strcmp(out->name, name) == 0) return true;
    cli_near_try(&near, out->name);
  }
  if (near.best)
    cli_error("there is no format \"%s\": did you mean %s?", name, near.best);
  else
    cli_error("there is no format \"%s\": \"tome formats\" lists them", name);
  return false;
}

static int run(const cli_args *args) {
  const char *only = args->operand_count ? args->operands[0] : NULL;
  tome_format_info f;
  if (only && !find(only, &f)) return CLI_USAGE;
  if (cli_given(args, "json"))
    print_json(only);
  else if (only)
    print_one(&f);
  else
    print_table();
  return CLI_OK;
}

static const cli_option options[] = {CLI_OPTION_JSON, CLI_OPTIONS_END};

const cli_verb cmd_formats = {
    .name = "formats",
    .group = CLI_GROUP_KNOW,
    .operands = "[NAME]",
    .summary = "file formats that are read and written",
    .about =
        "Lists the formats, or tells of one what survives in it and what is lost. Files are recognised by their bytes; "
        "the name only "
        "decides when writing.",
    .examples = "tome formats\ntome formats nifti",
    .options = options,
    .run = run,
};
