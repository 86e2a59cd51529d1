/* Pages: panels stand side by side at true aspect, text keeps to its room, a chart's bars are its counts. */
#include "grid/grid.h"
#include "render/render.h"

#include "test.h"

static tome_error err;

static const uint8_t *pixel(const tome_canvas *c, int x, int y) { return c->rgb + 3 * (y * c->width + x); }

typedef struct extent {
  int left, right, top, bottom, count;
} extent;

/* Where each gray is. */
static void find(const tome_canvas *c, extent out[256]) {
  for (int i = 0; i < 256; i++) out[i] = (extent){c->width, 0, c->height, 0, 0};
  for (int y = 0; y < c->height; y++) {
    const uint8_t *p = pixel(c, 0, y);
    for (int x = 0; x < c->width; x++, p += 3) {
      if (p[0] != p[1] || p[0] != p[2]) continue;
      extent *e = &out[p[0]];
      e->left = x < e->left ? x : e->left;
      e->right = x >= e->right ? x + 1 : e->right;
      e->top = y < e->top ? y : e->top;
      e->bottom = y + 1;
      e->count++;
    }
  }
}

static bool apart(const extent *a, const extent *b) {
  return a->right <= b->left || b->right <= a->left || a->bottom <= b->top || b->bottom <= a->top;
}

/* A slice all of one gray: between 33 and 233, and different for each number up to 100. */
static uint8_t gray_of(size_t number) { return (uint8_t)(33 + 2 * number); }
static tome_slice flat(tome_arena *arena, const tome_geometry *g, tome_plane plane, size_t number) {
  tome_slice s = {.view = tome_view_of(g, plane), .dtype = TOME_U8};
  const tome_box b = tome_view_box(&s.view, g, 0);
  s.geometry = tome_geometry_crop(g, &b);
  const size_t n = (size_t)(s.view.columns * s.view.rows);
  uint8_t *v = tome_arena_alloc(arena, n, &err);
  memset(v, gray_of(number), n);
  s.voxels = v;
  return s;
}

static tome_geometry grid(int64_t z, int64_t y, int64_t x, double dz, double dy, double dx) {
  const int64_t shape[3] = {z, y, x};
  tome_geometry g = tome_geometry_identity(shape);
  g.spacing[0] = dz, g.spacing[1] = dy, g.spacing[2] = dx;
  return g;
}

static void check_montage(const tome_geometry *g, size_t tiles, size_t sides, int width) {
  tome_arena arena = {0};
  tome_panel panels[102] = {0};
  extent at[102], grays[256];
  for (size_t i = 0; i < tiles + sides; i++)
    panels[i] = (tome_panel){.slice = flat(&arena, g,
                                           i < tiles    ? TOME_AXIAL
                                           : i == tiles ? TOME_CORONAL
                                                        : TOME_SAGITTAL,
                                           i),
                             .caption = ""};
  const tome_sheet s = {.title = "a",
                        .text = "b",
                        .tiles = panels,
                        .tile_count = tiles,
                        .sides = panels + tiles,
                        .side_count = sides,
                        .width = width};
  tome_canvas c = {0};
  CHECK(tome_draw_montage(&s, &c, &err));
  CHECK(c.width == width);
  find(&c, grays);
  for (size_t i = 0; i < tiles + sides; i++) {
    const tome_view *v = &panels[i].slice.view;
    at[i] = grays[gray_of(i)];
    const double w = at[i].right - at[i].left, h = at[i].bottom - at[i].top;
    CHECK(at[i].count > 0);
    CHECK(fabs(w - h * v->width / v->height) <= 1 || fabs(h - w * v->height / v->width) <= 1); /* aspect, to a pixel */
    for (size_t k = 0; k < i; k++) CHECK(apart(&at[i], &at[k]));
    if (i > 0 && i < tiles) CHECK(w == at[0].right - at[0].left && h == at[0].bottom - at[0].top);
  }
  tome_canvas_clear(&c);
  tome_arena_clear(&arena);
}

