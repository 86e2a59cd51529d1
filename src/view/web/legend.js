// Labels: colour, name, size, whether each is shown; a click on a name goes to the label's middle.
import { byId, el, short } from "./dom.js";

export class Legend {
  // changed(): what is shown has changed; jump(label)
  constructor(look, changed, jump) {
    Object.assign(this, { look, changed, jump, labels: [] });
    const bind = (id, name, value) => byId(id).addEventListener("input", () => {
      look[name] = value(byId(id));
      changed();
    });
    bind("labels-on", "labels", e => e.checked);
    bind("outline", "outline", e => e.checked);
    bind("fill", "fill", e => e.checked);
    bind("opacity", "opacity", e => Number(e.value) / 100);
    byId("labels-all").addEventListener("click", () => this.all());
    this.sync();
  }

  // The controls say what the look is.
  sync() {
    const { look } = this;
    byId("labels-on").checked = look.labels;
    byId("outline").checked = look.outline;
    byId("fill").checked = look.fill;
    byId("opacity").value = Math.round(look.opacity * 100);
  }

  all() {
    const show = this.labels.some(l => !l.visible);
    for (const l of this.labels) l.visible = show;
    this.set(this.labels);
    this.changed();
  }

  // millimetres: the spacing is one, so that volumes mean something
  set(labels, millimetres = this.millimetres) {
    this.labels = labels;
    this.millimetres = millimetres;
    byId("label-rows").replaceChildren(...labels.map(l => this.row(l)));
    byId("no-labels").hidden = labels.length > 0;
    byId("label-controls").hidden = labels.length === 0;
  }

  // What a recipe made and the case has no name for: its colours, below the case's own.
  made(labels) {
    const text = labels.map(l => l.name + l.colour).join();
    if (text === this.madeText) return;
    this.madeText = text;
    byId("made-rows").replaceChildren(...labels.map(l => {
      const swatch = el("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.backgroundColor = l.colour;
      return el("tr", { "data-made": l.name }, el("td"), el("td", {}, swatch), el("th", { scope: "row" }, l.name), el("td", { class: "n" }, "in the result"));
    }));
  }

  // Names that several maps use are told apart by the map.
  nameOf({ name, map }) {
    return this.labels.filter(l => l.name === name).length > 1 ? `${name} (${map})` : name;
  }

  row(label) {
    const box = el("input", { type: "checkbox", "aria-label": `show ${label.name}`, oninput: e => {
      label.visible = e.target.checked;
      this.changed();
    } });
    box.checked = label.visible;
    const swatch = el("span", { class: "swatch", "aria-hidden": "true" });
    swatch.style.backgroundColor = label.colour;
    const range = Number.isFinite(label.hu_min) ? `, values ${short(label.hu_min, 4)} to ${short(label.hu_max, 4)}` : "";
    const about = `Go to the middle of ${label.name}: slices ${label.first_z} to ${label.last_z}${range}`;
    const name = el("button", { type: "button", class: "link", title: about, onclick: () => this.jump(label) },
      ...this.nameOf(label).split(/(?<=_)/).flatMap((part, i) => (i ? [el("wbr"), part] : [part])));
    return el("tr", { "data-label": label.name }, el("td", {}, box), el("td", {}, swatch), el("th", { scope: "row" }, name), el("td", { class: "n" }, this.millimetres ? `${short(label.ml, 4)} ml` : `${Math.round(label.ml * 1000).toLocaleString("en")} px`));
  }
}
