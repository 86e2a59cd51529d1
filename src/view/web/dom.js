// Making and finding elements.

export const byId = id => document.getElementById(id);

// el("td", { class: "n", title: "…", onclick: f }, "text", child …)
export function el(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) e.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) e.setAttribute(name, value === true ? "" : value);
  }
  e.append(...children.filter(c => c !== null && c !== undefined));
  return e;
}

// f at most once a frame, however often it is asked for.
export function eachFrame(f) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      f();
    });
  };
}

// f when nothing has asked for `ms`.
export function whenQuiet(ms, f) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...args), ms);
  };
}

// A number as short as it can be without lying: whole ones whole, others to `digits` digits.
export function short(v, digits = 7) {
  if (!Number.isFinite(v)) return String(v);
  return String(Number(v.toPrecision(digits))).replace("-", "−");
}

export const sizes = list => list.map(v => short(v, 4)).join(" × ");
export const tightSizes = list => list.map(v => short(v, 3)).join("×");
