// A value as a table with its numbers on a heat map: two axes are rows and columns, the others are chosen.
const ROWS = 32, COLUMNS = 32;
const views = [];

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// "W_q", where Unicode has no such subscript, with a q that is low
function lettered(letter) {
  const [base, low] = letter.split(/_(.+)/);
  return make("b", {}, base, ...(low ? [make("sub", {}, low.replace(/^[({](.*)[)}]$/, "$1"))] : []));
}

class Matrix {
  // letter: what formulas call it. time: the step of the loop it shows. axes: those of rows and columns.
  // border: rows and columns of padding around it, [[before, after], [before, after]], and its number.
  constructor(id, letter, { time = () => 0, axes = null, border = null, editable = false, unfold = false } = {}) {
    this.id = id; this.value = valueOf(id); this.letter = letter; this.time = time; this.editable = editable;
    this.shape = unfold ? this.value.shape : timeless(this.value, this.value.shape);
    this.part = unfold ? this.value.part : timeless(this.value, this.value.part);
    const rank = this.shape.length;
    [this.rowAxis, this.columnAxis] = axes || [rank - 2, rank - 1];
    this.chosen = this.shape.map(() => 0);
    this.cells = new Map();
    this.border = border || { sizes: [[0, 0], [0, 0]], text: "" };
    this.box = make("div", { class: "matrix" });
    this.draw();
    views.push(this);
  }

  get sizes() { return [this.rowAxis < 0 ? 1 : this.part[this.rowAxis], this.columnAxis < 0 ? 1 : this.part[this.columnAxis]]; }

  index(row, column) {
    const index = [...this.chosen];
    if (this.rowAxis >= 0) index[this.rowAxis] = row;
    if (this.columnAxis >= 0) index[this.columnAxis] = column;
    return index;
  }

  draw() {
    const [rows, columns] = this.sizes.map((n, k) => Math.min(n, k ? COLUMNS : ROWS));
    this.cells.clear();
    const table = make("table", { class: columns > 10 ? "small" : "" });
    const caption = make("caption");
    const sizes = `(${this.shape.join(", ")}${this.shape.length === 1 ? "," : ""})`;
    caption.append(make("span", {}, lettered(this.letter), ` ${this.value.name} ${sizes}`));
    table.append(caption);
    const head = make("tr", {}, make("td", { "aria-hidden": "true", style: "--m:0" }));
    const [[above, below], [left, right]] = this.border.sizes;
    const inside = (n, count) => n >= 0 && n < count;
    for (let c = -left; c < columns + right; ++c) head.append(make("th", { scope: "col" }, inside(c, columns) ? String(c) : ""));
    if (this.columnAxis >= 0) table.append(make("thead", {}, head));
    const body = make("tbody");
    for (let r = -above; r < rows + below; ++r) {
      const line = make("tr");
      if (this.columnAxis >= 0) line.append(make("th", { scope: "row" }, this.rowAxis < 0 || !inside(r, rows) ? "" : String(r)));
      for (let c = -left; c < columns + right; ++c) {
        if (!inside(r, rows) || !inside(c, columns)) {
          const pad = make("td", { class: "pad", style: "--m:0", "aria-label": "padding" }, this.border.text);
          this.cells.set(`${r},${c}`, pad);
          line.append(pad);
          continue;
        }
        const cell = make("td", { tabindex: r || c ? "-1" : "0" });
        cell.view = this; cell.row = r; cell.column = c;
        if (this.editable) {
          const input = make("input", { type: "number", step: "any", "aria-label": `${this.value.name} ${this.index(r, c)}` });
          input.addEventListener("change", () => { if (input.value !== "") { this.set(r, c, Number(input.value)); document.dispatchEvent(new Event("changed")); } });
          cell.append(input); cell.removeAttribute("tabindex");
        }
        this.cells.set(`${r},${c}`, cell);
        line.append(cell);
      }
      body.append(line);
    }
    table.append(body);
    const [allRows, allColumns] = [this.rowAxis, this.columnAxis].map((axis) => axis < 0 ? 1 : this.shape[axis]);
    const more = allRows > rows || allColumns > columns ? make("p", { class: "note" }, `${rows} of ${allRows} rows, ${columns} of ${allColumns} columns`) : "";
    this.box.replaceChildren(this.picks(), make("div", { class: "scroll" }, table), more);
    this.fill();
  }

  // what chooses the place on the other axes
  picks() {
    const others = this.shape.map((_, axis) => axis).filter((axis) => axis !== this.rowAxis && axis !== this.columnAxis && this.shape[axis] > 1);
    const line = make("div", { class: "pick" });
    this.selects = new Map();
    for (const axis of others) {
      const select = make("select", { "aria-label": `${this.value.name}: place on axis ${axis}` });
      for (let i = 0; i < this.part[axis]; ++i) select.append(make("option", { value: i }, String(i)));
      select.addEventListener("change", () => { this.chosen[axis] = Number(select.value); this.fill(); });
      this.selects.set(axis, select);
      line.append(make("label", {}, axis ? `axis ${axis} ` : "sample ", select));
    }
    return line;
  }

