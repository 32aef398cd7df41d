/** A confusion matrix as a table whose cells are shaded by their share of the row. */

import { count, shortened } from "../parts/format.js";
import { Name } from "../parts/name.js";
import { html } from "../vendor/htm-preact.js";

const MOST_CLASSES = 20;
const LEVELS = 5;

/** @param {{matrix: {classes: (string | number)[], counts: number[][]}, on: string}} props */
export function ConfusionMatrix({ matrix, on }) {
  const { classes, counts } = matrix;
  if (classes.length > MOST_CLASSES) return html`<p class="quiet">${classes.length} classes; the card as Markdown has the confusion matrix.</p>`;
  return html`<div class="scroll confusion-box" tabindex="0" role="region" aria-label="Confusion matrix"><table class="card-confusion">
    <caption>Confusion matrix on ${on} rows: the true class by row, the predicted one by column</caption>
    <thead><tr><th scope="col">True</th>${classes.map((each) => html`<th scope="col" class="number">${shortened(String(each), 14)}</th>`)}</tr></thead>
    <tbody>${classes.map((each, row) => html`<tr>
      <th scope="row"><${Name} of=${String(each)} most=${20} /></th>
      ${counts[row].map((value, column) => html`<td class=${`number level-${levelOf(value, counts[row])} ${row === column ? "correct" : ""}`}>${count(value)}</td>`)}
    </tr>`)}</tbody>
  </table></div>`;
}

/**
 * Return how dark a cell is, from 0 to 5, by its share of its row.
 *
 * @param {number} value
 * @param {number[]} row
 */
export function levelOf(value, row) {
  const total = row.reduce((sum, each) => sum + each, 0);
  return total === 0 ? 0 : Math.ceil((value / total) * LEVELS);
}
