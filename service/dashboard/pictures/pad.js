/** A pad to draw on, by mouse, finger or keyboard. */

import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { painter } from "./pixels.js";
import { drawCells } from "./heat_map.js";
import { onTheme } from "../parts/theme.js";
import { stroked, touched } from "./images.js";

const SIZE = 240; // pixels of the page
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @param {{pixels: number[], side: number, draw: (pixels: number[]) => void}} props pixels from 0 to 1 */
export function Pad({ pixels, side, draw }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const pen = useRef(/** @type {[number, number] | null} */ (null));
  const latest = useRef(pixels);
  latest.current = pixels;
  const [cursor, setCursor] = useState(/** @type {[number, number] | null} */ (null));
  usePainted(canvas, pixels, side);
  const down = (/** @type {PointerEvent} */ event) => {
    /** @type {HTMLElement} */ (canvas.current).setPointerCapture(event.pointerId);
    pen.current = placeOf(event, canvas.current, side);
    update(touched(latest.current, side, ...pen.current));
  };
  const move = (/** @type {PointerEvent} */ event) => {
    if (!pen.current) return;
    const to = placeOf(event, canvas.current, side);
    update(stroked(latest.current, side, pen.current, to));
    pen.current = to;
  };
  const update = (/** @type {number[]} */ next) => {
    latest.current = next;
    draw(next);
  };
  const middle = /** @type {[number, number]} */ ([Math.floor(side / 2), Math.floor(side / 2)]);
  const press = (/** @type {KeyboardEvent} */ event) => {
    const by = ARROWS[/** @type {keyof typeof ARROWS} */ (event.key)];
    const [x, y] = cursor ?? middle;
    if (by) setCursor([Math.min(Math.max(x + by[0], 0), side - 1), Math.min(Math.max(y + by[1], 0), side - 1)]);
    else if (event.key === " ") update(touched(latest.current, side, x + 0.5, y + 0.5));
    else return;
    event.preventDefault();
  };
  const cell = 100 / side;
  return html`<div class="pad">
    <canvas ref=${canvas} class="pixels" tabindex="0" role="application" aria-label="Drawing pad. Arrow keys move, the space bar draws."
      onPointerDown=${down} onPointerMove=${move} onPointerUp=${() => (pen.current = null)} onPointerCancel=${() => (pen.current = null)}
      onKeyDown=${press} onFocus=${() => setCursor((before) => before ?? middle)} onBlur=${() => setCursor(null)} />
    ${cursor && html`<span class="pad-cursor" style=${{ left: `${cursor[0] * cell}%`, top: `${cursor[1] * cell}%`, width: `${cell}%`, height: `${cell}%` }} aria-hidden="true"></span>`}
  </div>`;
}

/**
 * Return the place of a pointer in pixels of the picture.
 *
 * @param {PointerEvent} event
 * @param {HTMLElement | null} canvas
 * @param {number} side
 * @returns {[number, number]}
 */
function placeOf(event, canvas, side) {
  const box = /** @type {HTMLElement} */ (canvas).getBoundingClientRect();
  return [((event.clientX - box.left) / box.width) * side, ((event.clientY - box.top) / box.height) * side];
}

/**
 * Paint the pixels whenever they or the theme change.
 *
 * @param {{current: HTMLCanvasElement | null}} canvas
 * @param {number[]} pixels
 * @param {number} side
 */
function usePainted(canvas, pixels, side) {
  useEffect(() => {
    const paint = () => canvas.current && drawCells(canvas.current, pixels.map(painter([0, 1], false)), side, SIZE, false);
    paint();
    return onTheme(paint);
  }, [pixels]);
}
