// The model's values: shape is that of the whole array, part the sizes of the corner that is here.
const DATA = JSON.parse(document.getElementById("data").textContent);
const TYPES = { f: Float32Array, i: Int32Array, b: Uint8Array };
const size = (shape) => shape.reduce((a, b) => a * b, 1);

function decoded(text, kind) {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; ++i) bytes[i] = raw.charCodeAt(i);
  return new TYPES[kind](bytes.buffer);
}

const values = new Map(Object.entries({ ...DATA.values, ...DATA.weights }).map(([id, v]) => [id, {
  id, name: v.n, shape: v.s, part: v.p || v.s, kind: v.d, times: v.t || [], constant: Boolean(v.c),
  data: v.w || decoded(v.b, v.d),
}]));
const valueOf = (id) => values.get(String(id));

function strides(shape) {
  const found = new Array(shape.length);
  for (let axis = shape.length - 1, step = 1; axis >= 0; step *= shape[axis--]) found[axis] = step;
  return found;
}

// strides of an array that broadcasts onto a shape: 0 where it repeats
function broadcast(shape, onto) {
  const own = strides(shape), more = onto.length - shape.length;
  return onto.map((_, axis) => axis < more || shape[axis - more] === 1 ? 0 : own[axis - more]);
}

// the place of a flat number in a shape, and back
function unravel(flat, shape) {
  const index = new Array(shape.length);
  for (let axis = shape.length - 1; axis >= 0; --axis) { index[axis] = flat % shape[axis]; flat = Math.floor(flat / shape[axis]); }
  return index;
}
const ravel = (index, steps) => index.reduce((sum, i, axis) => sum + i * steps[axis], 0);

// with the steps of loops put in: what is shown of a loop's value at time t
const without = (list, axis) => list.filter((_, at) => at !== axis);
const timeless = (value, list) => value.times.reduce((rest, axis) => without(rest, axis), list);
function timed(value, index, t) {
  const full = [...index];
  for (const axis of [...value.times].reverse()) full.splice(axis, 0, Math.min(t, value.shape[axis] - 1));
  return full;
}

// one number of a value; undefined if it is not in the part that is here
function numberAt(value, index, t) {
  const full = timed(value, index, t);
  if (full.some((i, axis) => i >= value.part[axis])) return undefined;
  return value.data[ravel(full, strides(value.part))];
}

function short(x, digits = 5) {
  if (typeof x === "string") return x;
  if (x === undefined) return "…";
  if (!Number.isFinite(x)) return String(x).replace("Infinity", "∞").replace("NaN", "nan").replace("-", "−");
  if (Number.isInteger(x)) return String(x).replace("-", "−");
  const text = Math.abs(x) >= 1e5 || Math.abs(x) < 1e-4 ? x.toExponential(2) : x.toPrecision(digits);
  return text.replace(/(\.\d*?)0+($|e)/, "$1$2").replace(/\.($|e)/, "$1").replaceAll("-", "−");
}
