/* cmd_view.c - tome view: a store in the browser, until Ctrl-C. */
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/open.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "view/view.h"

extern char **environ;

static void stop_server(view_server **v) { view_stop(*v); }

static bool is_set(const char *name) {
  const char *value = getenv(name);
  return value && *value;
}

/* A browser is opened for a person who sits in front of one. */
static bool wants_browser(const cli_args *args) {
  return !cli_given(args, "no-open") && !cli_given(args, "json") && isatty(STDOUT_FILENO) &&
         (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"));
}

static void open_browser(const char *url) {
  char name[] = "xdg-open";
  CLI_AUTO_TEXT char *address = cli_dup(url);
  char *words[] = {name, address, NULL};
  posix_spawn_file_actions_t quiet;
  posix_spawnattr_t apart; /* Ctrl-C is for the server, not for the browser */
  sigset_t usual;
  pid_t pid;
  posix_spawn_file_actions_init(&quiet);
  for (int fd = 0; fd < 3; fd++) posix_spawn_file_actions_addopen(&quiet, fd, "/dev/null", fd ? 1 : 0, 0);
  posix_spawnattr_init(&apart);
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);
  posix_spawnattr_setsigdefault(&apart, &usual);
  posix_spawnattr_setflags(&apart, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF);
  if (posix_spawnp(&pid, name, &quiet, &apart, words, environ) != 0)
    cli_say("no browser could be opened: open the address above yourself");
  posix_spawnattr_destroy(&apart);
  posix_spawn_file_actions_destroy(&quiet);
}

static void print_address(const view_server *v, bool as_json) {
  if (as_json) {
    cli_json j = {.out = stdout};
    cli_json_open(&j, '{');
    cli_json_put_text(&j, "url", view_url(v));
    cli_json_put_int(&j, "port", (uint64_t)view_port(v));
    cli_json_put_int(&j, "pid", (uint64_t)getpid());
    cli_json_close(&j, '}');
  } else {
    puts(view_url(v));
  }
  fflush(stdout);
}

/* Signals go to this thread: those of the server are born with them blocked. */
static view_server *start(tome_store *store, const view_options *opt, tome_error *err) {
  sigset_t ours, before;
  sigemptyset(&ours);
  sigaddset(&ours, SIGINT);
  sigaddset(&ours, SIGTERM);
  sigaddset(&ours, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &ours, &before);
  view_server *v = view_start(store, opt, err);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return v;
}

static void wait_for_signal(void) {
  const struct timespec moment = {.tv_nsec = 200000000};
  while (!cli_interrupted()) nanosleep(&moment, NULL);
}

static int run(const cli_args *args) {
  tome_error err = {0};
  const cli_value *recipes = cli_value_of(args, "recipe");
  CLI_AUTO_STORE tome_store *store = tome_open(args->operands[0], &err);
  if (!store) return cli_failed(&err);
  const view_options opt = {.host = cli_text(args, "host"),
                            .port = (int)cli_int(args, "port"),
                            .recipes = recipes->texts,
                            .recipe_count = recipes->count};
  cli_interrupt_catch();
  signal(SIGPIPE, SIG_IGN); /* a browser that goes away is no reason to end */
  __attribute__((cleanup(stop_server))) view_server *v = start(store, &opt, &err);
  if (!v) return cli_failed(&err);
  if (!view_is_local(v))
    cli_say(
        "WARNING: %s is not a loopback address. Everybody on the network who learns the address below sees every scan "
        "in this store, and what is sent is not encrypted. Leave --host out, and use a tunnel (ssh -L) from elsewhere.",
        opt.host);
  print_address(v, cli_given(args, "json"));
  if (!cli_given(args, "json")) cli_say("serving %s; Ctrl-C ends it", args->operands[0]);
  if (wants_browser(args)) open_browser(view_url(v));
  wait_for_signal();
  return CLI_OK;
}

static const cli_option options[] = {
    {.name = "port",
     .letter = 'p',
     .kind = CLI_INT,
     .arg = "N",
     .lo = 0,
     .hi = 65535,
     .fallback = "0",
     .help = "the port to listen at; 0: the system chooses a free one"},
    {.name = "recipe",
     .letter = 'r',
     .kind = CLI_TEXT,
     .arg = "FILE",
     .repeats = true,
     .help = "a recipe to offer in the viewer, whose result it shows beside the case"},
    {.name = "host",
     .kind = CLI_TEXT,
     .arg = "ADDRESS",
     .help = "listen at this address instead of 127.0.0.1: others on the network can then reach it"},
    {.name = "no-open", .kind = CLI_FLAG, .help = "open no browser; print the address only"},
    {.name = "json", .kind = CLI_FLAG, .help = "print the address as JSON: url, port, pid"},
    CLI_OPTIONS_END,
};

const cli_verb cmd_view = {
    .name = "view",
    .group = CLI_GROUP_ASK,
    .operands = "STORE",
    .summary = "look at the cases in a browser: slices, labels, results of recipes",
    .about =
        "Serves a viewer on this computer and prints its address: cases to filter, slices in three planes with a "
        "linked "
        "crosshair, windows by dragging and by preset, labels over them, and the result of a recipe at the same place, "
        "computed on demand. It reads only, and nothing is loaded from elsewhere.\n"
        "The server listens at 127.0.0.1 and answers only those who know the random word in the address, which is made "
        "anew each time. On a computer far away, run it there with --port 8765 and look through ssh -L "
        "8765:127.0.0.1:8765. Ctrl-C ends it.\n"
        "On a terminal with a display the browser is opened too.",
    .examples =
        "tome view liver.tome\n"
        "tome view liver.tome --recipe lits.recipe --recipe nnunet.recipe\n"
        "tome view liver.tome --port 8765 --no-open",
    .options = options,
    .run = run,
};
