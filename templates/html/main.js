// Puts the matrices into their places, and answers to the pointer and the keyboard.
const times = new Map();
const timeOf = (layer) => () => times.get(layer) || 0;

// what stands between the arrays that a step reads
function signOf(node) {
  if (node?.k === "elementwise" && node.program.length === 1) return { ...INFIX, multiply: "⊙" }[node.program[0][0]];
  return { dense: "·", conv: "∗", einsum: "·" }[node?.k];
}

function mountStep(box) {
  if (box.mounted) return;
  box.mounted = true;
  const step = DATA.steps[box.dataset.step], place = box.querySelector(".matrices"), time = timeOf(step.layer);
  step.letters = new Map([...step.reads, ...step.made]);
  const node = nodeOf.get(step.made[0][0]), sign = signOf(node);
  const show = ([id, letter]) => new Matrix(id, letter, { time, axes: axesOf(id, node), border: borderOf(id, node), unfold: node && node.k === "scan" });
  const reads = step.reads.map(show), made = step.made.map(show);
  const term = (view, mark) => make("div", { class: "term" }, ...(mark ? [make("span", { class: "sign", "aria-hidden": "true" }, mark)] : []), view.box);
  place.append(...reads.map((view, n) => term(view, n && sign)), ...made.map((view, n) => term(view, n ? "" : "→")));
  box.reads = reads; box.made = made;
}

function mountWeights(details) {
  if (details.mounted) return;
  details.mounted = true;
  for (const place of details.querySelectorAll("[data-weight]")) {
    const matrix = new Matrix(place.dataset.weight, place.dataset.symbol);
    place.append(matrix.box);
    place.parentElement.querySelector(".strip")?.append(strip(matrix));
  }
}

// What a cell comes from

let marked = [];
function clearMarks() {
  for (const view of marked) view.clear();
  for (const cell of document.querySelectorAll(".strip .part")) cell.classList.remove("part");
  marked = [];
}

function light(cell) {
  clearMarks();
  if (cell.strip) { lightStrip(cell.strip.matrix, cell.strip.index); return; }
  const { view } = cell, index = view.index(cell.row, cell.column);
  if (view.strip) { lightStrip(view, index); return; }
  const box = cell.closest("[data-step]");
  if (!box) return;
  activate(box);
  const step = DATA.steps[box.dataset.step];
  const output = box.querySelector(".sum");
  if (!box.made.includes(view)) {
    output.textContent = `${view.letter}[${index.join(", ")}] = ${short(numberAt(view.value, index, view.time()), 7)}`;
    view.mark([index], "self"); marked = [view];
    return;
  }
  const { cells, text } = termsOf(view.id, index, view.time(), step.letters);
  marked = [view, ...box.reads];
  for (const read of box.reads) read.mark(cells.filter(([id]) => id === read.id).map(([, at]) => at), "part");
  view.mark([index], "self");
  output.textContent = text;
}

function lightStrip(matrix, index) {
  matrix.mark([index], "self");
  marked = [matrix];
  const cell = matrix.strip[ravel(index, strides(matrix.value.part))];
  if (cell) { cell.classList.add("part"); const box = cell.closest(".strip"); box.scrollLeft = Math.max(0, cell.offsetLeft - box.clientWidth / 2); }
}

// The lines of the code that do a step

let active = null;
function activate(box) {
  if (box === active) return;
  active?.classList.remove("active");
  active = box;
  box.classList.add("active");
  const step = DATA.steps[box.dataset.step], section = box.closest("section");
  for (const line of section.querySelectorAll("pre .on")) line.classList.remove("on", "hot");
  for (const [language, place] of [["NumPy", step.np], ["C", step.c]]) {
    if (!place) continue;
    const pre = section.querySelector(`pre[data-language="${language}"]`), lines = pre.querySelectorAll("span");
    for (let n = place[0]; n < place[1]; ++n) lines[n].classList.add("on");
    const hot = language === "C" ? step.hot : place[1] - 1;
    lines[hot]?.classList.add("on", "hot");
    if (pre.scrollHeight <= pre.clientHeight) continue;
    const whole = lines[place[1] - 1].offsetTop - lines[place[0]].offsetTop < pre.clientHeight - 40;
    const wanted = whole ? lines[place[0]].offsetTop - 8 : (lines[hot] || lines[place[0]]).offsetTop - pre.clientHeight / 2;
    pre.scrollTop = wanted - pre.offsetTop;
  }
}

document.addEventListener("mouseover", (event) => { const cell = event.target.closest("td"); if (cell && (cell.view || cell.strip)) light(cell); });
document.addEventListener("focusin", (event) => {
  const cell = event.target.closest("td"), box = event.target.closest("[data-step]");
  if (cell && (cell.view || cell.strip)) light(cell); else if (box?.mounted) activate(box);
});
document.addEventListener("click", (event) => { const box = event.target.closest("[data-step]"); if (box?.mounted) activate(box); });
document.addEventListener("keydown", (event) => {
  const cell = event.target.closest("td"), move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
  if (!cell || !move || event.target.tagName === "INPUT") return;
  const next = cell.strip ? cell.strip.cells[cell.strip.cells.indexOf(cell) + move[1]]
    : cell.view.cells.get(`${cell.row + move[0]},${cell.column + move[1]}`);
  if (!next || !(next.view || next.strip)) return;
  event.preventDefault();
  cell.tabIndex = -1; next.tabIndex = 0; next.focus();
});

