/* A spline's prefilter over a box, one axis after another: down the slices, down the rows of each slice, and across them. */
#include "ops/spline_fit.h"

#include <string.h>

#include "base/mem.h"
#include "ops/kernel_line.h"

enum { Z = TOME_Z, Y = TOME_Y, X = TOME_X };

typedef struct fit {
  double *voxels;
  size_t n[3]; /* of the box */
  tome_line line;
  double *room; /* `each` doubles for every worker */
  size_t each;
} fit;

/* A line's block and as much again for two of its rows. */
static size_t room_for(const size_t n[3]) {
  const size_t zx = (n[Z] + 2) * n[X], xy = (n[X] + 2) * n[Y], y = 2 * n[X];
  const size_t most = zx > xy ? zx : xy;
  return most > y ? most : y;
}

static bool fit_z(void *ctx, size_t y, int worker, tome_error *err) {
  (void)err;
  const fit *f = ctx;
  const size_t nx = f->n[X], plane = f->n[Y] * nx;
  double *block = f->room + (size_t)worker * f->each, *first = f->voxels + y * nx;
  for (size_t z = 0; z < f->n[Z]; z++) memcpy(block + z * nx, first + z * plane, nx * sizeof *block);
  tome_line_prepare(&f->line, block, block + f->n[Z] * nx, nx);
  for (size_t z = 0; z < f->n[Z]; z++) memcpy(first + z * plane, block + z * nx, nx * sizeof *block);
  return true;
}

static bool fit_y(void *ctx, size_t z, int worker, tome_error *err) {
  (void)err;
  const fit *f = ctx;
  tome_line_prepare(&f->line, f->voxels + z * f->n[Y] * f->n[X], f->room + (size_t)worker * f->each, f->n[X]);
  return true;
}

static bool fit_x(void *ctx, size_t z, int worker, tome_error *err) {
  (void)err;
  const fit *f = ctx;
  const size_t nx = f->n[X], ny = f->n[Y];
  double *block = f->room + (size_t)worker * f->each, *slice = f->voxels + z * ny * nx;
  for (size_t y = 0; y < ny; y++)
    for (size_t x = 0; x < nx; x++) block[x * ny + y] = slice[y * nx + x];
  tome_line_prepare(&f->line, block, block + nx * ny, ny);
  for (size_t y = 0; y < ny; y++)
    for (size_t x = 0; x < nx; x++) slice[y * nx + x] = block[x * ny + y];
  return true;
}

size_t tome_spline_fit_scratch(const tome_box *box, int threads) {
  int64_t shape[3];
  tome_box_shape(box, shape);
  const size_t n[3] = {(size_t)shape[Z], (size_t)shape[Y], (size_t)shape[X]};
  return (size_t)(threads > 0 ? threads : 1) * room_for(n) * sizeof(double);
}

bool tome_spline_fit(int order, const int64_t n[3], const tome_box *box, double *voxels, const tome_run *run,
                     tome_error *err) {
  static bool (*const passes[3])(void *, size_t, int, tome_error *) = {fit_z, fit_y, fit_x};
  static const int over[3] = {Y, Z, Z};
  fit f = {.voxels = voxels};
  for (int a = 0; a < 3; a++) f.n[a] = (size_t)(box->hi[a] - box->lo[a]);
  f.each = room_for(f.n);
  TOME_AUTO_FREE double *room = tome_alloc((size_t)tome_threads(run), f.each * sizeof *room, "resample: lines", err);
  if (!room) return false;
  f.room = room;
  for (int a = 0; a < 3; a++) {
    f.line = tome_line_fit(order, n[a], box->lo[a], box->hi[a]);
    if (f.line.poles && !tome_parallel(run, f.n[over[a]], passes[a], &f, err)) return false;
  }
  return true;
}
