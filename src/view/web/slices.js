// Slices on their way: a bounded cache, and loaders of which each plane has one a volume. The last slice asked for wins; what was waiting before it is never
// asked of the server. Once it is there, its neighbours in the direction of scrolling come as one slab, so that the next steps cost nothing.
import { stopped } from "./remote.js";

const SLAB = 8;

export class Cache {
  constructor(limit) {
    this.limit = limit;
    this.bytes = 0;
    this.slices = new Map();
  }

  get(key) {
    const slice = this.slices.get(key);
    if (slice) {
      this.slices.delete(key);
      this.slices.set(key, slice);
    }
    return slice;
  }

  has(key) {
    return this.slices.has(key);
  }

  put(key, slice) {
    if (this.slices.has(key)) return;
    this.slices.set(key, slice);
    this.bytes += slice.data.byteLength;
    for (const [old, victim] of this.slices) {
      if (this.bytes <= this.limit || old === key) break;
      this.slices.delete(old);
      this.bytes -= victim.data.byteLength;
    }
  }
}

// Slice k of a box that is `n` slices thick along `axis`: { data, rows, columns }, the later of the two other axes along the columns.
function cut(data, shape, axis, k) {
  const [nz, ny, nx] = shape;
  if (axis === 0) return { data: nz === 1 ? data : data.slice(k * ny * nx, (k + 1) * ny * nx), rows: ny, columns: nx };
  const rows = nz, columns = axis === 1 ? nx : ny;
  if (shape[axis] === 1) return { data, rows, columns };
  const out = new data.constructor(rows * columns);
  for (let z = 0, o = 0; z < nz; z++) {
    if (axis === 1) out.set(data.subarray((z * ny + k) * nx, (z * ny + k + 1) * nx), z * nx);
    else for (let y = 0; y < ny; y++) out[o++] = data[(z * ny + y) * nx + k];
  }
  return { data: out, rows, columns };
}

export class Loader {
  // source: { key, shape, fetch(volume, lo, hi, signal) }; told(error) hears that a slice came (no error) or could not.
  constructor(source, volume, axis, cache, told) {
    Object.assign(this, { source, volume, axis, cache, told, wanted: -1, last: -1, direction: 1, failed: -1, busy: false, closed: false });
    this.main = new AbortController();
    this.ahead = null;
  }

  key(index) {
    return `${this.source.key}\n${this.volume}\n${this.axis}\n${index}`;
  }

  // The slice if it is here; else it is on its way.
  get(index) {
    if (index < 0 || index >= this.source.shape[this.axis]) return undefined;
    if (index !== this.last) {
      if (this.last >= 0) this.direction = index > this.last ? 1 : -1;
      this.last = index;
    }
    const slice = this.cache.get(this.key(index));
    this.wanted = index;
    if (!slice && this.ahead && !(index >= this.ahead.lo && index < this.ahead.hi)) this.ahead.controller.abort();
    if (index !== this.failed) {
      this.failed = -1;
      if (!this.busy) this.run();
    }
    return slice;
  }

  async run() {
    this.busy = true;
    while (!this.closed) {
      const index = this.wanted;
      try {
        if (!this.cache.has(this.key(index))) {
          await this.load(index, index + 1, this.main.signal);
          this.told();
        } else if (!(await this.prefetch(index))) break;
      } catch (e) {
        if (!stopped(e) && !this.closed) {
          this.told(e);
          this.failed = index;
          if (this.wanted === index) break;
        }
      }
    }
    this.busy = false;
  }

  // The next slab that is not here, in the direction of the last step; false where there is none.
  async prefetch(index) {
    const count = this.source.shape[this.axis];
    for (let k = 0, i = index; k <= SLAB && i >= 0 && i < count; k++, i += this.direction) {
      if (this.cache.has(this.key(i))) continue;
      const lo = this.direction > 0 ? i : Math.max(0, i - SLAB + 1), hi = this.direction > 0 ? Math.min(count, i + SLAB) : i + 1;
      this.ahead = { lo, hi, controller: new AbortController() };
      try {
        await this.load(lo, hi, this.ahead.controller.signal);
      } finally {
        this.ahead = null;
      }
      if (this.wanted >= lo && this.wanted < hi) this.told();
      return true;
    }
    return false;
  }

  async load(from, to, signal) {
    const lo = [0, 0, 0], hi = [...this.source.shape];
    lo[this.axis] = from;
    hi[this.axis] = to;
    const { shape, data } = await this.source.fetch(this.volume, lo, hi, signal);
    if (this.closed) return;
    for (let i = from; i < to; i++) this.cache.put(this.key(i), cut(data, shape, this.axis, i - from));
  }

  close() {
    this.closed = true;
    this.main.abort();
    if (this.ahead) this.ahead.controller.abort();
  }
}
