// Keys: one table that is both obeyed and shown as help.
import { byId, el } from "./dom.js";

const MOUSE = [
  ["click, drag", "set the crosshair in all planes"],
  ["wheel", "scroll through slices"],
  ["right drag, Shift + drag", "window: sideways its width, up and down its level"],
  ["Ctrl + wheel", "zoom where the mouse is"],
  ["middle drag, Alt + drag", "move the picture"],
  ["double click", "one plane alone, or all of them"],
];

// rows: [keys shown, what it does, event.key values, f(event)]
export class Keys {
  constructor(rows) {
    this.rows = rows;
    document.addEventListener("keydown", e => this.press(e));
    const table = (caption, list) => el("table", {}, el("caption", {}, caption), el("tbody", {}, ...list.map(([k, text]) => el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, k)), el("td", {}, text)))));
    byId("help-body").append(table("Keys", rows), table("Mouse", MOUSE));
  }

  press(e) {
    if (e.defaultPrevented || e.ctrlKey || e.metaKey || byId("help").open) return;
    const field = e.target instanceof Element ? e.target.closest("input, select, textarea, button") : null;
    if (field && (field.matches("textarea, select, input:not([type=range], [type=checkbox])") || /^(Arrow|Page|Home|End| |Enter)/.test(e.key))) return;
    const row = this.rows.find(r => r[2].includes(e.key));
    if (!row) return;
    if (row[3](e) !== false) e.preventDefault();
  }
}
