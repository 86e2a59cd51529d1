// What the buttons and the keys do.
import { byId } from "./dom.js";

export function buttons(page) {
  const on = (id, event, f) => byId(id).addEventListener(event, f);
  const each = (id, name, f) => byId(id).addEventListener("click", e => e.target.closest("button") && f(e.target.closest("button").dataset[name]));
  each("layout", "plane", name => page.onlyPlane(name));
  each("compare", "compare", kind => page.setCompare(kind));
  each("window-of", "scene", kind => page.chooseWindowOf(kind));
  on("smooth", "click", () => page.toggle("smooth"));
  on("crosshair", "click", () => page.toggle("crosshair"));
  on("reset", "click", () => page.resetZoom());
  on("volume", "change", () => page.chooseVolume(byId("volume").value));
  on("help-open", "click", () => byId("help").showModal());
  on("list-toggle", "click", () => page.toggleList());
  if (matchMedia("(max-width: 900px)").matches) page.toggleList();
}

// Rows for keys.js: the keys as they are shown, what they do, their names as the browser has them, and the doing (false: not now).
export function keyTable(page) {
  const has = f => e => (page.pane ? f(e) : false);
  return [
    ["↑ ↓ ← →", "scroll by one slice; with Shift: move the crosshair by one voxel", ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"],
      e => page.arrows(e, { ArrowLeft: -1, ArrowRight: 1 }[e.key] || 0, { ArrowUp: -1, ArrowDown: 1 }[e.key] || 0)],
    ["Page ↑ ↓", "scroll by ten", ["PageUp", "PageDown"], has(e => page.scroll(page.pane, e.key === "PageUp" ? -10 : 10))],
    ["Home End", "first or last slice", ["Home", "End"], has(e => page.scroll(page.pane, e.key === "Home" ? -1e9 : 1e9))],
    ["1 2 3", "axial, coronal or sagittal alone", ["1", "2", "3"], has(e => page.onlyPlane(["axial", "coronal", "sagittal"][e.key - 1]))],
    ["0 Esc", "all planes", ["0", "Escape"], has(() => page.onlyPlane(""))],
    ["+ −", "zoom", ["+", "=", "-"], has(e => page.zoom(page.pane, e.key === "-" ? 1 / 1.25 : 1.25))],
    ["z", "zoom and place back", ["z"], () => page.resetZoom()],
    ["n", "linear between voxels, or voxels as they are", ["n"], () => page.toggle("smooth")],
    ["x", "crosshair on or off", ["x"], () => page.toggle("crosshair")],
    ["w", "next preset of the window", ["w"], has(() => page.windowing.next())],
    ["a", "automatic window", ["a"], () => page.autoWindow()],
    ["l o f", "labels, their outlines, their fill on or off", ["l", "o", "f"], e => page.toggle({ l: "labels", o: "outline", f: "fill" }[e.key])],
    ["r", "stored or result", ["r"], () => page.flip()],
    ["s", "stored and result side by side", ["s"], () => page.scenes.result && page.setCompare("side")],
    ["[ ]", "previous, next volume or channel", ["[", "]"], e => page.nextVolume(e.key === "[" ? -1 : 1)],
    ["k j", "previous, next case", ["k", "j"], e => page.list.step(e.key === "k" ? -1 : 1)],
    ["/", "search", ["/"], () => page.focusSearch()],
    ["?", "this help", ["?"], () => byId("help").showModal()],
  ];
}
