/** Draws a loss surface: a heat map on a canvas, and on it contour lines, the path of the job and where it is now. */

import { number } from "../parts/format.js";
import { useWidth } from "../parts/width.js";
import { html, useEffect, useRef } from "../vendor/htm-preact.js";
import { Axes } from "./curve_drawing.js";
import { heatColour, pixelsOf } from "./heat.js";
import { surfaceGeometry } from "./surface_geometry.js";

const MOST_WIDTH = 1000;
const LEGEND = 9; // steps of the legend

/**
 * @param {object} props
 * @param {import("./surface_geometry.js").Surface} props.surface
 * @param {string} props.xName
 * @param {string} props.yName
 * @param {string} props.summary what it shows, for screen readers
 */
export function SurfaceDrawing({ surface, xName, yName, summary }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const [place, available] = useWidth(0);
  const width = Math.min(available, MOST_WIDTH);
  const height = Math.round(Math.min(Math.max(width * 0.62, 300), 480));
  const drawn = width > 0 ? surfaceGeometry(surface, width, height) : null;
  useEffect(() => {
    if (canvas.current && drawn) paint(canvas.current, surface.losses, drawn, width, height);
  }, [surface, width, height]);
  return html`<div class="surface-drawing" ref=${place}>
    ${drawn && html`<div class="layers">
      <canvas ref=${canvas} aria-hidden="true"></canvas>
      <svg width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${summary}>
        <${Axes} drawn=${drawn} width=${width} height=${height} xLabel=${`value of ${xName}`} yLabel=${`value of ${yName}`} />
        ${drawn.contours.map(({ line }) => html`<path class="contour" d=${line} />`)}
        <path class="path-edge" d=${drawn.whole} /><path class="path-whole" d=${drawn.whole} /><path class="path-past" d=${drawn.past} />
        ${drawn.places.map((each) => html`<circle class=${each.isPast ? "stop past" : "stop"} cx=${each.x} cy=${each.y} r="2.2" />`)}
        ${drawn.places.length > 0 && html`<g class="start"><rect x=${drawn.places[0].x - 5} y=${drawn.places[0].y - 5} width="10" height="10" /></g>`}
        <g class="here" transform=${`translate(${drawn.present.x} ${drawn.present.y})`}><circle class="outer" r="9" /><circle class="ring" r="9" /><circle class="inner" r="3.5" /></g>
      </svg>
    </div>
    <${HeatLegend} range=${drawn.range} />`}
    ${width > 0 && !drawn && html`<p class="note">No loss on this surface is finite, so there is nothing to draw.</p>`}
  </div>`;
}

/** @param {{range: [number, number]}} props */
function HeatLegend({ range: [low, high] }) {
  const steps = Array.from({ length: LEGEND }, (_, index) => index / (LEGEND - 1));
  return html`<div class="heat-legend">
    <span>loss ${number(low, 5)}</span>
    <svg viewBox="0 0 90 10" preserveAspectRatio="none" aria-hidden="true">${steps.map((share, index) => html`<rect x=${index * 10} width="10.5" height="10" fill=${`rgb(${heatColour(share).join(" ")})`} />`)}</svg>
    <span>${number(high, 5)}</span>
    <span class="keys"><span class="key start-key"></span>epoch 0 <span class="key here-key"></span>the chosen epoch <span class="key path-key"></span>path of the job <span class="key contour-key"></span>same loss</span>
  </div>`;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {(number | null)[][]} losses
 * @param {{box: {left: number, right: number, top: number, bottom: number}, range: [number, number]}} drawn
 * @param {number} width
 * @param {number} height
 */
function paint(canvas, losses, { box, range }, width, height) {
  const scale = devicePixelRatio || 1;
  Object.assign(canvas, { width: width * scale, height: height * scale });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const [columns, rows] = [losses.length, losses[0].length];
  const small = document.createElement("canvas");
  Object.assign(small, { width: columns, height: rows });
  small.getContext("2d")?.putImageData(new ImageData(pixelsOf(losses, range), columns, rows), 0, 0);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const cell = { width: (box.right - box.left) / (columns - 1), height: (box.bottom - box.top) / (rows - 1) };
  context.scale(scale, scale);
  context.beginPath();
  context.rect(box.left, box.top, box.right - box.left, box.bottom - box.top);
  context.clip();
  context.imageSmoothingQuality = "high";
  // the middle of each small pixel is the point at which the loss was computed
  context.drawImage(small, box.left - cell.width / 2, box.top - cell.height / 2, cell.width * columns, cell.height * rows);
}