// Time steps

for (const range of document.querySelectorAll("[data-time]"))
  range.addEventListener("input", () => {
    times.set(Number(range.dataset.time), Number(range.value) - 1);
    range.closest("p").querySelector("output").textContent = range.value;
    clearMarks();
    refresh();
  });
const refresh = () => { for (const view of views) view.fill(); };

// Inputs that change

const inputViews = DATA.inputs.map((id) => new Matrix(id, "x", { axes: axesOf(id), editable: DATA.live }));
document.getElementById("input-matrices").append(...inputViews.map((view) => view.box));
document.getElementById("output-matrices").append(...DATA.outputs.map((id) => new Matrix(id, "y", { axes: axesOf(id) }).box));
const asGiven = new Map([...values].map(([id, value]) => [id, value.data.slice()]));
const verdicts = document.querySelectorAll(".verdict"), said = [...verdicts].map((one) => one.textContent);
function say(text) { verdicts.forEach((one, n) => { one.textContent = text || said[n]; }); }
document.addEventListener("changed", () => {
  clearMarks();
  try {
    runAll();
    say("Computed here, on the page, from your numbers.");
  } catch (error) {
    say(`Not computed: ${error.message}.`);
  }
  refresh();
});
document.getElementById("reset")?.addEventListener("click", () => {
  for (const [id, data] of asGiven) values.get(id).data = data.slice();
  refresh();
  say("");
});

// Mounting: what is seen first, what is folded when it is opened, all of it for print

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) { mountStep(entry.target); seen.unobserve(entry.target); }
}, { rootMargin: "600px" });
for (const box of document.querySelectorAll("[data-step]")) seen.observe(box);
for (const details of document.querySelectorAll("details.weights")) details.addEventListener("toggle", () => mountWeights(details));
addEventListener("beforeprint", () => {
  if (document.body.classList.contains("folded")) return;
  for (const box of document.querySelectorAll("[data-step]")) mountStep(box);
  for (const details of document.querySelectorAll("details.weights")) { mountWeights(details); details.open = true; }
});
function goTo(place) {
  const target = document.getElementById(place.slice(1));
  if (!target) return;
  target.querySelector(":scope > details.fold")?.setAttribute("open", "");
  for (const link of document.querySelectorAll(".graph a")) link.classList.toggle("here", link.getAttribute("href") === place);
  if (!document.body.classList.contains("folded")) // what is mounted later would move the target away
    for (const box of document.querySelectorAll("[data-step]")) mountStep(box);
  target.scrollIntoView();
}
addEventListener("hashchange", () => goTo(location.hash));
goTo(location.hash);
// Within a notebook's frame an address belongs to the page around it.
if (location.protocol === "about:")
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link) { event.preventDefault(); goTo(link.getAttribute("href")); }
  });

// For the browser's console, and for tests.
globalThis.kgen = { values, runAll, scalar, element };

// Training, played back

if (DATA.history) {
  const { frames, weights, epochs, loss } = DATA.history, slider = document.getElementById("frame"), button = document.getElementById("play");
  const ids = Object.keys(DATA.values), lossBox = document.getElementById("loss");
  const finite = loss.filter((x) => x !== null), top = Math.max(...finite, 1e-12);
  const x = (n) => epochs.length > 1 ? 100 * n / (epochs.length - 1) : 50;
  const known = loss.map((y, n) => [x(n), y]).filter(([, y]) => y !== null); // there is none before the first epoch
  const line = known.map(([place, y], n) => `${n ? "L" : "M"}${place.toFixed(2)} ${(38 - 36 * y / top).toFixed(2)}`).join(" ");
  lossBox.innerHTML = `<svg viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label="loss by epoch"><path d="${line}"/><line y1="0" y2="40"/></svg>`;
  const show = () => {
    const n = Number(slider.value);
    ids.forEach((id, place) => { const value = values.get(id); value.data = decoded(frames[n][place], value.kind); });
    Object.keys(DATA.weights).forEach((id, place) => { const value = values.get(id); value.data = decoded(weights[n][place], value.kind); });
    document.getElementById("epoch").textContent = loss[n] === null ? `${epochs[n]}, untrained` : `${epochs[n]}, loss ${short(loss[n], 4)}`;
    const mark = lossBox.querySelector("line");
    mark.setAttribute("x1", x(n)); mark.setAttribute("x2", x(n));
    clearMarks();
    refresh();
  };
  let timer = 0;
  const stop = () => { clearInterval(timer); timer = 0; button.textContent = "Play"; button.setAttribute("aria-pressed", "false"); };
  button.addEventListener("click", () => {
    if (timer) { stop(); return; }
    if (Number(slider.value) === frames.length - 1) slider.value = 0;
    button.textContent = "Pause"; button.setAttribute("aria-pressed", "true");
    show();
    timer = setInterval(() => { slider.value = Number(slider.value) + 1; show(); if (Number(slider.value) >= frames.length - 1) stop(); }, 150);
  });
  slider.addEventListener("input", () => { stop(); show(); });
  show();
}
