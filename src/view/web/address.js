// What the address keeps behind its #: case, place, window, recipe. A reload or a copy of it shows the same.
import { whenQuiet } from "./dom.js";

const number = v => String(Number(Number(v).toPrecision(8)));
const list = text => text.split(",").map(Number);

// state: { id, volume, at [z, y, x], window, recipe, resultWindow, compare, plane } with what is known
export function read() {
  const p = new URLSearchParams(location.hash.slice(1)), state = { id: p.get("case") || "", volume: p.get("volume"), recipe: p.get("recipe") || "", compare: p.get("compare"), plane: p.get("plane") || "" };
  const at = list(p.get("at") || ""), w = list(p.get("window") || ""), r = list(p.get("rwindow") || "");
  if (at.length === 3 && at.every(Number.isFinite)) state.at = at;
  if (w.length === 2 && w.every(Number.isFinite) && w[1] > 0) state.window = { level: w[0], width: w[1] };
  if (r.length === 2 && r.every(Number.isFinite) && r[1] > 0) state.resultWindow = { level: r[0], width: r[1] };
  return state;
}

function text(state) {
  const p = new URLSearchParams({ case: state.id });
  if (state.volume) p.set("volume", state.volume);
  p.set("at", state.at.map(number).join(","));
  p.set("window", `${number(state.window.level)},${number(state.window.width)}`);
  if (state.plane) p.set("plane", state.plane);
  if (state.recipe) {
    p.set("recipe", state.recipe);
    p.set("compare", state.compare);
    if (state.resultWindow) p.set("rwindow", `${number(state.resultWindow.level)},${number(state.resultWindow.width)}`);
  }
  return p.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
}

let written = "";

export const write = whenQuiet(250, state => {
  const hash = `#${text(state)}`;
  if (hash === location.hash) return;
  written = hash;
  history.replaceState(null, "", hash);
});

// f() when somebody else has changed what is behind the #.
export function changedByOthers(f) {
  addEventListener("hashchange", () => {
    if (location.hash !== written) f();
  });
}
