// What is looked at: the case as stored, or what a recipe makes of it. A grid, its volumes, a window, its labels, and where the crosshair is in it.
import { Grid, PLANE_NAMES, worldText } from "./geometry.js";
import { short } from "./dom.js";
import { box } from "./remote.js";
import { percentiles } from "./paint.js";
import { Loader } from "./slices.js";

const LARGEST_BOX = 16 << 20; // voxels of a label's box that are looked through for its middle
const COLOURS = ["red", "green", "blue"];

export class Scene {
  // kind "original" or "result"; about: what the server says of it; from: { path, params, key } of its boxes.
  constructor(kind, about, from, cache, told) {
    Object.assign(this, { kind, about, cache, told, loaders: new Map(), problem: "", labels: [], made: new Map(), palette: ["#56b4e9"], windows: new Map() });
    this.grid = new Grid(about);
    this.source = { key: from.key, shape: about.shape, fetch: (volume, lo, hi, signal) => box(from.path, { ...from.params, volume }, lo, hi, signal) };
    this.volumes = picturesOf(about);
    this.volume = this.volumes[0];
    this.maps = about.volumes.filter(v => v.kind === "labels").map(v => ({ volume: v.name, name: bare(v.name) }));
    this.units = about.units || "";
    this.window = { level: 0, width: 1 };
    this.put(this.grid.toWorld(about.shape.map(n => n >> 1)));
    this.planes = this.planesOf();
  }

  get colour() {
    return this.volume.parts.length === 3;
  }

  // One plane where there is but one slice or colours, else three.
  planesOf() {
    const flat = this.grid.shape.indexOf(1), pictures = this.volumes.some(v => v.parts.length === 3), plain = isPlain(this.about.affine);
    this.millimetres = !(plain && !this.units && this.grid.spacing.every(s => s === 1) && (flat >= 0 || pictures));
    if (pictures || (flat >= 0 && !this.millimetres)) return [this.grid.asStored("axial", Math.max(flat, 0))];
    const planes = PLANE_NAMES.map(name => this.grid.plane(name));
    return flat < 0 ? planes : planes.filter(p => p.axis === flat);
  }

  plane(name) {
    return this.planes.find(p => p.name === name);
  }

  // The crosshair goes to a place in the world.
  put(world) {
    this.voxel = this.grid.toVoxel(world).map(v => Math.round(v + 0)).map(v => (Object.is(v, -0) ? 0 : v));
    this.inside = this.grid.holds(this.voxel);
  }

  choose(name) {
    this.volume = this.volumes.find(v => v.name === name) || this.volumes[0];
  }

  loader(volume, axis) {
    const key = `${volume} ${axis}`;
    if (!this.loaders.has(key)) this.loaders.set(key, new Loader(this.source, volume, axis, this.cache, e => this.told(this, e)));
    return this.loaders.get(key);
  }

  // One slice, three of colours, or null while any of them is on its way.
  slices(axis, index) {
    const found = this.volume.parts.map(part => this.loader(part, axis).get(index));
    return found.every(Boolean) ? found : null;
  }

  // Slices of the label maps with what is visible of each.
  labelSlices(axis, index) {
    const out = [];
    for (const map of this.maps) {
      const known = this.labels.filter(l => l.map === map.name), labels = known.filter(l => l.visible && (this.kind === "result" || crosses(l, axis, index)));
      const slice = labels.length || !known.length ? this.loader(map.volume, axis).get(index) : null;
      if (slice) out.push({ slice, labels: this.kind === "result" ? [...labels, ...this.strangers(slice, map, known)] : labels });
    }
    return out.sort((a, b) => largest(b.labels) - largest(a.labels)); // small ones over large ones
  }

  // Values that a recipe made (merge, remap) and the case has no name for: they are shown too, in the palette's colours.
  strangers(slice, map, known) {
    slice.values = slice.values || new Set(slice.data);
    const values = [...slice.values].filter(v => v && !known.some(l => l.value === v));
    return values.map(value => ({ map: map.name, value, name: `${map.name} ${value}`, colour: this.palette[(value - 1) % this.palette.length] }));
  }

  // Those of all slices that were shown so far, by map and value.
  madeLabels() {
    for (const map of this.maps) for (const { axis } of this.planes) {
      const slice = this.cache.get(this.loader(map.volume, axis).key(this.voxel[axis])), known = this.labels.filter(l => l.map === map.name);
      if (slice) for (const l of this.strangers(slice, map, known)) this.made.set(l.name, l);
    }
    return [...this.made.values()].sort((a, b) => (a.map === b.map ? a.value - b.value : a.map < b.map ? -1 : 1));
  }

