// Sorting and filtering of the tables. Without it the page reads just the same.
"use strict";
(() => {
  const natural = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  // A cell's value: a number where the column is one, "" where nothing is known.
  const valueOf = (row, column, number) => {
    const cell = row.cells[column];
    if (!number) return cell.textContent.trim();
    return cell.dataset.v === undefined || cell.dataset.v === "" ? NaN : Number(cell.dataset.v);
  };

  // What is not known comes last, either way round.
  const compare = (a, b, number, sign) => {
    if (!number) return sign * natural.compare(a, b);
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
    return sign * (a - b);
  };

  const sort = (table, head) => {
    const column = head.cellIndex, number = head.classList.contains("n") || head.dataset.by === "number";
    const descending = head.getAttribute("aria-sort") === "ascending";
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, row => [valueOf(row, column, number), row]);
    rows.sort((a, b) => compare(a[0], b[0], number, descending ? -1 : 1));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    body.append(...rows.map(pair => pair[1]));
  };

  const matches = (row, form) => {
    const words = form.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (form.modality && form.modality.value && row.dataset.modality !== form.modality.value) return false;
    if (form.severity && form.severity.value && row.dataset.severity !== form.severity.value) return false;
    if (form.problems && form.problems.checked && !(Number(row.dataset.problems) > 0)) return false;
    const text = row.textContent.toLowerCase();
    return words.every(word => text.includes(word));
  };

  const filter = (form, table) => {
    let shown = 0;
    const rows = table.tBodies[0].rows;
    for (const row of rows) {
      row.hidden = !matches(row, form);
      if (!row.hidden) shown++;
    }
    form.querySelector("output").textContent = shown === rows.length ? `${shown} rows` : `${shown} of ${rows.length} rows`;
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    for (const head of table.tHead.rows[0].cells) {
      if (head.classList.contains("fixed")) continue;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, head));
      head.append(button);
    }
  }
  for (const form of document.querySelectorAll("form.controls")) {
    const table = document.getElementById(form.dataset.table);
    form.addEventListener("input", () => filter(form, table));
    form.addEventListener("submit", event => event.preventDefault());
    filter(form, table);
  }
  // A link to a case leads there also where the filter has put it away.
  document.addEventListener("click", event => {
    const link = event.target.closest("a[href^='#case-']");
    const row = link && document.getElementById(link.hash.slice(1));
    if (!row || !row.hidden) return;
    const form = document.querySelector("form[data-table=case-table]");
    form.reset();
    filter(form, document.getElementById("case-table"));
  });
  // A problem shows its case's picture; the bytes are in the page once.
  for (const cell of document.querySelectorAll("td[data-picture-of]")) {
    const source = document.querySelector(`#case-${cell.dataset.pictureOf} img`);
    if (!source) continue;
    cell.replaceChildren(source.cloneNode());
  }
})();
