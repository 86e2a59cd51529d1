/* A slice as pixels: gray by the window's formula, turned by world directions, outlines on the label's border whatever the scale. */
#include "grid/grid.h"
#include "render/render.h"

#include "test.h"

enum { MOST = 1 << 18 };

static tome_error err;
static const tome_rgb red = {255, 0, 0};

static tome_slice slice_of(const void *voxels, tome_dtype dtype, int64_t rows, int64_t columns) {
  const int64_t shape[3] = {1, rows, columns};
  tome_slice s = {.geometry = tome_geometry_identity(shape), .dtype = dtype, .voxels = voxels};
  s.view = tome_view_of(&s.geometry, TOME_AXIAL);
  return s;
}

static tome_canvas draw(const tome_slice *s, int width, int height, double line) {
  tome_canvas c = {0};
  CHECK(tome_canvas_new(width, height, (tome_rgb){9, 9, 9}, &c, &err));
  CHECK(tome_draw_slice(&c, 0, 0, width, height, s, line, &err));
  return c;
}

static const uint8_t *pixel(const tome_canvas *c, int x, int y) { return c->rgb + 3 * (y * c->width + x); }

/* ---- gray ---- */

static void windows(void) {
  static const double levels[] = {40, 50, -600, 0.5}, widths[] = {400, 100, 1500, 1};
  int16_t v[64];
  for (int w = 0; w < 4; w++)
    for (int hu = -1300; hu < 1300; hu += 17) {
      for (int i = 0; i < 64; i++) v[i] = (int16_t)hu;
      tome_slice s = slice_of(v, TOME_I16, 8, 8);
      s.window = (tome_window){levels[w], widths[w]};
      tome_canvas c = draw(&s, 13, 13, 0);
      const double t = (hu - (levels[w] - widths[w] / 2)) / widths[w], want = 255 * (t < 0 ? 0 : t > 1 ? 1 : t);
      for (int k = 0; k < 3; k++) CHECK_NEAR(pixel(&c, 6, 6)[k], want, 0.501);
      tome_canvas_clear(&c);
    }
}

static void every_type(void) {
  static const tome_dtype types[] = {TOME_U8,  TOME_I8,  TOME_U16, TOME_I16, TOME_U32,
                                     TOME_I32, TOME_U64, TOME_I64, TOME_F32, TOME_F64};
  for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
    union {
      uint8_t u8[4];
      int8_t i8[4];
      uint16_t u16[4];
      int16_t i16[4];
      uint32_t u32[4];
      int32_t i32[4];
      uint64_t u64[4];
      int64_t i64[4];
      float f32[4];
      double f64[4];
    } v;
    for (int i = 0; i < 4; i++) {
      const int n = 30 * i + 10;
      switch (types[t]) {
        case TOME_U8:
          v.u8[i] = (uint8_t)n;
          break;
        case TOME_I8:
          v.i8[i] = (int8_t)n;
          break;
        case TOME_U16:
          v.u16[i] = (uint16_t)n;
          break;
        case TOME_I16:
          v.i16[i] = (int16_t)n;
          break;
        case TOME_U32:
          v.u32[i] = (uint32_t)n;
          break;
        case TOME_I32:
          v.i32[i] = n;
          break;
        case TOME_U64:
          v.u64[i] = (uint64_t)n;
          break;
        case TOME_I64:
          v.i64[i] = n;
          break;
        case TOME_F32:
          v.f32[i] = (float)n;
          break;
        default:
          v.f64[i] = n;
          break;
      }
    }
    tome_slice s = slice_of(&v, types[t], 2, 2);
    s.window = (tome_window){50, 100};
    tome_canvas c = draw(&s, 2, 2, 0);
    for (int i = 0; i < 4; i++) CHECK_NEAR(pixel(&c, i % 2, i / 2)[0], 2.55 * (30 * i + 10), 0.6);
    tome_canvas_clear(&c);
  }
}

/* NaN is as the lower end, and does not spread. */
static void not_numbers(void) {
  float v[256];
  for (int i = 0; i < 256; i++) v[i] = 80;
  v[5 * 16 + 5] = NAN;
  v[5 * 16 + 11] = INFINITY;
  tome_slice s = slice_of(v, TOME_F32, 16, 16);
  s.window = (tome_window){50, 100};
  tome_canvas c = draw(&s, 16, 16, 0);
  CHECK(pixel(&c, 5, 5)[0] == 0 && pixel(&c, 11, 5)[0] == 255);
  CHECK(pixel(&c, 4, 5)[0] == 204 && pixel(&c, 5, 6)[0] == 204);
  tome_canvas_clear(&c);
}

/* What is smaller than a pixel counts by its share. */
static void shares(void) {
  static uint8_t v[128 * 96];
  for (int i = 0; i < 128 * 96; i++) v[i] = (uint8_t)((i / 96 + i % 96) % 2 ? 200 : 100); /* a chessboard */
  tome_slice s = slice_of(v, TOME_U8, 128, 96);
  tome_canvas c = draw(&s, 24, 32, 0);
  for (int y = 1; y < 31; y++)
    for (int x = 1; x < 23; x++) CHECK_NEAR(pixel(&c, x, y)[0], 150, 1.1);
  tome_canvas_clear(&c);
}

