/* progress.c - one line on stderr that is redrawn while a long call runs. */
#include "cli/progress.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/interrupt.h"
#include "cli/say.h"
#include "cli/term.h"
#include "cli/units.h"

enum { WIDEST = 120 };
static const double patience = 1.0; /* seconds before anything shows */
static const double memory = 5.0;   /* seconds that the rate looks back, about */

/* The one line of this process; say.c hides it from any thread. */
static struct {
  pthread_mutex_t lock;
  bool wanted, shown;
  double began, last_time, last_done, rate;
  char phase[32];
} line = {.lock = PTHREAD_MUTEX_INITIALIZER};

double cli_clock(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double done_of(const tome_progress *p) { return (double)(p->bytes_total ? p->bytes_done : p->items_done); }

/* "12/131  41.2 MB/s  3:12 left", whatever of it is known. */
static void numbers(const tome_progress *p, double rate, char *out, size_t size) {
  char count[48] = "", speed[80] = "", left[80] = "";
  if (p->items_total)
    snprintf(count, sizeof count, "  %" PRIu64 "/%" PRIu64, p->items_done, p->items_total);
  else if (p->items_done)
    snprintf(count, sizeof count, "  %" PRIu64, p->items_done);
  if (rate > 0 && p->bytes_total) snprintf(speed, sizeof speed, "  %s/s", cli_units_bytes((uint64_t)rate).s);
  double total = (double)(p->bytes_total ? p->bytes_total : p->items_total), done = done_of(p);
  if (rate > 0 && total > done) snprintf(left, sizeof left, "  %s left", cli_units_clock((total - done) / rate).s);
  snprintf(out, size, "%s%s%s", count, speed, left);
}

void cli_progress_line(const tome_progress *p, double rate, size_t columns, char *out, size_t size) {
  char tail[256];
  numbers(p, rate, tail, sizeof tail);
  const char *phase = p->phase ? p->phase : "", *item = p->item ? p->item : "";
  size_t fixed = cli_text_width(phase) + cli_text_width(tail);
  size_t room = columns > fixed + 2 ? columns - fixed - 2 : 0;
  size_t bytes = cli_text_cut(item, room);
  const char *mark = "";
  if (item[bytes]) {
    mark = cli_ellipsis();
    bytes = cli_text_cut(item, room > strlen("...") ? room - cli_text_width(mark) : 0);
  }
  bool show = *item && room > 3;
  snprintf(out, size, "%s%s%.*s%s%s", phase, show ? "  " : "", show ? (int)bytes : 0, item, show ? mark : "", tail);
  out[cli_text_cut(out, columns)] = '\0';
  for (char *s = out; *s; s++)
    if ((unsigned char)*s < 0x20 || *s == 0x7f) *s = '?';
}

/* A rate that forgets: what went through in the last seconds counts most. */
static void measure(const tome_progress *p, double t) {
  double done = done_of(p), passed = t - line.last_time;
  const char *phase = p->phase ? p->phase : "";
  if (strncmp(phase, line.phase, sizeof line.phase - 1) != 0 || done < line.last_done) {
    snprintf(line.phase, sizeof line.phase, "%s", phase);
    line.rate = 0;
  } else if (passed > 0.05) {
    double fresh = (done - line.last_done) / passed, keep = exp(-passed / memory);
    line.rate = line.rate > 0 ? keep * line.rate + (1 - keep) * fresh : fresh;
  } else {
    return;
  }
  line.last_time = t;
  line.last_done = done;
}

static void on_progress(void *user, const tome_progress *p) {
  (void)user;
  pthread_mutex_lock(&line.lock);
  double t = cli_clock();
  measure(p, t);
  if (line.wanted && t - line.began >= patience) {
    char text[1024];
    int width = cli_width(stderr);
    size_t columns = width > 3 ? (size_t)(width - 3) : 1; /* room for the "^C" that terminals echo */
    cli_progress_line(p, line.rate, columns < WIDEST ? columns : WIDEST, text, sizeof text);
    flockfile(stderr);
    fprintf(stderr, "\r%s\033[K", text);
    fflush(stderr);
    funlockfile(stderr);
    line.shown = true;
  }
  pthread_mutex_unlock(&line.lock);
}

static bool on_stop(void *user) {
  (void)user;
  return cli_interrupted() != 0;
}

void cli_progress_begin(tome_run *run, int threads, bool quiet) {
  cli_interrupt_catch();
  pthread_mutex_lock(&line.lock);
  line.wanted = !quiet && cli_redraws(stderr);
  line.began = line.last_time = cli_clock();
  line.last_done = line.rate = 0;
  line.phase[0] = '\0';
  pthread_mutex_unlock(&line.lock);
  *run = (tome_run){.threads = threads, .stop = on_stop, .progress = on_progress};
}

void cli_progress_hold(void) {
  pthread_mutex_lock(&line.lock);
  if (line.shown) fputs("\r\033[K", stderr);
  line.shown = false;
}

void cli_progress_release(void) { pthread_mutex_unlock(&line.lock); }

void cli_progress_end(void) {
  cli_progress_hold();
  line.wanted = false;
  cli_progress_release();
}

int cli_stopped(const tome_error *err, const char *stopped) {
  if (err->code != TOME_CANCELLED || !cli_interrupted()) return cli_failed(err);
  cli_error("%s", stopped);
  return 128 + cli_interrupted();
}
