// The page: opens cases and results, and passes on what a person does to the panes, the window, the labels, the recipe and the address.
import * as address from "./address.js";
import { byId, el, sizes } from "./dom.js";
import { worldText } from "./geometry.js";
import { buttons, keyTable } from "./controls.js";
import { Keys } from "./keys.js";
import { Legend } from "./legend.js";
import { CaseList } from "./list.js";
import { Pane } from "./pane.js";
import { Recipe } from "./recipe.js";
import { json, stopped } from "./remote.js";
import { Scene } from "./scene.js";
import { Cache } from "./slices.js";
import { automaticWindow, Windowing } from "./windowing.js";

const CACHE_BYTES = 192 << 20;
const FALLBACK = ["#56b4e9", "#e69f00", "#f0e442", "#d55e00", "#009e73", "#cc79a7", "#0072b2"];
const byPlane = value => ({ axial: value(), coronal: value(), sagittal: value() });

class Page {
  constructor(store) {
    this.store = store;
    this.palette = store.palette && store.palette.length ? store.palette : FALLBACK;
    this.cache = new Cache(CACHE_BYTES);
    this.panes = [];
    this.scenes = {};
    this.plane = "";
    this.compare = "side";
    this.windowOf = "original";
    this.hidden = new Set(); // names of labels that are not shown, over cases
    this.look = {
      zoom: byPlane(() => 1), pan: byPlane(() => [0, 0]), middle: [0, 0, 0], whole: name => this.scenes.original && this.scenes.original.plane(name),
      smooth: true, crosshair: true, labels: true, outline: true, fill: false, opacity: 0.35,
    };
    this.windowing = new Windowing(w => this.setWindow(this.scenes[this.windowOf], w), () => this.autoWindow());
    this.legend = new Legend(this.look, () => this.labelsChanged(), label => this.jump(label));
    this.recipe = new Recipe(store.recipes || [], store.ops || [], (about, id) => this.showResult(about, id));
    this.list = new CaseList(id => this.open(id));
    buttons(this);
    new Keys(keyTable(this));
    address.changedByOthers(() => this.restore());
  }

  async start() {
    document.title = this.store.name;
    byId("store-name").textContent = this.store.name;
    byId("store-name").title = `${this.store.path} · Tome ${this.store.version}`;
    const wish = address.read();
    await this.list.ask();
    if (wish.id) return this.restore();
    const first = this.list.row(0);
    if (first) this.list.choose(0);
    else byId("empty").textContent = "This store has no cases.";
  }

  // ---- cases ----

  restore() {
    const wish = address.read();
    if (!wish.id) return;
    this.list.mark(wish.id);
    return this.open(wish.id, wish);
  }

  async open(id, wish = {}) {
    if (this.opening) this.opening.abort();
    const { signal } = (this.opening = new AbortController());
    byId("case-title").textContent = id;
    try {
      const about = await json("api/case", { id }, signal);
      if (signal.aborted) return;
      this.showCase(about, wish);
      await this.bringHistogram(this.scenes.original);
      if (signal.aborted) return;
      this.firstWindow(wish);
      await this.follow(id, wish);
    } catch (e) {
      if (!stopped(e)) this.toast(e.message);
    }
  }

  // The recipe that is on, or that the address asks for, on this case.
  async follow(id, wish) {
    this.resultWish = wish.resultWindow;
    if (wish.compare) this.compare = wish.compare;
    this.recipe.caseId = id;
    if (wish.recipe !== undefined && wish.recipe !== this.recipe.text) await this.recipe.apply(wish.recipe);
    else await this.recipe.open(id);
  }