static void colours(void) {
  uint8_t v[4 * 4 * 3];
  for (int i = 0; i < 48; i++) v[i] = (uint8_t)(5 * i);
  tome_slice s = slice_of(v, TOME_U8, 4, 4);
  s.channels = 3;
  tome_canvas c = draw(&s, 4, 4, 0);
  CHECK(memcmp(c.rgb, v, sizeof v) == 0);
  tome_canvas_clear(&c);
}

/* One bright voxel is seen where the patient has it, however the axes run. */
static void directions(void) {
  for (int m = 0; m < 8; m++) {
    const int64_t shape[3] = {4, 6, 8};
    const double origin[3] = {0, 0, 0};
    double step[3][3] = {{0, 0, m & 1 ? -1 : 1}, {0, m & 2 ? -1 : 1, 0}, {m & 4 ? -1 : 1, 0, 0}};
    tome_geometry g;
    CHECK(tome_geometry_from_steps(shape, step, origin, &g, &err));
    for (int p = 0; p < 3; p++) {
      uint8_t v[8 * 8] = {0};
      const int64_t at[3] = {1, 1, 2}; /* z, y, x */
      tome_slice s = {.view = tome_view_of(&g, (tome_plane)p), .dtype = TOME_U8, .voxels = v};
      const tome_box b = tome_view_box(&s.view, &g, at[s.view.axis]);
      s.geometry = tome_geometry_crop(&g, &b);
      const int64_t *n = s.geometry.shape;
      int64_t in[3] = {at[0], at[1], at[2]};
      in[s.view.axis] = 0;
      v[(in[0] * n[1] + in[1]) * n[2] + in[2]] = 255;
      tome_canvas c = draw(&s, (int)s.view.columns, (int)s.view.rows, 0);
      static const int right_is[3] = {2, 2, 1}, down_is[3] = {1, 0, 0}; /* index axes of L, P, S here */
      const bool right_flips = m & (right_is[p] == 2 ? 4 : 2), down_runs = m & (down_is[p] == 1 ? 2 : 1);
      const int x = (int)(right_flips ? shape[right_is[p]] - 1 - at[right_is[p]] : at[right_is[p]]);
      const bool down_flips = down_is[p] == 0 ? !down_runs : down_runs; /* the head is up */
      const int y = (int)(down_flips ? shape[down_is[p]] - 1 - at[down_is[p]] : at[down_is[p]]);
      CHECK(pixel(&c, x, y)[0] == 255);
      tome_canvas_clear(&c);
    }
  }
}

/* ---- outlines ---- */

static bool is_red(const uint8_t *p) { return p[0] >= 120 && p[1] < 60; }

/* A rectangle of a label, its borders known exactly: what is drawn lies within a pixel of them (beside half the line), and all of them are drawn. */
static void check_rectangle(int columns, int rows, int x0, int y0, int x1, int y1, int width, int height) {
  static uint8_t image[MOST], label[MOST];
  memset(label, 0, sizeof label);
  for (int y = y0; y < y1; y++)
    for (int x = x0; x < x1; x++) label[y * columns + x] = 3;
  tome_slice s = slice_of(image, TOME_U8, rows, columns);
  const tome_layer layer = {label, TOME_U8, 3, red};
  const double line = 2, sx = (double)width / columns, sy = (double)height / rows;
  const double l = x0 * sx, r = x1 * sx, t = y0 * sy, b = y1 * sy;
  s.layers = &layer;
  s.layer_count = 1;
  tome_canvas c = draw(&s, width, height, line);
  int stray = 0, open = 0;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      if (pixel(&c, x, y)[0] <= 60) continue;
      const double px = x + 0.5, py = y + 0.5, dx = fmax(fmax(l - px, px - r), 0), dy = fmax(fmax(t - py, py - b), 0);
      const double inside = fmin(fmin(px - l, r - px), fmin(py - t, b - py));
      stray += (dx > 0 || dy > 0 ? hypot(dx, dy) : inside) > line / 2 + 1;
    }
  for (double k = 0; k < 1; k += 1.0 / 256) {
    const double on[4][2] = {{l + k * (r - l), t}, {l + k * (r - l), b}, {l, t + k * (b - t)}, {r, t + k * (b - t)}};
    for (int e = 0; e < 4; e++) {
      bool seen = false;
      for (int j = -2; j <= 2; j++)
        for (int i = -2; i <= 2; i++) {
          const int x = (int)floor(on[e][0]) + i, y = (int)floor(on[e][1]) + j;
          if (x < 0 || y < 0 || x >= width || y >= height) continue;
          seen |= is_red(pixel(&c, x, y)) && hypot(x + 0.5 - on[e][0], y + 0.5 - on[e][1]) < 1.6;
        }
      open += !seen;
    }
  }
  if (stray || open) fprintf(stderr, "%dx%d at %dx%d: %d stray, %d open\n", columns, rows, width, height, stray, open);
  CHECK(stray == 0);
  CHECK(open == 0);
  tome_canvas_clear(&c);
}

