/** Sentences about values that a chart cannot draw. */

import { count, counted } from "../parts/format.js";
import { notFiniteAt, valueOf } from "./series.js";

const MOST_EPOCHS = 3; // that are named

/**
 * Return a sentence for each series with values that are not finite, or not above 0 on a logarithmic scale.
 *
 * @param {import("../api/answers.js").Epoch[]} records
 * @param {import("./series.js").NamedSeries[]} series
 * @param {boolean} isLog
 * @returns {string[]}
 */
export function notes(records, series, isLog) {
  return series.flatMap(({ name, label }) => {
    const found = [];
    const epochs = notFiniteAt(records, name);
    if (epochs.length) found.push(`${label}: not finite at ${epochsText(epochs)}, left out as a gap.`);
    const low = isLog ? records.filter((record) => isLow(valueOf(record, name))).length : 0;
    if (low) found.push(`${label}: ${counted(low, "value is", "values are")} not above 0 and ${low === 1 ? "has" : "have"} no place on a logarithmic scale.`);
    return found;
  });
}

/**
 * Name the first of some epochs, and how many more there are.
 *
 * @param {number[]} epochs
 */
export function epochsText(epochs) {
  if (epochs.length === 1) return `epoch ${count(epochs[0])}`;
  const named = epochs.slice(0, MOST_EPOCHS).map(count).join(", ");
  const more = epochs.length - MOST_EPOCHS;
  return more > 0 ? `epochs ${named} and ${count(more)} more` : `epochs ${named}`;
}

/** @param {number | null} value */
function isLow(value) {
  return value !== null && value <= 0;
}
