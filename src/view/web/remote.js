// Asking the server: JSON, and boxes of raw voxels. What goes wrong comes as an Error whose message is a sentence for the reader.

const TYPES = {
  "|u1": Uint8Array, "|i1": Int8Array, "|b1": Uint8Array, "<u2": Uint16Array, "<i2": Int16Array, "<u4": Uint32Array, "<i4": Int32Array,
  "<f4": Float32Array, "<f8": Float64Array, "<i8": BigInt64Array, "<u8": BigUint64Array,
};

async function ask(path, params, options) {
  const query = new URLSearchParams(params).toString();
  let answer;
  try {
    answer = await fetch(query ? `${path}?${query}` : path, { cache: "no-store", ...options });
  } catch (e) {
    if (e.name === "AbortError") throw e;
    throw new Error("The server does not answer. Is tome view still running?");
  }
  if (!answer.ok) throw new Error(await sentence(answer));
  return answer;
}

async function sentence(answer) {
  const text = await answer.text();
  try {
    return JSON.parse(text).error || text;
  } catch {
    return text || `The server answers ${answer.status}.`;
  }
}

export async function json(path, params = {}, signal = undefined) {
  return (await ask(path, params, { signal })).json();
}

export async function recipeId(text) {
  return (await (await ask("api/recipe", {}, { method: "POST", body: text })).json()).id;
}

// Voxels lo … hi (half open; z, y, x): { shape, data }.
export async function box(path, params, lo, hi, signal) {
  const range = a => `${lo[a]}:${hi[a]}`;
  const answer = await ask(path, { ...params, z: range(0), y: range(1), x: range(2) }, { signal });
  const Type = TYPES[answer.headers.get("X-Tome-Type")];
  if (!Type) throw new Error(`This page does not know voxels of type ${answer.headers.get("X-Tome-Type")}.`);
  const shape = answer.headers.get("X-Tome-Shape").match(/\d+/g).map(Number);
  let data = new Type(await answer.arrayBuffer());
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data = Float64Array.from(data, Number);
  if (data.length !== shape.reduce((p, n) => p * n, 1)) throw new Error("The server sent fewer voxels than it said.");
  return { shape, data };
}

export const stopped = error => error.name === "AbortError";