static void outlines(void) {
  check_rectangle(64, 64, 10, 20, 30, 50, 64, 64);
  check_rectangle(64, 64, 10, 20, 30, 50, 320, 320);
  check_rectangle(64, 64, 10, 20, 30, 50, 400, 250); /* stretched */
  check_rectangle(512, 512, 100, 200, 300, 450, 256, 256);
  check_rectangle(512, 512, 101, 203, 299, 447, 160, 160);
  check_rectangle(512, 512, 37, 111, 401, 321, 270, 270);
  check_rectangle(500, 40, 111, 7, 300, 31, 250, 300); /* smaller across, larger down */
  check_rectangle(300, 300, 100, 100, 120, 110, 450, 450);
  check_rectangle(20, 20, 5, 5, 15, 15, 20, 20);
}

/* What is thinner than a pixel is seen. */
static void thin(void) {
  static uint8_t image[MOST], label[MOST];
  for (int width = 64; width <= 512; width *= 2) {
    memset(label, 0, sizeof label);
    for (int x = 40; x < 400; x++) label[300 * 512 + x] = 1;
    label[100 * 512 + 250] = 1;
    tome_slice s = slice_of(image, TOME_U8, 512, 512);
    const tome_layer layer = {label, TOME_U8, 1, red};
    s.layers = &layer;
    s.layer_count = 1;
    tome_canvas c = draw(&s, width, width, 1.5);
    const double k = width / 512.0;
    int line = 0, dot = 0;
    for (int x = (int)(60 * k); x < (int)(380 * k); x++) {
      bool seen = false;
      for (int j = -1; j <= 1; j++) seen |= is_red(pixel(&c, x, (int)(300.5 * k) + j));
      line += !seen;
    }
    for (int j = -1; j <= 1; j++)
      for (int i = -1; i <= 1; i++) dot += is_red(pixel(&c, (int)(250.5 * k) + i, (int)(100.5 * k) + j));
    CHECK(line == 0);
    CHECK(dot > 0);
    tome_canvas_clear(&c);
  }
}

/* Many structures in two maps, each in its own colour and place; a value that is nowhere draws nothing. */
static void many(void) {
  static uint8_t image[MOST];
  static uint16_t first[MOST], second[MOST];
  tome_layer layers[41];
  for (int k = 0; k < 40; k++) {
    const int x = 6 + 30 * (k % 8), y = 6 + 30 * (k / 8), value = 1 + (k * 7919) % 60000;
    uint16_t *map = k < 20 ? first : second;
    for (int j = 0; j < 20; j++)
      for (int i = 0; i < 20; i++) map[(y + j) * 256 + x + i] = (uint16_t)value;
    layers[k] = (tome_layer){map, TOME_U16, value, {200, (uint8_t)(6 * k), (uint8_t)(240 - 6 * k)}};
  }
  layers[40] = (tome_layer){second, TOME_U16, 65535, {1, 2, 3}};
  tome_slice s = slice_of(image, TOME_U8, 160, 256);
  s.layers = layers;
  s.layer_count = 41;
  tome_canvas c = draw(&s, 256, 160, 2);
  for (int k = 0; k < 40; k++) {
    const int x = 6 + 30 * (k % 8), y = 6 + 30 * (k / 8);
    const tome_rgb want = layers[k].colour;
    const uint8_t *p = pixel(&c, x + 10, y); /* on the border: the line covers at least half of it */
    CHECK(p[0] >= 100);
    CHECK_NEAR(p[1], want.g * p[0] / 200.0, 2);
    CHECK_NEAR(p[2], want.b * p[0] / 200.0, 2);
    CHECK(pixel(&c, x + 10, y + 10)[0] == 0);
  }
  tome_canvas_clear(&c);
}

/* Beyond the edges of the canvas nothing is written. */
static void cut(void) {
  static uint8_t image[64 * 64], label[64 * 64];
  memset(label, 1, sizeof label);
  tome_slice s = slice_of(image, TOME_U8, 64, 64);
  const tome_layer layer = {label, TOME_U8, 1, red};
  s.layers = &layer;
  s.layer_count = 1;
  tome_canvas c = {0};
  CHECK(tome_canvas_new(50, 40, (tome_rgb){9, 9, 9}, &c, &err));
  CHECK(tome_draw_slice(&c, -30, -30, 64, 64, &s, 2, &err));
  CHECK(tome_draw_slice(&c, 40, 30, 64, 64, &s, 2, &err));
  CHECK(pixel(&c, 45, 5)[0] == 9);
  CHECK(!tome_draw_slice(&c, 0, 0, 0, 64, &s, 2, &err));
  tome_canvas_clear(&c);
}

TEST_MAIN(windows, every_type, not_numbers, shares, colours, directions, outlines, thin, many, cut)
