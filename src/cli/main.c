/* main.c - finds the command, reads its arguments, runs it. */
#include <locale.h>
#include <signal.h>
#include <string.h>

#include "cli/say.h"
#include "cli/verbs.h"

/* What stands for a command without being one. */
static const char *verb_name(const char *word) {
  if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) return "help";
  if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) return "version";
  return word;
}

static int run(const cli_verb *verb, int argc, char **argv) {
  cli_args args;
  tome_error err = {0};
  int status = CLI_OK;
  if (!cli_args_parse(verb, argc, argv, &args, &err))
    status = cli_failed(&err);
  else if (args.help)
    cli_help_verb(stdout, verb);
  else
    status = verb->run(&args);
  cli_args_clear(&args);
  return status;
}

int main(int argc, char **argv) {
  setlocale(LC_CTYPE, "");
  signal(SIGPIPE, SIG_DFL); /* `tome ls … | head` ends quietly, whatever the parent had set */
  if (argc < 2) {
    cli_help_overview(stdout);
    return cli_finish(CLI_OK);
  }
  if (strcmp(argv[1], "--man") == 0) { /* for the build */
    cli_man_commands(stdout);
    return cli_finish(CLI_OK);
  }
  const cli_verb *verb = cli_verb_find(verb_name(argv[1]));
  return cli_finish(verb ? run(verb, argc - 2, argv + 2) : cli_verb_unknown(argv[1]));
}
