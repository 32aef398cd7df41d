/** The axes of a drawing in SVG: round numbers, thin lines, and what they count. */

import { html } from "../vendor/htm-preact.js";
import { number, shortened } from "./format.js";
import { ticks } from "./scale.js";

/** The room that axes take around a drawing, in pixels. */
export const ROOM = { left: 62, right: 16, top: 12, bottom: 44 };

/**
 * @param {object} props
 * @param {import("./scale.js").Scale} props.x
 * @param {import("./scale.js").Scale} props.y
 * @param {number} props.width of the whole drawing
 * @param {number} props.height
 * @param {string} props.xLabel with its unit
 * @param {string} props.yLabel
 * @param {boolean} [props.grid] draws thin lines across
 */
export function Axes({ x, y, width, height, xLabel, yLabel, grid = true }) {
  const [right, bottom] = [width - ROOM.right, height - ROOM.bottom];
  return html`<g class="axes" aria-hidden="true">
    ${ticks(x.domain, width < 480 ? 4 : 7).map((tick) => {
      const at = x.place(tick);
      return html`<g key=${`x${tick}`}><line x1=${at} x2=${at} y1=${grid ? ROOM.top : bottom} y2=${bottom + 4} /><text x=${at} y=${bottom + 17} text-anchor="middle">${number(tick)}</text></g>`;
    })}
    ${ticks(y.domain, 6).map((tick) => {
      const at = y.place(tick);
      return html`<g key=${`y${tick}`}><line x1=${ROOM.left - 4} x2=${grid ? right : ROOM.left} y1=${at} y2=${at} /><text x=${ROOM.left - 8} y=${at} dy="0.34em" text-anchor="end">${number(tick)}</text></g>`;
    })}
    <text class="axis-label" x=${(ROOM.left + right) / 2} y=${height - 6} text-anchor="middle">${shortened(xLabel, 50)}</text>
    <text class="axis-label" transform=${`translate(13 ${(ROOM.top + bottom) / 2}) rotate(-90)`} text-anchor="middle">${shortened(yLabel, 34)}</text>
  </g>`;
}