  // Values at a voxel out of the slices that are here: image parts and label names; undefined where none is here.
  at(voxel) {
    if (!this.grid.holds(voxel)) return undefined;
    const values = this.volume.parts.map(part => this.peek(part, voxel));
    if (values.some(v => v === undefined)) return undefined;
    const names = [];
    for (const map of this.maps) {
      const value = this.peek(map.volume, voxel);
      const label = value && this.labels.find(l => l.map === map.name && l.value === value);
      if (label) names.push(label.name);
      else if (value) names.push(`${map.name} ${value}`);
    }
    return { values, names };
  }

  peek(volume, voxel) {
    for (const axis of [0, 1, 2]) {
      const slice = this.cache.get(this.loader(volume, axis).key(voxel[axis]));
      if (!slice) continue;
      const [row, column] = voxel.filter((_, a) => a !== axis);
      return slice.data[row * slice.columns + column];
    }
    return undefined;
  }

  valueText(found) {
    if (!found) return "";
    return found.values.map(v => short(v)).join(", ") + (this.units ? ` ${this.units}` : "");
  }

  hoverText(voxel) {
    const found = this.at(voxel);
    if (!found) return "";
    const place = this.millimetres ? `  ·  ${worldText(this.grid.toWorld(voxel))} mm` : "";
    return `${voxel.join(", ")}${place}  ·  ${this.valueText(found)}${found.names.length ? `  ·  ${found.names.join(", ")}` : ""}`;
  }

  // A window from the slices that are shown: for what has no histogram.
  windowOfSlices() {
    const arrays = this.shownData();
    if (!arrays.length) return null;
    if (arrays[0] instanceof Uint8Array) return { level: 127.5, width: 255 };
    const [lo, hi] = percentiles(arrays, [0.005, 0.995]);
    return hi > lo ? { level: (lo + hi) / 2, width: hi - lo } : { level: lo || 0, width: 1 };
  }

  shownData() {
    const found = this.planes.map(p => this.cache.get(this.loader(this.volume.parts[0], p.axis).key(this.voxel[p.axis])));
    return found.filter(Boolean).map(s => s.data);
  }

  // The voxel of a label that is nearest to the middle of its box, which may lie outside it or between its pieces.
  async middleOf(label) {
    const { volume } = this.maps.find(m => m.name === label.map), { centre } = label, lo = [], hi = [];
    const { data: one } = await this.source.fetch(volume, centre, centre.map(v => v + 1));
    for (const a of "zyx") lo.push(label[`box_${a}0`]), hi.push(label[`box_${a}1`]);
    if (one[0] === label.value || !lo.every((v, a) => (hi[a] - v) > 0) || lo.reduce((n, v, a) => n * (hi[a] - v), 1) > LARGEST_BOX) return centre;
    const { data, shape: [, rows, columns] } = await this.source.fetch(volume, lo, hi);
    let best = Infinity, found = centre;
    for (let i = data.indexOf(label.value); i >= 0; i = data.indexOf(label.value, i + 1)) {
      const voxel = [lo[0] + Math.floor(i / (rows * columns)), lo[1] + (Math.floor(i / columns) % rows), lo[2] + (i % columns)];
      const distance = Math.hypot(...voxel.map((v, a) => (v - centre[a]) * this.grid.spacing[a]));
      if (distance < best) [best, found] = [distance, voxel];
    }
    return found;
  }

  close() {
    for (const l of this.loaders.values()) l.close();
  }
}

// Whether a slice meets the box that a label lies in.
const crosses = (label, axis, index) => index >= (label[`box_${"zyx"[axis]}0`] ?? 0) && index < (label[`box_${"zyx"[axis]}1`] ?? Infinity);

const largest = labels => Math.max(...labels.map(l => l.ml || 0));

// "labels/liver", "channels/flair": what the case itself calls it.
const bare = name => name.slice(name.lastIndexOf("/") + 1);

// What can be looked at: colours together, and each channel. The first channel is the volume "image"; only the case knows its name.
function picturesOf({ volumes, channels }) {
  const first = (channels || "").split(",")[0];
  const alone = volumes.filter(v => v.kind !== "labels").map(v => ({ name: v.kind === "image" && first ? first : bare(v.name), parts: [v.name], dtype: v.dtype, type: v.type }));
  const colours = COLOURS.map(c => alone.find(v => v.name === c));
  return colours.every(Boolean) ? [{ ...colours[0], name: "colours", parts: colours.map(v => v.parts[0]) }, ...alone] : alone;
}

// Index axes along world axes at the origin: what files without a patient have.
function isPlain(affine) {
  return [0, 1, 2].every(w => affine[w].every((v, a) => a === 2 - w || v === 0));
}
