// One plane of one scene on the screen: the picture, labels, crosshair, letters, bar of mm and slider, and what mouse, wheel and touch do there.
import { el, eachFrame } from "./dom.js";
import { inPlane } from "./geometry.js";
import { INWARD, outlines, paintColour, paintGray, paintLabels, pixelOf } from "./paint.js";

const MARGIN = 0.96; // of the pane that a whole slice takes
const BARS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
const OUTLINE = 1.6; // CSS pixels
const CROSSHAIR_GAP = 7; // CSS pixels around the crosshair's voxel that stay free

// A canvas of a slice's own size to be scaled from.
class Buffer {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d");
    this.size(1, 1);
  }

  size(columns, rows) {
    if (this.image && this.canvas.width === columns && this.canvas.height === rows) return;
    this.canvas.width = columns;
    this.canvas.height = rows;
    this.image = this.context.createImageData(columns, rows);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  put() {
    this.context.putImageData(this.image, 0, 0);
  }
}

export class Pane {
  // scene: what to show (see scene.js); look: what all panes share; act: what a person did, told to the page.
  constructor(scene, plane, look, act) {
    Object.assign(this, { scene, plane, look, act, pointer: null, drag: null, wheel: 0, slice: undefined, painted: "", placed: "" });
    this.buffer = new Buffer();
    this.fills = new Buffer();
    this.frame = eachFrame(() => this.draw());
    this.hoverFrame = eachFrame(() => this.tellHover());
    this.build();
    this.listen();
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.stage);
  }

  close() {
    this.observer.disconnect();
    this.root.remove();
  }

  build() {
    const { plane, scene } = this, mark = side => el("span", { class: `mark ${side}`, "aria-hidden": "true" }, plane[side]);
    this.image = el("canvas", { class: "image" });
    this.over = el("canvas", { class: "over" });
    this.scale = el("span", { class: "scale", "aria-hidden": "true" });
    this.hover = el("span", { class: "hover", "aria-hidden": "true" });
    this.note = el("span", { class: "note", role: "status" });
    this.stage = el("div", { class: "stage", tabindex: "0", role: "application", "aria-roledescription": "slice view", "aria-describedby": "stage-keys" },
      this.image, this.over, mark("left"), mark("right"), mark("top"), mark("bottom"), scene.kind === "result" ? el("span", { class: "tag", "aria-hidden": "true" }, "Result") : "", this.scale, this.hover, this.note);
    this.slider = el("input", { type: "range", min: 0, max: plane.count - 1, step: 1, "aria-label": `${this.title()}: slice` });
    this.number = el("output", {});
    this.big = el("button", { type: "button", class: "small", title: "Alone or all planes (double click)", "aria-label": `${this.title()}: alone or all planes`,
      onclick: () => this.act.maximise(plane.name) }, "⤢");
    const bar = el("div", { class: "bar" }, el("span", { class: "plane-name" }, this.title().replace(", result", "")), this.slider, this.number, this.big);
    this.slider.hidden = this.number.hidden = this.big.hidden = plane.count < 2;
    this.root = el("section", { class: `pane ${plane.name} ${scene.kind}`, "data-plane": plane.name, "data-scene": scene.kind, "aria-label": this.title() },
      this.stage, bar);
  }

  title() {
    const name = this.plane.left ? this.plane.name[0].toUpperCase() + this.plane.name.slice(1) : "Picture";
    return this.scene.kind === "result" ? `${name}, result` : name;
  }

  resize() {
    const box = this.stage.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(box.width * ratio)), height = Math.max(1, Math.round(box.height * ratio));
    for (const c of [this.image, this.over]) {
      if (c.width === width && c.height === height) continue;
      c.width = width;
      c.height = height;
    }
    this.ratio = ratio;
    this.frame();
  }

  // ---- where things lie ----

  // Device pixels from indices along the plane's axes, pixel centres at whole indices: x = x0 + dx * i + sx * j, y = y0 + dy * j.
  fit() {
    const { plane, look, image } = this, whole = look.whole(plane.name) || plane;
    const k = MARGIN * Math.min(image.width / whole.width, image.height / whole.height) * look.zoom[plane.name];
    const middle = inPlane(plane, this.scene.grid.toVoxel(look.middle)), pan = look.pan[plane.name];
    const x0 = image.width / 2 + (pan[0] - middle[0]) * k, y0 = image.height / 2 + (pan[1] - middle[1]) * k;
    return { k, x0, y0, dx: plane.pitch * k, sx: plane.shear * k, dy: plane.drop * k };
  }

  // The (continuous) voxel under a point of the stage in CSS pixels.
  voxelAt(px, py) {
    const f = this.fit(), voxel = [...this.scene.voxel];
    const j = (py * this.ratio - f.y0) / f.dy;
    voxel[this.plane.across] = (px * this.ratio - f.x0 - f.sx * j) / f.dx;
    voxel[this.plane.down] = j;
    return voxel;
  }

  // The matrix that takes a slice's own pixels (columns, rows; edges at whole numbers) to the canvas.
  matrix(f) {
    const x = f.x0 - (f.dx + f.sx) / 2, y = f.y0 - f.dy / 2;
    return this.plane.across > this.plane.down ? [f.dx, 0, f.sx, f.dy, x, y] : [f.sx, f.dy, f.dx, 0, x, y];
  }

  // ---- drawing ----

  draw() {
    if (!this.root.isConnected || this.root.hidden || this.image.width < 2) return;
    const f = this.fit(), index = this.scene.voxel[this.plane.axis];
    this.drawImage(f, index);
    this.drawOver(f, index);
    this.tell(f, index);
  }

  drawImage(f, index) {
    const { scene, plane, buffer } = this, { level, width } = scene.window;
    const slices = scene.inside ? scene.slices(plane.axis, index) : [];
    this.waiting = slices === null;
    if (!this.waiting) {
      const first = slices[0], painted = `${scene.volume.name} ${level} ${width}`;
      if (first && (first !== this.slice || painted !== this.painted)) {
        buffer.size(first.columns, first.rows);
        if (slices.length === 3) paintColour(slices.map(s => s.data), scene.window, buffer.pixels);
        else paintGray(first.data, scene.window, buffer.pixels);
        buffer.put();
        this.placed = "";
      }
      this.slice = first;
      this.painted = painted;
    }
    this.paste(f);
  }

  // What was painted last onto the canvas, unless it is there already: the other planes' crosshairs move much more often than their slices.
  paste(f) {
    const place = [this.image.width, this.image.height, this.look.smooth, Boolean(this.slice), ...this.matrix(f)].join(" ");
    if (place === this.placed) return;
    this.placed = place;
    const c = this.image.getContext("2d", { alpha: false });
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.fillStyle = "#000";
    c.fillRect(0, 0, this.image.width, this.image.height);
    if (!this.slice) return;
    c.setTransform(...this.matrix(f));
    c.imageSmoothingEnabled = this.look.smooth;
    c.imageSmoothingQuality = "high";
    c.drawImage(this.buffer.canvas, 0, 0);
  }

  drawOver(f, index) {
    const c = this.over.getContext("2d");
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.clearRect(0, 0, this.over.width, this.over.height);
    if (this.scene.inside && this.look.labels) for (const map of this.scene.labelSlices(this.plane.axis, index)) this.drawLabels(c, f, map);
    if (this.look.crosshair && this.scene.inside) this.drawCrosshair(c, f);
  }

  drawLabels(c, f, { slice, labels }) {
    const { look, fills } = this;
    if (look.fill && look.opacity > 0) {
      fills.size(slice.columns, slice.rows);
      fills.pixels.fill(0);
      paintLabels(slice.data, new Map(labels.map(l => [l.value, pixelOf(l.colour, look.opacity)])), fills.pixels);
      fills.put();
      c.setTransform(...this.matrix(f));
      c.imageSmoothingEnabled = false;
      c.drawImage(fills.canvas, 0, 0);
    }
    if (!look.outline) return;
    c.setTransform(1, 0, 0, 1, 0, 0);
    const paths = outlines(slice), m = this.matrix(f), width = OUTLINE * this.ratio;
    // Lines as wide on the screen whatever the zoom, and within their label: moved inwards by half their width.
    const places = INWARD.map(([x, y]) => new DOMMatrix([...m.slice(0, 4), m[4] + (Math.sign(m[0] * x + m[2] * y) * width) / 2, m[5] + (Math.sign(m[1] * x + m[3] * y) * width) / 2]));
    c.lineWidth = width;
    c.lineCap = "butt";
    for (const label of labels.filter(l => paths.has(l.value))) {
      const placed = new Path2D();
      paths.get(label.value).forEach((path, side) => placed.addPath(path, places[side]));
      c.strokeStyle = label.colour;
      c.stroke(placed);
    }
  }

  drawCrosshair(c, f) {
    const { scene, plane, over } = this, j = scene.voxel[plane.down];
    const at = [f.x0 + f.dx * scene.voxel[plane.across] + f.sx * j, f.y0 + f.dy * j], lean = f.sx / f.dy;
    const gap = [Math.abs(f.dx), Math.abs(f.dy)].map(d => d / 2 + CROSSHAIR_GAP * this.ratio);
    const [x, y] = at.map(v => Math.round(v) + (Math.round(this.ratio) % 2 ? 0.5 : 0));
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.beginPath();
    for (const [from, to] of [[0, x - gap[0]], [x + gap[0], over.width]]) if (to > from) c.moveTo(from, y), c.lineTo(to, y);
    for (const [from, to] of [[0, y - gap[1]], [y + gap[1], over.height]]) if (to > from) c.moveTo(x + (from - y) * lean, from), c.lineTo(x + (to - y) * lean, to);
    c.lineWidth = Math.max(1, Math.round(this.ratio));
    c.strokeStyle = "rgba(120, 220, 160, .62)";
    c.stroke();
  }

  // What stands around the picture in words.
  tell(f, index) {
    const { scene, plane } = this;
    this.slider.value = Math.min(Math.max(index, 0), plane.count - 1);
    this.number.textContent = `${index} / ${plane.count - 1}`;
    this.slider.setAttribute("aria-valuetext", `slice ${index} of ${plane.count - 1}`);
    this.stage.setAttribute("aria-label", `${this.title()} plane, slice ${index} of 0 to ${plane.count - 1}`);
    this.stage.classList.toggle("waiting", this.waiting);
    const note = scene.problem || (scene.inside ? "" : "This place lies outside the result.");
    if (this.note.textContent !== note) this.note.textContent = note;
    const mm = BARS.filter(b => b * f.k <= this.image.width * 0.3).pop();
    this.scale.hidden = !mm;
    if (mm) {
      this.scale.style.width = `${mm * f.k / this.ratio}px`;
      this.scale.textContent = scene.millimetres ? (mm >= 10 ? `${mm / 10} cm` : `${mm} mm`) : `${mm} px`;
    }
    this.tellHover();
  }

  tellHover() {
    this.hover.textContent = this.pointer ? this.scene.hoverText(this.voxelAt(...this.pointer).map(v => Math.round(v) + 0)) : "";
  }

  // ---- mouse, wheel, touch ----

  listen() {
    const s = this.stage;
    s.addEventListener("pointerdown", e => this.press(e));
    s.addEventListener("pointermove", e => this.move(e));
    for (const end of ["pointerup", "pointercancel"]) s.addEventListener(end, e => this.release(e));
    s.addEventListener("pointerleave", () => {
      this.pointer = null;
      this.hoverFrame();
    });
    s.addEventListener("contextmenu", e => e.preventDefault());
    s.addEventListener("dblclick", () => this.act.maximise(this.plane.name));
    s.addEventListener("wheel", e => this.turn(e), { passive: false });
    s.addEventListener("focus", () => this.act.active(this));
    this.slider.addEventListener("input", () => this.act.slice(this, Number(this.slider.value)));
  }

  place(e) {
    const box = this.stage.getBoundingClientRect();
    return [e.clientX - box.left, e.clientY - box.top];
  }

  press(e) {
    if (this.drag && e.pointerType === "touch") return this.pinch(e);
    this.act.active(this);
    this.stage.focus({ preventScroll: true });
    this.stage.setPointerCapture(e.pointerId);
    const kind = e.button === 1 || (e.button === 0 && e.altKey) ? "pan" : e.button === 2 || e.shiftKey ? "window" : "cross";
    this.drag = { kind, id: e.pointerId, at: this.place(e), x: e.clientX, y: e.clientY, window: { ...this.scene.window } };
    this.stage.dataset.drag = kind;
    if (kind === "cross") this.cross(e);
    if (kind !== "cross" || e.button !== 0) e.preventDefault();
  }

  pinch(e) {
    this.drag = { ...this.drag, kind: "pinch", second: e.pointerId, points: { [this.drag.id]: this.drag.at, [e.pointerId]: this.place(e) } };
  }

  move(e) {
    this.pointer = this.place(e);
    const d = this.drag;
    if (!d) return this.hoverFrame();
    const dx = e.clientX - d.x, dy = e.clientY - d.y;
    if (d.kind === "cross" && e.pointerId === d.id) this.cross(e);
    if (d.kind === "window") this.act.dragWindow(this.scene, d.window, dx, -dy);
    if (d.kind === "pan") {
      this.act.pan(this, dx, dy);
      Object.assign(d, { x: e.clientX, y: e.clientY });
    }
    if (d.kind === "pinch") this.spread(e);
    d.at = this.pointer;
  }

  spread(e) {
    const { points, id, second } = this.drag, length = () => Math.hypot(points[id][0] - points[second][0], points[id][1] - points[second][1]);
    const before = length();
    points[e.pointerId] = this.place(e);
    const middle = [0, 1].map(k => (points[id][k] + points[second][k]) / 2);
    if (before > 1) this.act.zoom(this, length() / before, middle);
  }

  release(e) {
    if (!this.drag || (e.pointerId !== this.drag.id && e.pointerId !== this.drag.second)) return;
    this.drag = null;
    delete this.stage.dataset.drag;
  }

  cross(e) {
    this.act.cross(this, this.voxelAt(...this.place(e)).map((v, a) => Math.min(Math.max(Math.round(v), 0), this.scene.grid.shape[a] - 1)));
  }

  turn(e) {
    e.preventDefault();
    this.act.active(this);
    if (e.ctrlKey || e.metaKey) return this.act.zoom(this, Math.exp(-Math.max(-60, Math.min(60, e.deltaY)) / 250), this.place(e));
    const delta = e.deltaMode === 1 ? e.deltaY * 40 : e.deltaY;
    // A wheel's notch is one slice; a touchpad's small steps add up to one.
    this.wheel = Math.abs(delta) >= 50 ? Math.sign(delta) * 50 : this.wheel + delta;
    if (Math.abs(this.wheel) < 30) return;
    this.act.scroll(this, Math.sign(this.wheel));
    this.wheel = 0;
  }

  // Zooming keeps what is under a point of the stage where it is.
  zoomBy(factor, point) {
    const { look, plane } = this, name = plane.name, before = this.fit();
    const zoom = Math.min(40, Math.max(0.3, look.zoom[name] * factor)), real = zoom / look.zoom[name];
    const at = point || [this.image.width / 2 / this.ratio, this.image.height / 2 / this.ratio];
    const off = [at[0] * this.ratio - this.image.width / 2, at[1] * this.ratio - this.image.height / 2];
    look.zoom[name] = zoom;
    look.pan[name] = look.pan[name].map((p, k) => p + off[k] / (before.k * real) - off[k] / before.k);
  }

  panBy(dx, dy) {
    const { k } = this.fit();
    this.look.pan[this.plane.name] = this.look.pan[this.plane.name].map((p, a) => p + ([dx, dy][a] * this.ratio) / k);
  }
}

