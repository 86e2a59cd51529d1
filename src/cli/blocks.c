/* blocks.c - pictures in letters. */
#include "cli/blocks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/term.h"

int cli_colours(FILE *out) {
  if (!cli_styled(out) || !cli_utf8()) return 0;
  const char *deep = getenv("COLORTERM"), *term = getenv("TERM");
  if (deep && (!strcmp(deep, "truecolor") || !strcmp(deep, "24bit"))) return 1 << 24;
  if (term && strstr(term, "direct")) return 1 << 24;
  return term && strstr(term, "256color") ? 256 : 0;
}

/* The nearest of the 6 x 6 x 6 colours or the 24 grays of xterm's table. */
static int indexed(const uint8_t *p) {
  const int most = p[0] > p[1] ? (p[0] > p[2] ? p[0] : p[2]) : (p[1] > p[2] ? p[1] : p[2]);
  const int least = p[0] < p[1] ? (p[0] < p[2] ? p[0] : p[2]) : (p[1] < p[2] ? p[1] : p[2]);
  if (most - least < 12) { /* gray */
    const int gray = (p[0] + p[1] + p[2]) / 3;
    return gray < 4     ? 16
           : gray > 246 ? 231
                        : 232 + (gray < 8                   ? 0
                                 : (gray - 8 + 5) / 10 > 23 ? 23
                                                            : (gray - 8 + 5) / 10);
  }
  int level[3];
  for (int i = 0; i < 3; i++) level[i] = p[i] < 48 ? 0 : p[i] < 115 ? 1 : (p[i] - 35) / 40;
  return 16 + 36 * level[0] + 6 * level[1] + level[2];
}

static void put_colour(FILE *out, int ground, const uint8_t *p, int colours) {
  if (colours == 256)
    fprintf(out, "\033[%d;5;%dm", ground, indexed(p));
  else
    fprintf(out, "\033[%d;2;%d;%d;%dm", ground, p[0], p[1], p[2]);
}

void cli_put_blocks(FILE *out, const uint8_t *rgb, int width, int height, int colours) {
  for (int y = 0; y < height; y += 2) {
    const uint8_t *upper = rgb + 3 * (size_t)y * (size_t)width, *lower = upper + 3 * (size_t)width;
    for (int x = 0; x < width; x++) {
      put_colour(out, 38, upper + 3 * x, colours);
      if (y + 1 < height) put_colour(out, 48, lower + 3 * x, colours);
      fputs("▀", out);
    }
    fputs("\033[0m\n", out);
  }
}

void cli_put_sparkline(FILE *out, const uint64_t *counts, size_t n) {
  static const char *const bars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  uint64_t most = 1;
  for (size_t i = 0; i < n; i++)
    if (counts[i] > most) most = counts[i];
  for (size_t i = 0; i < n; i++) {
    const double share = log1p((double)counts[i]) / log1p((double)most);
    fputs(bars[counts[i] ? 1 + (int)fmin(7, share * 8) : 0], out);
  }
}
