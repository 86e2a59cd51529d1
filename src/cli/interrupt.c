/* interrupt.c - the signal flag. Global because signal handlers have nothing else to write to. */
#include "cli/interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static atomic_int came;

static void on_signal(int number) {
  int none = 0;
  if (atomic_compare_exchange_strong(&came, &none, number)) return;
  if (write(STDERR_FILENO, "\n", 1) < 0) _exit(128 + number); /* off the progress line */
  _exit(128 + number);
}

void cli_interrupt_catch(void) {
  struct sigaction action, before;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  const int signals[] = {SIGINT, SIGTERM, SIGHUP};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    /* nohup and background jobs of scripts ignore some of them: leave it so */
    if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN) continue;
    sigaction(signals[i], &action, NULL);
  }
}

int cli_interrupted(void) { return atomic_load(&came); }
