/* man.c - the commands as sections of the manual page. docs/man/tome.1.in holds the rest; the build puts the two together, so
 * that the page and --help never differ. */
#include <stdlib.h>
#include <string.h>

#include "cli/say.h"
#include "cli/term.h"
#include "cli/verbs.h"

/* Text with what troff would take for markup escaped; '\n' begins a new paragraph. */
static void put_roff(FILE *out, const char *text) {
  bool line_start = true;
  for (const char *s = text; *s; s++) {
    if (line_start && (*s == '.' || *s == '\'')) fputs("\\&", out);
    line_start = *s == '\n';
    uint32_t c = 0;
    size_t length = cli_utf8_char(s, &c);
    if (*s == '\n')
      fputs("\n.PP\n", out);
    else if (*s == '\\')
      fputs("\\e", out);
    else if (*s == '-')
      fputs("\\-", out);
    else if (*s == '\'')
      fputs("\\(aq", out);
    else if (*s == '^')
      fputs("\\(ha", out);
    else if (*s == '~')
      fputs("\\(ti", out);
    else if (length > 1)
      fprintf(out, "\\[u%04X]", (unsigned)c);
    else
      fputc(*s, out);
    if (length > 1) s += length - 1;
  }
}

static void man_option(FILE *out, const cli_option *o) {
  char limits[256];
  cli_help_limits(o, limits, sizeof limits);
  fputs(".TP\n", out);
  if (o->letter) fprintf(out, "\\fB\\-%c\\fR, ", o->letter);
  fprintf(out, "\\fB\\-\\-");
  put_roff(out, o->name);
  fputs("\\fR", out);
  if (o->kind == CLI_CHOICE) {
    fputs(" \\fB", out);
    for (const char *s = o->choices; *s; s++) *s == ' ' ? fputs("\\fR|\\fB", out) : fputc(*s, out);
    fputs("\\fR", out);
  } else if (o->arg) {
    fprintf(out, " \\fI%s\\fR", o->arg);
  }
  fputc('\n', out);
  put_roff(out, o->help);
  if (*limits) {
    fputs(" (", out);
    put_roff(out, limits);
    fputc(')', out);
  }
  fputs(".\n", out);
}

static void man_verb(FILE *out, const cli_verb *verb) {
  fprintf(out, ".SS \"tome %s\"\n\\fBtome %s\\fR ", verb->name, verb->name);
  put_roff(out, verb->operands);
  for (const cli_option *o = verb->options; o->name; o++)
    if (o->required) fprintf(out, " \\-\\-%s %s", o->name, o->arg);
  fprintf(out, "%s\n.PP\n", verb->options->name ? " [options]" : "");
  put_roff(out, verb->about);
  fputc('\n', out);
  for (const cli_option *o = verb->options; o->name; o++) man_option(out, o);
  fputs(".PP\n.EX\n", out);
  char *examples = cli_dup(verb->examples);
  for (char *at = examples, *end; at; at = end) {
    end = strchr(at, '\n');
    if (end) *end++ = '\0';
    fputs("    ", out);
    put_roff(out, at);
    fputc('\n', out);
  }
  fputs(".EE\n", out);
  free(examples);
}

void cli_man_commands(FILE *out) {
  for (const cli_verb *const *v = cli_verbs; *v; v++) man_verb(out, *v);
}
