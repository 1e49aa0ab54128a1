// What an element of a step's result comes from: the elements that are read, and the sum in words.
const TERMS = 12;
const nodeOf = new Map();
(function collect(nodes) {
  for (const node of nodes) {
    for (const id of node.o) nodeOf.set(id, node);
    if (node.body) collect(node.body.nodes);
  }
})(DATA.nodes);

// {cells: [[id, index]], text, padding}; letters: the step's letter for each id
function termsOf(id, index, t, letters) {
  const node = nodeOf.get(id), value = valueOf(id), cells = [];
  if (!node || !describe[node.k]) return { cells, text: "", padding: 0 };
  const shown = (other) => { const v = valueOf(other); return v && { shape: timeless(v, v.shape), data: { }, value: v }; };
  const number = (other, place) => { cells.push([other, place]); const v = valueOf(other); return v ? numberAt(v, place, t) : undefined; };
  const light = (other, place) => cells.push([other, place]);
  const found = describe[node.k](node, index, { shape: (other) => shown(other).shape, number, light, own: timeless(value, value.shape), letters });
  const result = numberAt(value, index, t);
  const name = `${letters.get(id) || value.name}[${index.join(", ")}]`;
  return { cells, padding: found.padding || 0, text: `${name} = ${found.text} = ${short(result)}` };
}

const joined = (parts, sign, more = 0) => {
  const shown = parts.slice(0, TERMS).join(sign);
  const rest = parts.length - TERMS + more;
  return rest > 0 ? `${shown}${sign}… (${rest} more)` : shown;
};
const signed = (x) => x < 0 ? `(${short(x, 4)})` : short(x, 4);
const product = (a, b) => `${signed(a)}·${signed(b)}`;

const describe = {
  dense: (node, index, { shape, number }) => {
    const [inputs] = shape(node.kernel), unit = index[index.length - 1];
    const parts = Array.from({ length: inputs }, (_, i) => product(number(node.x, [...index.slice(0, -1), i]), number(node.kernel, [i, unit])));
    return { text: joined(parts, " + ") };
  },
  conv: (node, index, { shape, number, light }) => {
    const parts = [];
    let padding = 0;
    for (const [a, b, anywhere] of convTerms(node, index, shape(node.x), shape(node.kernel))) {
      if (!a) { ++padding; light(node.x, anywhere); light(node.kernel, b); continue; }
      parts.push(product(number(node.x, a), number(node.kernel, b)));
    }
    return { text: joined(parts, " + ") + (padding ? ` + ${padding} products with the padding's 0` : ""), padding };
  },
  einsum: (node, index, { shape, number }) => {
    const parts = [...einsumTerms(node, index, [shape(node.a), shape(node.b)])].map(([p, q]) => product(number(node.a, p), number(node.b, q)));
    return { text: joined(parts, " + ") };
  },
  pool: (node, index, { shape, number, light }) => {
    const { sample, channel, place } = placeOf(node, index), parts = [];
    let padding = 0;
    for (const [, inside, anywhere] of taps(node, node.window, place, shape(node.x))) {
      if (inside) parts.push(short(number(node.x, pixel(node, sample, inside, channel)), 4));
      else { ++padding; light(node.x, pixel(node, sample, anywhere, channel)); }
    }
    return { text: `${node.function}(${joined(parts, ", ")})` + (padding ? `, ${padding} of the window are padding and don't count` : ""), padding };
  },
  elementwise: (node, index, { shape, number }) => {
    const args = node.args.map((id) => short(number(id, aligned(index, shape(id)))));
    return { text: written(node.program, args) };
  },
  softmax: (node, index, { shape, number }) => {
    const row = [...along(index, [node.axis], shape(node.x))].map((i) => short(number(node.x, i), 4));
    const own = row[index[node.axis]];
    return { text: node.log ? `${own} − ln(${joined(row.map((z) => `e^${z}`), " + ")})` : `e^${own} / (${joined(row.map((z) => `e^${z}`), " + ")})` };
  },
  normalization: (node, index, { shape, number }) => {
    const row = [...along(index, node.axes, shape(node.x))].map((i) => number(node.x, i)).filter((x) => x !== undefined);
    const mean = node.centered ? row.reduce((a, b) => a + b, 0) / row.length : 0;
    const variance = row.reduce((sum, z) => sum + (z - mean) ** 2, 0) / row.length;
    const weight = (id, sign) => id === undefined ? "" : `${sign}${short(number(id, aligned(index, shape(id))))}`;
    const top = node.centered ? `(${short(number(node.x, index))} − ${short(mean)})` : short(number(node.x, index));
    return { text: `${top} / √(${short(variance)} + ${node.epsilon})${weight(node.gamma, " · ")}${weight(node.beta, " + ")}` };
  },
  batch_normalization: (node, index, { number }) => {
    const weight = (id) => short(number(id, [index[node.axis]]));
    const more = (id, sign) => id === undefined ? "" : `${sign}${weight(id)}`;
    return { text: `(${short(number(node.x, index))} − ${weight(node.mean)}) / √(${weight(node.variance)} + ${node.epsilon})${more(node.gamma, " · ")}${more(node.beta, " + ")}` };
  },
  reduce: (node, index, { shape, number }) => {
    const row = [...along(unreduced(node, index), node.axes, shape(node.x))].map((i) => short(number(node.x, i), 4));
    return { text: `${node.function}(${joined(row, ", ")})` };
  },
};
for (const [kind, from] of Object.entries(source))
  describe[kind] = (node, index, { shape, number, own, letters }) => {
    const get = (id) => ({ shape: shape(id), data: valueOf(id).data });
    const found = from(node, index, get, own);
    if (!found) return { text: `padding ${node.value}` };
    number(...found);
    return { text: `${letters.get(found[0]) || valueOf(found[0]).name}[${found[1].join(", ")}]` };
  };

// a scalar program in words
const INFIX = { add: "+", subtract: "−", multiply: "·", divide: "/", equal: "=", not_equal: "≠", less: "<", greater: ">", less_equal: "≤", greater_equal: "≥" };
function written(steps, args) {
  const texts = [];
  for (const [name, operands] of steps) {
    const words = operands.map(([kind, x]) => kind === "a" ? args[x] : kind === "t" ? texts[x] : short(Number(x)));
    const inner = words.map((word, n) => (operands[n][0] === "t" && / /.test(word)) || (n && /^−/.test(word)) ? `(${word})` : word);
    texts.push(INFIX[name] ? inner.join(` ${INFIX[name]} `) : name === "cast" ? words[0] : `${name}(${words.join(", ")})`);
  }
  return steps.length ? texts[texts.length - 1] : args[0];
}
