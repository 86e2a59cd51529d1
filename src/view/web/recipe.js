// Recipes: one of those given or one typed; what the server makes of it, or why it cannot.
import { byId, el, short, sizes } from "./dom.js";
import { json, recipeId, stopped } from "./remote.js";

export class Recipe {
  // result(about, id): there is a result to show, or (null): there is none any more
  constructor(recipes, result) {
    Object.assign(this, { recipes, result, text: "", controller: null, caseId: "" });
    byId("recipe").append(...recipes.map((r, i) => el("option", { value: i }, r.name)));
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
    byId("result-dtype").textContent = typeName(about.dtype);
    byId("result-steps").replaceChildren(...(about.steps || []).map(stepItem));
  }
}

const NAMES = { "|u1": "uint8", "|i1": "int8", "<u2": "uint16", "<i2": "int16", "<u4": "uint32", "<i4": "int32", "<f4": "float32", "<f8": "float64" };

export const typeName = code => NAMES[code] || code;

// A step, in the words of the server, and the grid after it.
function stepItem(step) {
  if (typeof step === "string") return el("li", {}, el("code", {}, step));
  const words = step.text || step.step || step.name || "";
  const grid = step.shape ? `${sizes(step.shape)}${step.spacing ? `, ${sizes(step.spacing)} mm` : ""}${step.dtype ? `, ${typeName(step.dtype)}` : ""}` : "";
  const values = Number.isFinite(step.min) ? `${short(step.min, 4)} … ${short(step.max, 4)}` : "";
  return el("li", {}, el("code", {}, words), grid || values ? el("span", { class: "dim" }, [grid, values].filter(Boolean).join(" · ")) : null);
}
