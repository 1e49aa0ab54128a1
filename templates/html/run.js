// Runs the graph: one function for each kind of node, on arrays {shape, data}. Sums are kept in
// double and rounded once; scalar functions round after each step, as NumPy does.
const round = { float32: Math.fround, int32: (x) => x | 0, bool: (x) => Number(Boolean(x)) };
const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const clip = (x, low, high) => Math.min(Math.max(x, low), high);

function erf(x) { // Abramowitz and Stegun, 7.1.6
  const z = clip(x, -6, 6), square = z * z;
  let total = 1;
  for (let n = Math.floor(20 + 3 * square); n > 0; --n) total = total * (2 * square / (2 * n + 1)) + 1;
  return 2 / Math.sqrt(Math.PI) * Math.exp(-square) * z * total;
}

const scalar = {
  add: (a, b) => a + b, subtract: (a, b) => a - b, multiply: (a, b) => a * b, divide: (a, b) => a / b,
  power: Math.pow, negative: (a) => -a, absolute: Math.abs, square: (a) => a * a, sqrt: Math.sqrt,
  rsqrt: (a) => 1 / Math.sqrt(a), reciprocal: (a) => 1 / a, maximum: Math.max, minimum: Math.min,
  sign: Math.sign, floor: Math.floor, ceil: Math.ceil, exp: Math.exp, expm1: Math.expm1, log: Math.log,
  log1p: Math.log1p, sin: Math.sin, cos: Math.cos, tanh: Math.tanh, sinh: Math.sinh, cosh: Math.cosh,
  equal: (a, b) => a === b, not_equal: (a, b) => a !== b, less: (a, b) => a < b, less_equal: (a, b) => a <= b,
  greater: (a, b) => a > b, greater_equal: (a, b) => a >= b, logical_and: (a, b) => a && b,
  logical_or: (a, b) => a || b, logical_not: (a) => !a, where: (c, a, b) => c ? a : b, cast: (a) => a,
  relu: (a) => Math.max(a, 0), relu6: (a) => clip(a, 0, 6), hard_tanh: (a) => clip(a, -1, 1),
  softplus: (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))),
  log_sigmoid: (a) => Math.min(a, 0) - Math.log1p(Math.exp(-Math.abs(a))), sigmoid,
  silu: (a) => a * sigmoid(a), softsign: (a) => a / (1 + Math.abs(a)),
  mish: (a) => a * Math.tanh(scalar.softplus(a)), erf, gelu: (a) => 0.5 * a * (1 + erf(a / Math.SQRT2)),
  gelu_tanh: (a) => 0.5 * a * (1 + Math.tanh(0.7978845608028654 * (a + 0.044715 * a * a * a))),
  leaky_relu: (a, slope) => a > 0 ? a : slope * a, elu: (a, alpha) => a > 0 ? a : alpha * Math.expm1(a),
  celu: (a, alpha) => Math.max(a, 0) + alpha * Math.expm1(Math.min(a, 0) / alpha),
  selu: (a) => a > 0 ? 1.0507009873554805 * a : 1.7580993408473768 * Math.expm1(a),
  hard_sigmoid: (a) => clip(a + 3, 0, 6) / 6, hard_silu: (a) => a * clip(a + 3, 0, 6) / 6,
};

// a scalar program on numbers
function program(steps, args) {
  const results = [];
  for (const [name, operands, dtype] of steps)
    results.push(round[dtype](scalar[name](...operands.map(([kind, x]) =>
      kind === "a" ? args[x] : kind === "t" ? results[x] : Number(x)))));
  return steps.length ? results[results.length - 1] : args[0];
}

const blank = (id, shape) => ({ shape, data: new TYPES[valueOf(id).kind](size(shape)) });

// where a convolution's or pooling's windows lie: [place in the window, place in x or null, where that would be]
function* taps(node, window, place, shape) {
  const first = node.channels_last ? 1 : 2;
  for (let tap = 0; tap < size(window); ++tap) {
    const steps = unravel(tap, window);
    const inside = steps.map((k, d) => place[d] * node.strides[d] + k * (node.dilation ? node.dilation[d] : 1) - node.padding[d][0]);
    yield [steps, inside.every((i, d) => i >= 0 && i < shape[first + d]) ? inside : null, inside];
  }
}
const channelAxis = (node, shape) => node.channels_last ? shape.length - 1 : 1;
function pixel(node, sample, place, channel) {
  return node.channels_last ? [sample, ...place, channel] : [sample, channel, ...place];
}
function placeOf(node, index) {
  const axis = channelAxis(node, index);
  return { sample: index[0], channel: index[axis], place: index.filter((_, a) => a !== 0 && a !== axis) };
}

// an element of the output: the places in x and W of the products that it is the sum of
function* convTerms(node, index, xShape, wShape) {
  const { sample, channel, place } = placeOf(node, index), deep = wShape[wShape.length - 2];
  const group = Math.floor(channel / (wShape[wShape.length - 1] / node.groups));
  for (const [steps, inside, anywhere] of taps(node, wShape.slice(0, -2), place, xShape))
    for (let c = 0; c < deep; ++c)
      yield [inside && pixel(node, sample, inside, group * deep + c), [...steps, c, channel], pixel(node, sample, anywhere, group * deep + c)];
}

