// The page: what is drawn becomes an image (strokes.mjs), the model (model/, exported by kgen) reads it, bars show
// what it says.
import load from "./model/digits.mjs";
import { imageOf } from "./strokes.mjs";

const STEP = 8; // of the keyboard's dot, in points of the canvas
const WIDTH = 18; // of the lines

const element = (id) => document.getElementById(id);
const drawing = element("drawing");
const bars = Array.from({ length: 10 }, (_, digit) => barOf(digit));
const strokes = []; // lists of points, in those of the canvas
const pen = { x: drawing.width / 2, y: drawing.height / 2, down: false }; // the keyboard's
let model = null;

element("probabilities").append(...bars.map((bar) => bar.row));

function barOf(digit) {
    const part = (name, text = "") => {
        const span = document.createElement("span");
        span.className = name;
        span.textContent = text;
        return span;
    };
    const row = document.createElement("li");
    const track = part("track");
    const bar = part("bar");
    const share = part("share");
    track.append(bar);
    row.append(part("digit", digit), track, share);
    return { row, bar, share };
}

/** Draws everything anew, and asks the model. */
function update() {
    draw();
    const image = imageOf(strokes);
    drawImage(image);
    const found = image && model ? [...model.predict(image)] : null;
    const answer = found ? found.indexOf(Math.max(...found)) : -1;
    bars.forEach(({ row, bar, share }, digit) => {
        const percent = found ? `${(100 * found[digit]).toFixed(1)}%` : "";
        row.classList.toggle("most", digit === answer);
        bar.style.width = percent || "0";
        share.textContent = percent;
    });
    const text = found ? String(answer) : "nothing yet";
    if (element("answer").textContent !== text) element("answer").textContent = text; // which is read aloud
}

function draw() {
    const context = drawing.getContext("2d");
    context.clearRect(0, 0, drawing.width, drawing.height);
    context.strokeStyle = getComputedStyle(document.body).color;
    context.lineWidth = WIDTH;
    context.lineCap = context.lineJoin = "round";
    for (const [first, ...others] of strokes) {
        context.beginPath();
        context.moveTo(first.x, first.y);
        for (const point of others.length ? others : [first]) context.lineTo(point.x, point.y);
        context.stroke();
    }
    if (document.activeElement === drawing) {
        context.fillStyle = pen.down ? "#d22" : "#888";
        context.beginPath();
        context.arc(pen.x, pen.y, 5, 0, 2 * Math.PI);
        context.fill();
    }
}

function drawImage(image) {
    const canvas = element("image");
    const context = canvas.getContext("2d");
    const size = canvas.width / 8;
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = getComputedStyle(document.body).color;
    image?.forEach((number, i) => {
        context.globalAlpha = number / 16;
        context.fillRect((i % 8) * size, Math.floor(i / 8) * size, size, size);
    });
    context.globalAlpha = 1;
}

function undo() {
    strokes.pop();
    pen.down = false;
    update();
}

function clear() {
    strokes.length = 0;
    pen.down = false;
    update();
}

// Mouse, finger, pen: one of them at a time.

let pointer = null;

function at(event) {
    const box = drawing.getBoundingClientRect();
    return {
        x: ((event.clientX - box.left - drawing.clientLeft) * drawing.width) / drawing.clientWidth,
        y: ((event.clientY - box.top - drawing.clientTop) * drawing.height) / drawing.clientHeight,
    };
}

drawing.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button !== 0) return;
    pointer = event.pointerId;
    pen.down = false;
    drawing.setPointerCapture(pointer);
    strokes.push([at(event)]);
    update();
});
drawing.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    strokes.at(-1).push(at(event));
    update();
});
for (const end of ["pointerup", "pointercancel"])
    drawing.addEventListener(end, (event) => {
        if (event.pointerId === pointer) pointer = null;
    });

// The keyboard's dot.

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

drawing.addEventListener("keydown", (event) => {
    if (pointer !== null || event.ctrlKey || event.altKey || event.metaKey) return;
    const move = MOVES[event.key];
    if (move) {
        pen.x = Math.min(drawing.width, Math.max(0, pen.x + STEP * move[0]));
        pen.y = Math.min(drawing.height, Math.max(0, pen.y + STEP * move[1]));
        if (pen.down) strokes.at(-1).push({ x: pen.x, y: pen.y });
    } else if (event.key === " ") {
        pen.down = !pen.down;
        if (pen.down) strokes.push([{ x: pen.x, y: pen.y }]);
    } else if (event.key === "Backspace") {
        strokes.pop();
        pen.down = false;
    } else return;
    event.preventDefault();
    update();
});
for (const change of ["focus", "blur"]) drawing.addEventListener(change, draw);

element("undo").addEventListener("click", undo);
element("clear").addEventListener("click", clear);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", update);

try {
    model = await load();
    const right = model.selfTest() === 0;
    element("status").textContent = right
        ? "The model is ready: its self-test gives Keras's numbers."
        : "The model's self-test fails: its numbers are not Keras's.";
} catch (error) {
    element("status").textContent = `The model could not be loaded: ${error.message}`;
}
update();
