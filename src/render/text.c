/* Letters, from outlines that came into the library when it was built (outlines.c). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/canvas.h"

typedef struct glyph {
  unsigned code;
  int begin, end, advance; /* of the path; font units */
} glyph;
typedef struct face {
  const glyph *glyphs; /* code points rising */
  int count;
  const int16_t *paths;
  int em;
} face;
#include "letters.inc"

enum { MOVE = 0, LINE = 1, NOT_THERE = 0xfffd };

/* One code point; bytes that are no UTF-8 count as one each that has no outline. */
static unsigned next(const char **text) {
  const unsigned char *s = (const unsigned char *)*text;
  const int more = s[0] < 0x80 ? 0 : s[0] >= 0xf0 ? 3 : s[0] >= 0xe0 ? 2 : s[0] >= 0xc2 ? 1 : -1;
  unsigned c = more == 0 ? s[0] : s[0] & (0x3fu >> (more < 0 ? 0 : more));
  for (int i = 1; i <= more; i++) {
    if ((s[i] & 0xc0) != 0x80) {
      *text += 1;
      return NOT_THERE;
    }
    c = c << 6 | (s[i] & 0x3f);
  }
  *text += more < 0 ? 1 : more + 1;
  return more < 0 ? NOT_THERE : c;
}

static const glyph *find(const face *f, unsigned code) {
  int lo = 0, hi = f->count - 1;
  while (lo < hi) {
    const int middle = (lo + hi) / 2;
    if (f->glyphs[middle].code < code)
      lo = middle + 1;
    else
      hi = middle;
  }
  return f->glyphs[lo].code == code ? &f->glyphs[lo] : &f->glyphs[f->count - 1];
}

static const face *face_of(const tome_type *t) { return t->bold ? &bold : &regular; }

double tome_text_width(const tome_type *t, const char *text) {
  const face *f = face_of(t);
  long sum = 0;
  while (*text) sum += find(f, next(&text))->advance;
  return (double)sum * t->size / f->em;
}

/* The first `head` and the last `tail` of `count` letters, which begin at `at`. */
static void shorten(const char *text, const size_t *at, size_t count, size_t head, size_t tail, char *out) {
  memcpy(out, text, at[head]);
  memcpy(out + at[head], "…", strlen("…"));
  strcpy(out + at[head] + strlen("…"), text + at[count - tail]);
}

void tome_text_fit(const tome_type *t, const char *text, double width, char out[TOME_FIT]) {
  char whole[TOME_FIT - 8];
  size_t at[TOME_FIT], count = 0;
  snprintf(whole, sizeof whole, "%s", text);
  strcpy(out, whole);
  if (tome_text_width(t, out) <= width) return;
  for (const char *p = whole; *p; next(&p)) at[count++] = (size_t)(p - whole);
  at[count] = strlen(whole);
  for (size_t kept = count; kept-- > 0;) { /* rather more of the end: numbers stand there */
    shorten(whole, at, count, kept / 2, kept - kept / 2, out);
    if (tome_text_width(t, out) <= width) return;
  }
  *out = '\0'; /* not even … */
}

/* Where font units go: right by (ax, ay) pixels a unit, up by (bx, by). */
typedef struct pen {
  double x, y, ax, ay, bx, by;
} pen;
static double px(const pen *p, const int16_t *v) { return p->x + p->ax * v[0] + p->bx * v[1]; }
static double py(const pen *p, const int16_t *v) { return p->y + p->ay * v[0] + p->by * v[1]; }

static void add_glyph(const face *f, const glyph *g, const pen *p, tome_figure *path) {
  for (const int16_t *v = f->paths + g->begin, *end = f->paths + g->end; v < end;) {
    const int what = *v++;
    if (what == MOVE)
      tome_figure_move(path, px(p, v), py(p, v));
    else if (what == LINE)
      tome_figure_line(path, px(p, v), py(p, v));
    else
      tome_figure_curve(path, px(p, v), py(p, v), px(p, v + 2), py(p, v + 2));
    v += what <= LINE ? 2 : 4;
  }
  tome_figure_close(path);
}

static double draw(tome_canvas *c, pen p, const tome_type *t, const char *text, tome_rgb colour, double alpha) {
  const face *f = face_of(t);
  TOME_CLEANUP(tome_figure_clear) tome_figure path = {0};
  while (*text) {
    const glyph *g = find(f, next(&text));
    add_glyph(f, g, &p, &path);
    p.x += p.ax * g->advance;
    p.y += p.ay * g->advance;
  }
  tome_draw_figure(c, &path, colour, alpha);
  return p.x;
}

static pen across(const tome_type *t, double x, double y) {
  const double unit = t->size / face_of(t)->em;
  return (pen){x, y, unit, 0, 0, -unit};
}

double tome_draw_text(tome_canvas *c, double x, double y, const tome_type *t, const char *text) {
  return draw(c, across(t, x, y), t, text, t->colour, 1);
}

void tome_draw_text_middle(tome_canvas *c, double x, double y, const tome_type *t, const char *text) {
  tome_draw_text(c, round(x - tome_text_width(t, text) / 2), y, t, text);
}

void tome_draw_text_end(tome_canvas *c, double x, double y, const tome_type *t, const char *text) {
  tome_draw_text(c, round(x - tome_text_width(t, text)), y, t, text);
}

void tome_draw_text_rimmed(tome_canvas *c, double x, double y, const tome_type *t, const char *text) {
  static const double rim[8][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}, {-.7, -.7}, {.7, -.7}, {-.7, .7}, {.7, .7}};
  for (int i = 0; i < 8; i++) draw(c, across(t, x + rim[i][0], y + rim[i][1]), t, text, (tome_rgb){0, 0, 0}, 0.6);
  tome_draw_text(c, x, y, t, text);
}

void tome_draw_text_up(tome_canvas *c, double x, double y, const tome_type *t, const char *text) {
  const double unit = t->size / face_of(t)->em;
  draw(c, (pen){x, y, 0, -unit, -unit, 0}, t, text, t->colour, 1);
}
