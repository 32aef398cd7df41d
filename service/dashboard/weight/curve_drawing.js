/** Draws the error curve of a weight: the loss over its value, the tangent where it stands, and the arrow of its next step. */

import { tickTexts } from "../parts/scale.js";
import { useWidth } from "../parts/width.js";
import { html, useState } from "../vendor/htm-preact.js";
import { curveGeometry } from "./curve_geometry.js";

const HEIGHT = 320;
let numbered = 0;

/**
 * @param {object} props
 * @param {import("./curve_geometry.js").Slope} props.slope
 * @param {string} props.name of the weight
 * @param {string} props.summary what the drawing shows, for screen readers
 * @param {boolean} [props.hidesStep] draws neither the tangent nor the arrow
 * @param {number} [props.height]
 * @param {string} [props.now] what the legend calls where the weight stands
 * @param {string} [props.later] what the legend calls where its step leads
 */
export function CurveDrawing({ slope, name, summary, hidesStep = false, height = HEIGHT, now = "now", later = "after the step" }) {
  const [place, width] = useWidth(0);
  const [id] = useState(() => `curve-${(numbered += 1)}`);
  const drawn = width > 0 ? curveGeometry(slope, width, height) : null;
  return html`<div class="curve-drawing" ref=${place}>
    ${drawn && html`<svg width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${summary}>
      <defs>
        <clipPath id=${`${id}-box`}><rect x=${drawn.box.left} y=${drawn.box.top} width=${drawn.box.right - drawn.box.left} height=${drawn.box.bottom - drawn.box.top} /></clipPath>
        <marker id=${`${id}-head`} class="arrow-head" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="5" markerHeight="5" orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" /></marker>
      </defs>
      <${Axes} drawn=${drawn} width=${width} height=${height} xLabel=${`value of ${name}`} yLabel="loss" />
      <g clip-path=${`url(#${id}-box)`}>
        ${!hidesStep && drawn.tangent && html`<line class="tangent" x1=${drawn.tangent.first.x} y1=${drawn.tangent.first.y} x2=${drawn.tangent.last.x} y2=${drawn.tangent.last.y} />`}
        <path class="curve" d=${drawn.curve} />
      </g>
      ${drawn.from && html`<line class="drop" x1=${drawn.from.x} x2=${drawn.from.x} y1=${drawn.from.y} y2=${drawn.box.bottom} />`}
      ${drawn.from && html`<circle class="present" cx=${drawn.from.x} cy=${drawn.from.y} r="5.5" />`}
      ${!hidesStep && drawn.from && drawn.arrow && html`<line class="arrow" x1=${drawn.from.x} y1=${drawn.from.y} x2=${drawn.arrow.to.x} y2=${drawn.arrow.to.y} marker-end=${`url(#${id}-head)`} />`}
      ${!hidesStep && drawn.after && drawn.isApart && html`<circle class="after" cx=${drawn.after.x} cy=${drawn.after.y} r="4.5" />`}
    </svg>
    ${hidesStep ? null : html`<${Legend} isLengthened=${drawn.arrow?.isLengthened ?? false} isApart=${drawn.isApart} now=${now} later=${later} />`}
    ${!drawn.isWhole && html`<p class="quiet">Where the curve has gaps, the loss is not finite.</p>`}`}
    ${width > 0 && !drawn && html`<p class="note">No loss on this curve is finite, so there is nothing to draw.</p>`}
  </div>`;
}

/**
 * Axes with their labels, for any drawing that has `box`, `xTicks` and `yTicks`.
 *
 * @param {{drawn: any, width: number, height: number, xLabel: string, yLabel: string}} props
 */
export function Axes({ drawn: { box, xTicks, yTicks }, width, height, xLabel, yLabel }) {
  const middle = (box.top + box.bottom) / 2;
  const [xTexts, yTexts] = [xTicks, yTicks].map((each) => tickTexts(each.map((/** @type {any} */ tick) => tick.value)));
  return html`<g class="weight-axes">
    ${yTicks.map((/** @type {any} */ tick, /** @type {number} */ index) => html`<line class="grid" x1=${box.left} x2=${box.right} y1=${tick.at} y2=${tick.at} />
      <text x=${box.left - 7} y=${tick.at} dy="0.32em" text-anchor="end">${yTexts[index]}</text>`)}
    ${xTicks.map((/** @type {any} */ tick, /** @type {number} */ index) => html`<line class="tick" x1=${tick.at} x2=${tick.at} y1=${box.bottom} y2=${box.bottom + 4} />
      <text x=${tick.at} y=${box.bottom + 17} text-anchor="middle">${xTexts[index]}</text>`)}
    <line class="axis" x1=${box.left} x2=${box.right} y1=${box.bottom} y2=${box.bottom} />
    <text class="axis-label" x=${(box.left + width) / 2} y=${height - 6} text-anchor="middle">${xLabel}</text>
    <text class="axis-label" transform=${`translate(13 ${middle}) rotate(-90)`} text-anchor="middle">${yLabel}</text>
  </g>`;
}

/** @param {{isLengthened: boolean, isApart: boolean, now: string, later: string}} props */
function Legend({ isLengthened, isApart, now, later }) {
  return html`<ul class="legend">
    <li><span class="key curve-key"></span>loss as this weight alone changes</li>
    <li><span class="key tangent-key"></span>tangent</li>
    <li><span class="key present-key"></span>${now}</li>
    ${isApart ? html`<li><span class="key after-key"></span>${later}</li>` : html`<li>${later}: too close to draw apart</li>`}
    <li><span class="key arrow-key" aria-hidden="true">→</span>step${isLengthened ? " (drawn longer than it is, to be seen)" : ""}</li>
  </ul>`;
}
