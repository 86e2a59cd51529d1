// Recipes: one of those given or one typed; what the server makes of it, or why it cannot.
import { byId, el, sizes } from "./dom.js";
import { json, recipeId, stopped } from "./remote.js";

export class Recipe {
  // ops: what steps there are. result(about, id): there is a result to show, or (null): there is none any more
  constructor(recipes, ops, result) {
    Object.assign(this, { recipes, result, text: "", controller: null, caseId: "" });
    byId("recipe").append(...recipes.map((r, i) => el("option", { value: i }, r.name)));
    byId("ops").hidden = ops.length === 0;
    byId("op-list").append(...ops.flatMap(op => this.op(op)));
    byId("recipe").addEventListener("change", () => this.given());
    byId("recipe-form").addEventListener("submit", e => {
      e.preventDefault();
      this.apply(byId("recipe-text").value);
    });
    byId("recipe-text").addEventListener("keydown", e => {
      if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) this.apply(byId("recipe-text").value);
    });
    byId("recipe-off").addEventListener("click", () => this.off());
  }

  // A step's example, which a click takes into the text, and what it is for.
  op({ example, title, help }) {
    const text = byId("recipe-text");
    const take = () => {
      text.value = `${text.value.trimEnd()}\n${example}\n`.trimStart();
      text.focus();
    };
    return [el("dt", {}, el("button", { type: "button", class: "link", title: help, onclick: take }, el("code", {}, example))), el("dd", {}, title)];
  }

  given() {
    const recipe = this.recipes[Number(byId("recipe").value)];
    if (byId("recipe").value === "" || !recipe) return;
    byId("recipe-text").value = recipe.text || "";
    if (recipe.error) this.tell(recipe.error);
    else this.apply(recipe.text);
  }

  off() {
    this.text = "";
    this.stop();
    this.tell("");
    byId("recipe").value = "";
    this.facts(null);
    this.result(null);
  }

  stop() {
    if (this.controller) this.controller.abort();
    this.controller = null;
  }

  // Another case: what is shown of the recipe is for it from now on.
  async open(caseId) {
    this.caseId = caseId;
    if (this.text) await this.apply(this.text);
  }

  async apply(text) {
    this.stop();
    if (!text.trim()) return this.off();
    const { signal } = (this.controller = new AbortController()), caseId = this.caseId;
    byId("recipe-text").value = text;
    this.tell("Working …", true);
    try {
      const id = await recipeId(text);
      const about = await json("api/result", { id: caseId, recipe: id }, signal);
      if (signal.aborted) return;
      this.text = text;
      this.tell("");
      this.facts(about);
      this.result(about, id);
    } catch (e) {
      if (stopped(e) || signal.aborted) return;
      this.tell(e.message);
      this.facts(null);
      this.result(null);
    }
  }

  tell(text, busy = false) {
    const p = byId("recipe-problem");
    p.textContent = text;
    p.classList.toggle("busy", busy);
  }

  facts(about) {
    byId("result-facts").hidden = !about;
    byId("recipe-off").disabled = !about;
    if (!about) return;
    byId("result-shape").textContent = sizes(about.shape);
    byId("result-spacing").textContent = `${sizes(about.spacing)} mm`;
    byId("result-dtype").textContent = about.dtype + (about.units ? `, ${about.units}` : "");
    byId("result-steps").replaceChildren(...explained(about.steps || []));
  }
}

// The server explains a recipe as tome plan does: a line for each volume, and below it, indented, what each step makes of it. The image's are told.
function explained(lines) {
  const next = lines.findIndex((line, i) => i > 0 && !line.startsWith(" "));
  return lines.slice(1, next < 0 ? lines.length : next).map(line => line.trim().split(/\s{2,}/)).map(([step, ...grid]) =>
    el("li", {}, el("code", {}, step), el("span", { class: "dim" }, grid.join(" ").replace(/(\d)x(?=\d)/g, "$1×").replace(/: \d+:.*/, ""))));
}