static void montages(void) {
  const tome_geometry usual = grid(50, 64, 64, 2.5, 0.8, 0.8), thin = grid(8, 128, 100, 1, 0.7, 0.7),
                      tall = grid(300, 40, 30, 2, 1, 1), wide = grid(60, 20, 160, 1, 1, 1);
  for (int width = 400; width <= 1900; width += 500)
    for (size_t tiles = 1; tiles <= 100; tiles += tiles < 13 ? 2 : 29) {
      check_montage(&usual, tiles, 2, width);
      check_montage(&thin, tiles, 2, width);
      check_montage(&tall, tiles, 2, width);
      check_montage(&wide, tiles, tiles % 3, width);
    }
}

static void galleries(void) {
  for (size_t count = 1; count <= 90; count += 8)
    for (int k = 0; k < 3; k++) {
      const tome_geometry g = k == 0   ? grid(1, 90, 40, 1, 1, 1)
                              : k == 1 ? grid(1, 50, 50, 1, 0.5, 2)
                                       : grid(1, 33, 70, 1, 1, 1);
      tome_arena arena = {0};
      extent at[100], grays[256];
      const tome_gallery page = {
          .title = "t", .text = "", .count = count, .aspect = 0.4 + k, .width = 700 + 450 * k, .light = k == 1};
      tome_canvas c = {0};
      CHECK(tome_gallery_begin(&page, &c, &err));
      for (size_t i = 0; i < count; i++) {
        const tome_slice s = flat(&arena, &g, TOME_AXIAL, i);
        CHECK(tome_gallery_put(&c, &page, i, &s, false, "a case of a rather long name, longer than a cell", &err));
      }
      find(&c, grays);
      for (size_t i = 0; i < count; i++) {
        int x, y, w, h;
        tome_gallery_cell(&page, i, &x, &y, &w, &h);
        at[i] = grays[gray_of(i)];
        CHECK(at[i].count > 0 || page.light);
        CHECK(x >= 0 && y >= 0 && x + w <= c.width && y + h < c.height);
      }
      if (!page.light) /* of light pages letters are gray too */
        for (size_t i = 0; i < count; i++) {
          const tome_view v = tome_view_of(&g, TOME_AXIAL);
          const double w = at[i].right - at[i].left, h = at[i].bottom - at[i].top;
          CHECK(fabs(w - h * v.width / v.height) <= 1 || fabs(h - w * v.height / v.width) <= 1);
          for (size_t n = 0; n < i; n++) CHECK(apart(&at[i], &at[n]));
        }
      tome_canvas_clear(&c);
      tome_arena_clear(&arena);
    }
}

/* ---- text ---- */

static extent inked(const tome_canvas *c) {
  extent e = {c->width, 0, c->height, 0, 0};
  for (int y = 0; y < c->height; y++)
    for (int x = 0; x < c->width; x++) {
      if (pixel(c, x, y)[0] < 8) continue;
      e.left = x < e.left ? x : e.left;
      e.right = x >= e.right ? x + 1 : e.right;
      e.top = y < e.top ? y : e.top;
      e.bottom = y >= e.bottom ? y + 1 : e.bottom;
      e.count++;
    }
  return e;
}

static void texts(void) {
  static const char *const all[] = {"liver", "Wg|{}j", "éÅß 12.5 × 3 …", "label_1", "\xff\xfe broken", "漢字"};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    for (double size = 9; size < 60; size *= 1.7)
      for (int bold = 0; bold < 2; bold++) {
        const tome_type t = {size, bold, {255, 255, 255}};
        const double wide = tome_text_width(&t, all[i]);
        tome_canvas c = {0};
        CHECK(tome_canvas_new((int)wide + 100, 200, (tome_rgb){0, 0, 0}, &c, &err));
        CHECK_NEAR(tome_draw_text(&c, 50, 100, &t, all[i]), 50 + wide, 1e-6);
        const extent e = inked(&c);
        CHECK(e.count > 0);
        CHECK(e.left >= 50 - 0.12 * size - 1 && e.right <= 50 + wide + 0.12 * size + 1);
        CHECK(e.top >= 100 - 1.15 * size && e.bottom <= 100 + 0.4 * size);
        tome_canvas_clear(&c);
      }
}