function* einsumTerms(node, index, shapes) {
  const [operands, output] = node.equation.split("->"), [a, b] = operands.split(",");
  const lengths = {}, at = {};
  [...a].forEach((letter, axis) => { lengths[letter] = shapes[0][axis]; });
  [...b].forEach((letter, axis) => { lengths[letter] = shapes[1][axis]; });
  [...output].forEach((letter, axis) => { at[letter] = index[axis]; });
  const summed = [...new Set(a + b)].filter((letter) => !output.includes(letter));
  const sizes = summed.map((letter) => lengths[letter]);
  for (let n = 0; n < size(sizes); ++n) {
    unravel(n, sizes).forEach((i, axis) => { at[summed[axis]] = i; });
    yield [[...a].map((letter) => at[letter]), [...b].map((letter) => at[letter])];
  }
}

// the elements along some axes through an element
function* along(index, axes, shape) {
  const sizes = axes.map((axis) => shape[axis]);
  for (let n = 0; n < size(sizes); ++n) {
    const at = [...index];
    unravel(n, sizes).forEach((i, k) => { at[axes[k]] = i; });
    yield at;
  }
}

// for nodes that move elements: where an element of the output comes from, [id, index in it]
const source = {
  reshape: (node, index, get, shape) => [node.x, unravel(ravel(index, strides(shape)), get(node.x).shape)],
  transpose: (node, index) => { const at = []; node.permutation.forEach((axis, a) => { at[axis] = index[a]; }); return [node.x, at]; },
  slice: (node, index) => [node.x, index.map((i, a) => node.starts[a] + node.steps[a] * i)],
  broadcast: (node, index, get) => [node.x, aligned(index, get(node.x).shape)],
  pad: (node, index, get) => {
    const at = index.map((i, a) => i - node.padding[a][0]);
    return at.every((i, a) => i >= 0 && i < get(node.x).shape[a]) ? [node.x, at] : null;
  },
  concatenate: (node, index, get) => {
    let i = index[node.axis];
    for (const id of node.args) {
      const length = get(id).shape[node.axis];
      if (i < length) return [id, index.map((one, a) => a === node.axis ? i : one)];
      i -= length;
    }
    return null;
  },
  gather: (node, index, get) => {
    const rows = get(node.indices), rank = rows.shape.length;
    let row = rows.data[ravel(index.slice(node.axis, node.axis + rank), strides(rows.shape))];
    const length = get(node.x).shape[node.axis];
    if (row < -length || row >= length) throw new Error(`there is no row ${row}, only 0 to ${length - 1}`);
    if (row < 0) row += length;
    return [node.x, [...index.slice(0, node.axis), row, ...index.slice(node.axis + rank)]];
  },
};
const aligned = (index, shape) => shape.map((n, axis) => n === 1 ? 0 : index[axis + index.length - shape.length]);

const at = (array, index) => array.data[ravel(index, strides(array.shape))];

// an element of a node's output
const element = {
  dense: (node, index, get) => {
    const x = get(node.x), w = get(node.kernel), [inputs, units] = w.shape, unit = index[index.length - 1];
    let sum = 0;
    for (let i = 0, row = ravel([...index.slice(0, -1), 0], strides(x.shape)); i < inputs; ++i) sum += x.data[row + i] * w.data[i * units + unit];
    return sum;
  },
  conv: (node, index, get) => {
    const x = get(node.x), w = get(node.kernel);
    let sum = 0;
    for (const [a, b] of convTerms(node, index, x.shape, w.shape)) if (a) sum += at(x, a) * at(w, b);
    return sum;
  },
  einsum: (node, index, get) => {
    const a = get(node.a), b = get(node.b);
    let sum = 0;
    for (const [p, q] of einsumTerms(node, index, [a.shape, b.shape])) sum += at(a, p) * at(b, q);
    return sum;
  },
  pool: (node, index, get) => {
    const x = get(node.x), { sample, channel, place } = placeOf(node, index), found = [];
    for (const [, inside] of taps(node, node.window, place, x.shape)) if (inside) found.push(at(x, pixel(node, sample, inside, channel)));
    return node.function === "max" ? Math.max(...found) : found.reduce((a, b) => a + b, 0) / found.length;
  },
  elementwise: (node, index, get) => program(node.program, node.args.map((id) => { const a = get(id); return at(a, aligned(index, a.shape)); })),
  softmax: (node, index, get) => {
    const x = get(node.x), row = [...along(index, [node.axis], x.shape)].map((i) => at(x, i));
    const top = Math.max(...row), total = row.reduce((sum, z) => sum + Math.exp(z - top), 0);
    return node.log ? at(x, index) - top - Math.log(total) : Math.exp(at(x, index) - top) / total;
  },
  normalization: (node, index, get) => {
    const x = get(node.x), row = [...along(index, node.axes, x.shape)].map((i) => at(x, i));
    const mean = node.centered ? row.reduce((a, b) => a + b, 0) / row.length : 0;
    const variance = row.reduce((sum, z) => sum + (z - mean) ** 2, 0) / row.length;
    const weight = (id, other) => id === undefined ? other : at(get(id), aligned(index, get(id).shape));
    return (at(x, index) - mean) / Math.sqrt(variance + node.epsilon) * weight(node.gamma, 1) + weight(node.beta, 0);
  },
  batch_normalization: (node, index, get) => {
    const weight = (id, other) => id === undefined ? other : get(id).data[index[node.axis]];
    return (at(get(node.x), index) - weight(node.mean)) / Math.sqrt(weight(node.variance) + node.epsilon) * weight(node.gamma, 1) + weight(node.beta, 0);
  },
  reduce: (node, index, get) => {
    const x = get(node.x), row = [...along(unreduced(node, index), node.axes, x.shape)].map((i) => at(x, i));
    if (node.function === "max") return Math.max(...row);
    if (node.function === "min") return Math.min(...row);
    if (node.function === "prod") return row.reduce((a, b) => a * b, 1);
    const total = row.reduce((a, b) => a + b, 0);
    return node.function === "mean" ? total / row.length : total;
  },
};
function unreduced(node, index) {
  if (node.keepdims) return index;
  const full = [...index];
  for (const axis of node.axes) full.splice(axis, 0, 0);
  return full;
}
for (const [kind, from] of Object.entries(source))
  element[kind] = (node, index, get, shape) => {
    const found = from(node, index, get, shape);
    return found ? at(get(found[0]), found[1]) : Number(node.value);
  };

