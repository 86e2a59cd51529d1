/*
 * args.h - commands and their options as data, and the one parser that reads a command line against them.
 *
 * A command is one `const cli_verb` (one cmd_*.c each); parsing, checking, --help and the man page all come from its table.
 */
#ifndef TOME_CLI_ARGS_H
#define TOME_CLI_ARGS_H

#include "tome.h"

typedef enum cli_kind {
  CLI_FLAG,
  CLI_TEXT,
  CLI_INT,    /* lo <= value <= hi */
  CLI_REAL,   /* lo <= value <= hi */
  CLI_ZYX,    /* three reals "z,y,x", each in lo…hi; one alone stands for all three */
  CLI_CHOICE, /* one word of `choices` */
  CLI_PAIR    /* NAME=PATH, both not empty */
} cli_kind;

typedef struct cli_option {
  const char *name; /* without dashes; NULL ends a table */
  char letter;      /* short name, or 0 */
  cli_kind kind;
  const char *arg; /* what help calls the value; NULL for flags */
  double lo, hi;
  const char *choices;  /* CHOICE: words separated by single blanks */
  const char *fallback; /* the default, written as a user would; NULL: none */
  bool required, repeats;
  const char *help; /* one sentence, no capital, no full stop */
} cli_option;

/* Headings of the overview, in its order. */
typedef enum cli_group {
  CLI_GROUP_IN,
  CLI_GROUP_ASK,
  CLI_GROUP_OUT,
  CLI_GROUP_KEEP,
  CLI_GROUP_KNOW,
  CLI_GROUPS
} cli_group;

typedef struct cli_args cli_args;

typedef struct cli_verb {
  const char *name;
  cli_group group;
  const char *operands;             /* "STORE CASE...", optional ones in brackets: "STORE [ROOT...]" */
  const char *summary;              /* for the overview */
  const char *about;                /* paragraphs, separated by '\n' */
  const char *examples;             /* lines of "command    # what it does" */
  const cli_option *options;        /* ends with name NULL; --help is understood by all */
  int (*run)(const cli_args *args); /* returns the exit status */
} cli_verb;

/* What one option was given; borrowed from argv and the table. */
typedef struct cli_value {
  const char **texts; /* in the order given */
  size_t count;
  double number
      [3]; /* INT, REAL: [0]; ZYX: all; CHOICE: [0] is the word's place in `choices`. Without the option: its default's */
} cli_value;

enum { CLI_MAX_OPTIONS = 32 };

struct cli_args {
  const cli_verb *verb;
  bool help; /* --help was among them: nothing else was checked */
  const char **operands;
  size_t operand_count;
  cli_value values[CLI_MAX_OPTIONS]; /* beside verb->options */
};

/* Exit statuses. */
enum { CLI_OK = 0, CLI_REFUSED = 1, CLI_USAGE = 2, CLI_STOPPED = 130 /* by Ctrl-C; 128 + the signal */ };

/* Reads the words after the command's name. Options may stand anywhere; "--" ends them. Failure: TOME_USAGE and a sentence that
 * names the nearest option or choice. Clear with cli_args_clear in any case. */
TOME_MUST_USE bool cli_args_parse(const cli_verb *verb, int argc, char **argv, cli_args *out, tome_error *err);
void cli_args_clear(cli_args *args);

/* What option `name` of the verb's own table was given. A name that is not in the table is a mistake in the source: abort(). */
bool cli_given(const cli_args *args, const char *name);
const char *cli_text(const cli_args *args, const char *name); /* the last one; the default, or NULL */
int64_t cli_int(const cli_args *args, const char *name);      /* 0 where there is no default */
double cli_real(const cli_args *args, const char *name);
int cli_choice(const cli_args *args, const char *name);
const cli_value *cli_value_of(const cli_args *args, const char *name);

/* value.c: checks one text against its option's kind, range and choices and gives its numbers. */
TOME_MUST_USE bool cli_value_parse(const cli_option *option, const char *text, double number[3], tome_error *err);

/* near.c: edits (insert, delete, replace, swap neighbours) between two words. */
size_t cli_distance(const char *a, const char *b);
/* Follows the nearest of several words through cli_near_try; `best` stays NULL while none is near enough. */
typedef struct cli_near {
  const char *word, *best;
  size_t distance;
} cli_near;
void cli_near_try(cli_near *near, const char *candidate);

/* Options that many commands share. */
#define CLI_OPTION_JSON \
  { .name = "json", .kind = CLI_FLAG, .help = "print JSON" }
#define CLI_OPTION_CSV \
  { .name = "csv", .kind = CLI_FLAG, .help = "print CSV, with a header line" }
#define CLI_OPTION_SYNC \
  { .name = "sync", .kind = CLI_FLAG, .help = "wait until all is on the disk: before deleting the originals, say" }
#define CLI_OPTION_QUIET \
  { .name = "quiet", .letter = 'q', .kind = CLI_FLAG, .help = "no progress and no summary; errors only" }
#define CLI_OPTION_JOBS                                                                               \
  {                                                                                                   \
    .name = "jobs", .letter = 'j', .kind = CLI_INT, .arg = "N", .lo = 0, .hi = 1024, .fallback = "0", \
    .help = "threads to use; 0: every processor this process may use"                                 \
  }
/* Which slices are taken, and what is done about their faults. The words of each choice stand in the order of the enum in tome.h. */
#define CLI_OPTIONS_STACKING                                                                                      \
  {.name = "series", .kind = CLI_TEXT, .arg = "UID", .help = "only the DICOM series of this SeriesInstanceUID"},  \
      {.name = "gap",                                                                                             \
       .kind = CLI_CHOICE,                                                                                        \
       .arg = "WORD",                                                                                             \
       .choices = "refuse fill split keep",                                                                       \
       .fallback = "refuse",                                                                                      \
       .help = "missing slices: interpolate them, split the volume there, or take the slices as they are"},       \
      {.name = "duplicate",                                                                                       \
       .kind = CLI_CHOICE,                                                                                        \
       .arg = "WORD",                                                                                             \
       .choices = "refuse first",                                                                                 \
       .fallback = "refuse",                                                                                      \
       .help = "two different images at one position: take the first"},                                           \
  {                                                                                                               \
    .name = "uneven", .kind = CLI_CHOICE, .arg = "WORD", .choices = "refuse resample keep", .fallback = "refuse", \
    .help = "slices at uneven distances: interpolate onto an even grid, or take them for even"                    \
  }
#define CLI_OPTIONS_END \
  { .name = NULL }

#endif
