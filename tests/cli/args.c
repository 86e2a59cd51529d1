/* The one parser: what it takes, what it refuses, and that each refusal names the way out. */
#include "cli/args.h"

#include "test.h"

static int never(const cli_args *args) { return args->verb != NULL; }

static const cli_option options[] = {
    {.name = "output", .letter = 'o', .kind = CLI_TEXT, .arg = "OUT", .help = "h"},
    {.name = "jobs", .letter = 'j', .kind = CLI_INT, .arg = "N", .lo = 0, .hi = 64, .fallback = "4", .help = "h"},
    {.name = "seconds", .kind = CLI_REAL, .arg = "S", .lo = 0.5, .hi = 10, .help = "h"},
    {.name = "spacing", .kind = CLI_ZYX, .arg = "Z,Y,X", .lo = 0.001, .hi = 100, .help = "h"},
    {.name = "gap",
     .kind = CLI_CHOICE,
     .arg = "WORD",
     .choices = "refuse fill split",
     .fallback = "refuse",
     .help = "h"},
    {.name = "label", .letter = 'l', .kind = CLI_PAIR, .arg = "NAME=PATH", .repeats = true, .help = "h"},
    {.name = "quiet", .letter = 'q', .kind = CLI_FLAG, .help = "h"},
    {.name = "verbose", .letter = 'v', .kind = CLI_FLAG, .help = "h"},
    CLI_OPTIONS_END,
};
static const cli_verb verb = {.name = "try", .operands = "STORE [ROOT...]", .options = options, .run = never};

static tome_error err;
static cli_args args;

/* Parses words separated by '|' (ids may hold blanks). */
static bool parse_as(const cli_verb *v, const char *line) {
  static char copy[1024], *words[32];
  int n = 0;
  snprintf(copy, sizeof copy, "%s", line);
  char *rest = NULL;
  for (char *w = strtok_r(copy, "|", &rest); w; w = strtok_r(NULL, "|", &rest)) words[n++] = w;
  cli_args_clear(&args);
  memset(&err, 0, sizeof err);
  return cli_args_parse(v, n, words, &args, &err);
}

static bool parse(const char *line) { return parse_as(&verb, line); }

static void refuses(const char *line, const char *part) {
  CHECK(!parse(line));
  CHECK(err.code == TOME_USAGE);
  CHECK_HAS(err.message, part);
}

static void takes_every_spelling(void) {
  const char *spellings[] = {"s|--output|a b", "s|--output=a b", "s|-o|a b", "s|-oa b",
                             "s|-o=a b",       "--output=a b|s", "-o|a b|s", "s|-qvo|a b"};
  for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
    CHECK(parse(spellings[i]));
    CHECK_TEXT(cli_text(&args, "output"), "a b");
    CHECK(args.operand_count == 1);
    CHECK_TEXT(args.operands[0], "s");
  }
}

static void orders_operands(void) {
  CHECK(parse("s|--quiet|case one|--|--quiet|-o"));
  CHECK(args.operand_count == 4);
  CHECK_TEXT(args.operands[1], "case one");
  CHECK_TEXT(args.operands[2], "--quiet");
  CHECK_TEXT(args.operands[3], "-o");
  CHECK(cli_given(&args, "quiet"));
  CHECK(!cli_given(&args, "output"));
  CHECK(parse("s|-")); /* a lone dash is a word */
  CHECK(args.operand_count == 2);
}

static void fills_defaults(void) {
  CHECK(parse("s"));
  CHECK(cli_int(&args, "jobs") == 4);
  CHECK(!cli_given(&args, "jobs"));
  CHECK(cli_choice(&args, "gap") == 0);
  CHECK_TEXT(cli_text(&args, "gap"), "refuse");
  CHECK(cli_text(&args, "output") == NULL);
  CHECK_NEAR(cli_real(&args, "seconds"), 0, 0);
}

static void last_one_wins_unless_it_repeats(void) {
  CHECK(parse("s|-j1|-j|2|--gap=fill|--gap=split|-l|liver=a|-l|tumor=b=c"));
  CHECK(cli_int(&args, "jobs") == 2);
  CHECK(cli_choice(&args, "gap") == 2);
  const cli_value *labels = cli_value_of(&args, "label");
  CHECK(labels->count == 2);
  CHECK_TEXT(labels->texts[1], "tumor=b=c");
}

