/** Rows of a job's dataset as inputs and targets of its network, in the dataset's own units. */

import { useResource } from "../api/resource.js";
import { datasetPath } from "./row_choice.js";

/** @typedef {Record<string, number | string | null>} Values  by the names of columns */

/**
 * Read rows of the dataset that a job was trained on.
 *
 * @param {import("../api/answers.js").Job} job
 * @param {number} first counted from 0
 * @param {number} limit
 * @returns {import("../api/resource.js").Resource<{data: {row: number, values: Values}[]}>}
 */
export function useRows(job, first, limit) {
  return useResource(`${datasetPath(job)}/rows`, { after: first > 0 ? first - 1 : null, limit });
}

/**
 * Return the columns that a job's network takes, in their order; null where preprocessing is not fitted yet.
 *
 * @param {import("../api/answers.js").Job} job
 * @returns {{name: string, type: string, indicator: boolean, is_date: boolean}[] | null}
 */
export function inputColumns(job) {
  return job.training.preprocessing?.fitted?.inputs ?? null;
}

/**
 * Return the names of columns that are numbers and each one input of the network; null where there are others.
 *
 * @param {import("../api/answers.js").Job} job
 * @returns {string[] | null}
 */
export function numberColumns(job) {
  const columns = inputColumns(job);
  if (columns === null || columns.length !== job.network.inputs) return null;
  return columns.every((each) => each.type === "number" && !each.indicator && !each.is_date) ? columns.map(({ name }) => name) : null;
}

/**
 * Return a row as `:predict` takes it.
 *
 * @param {import("../api/answers.js").Job} job
 * @param {Values} values
 */
export function instanceOf(job, values) {
  return (inputColumns(job) ?? []).map(({ name }) => values[name] ?? null);
}

/**
 * Return the target of each output of a row: a value in its own units, or for classes 1 and 0.
 *
 * @param {import("../api/answers.js").Job} job
 * @param {Values} values
 * @param {number} outputs how many there are
 * @returns {(number | null)[]}
 */
export function targetsOf(job, values, outputs) {
  const columns = (job.training.preprocessing?.fitted?.targets ?? []).map((/** @type {any} */ each) => each.name);
  const classes = job.targets?.kind === "classes" ? job.targets.classes : null;
  const own = values[columns[0]];
  if (classes && columns.length === 1) {
    const wanted = classes.length === 2 && outputs === 1 ? [classes[1]] : classes;
    return wanted.map((/** @type {any} */ each) => (own === null || own === undefined ? null : String(own) === String(each) ? 1 : 0));
  }
  return [...Array(outputs).keys()].map((index) => {
    const value = values[columns[index]];
    return typeof value === "number" ? value : null;
  });
}

/** @param {import("../api/answers.js").Job} job */
export function outputsOf(job) {
  return job.network.layers.findLast((layer) => layer.units)?.units ?? job.network.inputs;
}
