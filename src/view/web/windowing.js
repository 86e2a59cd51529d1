// The window: presets, numbers, and the histogram with the window's edges on it.
import { byId, el, eachFrame, short } from "./dom.js";

const HANDLE_STEP = 100; // of the axis that an arrow key moves an edge

// The value that a share of all counts lies below.
function percentile({ first, width, counts }, share) {
  const total = counts.reduce((n, c) => n + c, 0);
  let sum = 0;
  for (let i = 0; i < counts.length; i++) {
    sum += counts[i];
    if (sum > share * total) return first + i * width;
  }
  return first + counts.length * width;
}

// Most of the values: from 0.5 to 99.5 percent of them, without the background where one value is that of a great part of the picture.
export function automaticWindow(histogram) {
  const { first, width, counts } = histogram, most = Math.max(...counts), total = counts.reduce((n, c) => n + c, 0);
  const without = most > 0.15 * total ? { first, width, counts: counts.map(c => (c === most ? 0 : c)) } : histogram;
  const lo = percentile(without, 0.005), hi = percentile(without, 0.995);
  return hi > lo ? { level: (lo + hi) / 2, width: hi - lo } : { level: lo, width: 1 };
}

export class Windowing {
  // changed(window): a person set another one; auto(): asked for the automatic one
  constructor(changed, auto) {
    Object.assign(this, { changed, auto, window: { level: 0, width: 1 }, histogram: null, presets: [], span: [0, 1] });
    this.canvas = byId("histogram");
    this.frame = eachFrame(() => this.draw());
    for (const id of ["level", "width"]) byId(id).addEventListener("change", () => this.typed());
    byId("auto").addEventListener("click", auto);
    byId("preset").addEventListener("change", () => this.choose(byId("preset").value));
    this.edges = ["low", "high"].map(name => this.edge(name));
    new ResizeObserver(this.frame).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.frame);
    this.dragMiddle();
  }

  typed() {
    const level = Number(byId("level").value), width = Number(byId("width").value);
    if (Number.isFinite(level) && width > 0) this.changed({ level, width });
    else this.show(this.window);
  }

  choose(value) {
    if (value === "auto") return this.auto();
    const preset = this.presets[Number(value)];
    if (value !== "" && preset) this.changed({ level: preset.level, width: preset.width });
  }

  // groups: [[title, [{ name, level, width }]]]
  setPresets(groups) {
    this.presets = groups.flatMap(g => g[1]);
    let i = 0;
    const options = groups.filter(g => g[1].length).map(([title, list]) =>
      el("optgroup", { label: title }, ...list.map(p => el("option", { value: i++ }, `${p.name}  ${short(p.level, 4)} / ${short(p.width, 4)}`))));
    byId("preset").replaceChildren(el("option", { value: "" }, "own"), el("option", { value: "auto" }, "auto"), ...options);
    this.show(this.window);
  }

  next() {
    if (!this.presets.length) return;
    const now = this.presets.findIndex(p => p.level === this.window.level && p.width === this.window.width);
    this.choose(String((now + 1) % this.presets.length));
  }

  setHistogram(histogram, unit) {
    this.histogram = histogram && histogram.counts.length ? histogram : null;
    this.unit = unit;
    this.span = this.histogram ? [percentile(this.histogram, 0.0001), percentile(this.histogram, 0.9999) + this.histogram.width] : [0, 1];
    this.frame();
  }

  show(window) {
    this.window = window;
    for (const id of ["level", "width"]) if (document.activeElement !== byId(id) || !byId(id).matches(":focus-visible")) byId(id).value = Number(window[id].toPrecision(5));
    const now = this.presets.findIndex(p => p.level === window.level && p.width === window.width);
    byId("preset").value = now < 0 ? "" : String(now);
    this.frame();
  }

  // Values at the two ends of the axis: all that counts and all of the window; it stands still while an edge is dragged.
  range() {
    if (this.held) return this.held;
    const { level, width } = this.window, lo = Math.min(this.span[0], level - width / 2), hi = Math.max(this.span[1], level + width / 2);
    return [lo - (hi - lo) * 0.02, hi + (hi - lo) * 0.02];
  }

  draw() {
    const c = this.canvas, ratio = devicePixelRatio || 1, width = Math.round(c.clientWidth * ratio), height = Math.round(c.clientHeight * ratio);
    if (!width || !height) return;
    if (c.width !== width || c.height !== height) Object.assign(c, { width, height });
    const g = c.getContext("2d"), [lo, hi] = this.range(), x = v => ((v - lo) / (hi - lo)) * width, style = getComputedStyle(c);
    const { level, width: wide } = this.window, edges = [level - wide / 2, level + wide / 2];
    g.clearRect(0, 0, width, height);
    g.fillStyle = style.getPropertyValue("--window");
    g.fillRect(x(edges[0]), 0, x(edges[1]) - x(edges[0]), height);
    if (this.histogram) this.curves(g, x, width, height, style);
    this.ramp(g, x, edges, height, style);
    this.place(edges, lo, hi);
    byId("range-low").textContent = short(lo, 4);
    byId("range-high").textContent = short(hi, 4) + (this.unit ? ` ${this.unit}` : "");
  }

  curves(g, x, width, height, style) {
    const top = Math.log1p(Math.max(...columnsOf(this.histogram, x, width))) || 1;
    g.fillStyle = style.getPropertyValue("--mark");
    this.curve(g, columnsOf(this.histogram, x, width), top, height, true);
    for (const l of this.histogram.labels || []) {
      if (!l.counts || !l.colour || l.visible === false) continue;
      g.strokeStyle = l.colour;
      g.lineWidth = 1.5 * (devicePixelRatio || 1);
      this.curve(g, columnsOf({ first: l.first ?? this.histogram.first, width: l.width ?? this.histogram.width, counts: l.counts }, x, width), top, height, false);
    }
  }

  curve(g, columns, top, height, filled) {
    const y = n => height - (Math.log1p(n) / top) * (height - 6);
    g.beginPath();
    g.moveTo(0, height);
    columns.forEach((n, i) => g.lineTo(i, y(n)));
    g.lineTo(columns.length, height);
    if (filled) g.fill();
    else g.stroke();
  }

  // How the window turns values into gray: from black at its lower edge to white at its upper one.
  ramp(g, x, edges, height, style) {
    g.beginPath();
    g.moveTo(x(edges[0]), height - 1);
    g.lineTo(x(edges[1]), 1);
    g.strokeStyle = style.getPropertyValue("--text");
    g.lineWidth = devicePixelRatio || 1;
    g.stroke();
  }

  place(edges, lo, hi) {
    this.edges.forEach((e, k) => {
      e.style.left = `${(100 * (edges[k] - lo)) / (hi - lo)}%`;
      e.setAttribute("aria-valuenow", Number(edges[k].toPrecision(6)));
      e.setAttribute("aria-valuemin", Number(lo.toPrecision(6)));
      e.setAttribute("aria-valuemax", Number(hi.toPrecision(6)));
      e.setAttribute("aria-valuetext", `${short(edges[k], 5)} ${this.unit || ""}`);
    });
  }

  // An edge that can be dragged, and moved by the arrow keys.
  edge(name) {
    const e = byId(`edge-${name}`), sign = name === "low" ? -1 : 1;
    const move = value => {
      const { level, width } = this.window, other = level - (sign * width) / 2, least = width * 1e-3 || 1e-6;
      const to = sign > 0 ? Math.max(value, other + least) : Math.min(value, other - least);
      this.changed({ level: (to + other) / 2, width: Math.abs(to - other) });
    };
    const value = () => this.window.level + (sign * this.window.width) / 2;
    this.draggable(e, (dx, start) => move(this.round(start + dx)), value);
    e.addEventListener("keydown", event => {
      const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
      if (!by) return;
      event.preventDefault();
      event.stopPropagation();
      const [lo, hi] = this.range();
      move(this.round(value() + (by * (hi - lo)) / HANDLE_STEP));
    });
    return e;
  }

  // Whole numbers where values are whole.
  round(v) {
    return this.histogram && this.histogram.width === 1 ? Math.round(v) : v;
  }

  dragMiddle() {
    this.draggable(this.canvas, (dx, start) => this.changed({ level: this.round(start + dx), width: this.window.width }), () => this.window.level);
  }

  draggable(e, moved, value) {
    let start = null;
    e.addEventListener("pointerdown", event => {
      this.held = this.range();
      start = { x: event.clientX, value: value() };
      e.setPointerCapture(event.pointerId);
    });
    e.addEventListener("pointermove", event => {
      if (start) moved(((event.clientX - start.x) / this.canvas.clientWidth) * (this.held[1] - this.held[0]), start.value);
    });
    for (const end of ["pointerup", "pointercancel"]) e.addEventListener(end, () => {
      start = this.held = null;
      this.frame();
    });
  }
}

// The greatest count under each column of pixels.
function columnsOf({ first, width, counts }, x, pixels) {
  const out = new Float64Array(pixels);
  let last = -1;
  for (let i = 0; i < counts.length; i++) {
    const from = Math.floor(x(first + (i - 0.5) * width)), to = Math.floor(x(first + (i + 0.5) * width));
    if (!counts[i] && from === last) continue;
    for (let p = Math.max(0, from); p <= Math.min(pixels - 1, to); p++) out[p] = Math.max(out[p], counts[i]);
    last = to;
  }
  return out;
}
