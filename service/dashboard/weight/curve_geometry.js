/** Where the error curve of a weight, its tangent and its step are drawn. */

import { domainOf, linear, ticks } from "../parts/scale.js";

const MARGINS = { left: 72, right: 14, top: 14, bottom: 46 };
export const SHORTEST_ARROW = 16; // pixels; a shorter step is drawn this long, and said so

const APART = 36; // pixels; nearer than that the arrow would hide the place after the step

/** @typedef {{value: number, loss: number | null, tangent: number | null}} CurvePoint */
/** @typedef {{value: number, loss: number | null, points: CurvePoint[], tangent: {slope: number | null}, step: {step: number | null, value: number | null, loss: number | null}}} Slope  as `/slope` answers */

/**
 * Return the lines, marks and axes of a drawing, in pixels; null if no loss is finite.
 *
 * @param {Slope} slope
 * @param {number} width
 * @param {number} height
 */
export function curveGeometry(slope, width, height) {
  const { points, value, loss, step, tangent } = slope;
  const y = domainOf([...points.map((each) => each.loss), loss], 0.08);
  const x = domainOf(points.map((each) => each.value));
  if (y === null || x === null) return null;
  const box = { left: MARGINS.left, right: width - MARGINS.right, top: MARGINS.top, bottom: height - MARGINS.bottom };
  const atX = linear(x, [box.left, box.right]).place;
  const atY = linear(y, [box.bottom, box.top]).place;
  const finite = points.filter((each) => each.loss !== null && Number.isFinite(each.loss));
  const after = step.loss === null || step.value === null ? null : { x: atX(step.value), y: atY(step.loss) };
  const from = loss === null ? null : { x: atX(value), y: atY(loss) };
  return {
    box,
    xTicks: ticks(x, width < 480 ? 6 : 9).map((each) => ({ value: each, at: atX(each) })),
    yTicks: ticks(y, 8).map((each) => ({ value: each, at: atY(each) })),
    curve: pathOf(points, atX, atY),
    isWhole: finite.length === points.length,
    from,
    tangent: from && tangentLine(tangent.slope, loss, value, x, atX, atY),
    arrow: from && arrowOf(slope, from, atX, atY),
    after,
    isApart: from !== null && after !== null && Math.hypot(after.x - from.x, after.y - from.y) >= APART,
  };
}

/**
 * Return the path of a curve with gaps where the loss is not finite.
 *
 * @param {CurvePoint[]} points
 * @param {(value: number) => number} atX
 * @param {(value: number) => number} atY
 */
function pathOf(points, atX, atY) {
  let begins = true;
  return points
    .map(({ value, loss }) => {
      if (loss === null || !Number.isFinite(loss)) {
        begins = true;
        return "";
      }
      const piece = `${begins ? "M" : "L"}${atX(value).toFixed(1)} ${atY(loss).toFixed(1)}`;
      begins = false;
      return piece;
    })
    .join("");
}

/**
 * @param {number | null} slope
 * @param {number | null} loss
 * @param {number} value
 * @param {[number, number]} x
 * @param {(value: number) => number} atX
 * @param {(value: number) => number} atY
 */
function tangentLine(slope, loss, value, x, atX, atY) {
  if (slope === null || loss === null) return null;
  const [first, last] = x.map((each) => ({ x: atX(each), y: atY(loss + slope * (each - value)) }));
  return { first, last };
}

/**
 * Return the arrow of the step along the tangent, lengthened where it would be too short to be seen.
 *
 * @param {Slope} slope
 * @param {{x: number, y: number}} from
 * @param {(value: number) => number} atX
 * @param {(value: number) => number} atY
 */
function arrowOf({ value, loss, tangent, step }, from, atX, atY) {
  if (!step.step || loss === null || tangent.slope === null) return null;
  const dx = atX(value + step.step) - from.x;
  const dy = atY(loss + tangent.slope * step.step) - from.y;
  const length = Math.hypot(dx, dy);
  const factor = length < SHORTEST_ARROW ? SHORTEST_ARROW / (length || 1) : 1;
  return { to: { x: from.x + dx * factor, y: from.y + dy * factor }, isLengthened: factor > 1 };
}