  choose(index) {
    let changed = false;
    for (const [axis, select] of this.selects) {
      if (this.chosen[axis] !== index[axis] && index[axis] < this.part[axis]) { this.chosen[axis] = index[axis]; select.value = index[axis]; changed = true; }
    }
    if (changed) this.fill();
  }

  fill() {
    let largest = 0;
    if (this.value.kind !== "s") for (const x of this.value.data) if (Number.isFinite(x)) largest = Math.max(largest, Math.abs(x));
    const digits = this.cells.size && this.sizes[1] > 10 ? 3 : 4;
    for (const cell of this.cells.values()) {
      if (!cell.view) continue;
      const x = numberAt(this.value, this.index(cell.row, cell.column), this.time());
      const heat = typeof x === "number" && largest && Number.isFinite(x) ? Math.abs(x) / largest : 0;
      cell.style.setProperty("--m", heat.toFixed(3));
      cell.style.setProperty("--tint", x < 0 ? "var(--minus)" : "var(--plus)");
      if (this.editable) cell.firstChild.value = Number(x.toPrecision(this.sizes[1] > 10 ? 4 : 6));
      else cell.textContent = short(x, digits);
      cell.title = String(x);
    }
    this.fillStrip();
  }

  // its numbers in the order of memory, which are shown below it
  fillStrip() { this.strip?.forEach((cell, n) => { cell.textContent = short(this.value.data[n], 4); }); }

  set(row, column, x) {
    this.value.data[ravel(timed(this.value, this.index(row, column), this.time()), strides(this.value.part))] = x;
  }

  cellAt(index) {
    if (this.shape.some((n, axis) => axis !== this.rowAxis && axis !== this.columnAxis && n > 1 && index[axis] !== this.chosen[axis])) return undefined;
    const row = this.rowAxis < 0 ? 0 : index[this.rowAxis], column = this.columnAxis < 0 ? 0 : index[this.columnAxis];
    return this.cells.get(`${row},${column}`);
  }

  mark(indices, name) {
    if (indices.length) this.choose(indices[0]);
    const cells = indices.map((index) => this.cellAt(index)).filter(Boolean);
    for (const cell of cells) cell.classList.add(name);
    if (name === "part" && cells.length) this.scrollTo(cells[0], cells[cells.length - 1]);
  }

  // moves a large matrix within its frame so that what is marked is seen
  scrollTo(first, last) {
    const frame = this.box.querySelector(".scroll");
    for (const [offset, extent, visible, scrolled] of [["offsetLeft", "offsetWidth", "clientWidth", "scrollLeft"], ["offsetTop", "offsetHeight", "clientHeight", "scrollTop"]]) {
      const start = first[offset], end = last[offset] + last[extent];
      if (start < frame[scrolled] || end > frame[scrolled] + frame[visible]) frame[scrolled] = Math.max(0, start - frame[visible] / 3);
    }
  }

  clear() { for (const cell of this.cells.values()) cell.classList.remove("part", "self"); }
}

// the values whose axes 1 and 2 are an image's: those of convolutions and poolings, and what is made of them
const images = new Set();
for (const node of nodeOf.values())
  if ((node.k === "conv" || node.k === "pool") && node.channels_last) images.add(node.x).add(node.o[0]);
for (const node of nodeOf.values()) {
  const read = [node.x, ...(node.args || [])];
  if (["elementwise", "batch_normalization", "pad", "concatenate"].includes(node.k) && read.some((id) => images.has(id))) images.add(node.o[0]);
}

// which axes of a value are rows and columns: of images and kernels the height and the width
function axesOf(id, node) {
  const rank = valueOf(id).shape.length;
  if (node && node.k === "conv" && id === node.kernel && rank > 3) return [0, 1];
  return images.has(id) && rank > 3 ? [rank - 3, rank - 2] : null;
}

// the padding around an image that windows slide over
function borderOf(id, node) {
  if (!node || !node.padding || (node.k !== "conv" && node.k !== "pool") || id !== node.x || !node.channels_last) return null;
  const value = valueOf(id), text = node.k === "conv" ? "0" : "";
  if (value.part.some((n, axis) => n !== value.shape[axis] || n > 32 && axis)) return null; // a part has no border
  return { sizes: node.padding.length > 1 ? node.padding.slice(-2) : [node.padding[0], [0, 0]], text };
}

// the numbers in the order of memory, in one row, tied to the cells of the matrix above
function strip(matrix) {
  const { value } = matrix, count = Math.min(value.data.length, 128);
  const numbers = make("tr"), places = make("tr"), cells = [];
  for (let n = 0; n < count; ++n) {
    const cell = make("td", { tabindex: n ? "-1" : "0", title: `number ${n} is [${unravel(n, value.part).join(", ")}]` }, short(value.data[n], 4));
    cell.style.setProperty("--m", "0");
    cell.strip = { matrix, index: unravel(n, value.part), cells };
    cells.push(cell);
    numbers.append(cell);
    places.append(make("th", { scope: "col" }, String(n)));
  }
  matrix.strip = cells;
  const table = make("table", {}, make("thead", {}, places), make("tbody", {}, numbers));
  table.prepend(make("caption", {}, `${value.name} as it lies in memory${count < size(value.shape) ? `: the first ${count} of ${size(value.shape)} numbers` : ""}`));
  return table;
}
