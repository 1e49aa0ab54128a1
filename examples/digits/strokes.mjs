// What a person draws, as the image that the network was trained on: a drawing on 32 x 32 points, whose
// black points are counted in blocks of 4 x 4 (examples/digits/train.py).

const POINTS = 32;
const BLOCK = 4;
const SIZE = POINTS / BLOCK;
const WIDTH = 26; // of the widest digits in the training images, in points
const PEN = 2.4; // half of their lines' width

/**
 * strokes: lists of points {x, y}, y downwards, in any unit: the drawing is brought to the image's size.
 * Returns 64 numbers from 0 to 16, row by row; null if nothing is drawn.
 */
export function imageOf(strokes) {
    const segments = strokes.flatMap(segmentsOf);
    if (segments.length === 0) return null;
    const fit = fitted(segments.flat());
    const lines = segments.map(([a, b]) => [fit(a), fit(b)]);
    const image = new Float32Array(SIZE * SIZE);
    for (let y = 0; y < POINTS; ++y)
        for (let x = 0; x < POINTS; ++x)
            if (lines.some((line) => distance({ x: x + 0.5, y: y + 0.5 }, line) <= PEN))
                image[Math.floor(y / BLOCK) * SIZE + Math.floor(x / BLOCK)] += 1;
    return image;
}

/** A stroke of one point is a dot. */
function segmentsOf(stroke) {
    return stroke.length === 1 ? [[stroke[0], stroke[0]]] : stroke.slice(1).map((to, i) => [stroke[i], to]);
}

/**
 * A function that scales and centres the points as those of the training images are: as high as the image, and
 * narrower; what is wider is pressed together, what is flat stays flat.
 */
function fitted(points) {
    const [left, right] = range(points.map((p) => p.x));
    const [top, bottom] = range(points.map((p) => p.y));
    const down = (POINTS - 2 * PEN) / Math.max(bottom - top, (right - left) / 2, 1e-9);
    const across = Math.min(down, (WIDTH - 2 * PEN) / Math.max(right - left, 1e-9));
    return (p) => ({
        x: POINTS / 2 + (p.x - (left + right) / 2) * across,
        y: POINTS / 2 + (p.y - (top + bottom) / 2) * down,
    });
}

function range(numbers) {
    return numbers.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [Infinity, -Infinity]);
}

/** From a point to the nearest one of a line between two. */
function distance(p, [a, b]) {
    const dx = b.x - a.x;
    const dy = b.y - a.y;
    const length = dx * dx + dy * dy;
    const along = length > 0 ? Math.min(1, Math.max(0, ((p.x - a.x) * dx + (p.y - a.y) * dy) / length)) : 0;
    return Math.hypot(a.x + along * dx - p.x, a.y + along * dy - p.y);
}
