// From voxels to pixels: windows, colours, and where labels end.

const OPAQUE = 0xff000000; // canvas pixels are little endian: alpha, blue, green, red

// A window maps level ± width / 2 to 0 … 255, rounded.
export function grayOf(value, { level, width }) {
  const t = (value - (level - width / 2)) / width;
  return t > 0 ? (t < 1 ? Math.round(t * 255) : 255) : 0; // NaN is black
}

const RANGES = { Uint8Array: [0, 256], Int8Array: [-128, 256], Uint16Array: [0, 65536], Int16Array: [-32768, 65536] };
const tables = new Map();

// The pixel of every value of a small type, kept until the window changes.
function table(type, window) {
  const [first, count] = RANGES[type];
  let t = tables.get(type);
  if (!t) tables.set(type, (t = { pixels: new Uint32Array(count), first }));
  if (t.level === window.level && t.width === window.width) return t;
  t.level = window.level;
  t.width = window.width;
  for (let i = 0; i < count; i++) t.pixels[i] = (OPAQUE | (grayOf(first + i, window) * 0x010101)) >>> 0;
  return t;
}

export function paintGray(data, window, out) {
  if (data.constructor.name in RANGES) {
    const { pixels, first } = table(data.constructor.name, window);
    for (let i = 0; i < data.length; i++) out[i] = pixels[data[i] - first];
    return;
  }
  for (let i = 0; i < data.length; i++) out[i] = (OPAQUE | (grayOf(data[i], window) * 0x010101)) >>> 0;
}

export function paintColour([red, green, blue], window, out) {
  for (let i = 0; i < red.length; i++)
    out[i] = (OPAQUE | (grayOf(blue[i], window) << 16) | (grayOf(green[i], window) << 8) | grayOf(red[i], window)) >>> 0;
}

// colours: label value → pixel (0: not shown).
export function paintLabels(data, colours, out) {
  for (let i = 0; i < data.length; i++) {
    const v = data[i];
    if (v) {
      const colour = colours.get(v);
      if (colour) out[i] = colour;
    }
  }
}

export function pixelOf(hex, alpha) {
  const n = parseInt(hex.slice(1), 16);
  return ((Math.round(alpha * 255) << 24) | ((n & 255) << 16) | (n & 0xff00) | (n >> 16)) >>> 0;
}

// The way from each side of a pixel into it: top, bottom, left, right.
export const INWARD = [[0, 1], [0, -1], [1, 0], [-1, 0]];

// Borders of each label of a slice along the edges of its pixels: Map of value → four paths in pixels of the slice, of the sides where the label lies
// below, above, right and left of the edge, so that each can be drawn on its own label's side. Kept with the slice.
export function outlines(slice) {
  if (slice.outlines) return slice.outlines;
  const paths = new Map();
  const line = (value, side, x0, y0, x1, y1) => {
    let sides = paths.get(value);
    if (!sides) paths.set(value, (sides = INWARD.map(() => new Path2D())));
    sides[side].moveTo(x0, y0);
    sides[side].lineTo(x1, y1);
  };
  const { data, rows, columns } = slice;
  const flat = (y, x0, x1, v, side) => line(v, side, x0, y, x1, y), upright = (x, y0, y1, v, side) => line(v, 2 + side, x, y0, x, y1);
  edges(data, rows, columns, columns, 1, flat);
  edges(data, columns, rows, 1, columns, upright);
  slice.outlines = paths;
  return paths;
}

// Runs of equal change between row i - 1 and row i, for every i; `down` and `along` are the strides of rows and of pixels in them.
function edges(data, rows, columns, down, along, emit) {
  for (let i = 0; i <= rows; i++) {
    let start = 0, before = 0, after = 0;
    for (let j = 0; j <= columns; j++) {
      const at = i * down + j * along, inside = j < columns;
      const a = inside && i > 0 ? data[at - down] : 0, b = inside && i < rows ? data[at] : 0;
      if (a === before && b === after) continue;
      if (before !== after) {
        if (before) emit(i, start, j, before, 1);
        if (after) emit(i, start, j, after, 0);
      }
      start = j;
      before = a;
      after = b;
    }
  }
}

// Values that this share of all lies below, by a sample: for windows of what has no histogram.
export function percentiles(arrays, shares) {
  const sample = [];
  const total = arrays.reduce((n, a) => n + a.length, 0), step = Math.max(1, Math.floor(total / 60000));
  for (const a of arrays) for (let i = 0; i < a.length; i += step) if (Number.isFinite(a[i])) sample.push(a[i]);
  sample.sort((p, q) => p - q);
  return shares.map(s => (sample.length ? sample[Math.round(s * (sample.length - 1))] : NaN));
}