  showCase(about, wish) {
    this.closeScene("original");
    this.closeScene("result");
    byId("empty").hidden = true;
    const scene = new Scene("original", about, { path: "api/box", params: { id: about.id }, key: `case ${about.id}` }, this.cache, (s, e) => this.arrived(s, e));
    this.scenes.original = scene;
    this.id = about.id;
    scene.labels = (about.labels || []).map((l, i) => ({ ...l, colour: l.colour || this.colour(i), visible: !this.hidden.has(l.name) }));
    scene.choose(wish.volume);
    this.world = scene.grid.toWorld(wish.at || scene.grid.shape.map(n => n >> 1));
    this.look.middle = scene.grid.centre();
    this.resetZoom();
    if (this.lastWindow && this.lastWindow.units === scene.units) scene.window = this.lastWindow.window;
    if (wish.plane !== undefined) this.plane = wish.plane;
    document.title = `${about.id} · ${this.store.name}`;
    this.windowOf = "original";
    this.legend.set(scene.labels, scene.millimetres);
    this.volumeField(scene);
    this.caseFacts(about);
    this.arrange();
    this.moved();
  }

  colour(i) {
    return this.palette[i % this.palette.length];
  }

  caseFacts(about) {
    const rows = [["Shape", sizes(about.shape)], ["Spacing", `${sizes(about.spacing)} mm`], ["Type", about.dtype + (about.units ? `, ${about.units}` : "")]];
    byId("case-facts").replaceChildren(...rows.flatMap(([k, v]) => [el("dt", {}, k), el("dd", {}, v)]));
    byId("problems").replaceChildren(...(about.problems || []).map(p => el("li", {}, el("span", { class: `badge ${p.severity}` }, p.severity), ` ${p.text}`, p.remedy ? el("span", { class: "dim" }, ` → ${p.remedy}`) : null)));
  }

  volumeField(scene) {
    byId("volume-field").hidden = scene.volumes.length < 2;
    byId("volume").replaceChildren(...scene.volumes.map(v => el("option", { value: v.name }, v.name)));
    byId("volume").value = scene.volume.name;
  }

  async chooseVolume(name) {
    const scene = this.scenes.original;
    scene.windows.set(scene.volume.name, scene.window);
    scene.choose(name);
    byId("volume").value = scene.volume.name;
    if (this.scenes.result) this.scenes.result.choose(name);
    await this.bringHistogram(scene);
    const known = scene.windows.get(scene.volume.name);
    if (known) this.setWindow(scene, known);
    else this.firstWindow({});
    scene.windowKnown = Boolean(known || scene.histogram || scene.shownData().length);
    this.redraw();
  }

  // ---- windows ----

  async bringHistogram(scene) {
    const { volume } = scene;
    scene.histogram = null;
    // The store counts the first channel; of others, and of what nobody counted, the slices that are shown are counted.
    if (volume.parts[0] !== "image" || !(scene.about.histograms || []).some(h => h.volume === "image")) return this.showWindowing();
    try {
      const histogram = await json("api/histogram", { id: this.id, volume: "image" });
      if (this.scenes.original !== scene || scene.volume !== volume) return;
      scene.histogram = { ...histogram, labels: histogram.labels.flatMap(l => curveOf(histogram, l, scene.labels)) };
    } catch (e) {
      if (!stopped(e)) this.toast(e.message);
    }
    if (this.windowOf === "original") this.showWindowing();
  }

  // What a case opens with: what the address says, the last one on the same scale, a tissue's for HU, else most of the values.
  firstWindow(wish) {
    const scene = this.scenes.original, presets = this.store.presets || [];
    const kept = this.lastWindow && scene.units && this.lastWindow.units === scene.units ? this.lastWindow.window : null;
    const tissue = scene.units === "HU" ? presets.find(p => p.name === "abdomen") || presets[0] : null;
    this.setWindow(scene, wish.window || kept || (tissue && { level: tissue.level, width: tissue.width }) || this.automatic(scene));
  }

  automatic(scene) {
    if (scene.colour && scene.volume.dtype === "uint8") return { level: 127.5, width: 255 };
    const h = scene.histogram;
    if (!h || !h.counts.length) return scene.windowOfSlices() || { level: 0, width: 1 };
    return automaticWindow(h);
  }

  autoWindow() {
    const scene = this.scenes[this.windowOf];
    if (scene) this.setWindow(scene, this.automatic(scene));
  }

  setWindow(scene, window) {
    if (!scene) return;
    scene.window = window;
    scene.windowKnown = true;
    if (scene.kind === "original" && scene.units) this.lastWindow = { units: scene.units, window };
    if (scene.kind === "result") this.lastResult = { text: this.recipe.text, window };
    if (scene.kind === this.windowOf) this.windowing.show(window);
    for (const p of this.panes) if (p.scene === scene) p.frame();
    this.remember();
  }

