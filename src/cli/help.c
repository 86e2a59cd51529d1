/* help.c - the overview and each command's help, made from the tables. */
#include <stdlib.h>
#include <string.h>

#include "cli/say.h"
#include "cli/term.h"
#include "cli/verbs.h"

static const char *const headings[CLI_GROUPS] = {
    [CLI_GROUP_IN] = "Bring scans in",
    [CLI_GROUP_ASK] = "Ask",
    [CLI_GROUP_OUT] = "Take scans out",
    [CLI_GROUP_KEEP] = "Keep the store well",
    [CLI_GROUP_KNOW] = "What this program knows",
};

static const char *bold(FILE *out) { return cli_styled(out) ? "\033[1m" : ""; }
static const char *plain(FILE *out) { return cli_styled(out) ? "\033[0m" : ""; }

/* Help is read in columns of 100 at most; in a pipe, of 80. */
static size_t page_width(FILE *out) {
  int width = cli_width(out);
  return width <= 0 ? 80 : width > 100 ? 100 : (size_t)width;
}

static void heading(FILE *out, const char *text) { fprintf(out, "\n%s%s%s\n", bold(out), text, plain(out)); }

/* "name" at the left, `text` wrapped at column `at`. */
static void entry(FILE *out, const char *name, size_t at, const char *text) {
  size_t wide = cli_text_width(name) + 2;
  fprintf(out, "  %s", name);
  if (wide + 2 > at) {
    fputc('\n', out);
    cli_wrap(out, text, at, false, page_width(out));
  } else {
    fprintf(out, "%*s", (int)(at - wide), "");
    cli_wrap(out, text, at, true, page_width(out));
  }
}

void cli_help_overview(FILE *out) {
  fprintf(out, "%stome%s - the store that medical scans live in before they train networks\n", bold(out), plain(out));
  fprintf(out, "\nusage: tome COMMAND STORE ...\n");
  for (int group = 0; group < CLI_GROUPS; group++) {
    heading(out, headings[group]);
    for (const cli_verb *const *v = cli_verbs; *v; v++)
      if ((int)(*v)->group == group) entry(out, (*v)->name, 13, (*v)->summary);
  }
  fprintf(out,
          "\n\"tome COMMAND --help\" tells everything about one of them. To begin:\n\n"
          "  tome init liver.tome\n  tome ingest liver.tome ~/LITS17\n  tome ls liver.tome\n");
}

void cli_help_limits(const cli_option *o, char *out, size_t size) {
  size_t at = 0;
  out[0] = '\0';
  const char *gap = "";
  if (o->kind == CLI_INT || o->kind == CLI_REAL || o->kind == CLI_ZYX) {
    at += (size_t)snprintf(out + at, size - at, "%.15g to %.15g", o->lo, o->hi);
    gap = "; ";
  }
  if (o->fallback && at < size) {
    at += (size_t)snprintf(out + at, size - at, "%sdefault: %s", gap, o->fallback);
    gap = "; ";
  }
  if (o->repeats && at < size) at += (size_t)snprintf(out + at, size - at, "%smay be given several times", gap);
}

/* "a|b|c" out of "a b c". */
static char *choices_spelt(const cli_option *o) {
  char *text = cli_dup(o->choices);
  for (char *s = text; *s; s++)
    if (*s == ' ') *s = '|';
  return text;
}

static void option_line(FILE *out, const cli_option *o, size_t at) {
  char *value = o->kind == CLI_CHOICE ? choices_spelt(o) : cli_dup(o->arg);
  char letter[8] = "    ", limits[256];
  if (o->letter) snprintf(letter, sizeof letter, "-%c, ", o->letter);
  char *name = cli_printf("%s--%s%s%s", letter, o->name, *value ? " " : "", value);
  cli_help_limits(o, limits, sizeof limits);
  char *text = *limits ? cli_printf("%s (%s)", o->help, limits) : cli_dup(o->help);
  entry(out, name, at, text);
  free(text);
  free(name);
  free(value);
}

void cli_help_verb(FILE *out, const cli_verb *verb) {
  fprintf(out, "%stome %s%s - %s\n", bold(out), verb->name, plain(out), verb->summary);
  fprintf(out, "\nusage: tome %s%s%s", verb->name, *verb->operands ? " " : "", verb->operands);
  bool others = false;
  for (const cli_option *o = verb->options; o->name; o++) {
    if (o->required && o->letter)
      fprintf(out, " -%c %s", o->letter, o->arg);
    else if (o->required)
      fprintf(out, " --%s %s", o->name, o->arg);
    else
      others = true;
  }
  fprintf(out, "%s\n\n", others ? " [options]" : "");
  cli_wrap(out, verb->about, 0, false, page_width(out));
  heading(out, "options");
  for (const cli_option *o = verb->options; o->name; o++) option_line(out, o, 28);
  entry(out, "-h, --help", 28, "show this");
  if (!strstr(verb->about, "exit status"))
    fputs("\nexit status: 0 done, 1 refused or failed (and told), 2 wrong command line\n", out);
  heading(out, "examples");
  fputs("  ", out);
  for (const char *s = verb->examples; *s; s++) {
    fputc(*s, out);
    if (*s == '\n' && s[1]) fputs("  ", out);
  }
  fputc('\n', out);
}
