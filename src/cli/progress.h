/* progress.h - one line on stderr that is redrawn while a long call runs, and the tome_run that feeds it. */
#ifndef TOME_CLI_PROGRESS_H
#define TOME_CLI_PROGRESS_H

#include "tome.h"

/* A run whose stop() is the interrupt flag (see interrupt.h) and whose progress() draws the line. The line appears only on a terminal that can redraw,
 * after a second, and not where `quiet`. One at a time; end it with cli_progress_end. */
void cli_progress_begin(tome_run *run, int threads, bool quiet);
/* Takes the line away, for good. */
void cli_progress_end(void);
/* Between these two the line is away and stays away: around anything else written to the terminal. Always allowed, not nested. */
void cli_progress_hold(void);
void cli_progress_release(void);

/* After a call that failed: says `stopped` where it was the user who stopped it, else the library's sentence. Returns the exit status. */
int cli_stopped(const tome_error *err, const char *stopped);

double cli_clock(void); /* seconds since some moment */

/* Writes the line into `out`, at most `columns` wide: phase, item, n/total, rate, time left. `rate` in bytes (where bytes_total > 0) or items a second;
 * 0: not known yet. */
void cli_progress_line(const tome_progress *now, double rate, size_t columns, char *out, size_t size);

#endif