  dragWindow(scene, start, dx, dy) {
    this.chooseWindowOf(scene.kind);
    const step = Math.max(start.width, 1e-6) / 250;
    const whole = /int/.test(scene.volume.dtype) && start.width >= 8, tidy = v => (whole ? Math.round(v) : Number(v.toPrecision(6)));
    this.setWindow(scene, { level: tidy(start.level + dy * step), width: Math.max(tidy(start.width * Math.exp(dx / 200)), whole ? 1 : start.width * 1e-3) });
  }

  chooseWindowOf(kind) {
    if (!this.scenes[kind] || this.windowOf === kind) return;
    this.windowOf = kind;
    this.showWindowing();
  }

  // The window's panel is about the stored case or the result.
  showWindowing() {
    const scene = this.scenes[this.windowOf], original = scene.kind === "original";
    byId("window-of").hidden = !this.scenes.result;
    for (const b of byId("window-of").children) b.setAttribute("aria-pressed", String(b.dataset.scene === this.windowOf));
    const hu = scene.units === "HU", own = original && scene.volume.parts[0] === "image" ? (scene.about.windows || []).filter(w => w.width > 0) : [];
    this.windowing.setPresets([["Tissues", hu ? this.store.presets || [] : []], ["This case", own.map(w => ({ ...w, name: windowName(w) }))]]);
    byId("histogram-note").hidden = Boolean(scene.histogram);
    this.windowing.setHistogram(scene.histogram || histogramOf(scene.shownData()), scene.units);
    this.windowing.show(scene.window);
  }

  // ---- results ----

  showResult(about, id) {
    this.closeScene("result");
    if (about) {
      const text = this.recipe.text, scene = new Scene("result", about, { path: "api/result/box", params: { id: this.id, recipe: id }, key: `result ${this.id} ${text}` }, this.cache, (s, e) => this.arrived(s, e));
      const known = this.scenes.original;
      scene.labels = labelsOfResult(scene, known.labels);
      scene.palette = this.palette;
      scene.choose(known.volume.name);
      const same = about.units && about.units === known.units ? known.window : null, kept = this.lastResult && this.lastResult.text === text ? this.lastResult.window : null;
      const window = this.resultWish || kept || same;
      scene.window = window || { level: 0.5, width: 1 };
      scene.windowKnown = Boolean(window); // else it comes with the first slices
      this.resultWish = undefined;
      this.scenes.result = scene;
    }
    this.windowOf = "original";
    this.arrange();
    this.moved();
    if (this.scenes.original) this.showWindowing();
  }

  setCompare(compare) {
    this.compare = compare;
    if (compare !== "side") this.chooseWindowOf(compare);
    this.arrange();
    this.moved();
  }

  // ---- panes ----

  closeScene(kind) {
    const scene = this.scenes[kind];
    if (!scene) return;
    scene.close();
    for (const p of this.panes.filter(p => p.scene === scene)) p.close();
    this.panes = this.panes.filter(p => p.scene !== scene);
    if (this.activePane && this.activePane.scene === scene) this.activePane = null;
    delete this.scenes[kind];
  }

  // Which panes there are, and how they stand.
  arrange() {
    const { original, result } = this.scenes, main = byId("panes");
    if (!original) return;
    const names = original.planes.map(p => p.name);
    if (!names.includes(this.plane)) this.plane = "";
    const shown = name => names.length === 1 || !this.plane || name === this.plane;
    for (const scene of [original, result].filter(Boolean)) {
      const seen = !result || this.compare === "side" || this.compare === scene.kind;
      for (const plane of scene.planes) {
        let pane = this.panes.find(p => p.scene === scene && p.plane === plane);
        if (!pane) {
          pane = new Pane(scene, plane, this.look, this);
          this.panes.push(pane);
          main.append(pane.root);
        }
        pane.root.hidden = !(seen && shown(plane.name));
      }
    }
    main.dataset.layout = `${this.plane || names.length === 1 ? "one" : "three"}${result && this.compare === "side" ? " side" : ""}`;
    for (const b of byId("layout").children) {
      b.setAttribute("aria-pressed", String(b.dataset.plane === this.plane));
      b.disabled = names.length === 1 || (b.dataset.plane !== "" && !names.includes(b.dataset.plane));
    }
    for (const b of byId("compare").children) b.setAttribute("aria-pressed", String(b.dataset.compare === this.compare));
    this.redraw();
  }

