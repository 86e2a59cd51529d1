/* args.c - the one parser: words against a command's table of options, and the sentences for words that do not fit. */
#include "cli/args.h"

#include <stdlib.h>
#include <string.h>

#include "cli/say.h"

static size_t option_count(const cli_verb *verb) {
  size_t n = 0;
  while (verb->options[n].name) n++;
  if (n > CLI_MAX_OPTIONS) abort();
  return n;
}

/* Place in the table of the option whose name fills `length` bytes of `name`; option_count where there is none. */
static size_t find_long(const cli_verb *verb, const char *name, size_t length) {
  size_t i = 0;
  while (verb->options[i].name &&
         (strlen(verb->options[i].name) != length || strncmp(verb->options[i].name, name, length) != 0))
    i++;
  return i;
}

static size_t find_letter(const cli_verb *verb, char letter) {
  size_t i = 0;
  while (verb->options[i].name && verb->options[i].letter != letter) i++;
  return i;
}

static bool unknown_long(const cli_verb *verb, const char *name, size_t length, tome_error *err) {
  char word[64];
  snprintf(word, sizeof word, "%.*s", (int)(length < 63 ? length : 63), name);
  cli_near near = {.word = word};
  for (const cli_option *o = verb->options; o->name; o++) cli_near_try(&near, o->name);
  cli_near_try(&near, "help");
  if (near.best) return cli_fail(err, "%s has no option --%s: did you mean --%s?", verb->name, word, near.best);
  return cli_fail(err, "%s has no option --%s: \"tome %s --help\" lists them", verb->name, word, verb->name);
}

static bool give(cli_args *args, size_t which, const char *text, tome_error *err) {
  const cli_option *o = &args->verb->options[which];
  cli_value *v = &args->values[which];
  if (o->kind != CLI_FLAG && !cli_value_parse(o, text, v->number, err)) return false;
  v->texts = cli_grow(v->texts, v->count + 1, sizeof *v->texts);
  v->texts[v->count++] = text;
  return true;
}

/* The next word as the value of option `which`, unless it is plainly another option of this command. */
static bool give_next(cli_args *args, size_t which, const char *next, tome_error *err) {
  const cli_option *o = &args->verb->options[which];
  if (!next && o->choices) return cli_fail(err, "--%s needs one of the words %s", o->name, o->choices);
  if (!next) return cli_fail(err, "--%s needs a value: --%s %s", o->name, o->name, o->arg);
  if (strncmp(next, "--", 2) == 0 && args->verb->options[find_long(args->verb, next + 2, strlen(next + 2))].name)
    return cli_fail(err, "--%s needs a value %s before %s", o->name, o->arg, next);
  return give(args, which, next, err);
}

/* "--name", "--name=value", "--name value". Sets *used to the words it took. */
static bool take_long(cli_args *args, char **argv, int left, int *used, tome_error *err) {
  const char *name = argv[0] + 2;
  size_t length = strcspn(name, "=");
  size_t which = find_long(args->verb, name, length);
  const cli_option *o = &args->verb->options[which];
  *used = 1;
  if (!o->name) return unknown_long(args->verb, name, length, err);
  if (name[length] == '=') {
    if (o->kind == CLI_FLAG) return cli_fail(err, "--%s is a switch and takes no value", o->name);
    return give(args, which, name + length + 1, err);
  }
  if (o->kind == CLI_FLAG) return give(args, which, "", err);
  *used = 2;
  return give_next(args, which, left > 1 ? argv[1] : NULL, err);
}

/* "-o value", "-ovalue", "-qv". */
static bool take_short(cli_args *args, char **argv, int left, int *used, tome_error *err) {
  *used = 1;
  for (const char *letter = argv[0] + 1; *letter; letter++) {
    size_t which = find_letter(args->verb, *letter);
    const cli_option *o = &args->verb->options[which];
    if (!o->name)
      return cli_fail(err, "%s has no option -%c: \"tome %s --help\" lists them", args->verb->name, *letter,
                      args->verb->name);
    if (o->kind != CLI_FLAG) {
      if (letter[1]) return give(args, which, letter + 1 + (letter[1] == '='), err);
      *used = 2;
      return give_next(args, which, left > 1 ? argv[1] : NULL, err);
    }
    if (!give(args, which, "", err)) return false;
  }
  return true;
}