static void shortened(void) {
  const tome_type t = {15, false, {255, 255, 255}};
  const char *const name = "1.3.6.1.4.1.14519.5.2.1.6279.6001.105756658031515062000744821260_éé_0042";
  char out[TOME_FIT];
  tome_text_fit(&t, "short", 500, out);
  CHECK_TEXT(out, "short");
  for (double width = 0; width < 700; width += 3.7) {
    tome_text_fit(&t, name, width, out);
    CHECK(tome_text_width(&t, out) <= width || !*out);
    if (strlen(out) < 10) continue;
    CHECK(strncmp(out, name, 3) == 0);
    CHECK(strcmp(out + strlen(out) - 2, "42") == 0);
    CHECK(!strcmp(out, name) || strstr(out, "…"));
    for (const char *p = out; *p; p++)
      CHECK((*p & 0xc0) != 0xc0 || (p[1] & 0xc0) == 0x80); /* no letter is cut in two */
  }
  char endless[3000];
  memset(endless, 'W', sizeof endless - 1);
  endless[sizeof endless - 1] = '\0';
  tome_text_fit(&t, endless, 200, out);
  CHECK(*out && tome_text_width(&t, out) <= 200);
}

/* ---- charts ---- */

static void check_chart(size_t bins, int width, uint64_t most) {
  uint64_t *counts = calloc(bins, sizeof *counts);
  unsigned state = 7;
  for (size_t i = 0; i < bins; i++) {
    state = state * 1664525u + 1013904223u;
    counts[i] = i % 11 == 3 ? 0 : (state >> 8) % most;
  }
  counts[bins / 2] = most;
  const tome_histogram h = {-100, 1, bins, counts};
  const tome_chart chart = {
      .title = "c", .text = "", .units = "", .histogram = &h, .window_name = "", .width = width, .height = width / 2};
  tome_chart_plan p = {0};
  tome_canvas c = {0};
  CHECK(tome_draw_chart(&chart, &c, &p, &err));
  CHECK(p.bars > 0 && p.left >= 0 && p.left + p.width <= width);
  int wrong = 0, looked = 0;
  for (int i = 0; i < p.bars; i++) {
    uint64_t sum = 0;
    for (int64_t k = p.first + i * p.step; k < p.first + (i + 1) * p.step && k < (int64_t)bins; k++) sum += counts[k];
    const int x0 = p.left + (int)((int64_t)i * p.width / p.bars),
              x1 = p.left + (int)((int64_t)(i + 1) * p.width / p.bars);
    if (x1 <= x0) continue;
    const uint8_t gray[3] = {104, 112, 123};
    int top = p.bottom;
    while (top > 0 && memcmp(pixel(&c, x0, top - 1), gray, 3) == 0) top--;
    const double want = p.bottom - (p.bottom - p.top) * log10((double)sum + 1) / log10(pow(10, p.decades) + 1);
    wrong += fabs(top - want) > 1;
    looked++;
  }
  CHECK(looked > 20);
  CHECK(wrong == 0);
  tome_canvas_clear(&c);
  free(counts);
}

static void charts(void) {
  check_chart(300, 1600, 100000);
  check_chart(5000, 1600, 900);
  check_chart(90, 800, 12);
  check_chart(65536, 1000, 5000000);
}

/* Nothing to count, or very long names, is a picture all the same. */
static void odd_charts(void) {
  uint64_t none[5] = {0}, some[5] = {0, 9, 1, 0, 3};
  const tome_histogram empty = {0, 1, 5, none}, few = {0, 1, 5, some}, nothing = {0};
  char name[400];
  memset(name, 'x', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  const tome_chart_layer layer = {name, &few, {1, 2, 3}};
  const tome_histogram *const all[] = {&empty, &few, &nothing};
  for (int i = 0; i < 3; i++) {
    const tome_chart chart = {.title = name,
                              .text = name,
                              .units = "HU",
                              .histogram = all[i],
                              .layers = &layer,
                              .layer_count = 1,
                              .window = {40, 400},
                              .window_name = name,
                              .width = 600,
                              .height = 300};
    tome_canvas c = {0};
    CHECK(tome_draw_chart(&chart, &c, NULL, &err));
    tome_canvas_clear(&c);
  }
}

TEST_MAIN(montages, galleries, texts, shortened, charts, odd_charts)