  redraw() {
    for (const p of this.panes) p.frame();
    this.readout();
  }

  active(pane) {
    this.activePane = pane;
    this.chooseWindowOf(pane.scene.kind);
  }

  // The pane that keys are for.
  get pane() {
    const seen = this.panes.filter(p => !p.root.hidden);
    return seen.includes(this.activePane) ? this.activePane : seen[0];
  }

  maximise(name) {
    this.plane = this.plane ? "" : name;
    this.arrange();
    this.remember();
  }

  onlyPlane(name) {
    this.plane = name;
    this.arrange();
    this.remember();
  }

  resetZoom() {
    Object.assign(this.look, { zoom: byPlane(() => 1), pan: byPlane(() => [0, 0]) });
    this.redraw();
  }

  zoom(pane, factor, point) {
    pane.zoomBy(factor, point);
    this.redraw();
  }

  pan(pane, dx, dy) {
    pane.panBy(dx, dy);
    this.redraw();
  }

  // ---- the crosshair ----

  cross(pane, voxel) {
    this.world = pane.scene.grid.toWorld(voxel);
    this.moved();
  }

  slice(pane, index) {
    const voxel = [...pane.scene.voxel];
    voxel[pane.plane.axis] = index;
    this.cross(pane, voxel);
  }

  scroll(pane, by) {
    const { voxel } = pane.scene, { axis, count, forward } = pane.plane;
    this.slice(pane, Math.min(count - 1, Math.max(0, voxel[axis] + by * forward)));
  }

  // By whole voxels along the picture's sides.
  nudge(pane, right, down) {
    const { plane, scene } = pane, voxel = [...scene.voxel], clamp = (v, a) => Math.min(scene.grid.shape[a] - 1, Math.max(0, v));
    voxel[plane.across] = clamp(voxel[plane.across] + (plane.flipAcross ? -right : right), plane.across);
    voxel[plane.down] = clamp(voxel[plane.down] + (plane.flipDown ? -down : down), plane.down);
    this.cross(pane, voxel);
  }

  async jump(label) {
    const scene = this.scenes.original;
    try {
      const voxel = label.centre && (await scene.middleOf(label));
      if (!voxel || this.scenes.original !== scene) return;
      this.world = scene.grid.toWorld(voxel);
      this.moved();
    } catch (e) {
      this.toast(e.message);
    }
  }

  moved() {
    for (const scene of Object.values(this.scenes)) scene.put(this.world);
    this.redraw();
    this.remember();
  }

  // A slice came, or could not.
  arrived(scene, error) {
    if (this.scenes[scene.kind] !== scene) return;
    scene.problem = error ? error.message : "";
    if (!error && !scene.windowKnown && scene.shownData().length) this.setWindow(scene, scene.windowOfSlices());
    if (!scene.histogram && this.windowOf === scene.kind) this.windowing.setHistogram(histogramOf(scene.shownData()), scene.units);
    this.redraw();
  }

  readout() {
    const { original, result } = this.scenes;
    if (!original) return;
    for (const e of document.querySelectorAll(".of-result")) e.hidden = !result;
    for (const name of ["voxel", "value", "label"]) byId(`at-${name}`).colSpan = result ? 1 : 2;
    byId("cursor-head").hidden = !result;
    byId("cursor").classList.toggle("both", Boolean(result));
    byId("world-row").hidden = !original.millimetres;
    byId("at-world").textContent = worldText(this.world);
    this.tell(original, "at");
    if (result) this.tell(result, "result");
    this.legend.made(result ? result.madeLabels() : []);
  }

  tell(scene, prefix) {
    const found = scene.at(scene.voxel), set = (name, text) => {
      const e = byId(`${prefix}-${name}`);
      if (e.textContent !== text) e.textContent = text;
    };
    set("voxel", scene.voxel.join(", "));
    set("value", scene.inside ? scene.valueText(found) || "…" : "outside");
    set("label", found && found.names.length ? found.names.join(", ") : "–");
  }

