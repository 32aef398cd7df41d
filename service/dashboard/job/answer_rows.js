/** The rows of a small dataset with the network's answers: which jobs have them, and which answers are right. */

import { inputColumns, instanceOf, numberColumns } from "../parts/dataset_rows.js";

export const MOST_ROWS = 20;
const MOST_COLUMNS = 8;

/** @typedef {{inputs: (number | string | null)[], targets: (number | string | null)[], answers: (number | null)[], label: any, isRight: boolean | null}} AnswerRow */

/**
 * Return whether the rows of a job's dataset can be shown next to its answers: few columns, all of them numbers.
 *
 * @param {import("../api/answers.js").Job} job
 */
export function hasAnswers(job) {
  return numberColumns(job) !== null && (inputColumns(job) ?? []).length <= MOST_COLUMNS && targetColumns(job).length <= MOST_COLUMNS;
}

/**
 * Return the names of the columns of targets.
 *
 * @param {import("../api/answers.js").Job} job
 * @returns {string[]}
 */
export function targetColumns(job) {
  return (job.training.preprocessing?.fitted?.targets ?? []).map((/** @type {any} */ each) => each.name);
}

/**
 * Return the rows with what the network answers; `isRight` is null where the targets are no classes.
 *
 * @param {import("../api/answers.js").Job} job
 * @param {{values: import("../parts/dataset_rows.js").Values}[]} rows
 * @param {{predictions: (number | null)[][], labels?: any[]}} answer of `:predict` for these rows
 * @returns {AnswerRow[]}
 */
export function answerRows(job, rows, { predictions, labels }) {
  const columns = targetColumns(job);
  const isClass = job.targets?.kind === "classes" && columns.length === 1 && labels !== undefined;
  return rows.map(({ values }, index) => {
    const targets = columns.map((name) => values[name] ?? null);
    const label = isClass ? labels[index] : null;
    return { inputs: instanceOf(job, values), targets, answers: predictions[index], label, isRight: isClass ? String(label) === String(targets[0]) : null };
  });
}