// an LSTM's loop: the body once for each step, all its values kept for all steps
function scan(node, env, done) {
  const { body, axis } = node, states = node.initial.length, kept = new Map();
  const before = body.in.slice(0, states).map((id, n) => {
    const value = valueOf(id), start = blank(id, timeless(value, value.shape));
    if (node.initial[n] !== null) {
      const first = env.get(node.initial[n]), steps = broadcast(first.shape, start.shape);
      start.data.forEach((_, flat) => { start.data[flat] = first.data[ravel(unravel(flat, start.shape), steps)]; });
    }
    return start;
  });
  for (let t = 0; t < node.steps; ++t) {
    const inner = new Map(env);
    before.forEach((state, n) => inner.set(body.in[n], state));
    node.sequences.forEach((id, n) => inner.set(body.in[states + n], sliceAt(env.get(id), axis, node.backwards ? node.steps - 1 - t : t, body.in[states + n])));
    node.captured.forEach((id, n) => inner.set(body.in[states + node.sequences.length + n], env.get(id)));
    for (const one of body.nodes) runNode(one, inner, done);
    const seen = new Set([...body.in.slice(0, states + node.sequences.length), ...body.nodes.flatMap((one) => one.o)]);
    for (const id of seen) putAt(kept, id, inner.get(id), axis, t, node.steps);
    before.forEach((_, n) => { before[n] = inner.get(body.out[n]); });
  }
  kept.forEach((array, id) => done.set(id, array));
  node.picks.forEach((pick, n) => env.set(node.o[n], pick < states ? before[pick] : kept.get(body.out[pick])));
}
function sliceAt(array, axis, t, id) {
  const shape = without(array.shape, axis), made = blank(id, shape);
  const inner = size(array.shape.slice(axis + 1)), outer = size(array.shape.slice(0, axis)), steps = array.shape[axis];
  for (let o = 0; o < outer; ++o) made.data.set(array.data.subarray((o * steps + t) * inner, (o * steps + t + 1) * inner), o * inner);
  return made;
}
function putAt(kept, id, array, axis, t, steps) {
  if (!kept.has(id)) { const shape = [...array.shape]; shape.splice(axis, 0, steps); kept.set(id, blank(id, shape)); }
  const inner = size(array.shape.slice(axis)), outer = size(array.shape.slice(0, axis)), all = kept.get(id).data;
  for (let o = 0; o < outer; ++o) all.set(array.data.subarray(o * inner, (o + 1) * inner), (o * steps + t) * inner);
}

function runNode(node, env, done) {
  if (node.k === "scan") { scan(node, env, done); return; }
  const value = valueOf(node.o[0]), made = blank(node.o[0], timeless(value, value.shape));
  const get = (id) => env.get(id), compute = element[node.k];
  for (let flat = 0; flat < made.data.length; ++flat) made.data[flat] = compute(node, unravel(flat, made.shape), get, made.shape);
  env.set(node.o[0], made);
}

// all values anew, from those of the inputs and the weights
function runAll() {
  const env = new Map(), done = new Map();
  for (const [id, value] of values) if (value.constant || DATA.inputs.includes(Number(id))) env.set(Number(id), { shape: value.shape, data: value.data });
  for (const node of DATA.nodes) runNode(node, env, done);
  for (const [id, array] of [...env, ...done]) if (values.has(String(id))) valueOf(id).data = array.data;
}
