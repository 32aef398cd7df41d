/** A small picture on a canvas: numbers as shades, or as colours with a sign. */

import { colour, onTheme } from "../parts/theme.js";
import { html, useEffect, useRef } from "../vendor/htm-preact.js";
import { diverging, mix, rgbOf } from "./colours.js";
import { drawCells, signColours } from "./heat_map.js";

/**
 * @param {object} props
 * @param {(number | null)[]} props.values row by row
 * @param {number} props.side
 * @param {[number, number]} props.domain
 * @param {number} props.size in pixels of the page
 * @param {string} props.label
 * @param {boolean} [props.signed] colours around zero; else shades of ink
 */
export function Pixels({ values, side, domain, size, label, signed = false }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => {
    const draw = () => canvas.current && drawCells(canvas.current, values.map(painter(domain, signed)), side, size, false);
    draw();
    return onTheme(draw);
  }, [values, domain[0], domain[1], size]);
  return html`<canvas class="pixels" ref=${canvas} role="img" aria-label=${label} style=${{ width: `${size}px`, height: `${size}px` }} />`;
}

/**
 * Return what gives the colour of a number in the theme that is shown now.
 *
 * @param {[number, number]} domain
 * @param {boolean} signed
 * @returns {(value: number | null) => import("./colours.js").Rgb}
 */
export function painter(domain, signed) {
  if (signed) {
    const { negative, neutral, positive } = signColours();
    const colours = { negative: rgbOf(negative), neutral: rgbOf(neutral), positive: rgbOf(positive) };
    return (value) => diverging(value, domain, colours);
  }
  const [paper, ink] = [rgbOf(colour("--raised")), rgbOf(colour("--text"))];
  return (value) => mix(paper, ink, Math.min(Math.max(((value ?? domain[0]) - domain[0]) / (domain[1] - domain[0] || 1), 0), 1));
}