/* How many operands a command takes, read from its own synopsis: "STORE [ROOT...]". `name` gets the first one missing. */
static bool operands_fit(const cli_args *args, tome_error *err) {
  const cli_verb *verb = args->verb;
  size_t most = 0;
  bool endless = false; /* "INPUT..." stands for one and for as many as there are */
  for (const char *w = verb->operands; *w;) {
    size_t length = strcspn(w, " ");
    const char *next = w + length + (w[length] == ' ');
    bool many = strstr(w, "...") && strcspn(w, ".") < length;
    if (most >= args->operand_count && *w != '[')
      return cli_fail(err, "%s needs %.*s: tome %s %s", verb->name, (int)(many ? length - 3 : length), w, verb->name,
                      verb->operands);
    endless |= many;
    most++;
    w = next;
  }
  if (endless) most = (size_t)-1;
  if (args->operand_count > 0 && strncmp(verb->operands, "STORE", 5) == 0 && !*args->operands[0])
    return cli_fail(err, "the name of STORE is empty: tome %s %s", verb->name, verb->operands);
  if (args->operand_count <= most) return true;
  return cli_fail(err, "%s does not know what to do with \"%s\": tome %s%s%s", verb->name, args->operands[most],
                  verb->name, *verb->operands ? " " : "", verb->operands);
}

static bool defaults(cli_args *args, tome_error *err) {
  for (size_t i = 0; i < option_count(args->verb); i++) {
    const cli_option *o = &args->verb->options[i];
    if (o->fallback && !cli_value_parse(o, o->fallback, args->values[i].number, err)) return false;
  }
  return true;
}

static bool required_there(const cli_args *args, tome_error *err) {
  for (size_t i = 0; i < option_count(args->verb); i++) {
    const cli_option *o = &args->verb->options[i];
    if (!o->required || args->values[i].count) continue;
    char letter[8] = "";
    if (o->letter) snprintf(letter, sizeof letter, "-%c or ", o->letter);
    return cli_fail(err, "%s needs %s--%s %s", args->verb->name, letter, o->name, o->arg);
  }
  return true;
}

static bool asks_help(const char *word) { return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0; }

bool cli_args_parse(const cli_verb *verb, int argc, char **argv, cli_args *out, tome_error *err) {
  memset(out, 0, sizeof *out);
  out->verb = verb;
  out->operands = cli_alloc((size_t)argc + 1, sizeof *out->operands);
  for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
    if (asks_help(argv[i])) {
      out->help = true;
      return true;
    }
  if (!defaults(out, err)) return false;
  bool options_over = false;
  for (int i = 0; i < argc;) {
    int used = 1;
    if (options_over || argv[i][0] != '-' || argv[i][1] == '\0') {
      out->operands[out->operand_count++] = argv[i];
    } else if (strcmp(argv[i], "--") == 0) {
      options_over = true;
    } else {
      bool is_long = argv[i][1] == '-';
      if (!(is_long ? take_long : take_short)(out, argv + i, argc - i, &used, err)) return false;
    }
    i += used;
  }
  return operands_fit(out, err) && required_there(out, err);
}

void cli_args_clear(cli_args *args) {
  for (size_t i = 0; i < CLI_MAX_OPTIONS; i++) free(args->values[i].texts);
  free(args->operands);
  memset(args, 0, sizeof *args);
}

const cli_value *cli_value_of(const cli_args *args, const char *name) {
  size_t which = find_long(args->verb, name, strlen(name));
  if (!args->verb->options[which].name) abort();
  return &args->values[which];
}

bool cli_given(const cli_args *args, const char *name) { return cli_value_of(args, name)->count > 0; }

const char *cli_text(const cli_args *args, const char *name) {
  const cli_value *v = cli_value_of(args, name);
  return v->count ? v->texts[v->count - 1] : args->verb->options[v - args->values].fallback;
}

int64_t cli_int(const cli_args *args, const char *name) { return (int64_t)cli_value_of(args, name)->number[0]; }

double cli_real(const cli_args *args, const char *name) { return cli_value_of(args, name)->number[0]; }

int cli_choice(const cli_args *args, const char *name) { return (int)cli_value_of(args, name)->number[0]; }
