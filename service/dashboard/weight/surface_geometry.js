/** Where a loss surface, its contour lines and the path of the job are drawn. */

import { contour, levelsOf } from "./contours.js";
import { domainOf, linear, ticks } from "../parts/scale.js";

const MARGINS = { left: 72, right: 14, top: 10, bottom: 46 };
const CONTOURS = 9;

/** @typedef {{epoch: number, x: number, y: number, training_loss: number | null, surface_loss: number | null}} Waypoint */
/** @typedef {{value: number, values: number[]}} Axis */
/** @typedef {{x: Axis, y: Axis, losses: (number | null)[][], path: Waypoint[], epoch: number, loss: number | null}} Surface  as `/surface` answers */

/**
 * Return the box, axes, contour lines, path and present place of a surface, in pixels; null if no loss is finite.
 *
 * @param {Surface} surface
 * @param {number} width
 * @param {number} height
 */
export function surfaceGeometry({ x, y, losses, path, epoch }, width, height) {
  const range = domainOf(losses.flat());
  if (range === null) return null;
  const box = { left: MARGINS.left, right: width - MARGINS.right, top: MARGINS.top, bottom: height - MARGINS.bottom };
  const [xRange, yRange] = [endsOf(x.values), endsOf(y.values)];
  const atX = linear(xRange, [box.left, box.right]).place;
  const atY = linear(yRange, [box.bottom, box.top]).place;
  const ofCell = { x: linear([0, x.values.length - 1], [box.left, box.right]).place, y: linear([0, y.values.length - 1], [box.bottom, box.top]).place };
  const places = path.map((each) => ({ epoch: each.epoch, x: atX(each.x), y: atY(each.y), isPast: each.epoch <= epoch }));
  const present = { x: atX(x.value), y: atY(y.value) };
  return {
    box,
    range,
    xTicks: ticks(xRange, width < 480 ? 6 : 9).map((each) => ({ value: each, at: atX(each) })),
    yTicks: ticks(yRange, 9).map((each) => ({ value: each, at: atY(each) })),
    contours: levelsOf(range, CONTOURS).map((level) => ({ level, line: lineOf(contour(losses, level), ofCell) })),
    places,
    whole: joined(places),
    past: joined([...places.filter((each) => each.isPast), present]),
    present,
  };
}

/**
 * @param {number[]} values ascending
 * @returns {[number, number]}
 */
function endsOf(values) {
  return [values[0], values[values.length - 1]];
}

/** @param {{x: number, y: number}[]} places */
function joined(places) {
  return places.map(({ x, y }, index) => `${index ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

/**
 * @param {import("./contours.js").Segment[]} segments
 * @param {{x: (cell: number) => number, y: (cell: number) => number}} ofCell
 */
function lineOf(segments, ofCell) {
  return segments
    .map((points) => points.map(([x, y], index) => `${index ? "L" : "M"}${ofCell.x(x).toFixed(1)} ${ofCell.y(y).toFixed(1)}`).join(""))
    .join("");
}
