/** The presets as cards to choose from: each with a drawing of its rows, and a sentence. */

import { Link } from "../parts/link.js";
import { html, useMemo } from "../vendor/htm-preact.js";
import { DIGITS } from "./digits.js";
import { IRIS } from "./iris.js";
import { PRESETS, numbersOf, spirals } from "./presets.js";

const SIZE = 64;

/** @param {{chosen: string | null}} props the id of the preset that the form shows */
export function PresetCards({ chosen }) {
  const drawings = useMemo(() => Object.fromEntries(PRESETS.map(({ id }) => [id, DRAWINGS[id]()])), []);
  return html`<nav aria-label="Presets"><p class="quiet preset-lead">Begin with</p><ul class="preset-cards">${PRESETS.map(
    ({ id, title, sentence }) => html`<li><${Link} class="preset-card" to=${{ new: `job.${id}` }} aria-current=${id === chosen ? "true" : null}>
      <svg class="preset-drawing" viewBox=${`0 0 ${SIZE} ${SIZE}`} aria-hidden="true">${drawings[id]}</svg>
      <span><strong>${title}</strong> <span class="preset-sentence">${sentence}</span></span>
    </${Link}></li>`,
  )}</ul></nav>`;
}

/**
 * A mark at a place between 0 and 1, from the left and from below; the shape says the class, too.
 *
 * @param {number} x
 * @param {number} y
 * @param {number} kind 0, 1 or 2
 * @param {number} [radius]
 */
function mark(x, y, kind, radius = 2) {
  const [left, top] = [5 + x * (SIZE - 10), SIZE - 5 - y * (SIZE - 10)];
  if (kind === 0) return html`<circle class="preset-mark of-0" cx=${left} cy=${top} r=${radius} />`;
  if (kind === 1) return html`<rect class="preset-mark of-1" x=${left - radius} y=${top - radius} width=${2 * radius} height=${2 * radius} />`;
  return html`<path class="preset-mark of-2" d=${`M${left} ${top - radius}l${radius} ${2 * radius}h${-2 * radius}z`} />`;
}

/** @type {Record<string, () => any>} */
const DRAWINGS = {
  xor: () => numbersOf(2).map(([a, b]) => mark(0.15 + 0.7 * a, 0.15 + 0.7 * b, a === b ? 0 : 1, 7)),
  symmetry: () => [
    [0b110011, 0b101101, 0b010010, 0b100001].map((row, line) => numbersOf(6)[row].map(
      (bit, place) => html`<rect class=${bit ? "preset-cell on" : "preset-cell"} x=${3 + place * 10 - (place < 3 ? 1 : -1)} y=${4 + line * 15} width="8" height="11" rx="1.5" />`,
    )),
    html`<path class="preset-axis" d=${`M${SIZE / 2} 0V${SIZE}`} />`,
  ],
  spirals: () => {
    const { inputs, targets } = spirals();
    const shown = inputs.map(([x, y], index) => ({ x, y, kind: targets[index][0] })).filter((_, index) => index % 4 < 2);
    return shown.map(({ x, y, kind }) => mark((x + 1) / 2, (y + 1) / 2, kind, 1.6));
  },
  iris: () => {
    const kinds = ["setosa", "versicolor", "virginica"];
    const rows = IRIS.rows().filter((_, index) => index % 3 === 0);
    return rows.map((row) => mark((Number(row[2]) - 1) / 6, Number(row[3]) / 2.6, kinds.indexOf(String(row[4]))));
  },
  digits: () => DIGITS.inputs()[DIGITS.targets().findIndex(([digit]) => digit === 3)].map(
    (ink, pixel) => html`<rect class="preset-pixel" x=${(pixel % 8) * 8} y=${Math.floor(pixel / 8) * 8} width="8" height="8" style=${{ opacity: ink / 16 }} />`,
  ),
};
