/* blocks.h - pictures in letters: half blocks in colour, and sparklines. */
#ifndef TOME_CLI_BLOCKS_H
#define TOME_CLI_BLOCKS_H

#include <stdio.h>

#include "tome.h"

/* Colours that the terminal behind `out` shows: 0 (none, or asked not to), 256, or 1 << 24. By TERM, COLORTERM and NO_COLOR. */
int cli_colours(FILE *out);
/* Draws width x height pixels, two in each character, upper and lower; `colours` as above, not 0. */
void cli_put_blocks(FILE *out, const uint8_t *rgb, int width, int height, int colours);
/* One of eight heights a count, by its logarithm; a blank for 0. */
void cli_put_sparkline(FILE *out, const uint64_t *counts, size_t n);

#endif
