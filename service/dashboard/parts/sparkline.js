/** A small curve without axes, for a cell of a table. */

import { html } from "../vendor/htm-preact.js";
import { number } from "./format.js";

/**
 * @param {object} props
 * @param {[number, number | null][]} props.points epochs with their values
 * @param {number} [props.width]
 * @param {number} [props.height]
 */
export function Sparkline({ points, width = 96, height = 24 }) {
  const known = /** @type {[number, number][]} */ (points.filter(([, value]) => value !== null && Number.isFinite(value)));
  if (known.length < 2) return html`<span class="quiet">–</span>`;
  const label = `from ${number(known[0][1])} to ${number(known[known.length - 1][1])}`;
  return html`<svg class="sparkline" width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${label}>
    <path d=${pathOf(known, width, height)} />
  </svg>`;
}

/**
 * Return the path of a curve that fills a box, with a margin of one and a half.
 *
 * @param {[number, number][]} points
 * @param {number} width
 * @param {number} height
 */
export function pathOf(points, width, height) {
  const margin = 1.5;
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const place = (/** @type {number} */ value, /** @type {number[]} */ all, /** @type {number} */ length) => {
    const [least, most] = [Math.min(...all), Math.max(...all)];
    return most === least ? length / 2 : margin + ((value - least) / (most - least)) * (length - 2 * margin);
  };
  return points
    .map(([x, y], index) => `${index ? "L" : "M"}${place(x, xs, width).toFixed(1)} ${(height - place(y, ys, height)).toFixed(1)}`)
    .join("");
}
