/** A map over two inputs: a canvas with the predictions of a grid, and over it axes, borders and the dataset's points. */

import { Axes, ROOM } from "../parts/axes.js";
import { linear } from "../parts/scale.js";
import { colour, onTheme } from "../parts/theme.js";
import { useWidth } from "../parts/width.js";
import { html, useEffect, useRef } from "../vendor/htm-preact.js";
import { Mark } from "./marks.js";

/**
 * @param {object} props
 * @param {[number, number]} props.xs the domain of the first input
 * @param {[number, number]} props.ys
 * @param {string} props.xLabel
 * @param {string} props.yLabel
 * @param {number} props.cells in each direction
 * @param {() => import("./colours.js").Rgb[]} props.paint returns the colour of each cell, row by row from the top
 * @param {unknown} props.painted what `paint` depends on
 * @param {[number, number, number, number][]} props.borders in cells
 * @param {{x: number, y: number, index: number, colour?: string, title: string}[]} props.points
 * @param {string} props.label for screen readers
 */
export function HeatMap({ xs, ys, xLabel, yLabel, cells, paint, painted, borders, points, label }) {
  const [place, available] = useWidth(560);
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const width = Math.min(available, 540);
  const [inner, height] = [width - ROOM.left - ROOM.right, width - ROOM.left - ROOM.right + ROOM.top + ROOM.bottom];
  const x = linear(xs, [ROOM.left, width - ROOM.right]);
  const y = linear(ys, [height - ROOM.bottom, ROOM.top]);
  useEffect(() => {
    const draw = () => canvas.current && drawCells(canvas.current, paint(), cells, inner, true);
    draw();
    return onTheme(draw);
  }, [painted, cells, inner]);
  const size = inner / cells;
  const path = borders.map(([x1, y1, x2, y2]) => `M${ROOM.left + x1 * size} ${ROOM.top + y1 * size}L${ROOM.left + x2 * size} ${ROOM.top + y2 * size}`).join("");
  return html`<div class="heat-map" ref=${place}><div class="heat-map-parts" role="img" aria-label=${label} style=${{ width: `${width}px`, height: `${height}px` }}>
    <canvas ref=${canvas} style=${{ left: `${ROOM.left}px`, top: `${ROOM.top}px`, width: `${inner}px`, height: `${inner}px` }} />
    <svg width=${width} height=${height} viewBox=${`0 0 ${width} ${height}`} aria-hidden="true">
      <${Axes} x=${x} y=${y} width=${width} height=${height} xLabel=${xLabel} yLabel=${yLabel} grid=${false} />
      <path class="border" d=${path} />
      <g class="points">${points.map((point, index) => html`<g key=${index} fill=${point.colour}><title>${point.title}</title><${Mark} index=${point.index} x=${x.place(point.x)} y=${y.place(point.y)} /></g>`)}</g>
    </svg>
  </div></div>`;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import("./colours.js").Rgb[]} colours
 * @param {number} cells
 * @param {number} side in pixels of the page
 * @param {boolean} smooth
 */
export function drawCells(canvas, colours, cells, side, smooth) {
  const small = document.createElement("canvas");
  small.width = cells;
  small.height = Math.ceil(colours.length / cells);
  const context = /** @type {CanvasRenderingContext2D} */ (small.getContext("2d"));
  const image = context.createImageData(small.width, small.height);
  colours.forEach((rgb, index) => image.data.set([...rgb, 255], index * 4));
  context.putImageData(image, 0, 0);
  const dense = Math.min(devicePixelRatio || 1, 2);
  canvas.width = Math.round(side * dense);
  canvas.height = Math.round((side * dense * small.height) / cells);
  const large = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  large.imageSmoothingEnabled = smooth;
  large.drawImage(small, 0, 0, canvas.width, canvas.height);
}

/** Return the colours of numbers with a sign, of the theme that is shown now. */
export function signColours() {
  return { negative: colour("--negative"), neutral: colour("--neutral"), positive: colour("--positive") };
}