static void broadcasts_spacing(void) {
  CHECK(parse("s|--spacing=2.5"));
  for (int a = 0; a < 3; a++) CHECK_NEAR(cli_value_of(&args, "spacing")->number[a], 2.5, 0);
  CHECK(parse("s|--spacing|5,0.7,.8"));
  CHECK_NEAR(cli_value_of(&args, "spacing")->number[0], 5, 0);
  CHECK_NEAR(cli_value_of(&args, "spacing")->number[2], 0.8, 0);
}

static void refuses_values(void) {
  refuses("s|--jobs=65", "from 0 to 64, not \"65\"");
  refuses("s|--jobs=-1", "from 0 to 64");
  refuses("s|--jobs=1.5", "whole number");
  refuses("s|--jobs=", "not \"\"");
  refuses("s|--jobs=0x10", "not \"0x10\"");
  refuses("s|--jobs=2 ", "not \"2 \"");
  refuses("s|--seconds=nan", "from 0.5 to 10");
  refuses("s|--seconds=1e999", "from 0.5 to 10");
  refuses("s|--spacing=1,2", "z,y,x");
  refuses("s|--spacing=1,2,3,4", "z,y,x");
  refuses("s|--spacing=1,2,", "z,y,x");
  refuses("s|--spacing=0", "from 0.001 to 100");
  refuses("s|--gap=fil", "did you mean fill?");
  refuses("s|--gap=zzzzzz", "refuse, fill or split, not \"zzzzzz\"");
  refuses("s|--label=liver", "NAME=PATH");
  refuses("s|--label==x", "NAME=PATH");
  refuses("s|--label=x=", "NAME=PATH");
  refuses("s|--output=", "not empty");
  refuses("s|--quiet=yes", "takes no value");
}

static void refuses_words(void) {
  refuses("s|--spacign=1", "did you mean --spacing?");
  refuses("s|--spac=1", "did you mean --spacing?");
  refuses("s|--outptu|x", "did you mean --output?");
  refuses("s|--frobnicate", "\"tome try --help\" lists them");
  refuses("s|--hepl", "did you mean --help?");
  refuses("s|-x", "no option -x");
  refuses("s|-qx", "no option -x");
  refuses("s|--output", "needs a value");
  refuses("s|--gap", "refuse fill split");
  refuses("s|-o", "needs a value");
  refuses("s|--output|--quiet", "before --quiet");
  refuses("", "needs STORE: tome try STORE [ROOT...]");
}

static void counts_operands(void) {
  static const cli_option none[] = {CLI_OPTIONS_END};
  static const cli_option must[] = {{.name = "output", .letter = 'o', .kind = CLI_TEXT, .arg = "OUT", .required = true},
                                    CLI_OPTIONS_END};
  static const cli_verb two = {.name = "rm", .operands = "STORE CASE...", .options = none, .run = never};
  static const cli_verb one = {.name = "formats", .operands = "[NAME]", .options = none, .run = never};
  static const cli_verb zero = {.name = "layouts", .operands = "", .options = none, .run = never};
  static const cli_verb get = {.name = "get", .operands = "STORE", .options = must, .run = never};
  CHECK(parse_as(&two, "s|a"));
  CHECK(parse_as(&two, "s|a|b|c"));
  CHECK(!parse_as(&two, "s"));
  CHECK_HAS(err.message, "rm needs CASE: tome rm STORE CASE...");
  CHECK(parse_as(&one, ""));
  CHECK(parse_as(&one, "x"));
  CHECK(!parse_as(&one, "x|y"));
  CHECK_HAS(err.message, "\"y\"");
  CHECK(!parse_as(&zero, "x"));
  CHECK(!parse_as(&get, "s"));
  CHECK_HAS(err.message, "get needs -o or --output OUT");
  CHECK(parse_as(&get, "s|-o|x"));
}

static void help_comes_first(void) {
  CHECK(parse("--help"));
  CHECK(args.help);
  CHECK(parse("s|--jobs=99|-h"));
  CHECK(args.help);
  CHECK(parse("s|--|-h"));
  CHECK(!args.help);
  cli_args_clear(&args);
}

TEST_MAIN(takes_every_spelling, orders_operands, fills_defaults, last_one_wins_unless_it_repeats, broadcasts_spacing,
          refuses_values, refuses_words, counts_operands, help_comes_first)