  // ---- labels ----

  labelsChanged() {
    const { original, result } = this.scenes;
    if (!original) return;
    for (const l of original.labels) {
      if (l.visible) this.hidden.delete(l.name);
      else this.hidden.add(l.name);
    }
    if (result) result.labels = labelsOfResult(result, original.labels);
    for (const h of (original.histogram && original.histogram.labels) || []) h.visible = !this.hidden.has(h.name);
    this.windowing.frame();
    this.legend.sync();
    this.redraw();
  }

  toggle(name) {
    this.look[name] = !this.look[name];
    this.labelsChanged();
    for (const id of ["smooth", "crosshair"]) byId(id).setAttribute("aria-pressed", String(this.look[id]));
    this.redraw();
  }

  // ---- the rest ----

  remember() {
    const { original, result } = this.scenes;
    if (!original) return;
    const at = original.grid.toVoxel(this.world).map(v => Number(v.toFixed(3)) + 0);
    address.write({
      id: this.id, volume: original.volumes.length > 1 ? original.volume.name : "", at, window: original.window, plane: this.plane,
      recipe: this.recipe.text, compare: this.compare, resultWindow: result && result.windowKnown ? result.window : null,
    });
  }

  toast(text) {
    const t = byId("toast");
    t.textContent = text;
    t.hidden = false;
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => (t.hidden = true), 8000);
  }

  toggleList() {
    const closed = document.body.classList.toggle("no-list");
    byId("list-toggle").setAttribute("aria-expanded", String(!closed));
  }

  flip() {
    if (!this.scenes.result) return;
    this.setCompare(this.compare === "result" ? "original" : "result");
  }

  focusSearch() {
    if (document.body.classList.contains("no-list")) this.toggleList();
    byId("search").focus();
  }

  nextVolume(by) {
    const scene = this.scenes.original;
    if (!scene || scene.volumes.length < 2) return;
    const n = scene.volumes.length, i = scene.volumes.indexOf(scene.volume);
    this.chooseVolume(scene.volumes[(i + by + n) % n].name);
  }

  arrows(e, right, down) {
    if (!this.pane) return false;
    if (e.shiftKey) this.nudge(this.pane, right, down);
    else this.scroll(this.pane, right + down);
    return true;
  }
}

// Labels of a result are those of the case of the same map and value; maps that a recipe made by merging have names of their own.
function labelsOfResult(scene, labels) {
  return scene.maps.flatMap(m => labels.filter(l => l.map === m.name).map(l => ({ ...l })));
}

// A label's counts, which are in the image's bins from number `begin` on, as a histogram of its own in the label's colour.
function curveOf({ first, width }, { map, value, begin, counts }, labels) {
  const label = labels.find(l => l.map === map && l.value === value);
  return label ? [{ name: label.name, colour: label.colour, visible: label.visible, first: first + begin * width, width, counts }] : [];
}

const windowName = w => (w.map === "image" && !w.value ? "all values" : w.name) + (w.method === "minmax" ? ", min to max" : "");

// A histogram of slices, in the form of the server's.
function histogramOf(arrays) {
  if (!arrays.length) return null;
  let lo = Infinity, hi = -Infinity;
  for (const a of arrays) for (const v of a) {
    if (v < lo) lo = v;
    if (v > hi) hi = v;
  }
  if (!(hi > lo)) return null;
  const whole = !(arrays[0] instanceof Float32Array || arrays[0] instanceof Float64Array) && hi - lo < 4096, bins = whole ? hi - lo + 1 : 200;
  const width = whole ? 1 : (hi - lo) / bins, counts = new Array(bins).fill(0);
  for (const a of arrays) for (const v of a) if (v >= lo) counts[Math.min(bins - 1, Math.floor((v - lo) / width))]++;
  return { first: lo, width, counts, labels: [] };
}

async function start() {
  try {
    const store = await json("api/store");
    await new Page(store).start();
  } catch (e) {
    byId("empty").textContent = e.message;
  }
}

start();
