/** What is computed for inputs that are pixels: their size, strokes of a pen, and tiles of weights. */

const LEAST_SIDE = 5; // 16 inputs and fewer are hardly a picture
const MOST_SIDE = 64;

/**
 * Return the side of the square that so many inputs form, null where they form none.
 *
 * @param {number} inputs
 * @returns {number | null}
 */
export function sideOf(inputs) {
  const side = Math.round(Math.sqrt(inputs));
  return side * side === inputs && side >= LEAST_SIDE && side <= MOST_SIDE ? side : null;
}

/**
 * Return the pixels after a touch of the pen: those near it become darker, never paler.
 *
 * @param {number[]} pixels from 0 to 1, row by row
 * @param {number} side
 * @param {number} x in pixels from the left
 * @param {number} y from the top
 * @returns {number[]}
 */
export function touched(pixels, side, x, y) {
  const radius = Math.max(side / 14, 0.55);
  return pixels.map((value, index) => {
    const distance = Math.hypot((index % side) + 0.5 - x, Math.floor(index / side) + 0.5 - y);
    const ink = Math.min(Math.max(1.5 - distance / (radius * 1.35), 0), 1);
    return Math.max(value, ink);
  });
}

/**
 * Return the pixels after a stroke between two places.
 *
 * @param {number[]} pixels
 * @param {number} side
 * @param {[number, number]} from
 * @param {[number, number]} to
 */
export function stroked(pixels, side, from, to) {
  const steps = Math.max(Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) * 2), 1);
  return [...Array(steps).keys()].reduce((drawn, step) => {
    const share = (step + 1) / steps;
    return touched(drawn, side, from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share);
  }, pixels);
}

/**
 * Return the weights that lead to a unit, as one number for each pixel.
 *
 * @param {number[][]} weights by input and unit
 * @param {number} unit
 */
export function tileOf(weights, unit) {
  return weights.map((each) => each[unit]);
}

/**
 * Return pixels from 0 to 1 in a dataset's own range, and back.
 *
 * @param {number[]} values
 * @param {[number, number]} from
 * @param {[number, number]} to
 */
export function rescaled(values, from, to) {
  const span = from[1] - from[0] || 1;
  return values.map((value) => to[0] + ((value - from[0]) / span) * (to[1] - to[0]));
}
