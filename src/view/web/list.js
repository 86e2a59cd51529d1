// The cases of the store: searched, filtered by SQL, sorted; pages of rows come as they scroll into sight, so that 100,000 cases are as quick as ten.
import { byId, el, eachFrame, sizes, tightSizes, whenQuiet } from "./dom.js";
import { json, stopped } from "./remote.js";

const PAGE = 100, KEPT = 30, ROW = 46; // rows asked for at once, pages kept, CSS pixels a row (as in view.css)

export class CaseList {
  constructor(chosen) {
    this.chosen = chosen;
    this.pages = new Map();
    this.total = 0;
    this.at = -1; // the row of the case that is open
    this.open = "";
    this.coming = -1; // the row that was chosen and has not come yet
    this.box = byId("cases");
    this.rows = byId("case-rows");
    this.controller = new AbortController();
    this.frame = eachFrame(() => this.draw());
    this.listen();
  }

  listen() {
    const again = whenQuiet(180, () => this.ask());
    for (const id of ["search", "where"]) byId(id).addEventListener("input", again);
    for (const id of ["order", "descending"]) byId(id).addEventListener("change", () => this.ask());
    byId("filters").addEventListener("submit", e => (e.preventDefault(), this.ask()));
    this.box.addEventListener("scroll", this.frame);
    this.box.addEventListener("keydown", e => this.key(e));
    this.box.addEventListener("click", e => {
      const row = e.target.closest("[data-row]");
      if (row) this.choose(Number(row.dataset.row));
    });
    new ResizeObserver(this.frame).observe(this.box);
  }

  query() {
    const order = byId("order").value;
    const query = { search: byId("search").value.trim(), where: byId("where").value.trim(), order: order && byId("descending").checked ? `-${order}` : order };
    return Object.fromEntries(Object.entries(query).filter(([, v]) => v));
  }

  // Forgets what is there and asks for the first page; what the server does not understand is told below the filter.
  async ask() {
    this.controller.abort();
    this.controller = new AbortController();
    this.coming = -1;
    const told = byId("filter-problem");
    try {
      const first = await this.fetch(0);
      this.pages = new Map([[0, Promise.resolve(first)]]);
      first.rows.forEach((r, i) => (r.row = i));
      this.ready = new Map([[0, first.rows]]);
      this.total = first.total;
      this.columns(first.columns);
      told.textContent = "";
      byId("where").removeAttribute("aria-invalid");
    } catch (e) {
      if (stopped(e)) return;
      told.textContent = e.message;
      byId("where").setAttribute("aria-invalid", "true");
      return;
    }
    this.find();
    byId("case-count").textContent = this.total === 1 ? "1 case" : `${this.total.toLocaleString("en")} cases`;
    this.box.scrollTop = 0;
    this.draw();
  }

  fetch(page) {
    return json("api/cases", { ...this.query(), limit: PAGE, offset: page * PAGE }, this.controller.signal);
  }

  columns(names) {
    const select = byId("order");
    if (select.options.length > 1 || !names) return;
    select.append(...names.filter(n => n !== "id").map(n => el("option", { value: n }, n.replaceAll("_", " "))));
  }

  // Rows of a page if they are here; else they are asked for.
  page(number) {
    if (this.ready && this.ready.has(number)) return this.ready.get(number);
    if (!this.pages.has(number)) this.pages.set(number, this.bring(number));
    return undefined;
  }

  async bring(number) {
    const { signal } = this.controller;
    try {
      const { rows } = await this.fetch(number);
      if (signal.aborted) return;
      this.ready.set(number, rows);
      for (const old of this.ready.keys()) {
        if (this.ready.size <= KEPT) break;
        this.ready.delete(old);
        this.pages.delete(old);
      }
      this.find();
      this.frame();
    } catch (e) {
      this.pages.delete(number);
      if (!stopped(e)) byId("filter-problem").textContent = e.message;
    }
  }

  row(i) {
    if (i < 0) return undefined;
    const page = this.page(Math.floor(i / PAGE));
    return page && page[i % PAGE];
  }

  draw() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW) - 4), last = Math.min(this.total, Math.ceil((this.box.scrollTop + this.box.clientHeight) / ROW) + 4);
    this.rows.style.height = `${this.total * ROW}px`;
    const drawn = [];
    for (let i = first; i < last; i++) drawn.push(this.item(i, this.row(i)));
    this.rows.replaceChildren(...drawn);
    const at = byId(`case-${this.at}`);
    if (at) this.box.setAttribute("aria-activedescendant", at.id);
    else this.box.removeAttribute("aria-activedescendant");
    byId("no-cases").hidden = this.total > 0;
  }

  item(i, row) {
    const item = el("div", { class: "case", role: "option", id: `case-${i}`, "data-row": i, "aria-setsize": this.total, "aria-posinset": i + 1, "aria-selected": String(i === this.at) });
    item.style.top = `${i * ROW}px`;
    if (!row) return item.append(el("span", { class: "case-id dim" }, "…")), item;
    const problems = row.problems ? el("span", { class: "badge warning", title: `${row.problems} problem(s)` }, `! ${row.problems}`) : null;
    const labels = Array.isArray(row.labels) ? row.labels.join(", ") : row.labels || "";
    item.append(el("span", { class: "case-id" }, row.id), problems || "", el("span", { class: "case-facts" }, `${tightSizes(row.shape)}  ·  ${tightSizes(row.spacing)} mm`, labels ? `  ·  ${labels}` : ""));
    item.title = `${row.id}\n${sizes(row.shape)} voxels of ${sizes(row.spacing)} mm (z, y, x)${labels ? `\n${labels}` : ""}`;
    return item;
  }

  key(e) {
    const jump = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -this.total, End: this.total }[e.key];
    if (!jump || !this.total) return;
    e.preventDefault();
    this.step(jump);
  }

  step(by) {
    const from = this.at >= 0 ? this.at : by === 1 ? -1 : 0; // where the open case is not in sight, the first one is next
    if (this.total) this.choose(Math.min(this.total - 1, Math.max(0, from + by)));
  }

  // Opens the case of a row, which may have to come first.
  async choose(i) {
    this.at = this.coming = i;
    this.show(i);
    this.draw();
    if (!this.row(i)) await this.pages.get(Math.floor(i / PAGE));
    const row = this.row(i);
    if (!row || this.coming !== i) return;
    this.coming = -1;
    this.open = row.id;
    this.chosen(row.id);
  }

  show(i) {
    const top = i * ROW, { scrollTop, clientHeight } = this.box;
    if (top < scrollTop) this.box.scrollTop = top;
    else if (top + ROW > scrollTop + clientHeight) this.box.scrollTop = top + ROW - clientHeight;
  }

  // The case of this id is open, wherever it stands.
  async mark(id) {
    this.open = id;
    this.find();
    if (this.at >= 0) this.show(this.at);
    this.draw();
    if (this.at < 0) await this.seek(id);
  }

  // Its place among those listed, page after page where need be; unless another case was opened meanwhile.
  async seek(id) {
    for (let number = 0; number * PAGE < this.total && number < KEPT; number++) {
      if (!this.page(number)) await this.pages.get(number);
      if (this.open !== id || this.coming >= 0) return;
      if (this.at < 0) continue;
      this.show(this.at);
      this.draw();
      return;
    }
  }

  find() {
    const known = this.row(this.at);
    if (this.coming >= 0 || (known && known.id === this.open)) return;
    this.at = -1;
    for (const [number, rows] of this.ready || []) {
      const i = rows.findIndex(r => r.id === this.open);
      if (i >= 0) this.at = number * PAGE + i;
    }
  }
}
