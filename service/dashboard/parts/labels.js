/** Names of a network's inputs and outputs, as its dataset and its targets have them. */

/**
 * Return the names of the inputs; null where they are not plainly columns that are numbers.
 *
 * @param {import("../api/answers.js").Job} job
 * @returns {string[] | null}
 */
export function inputNames(job) {
  const fitted = job.training.preprocessing?.fitted?.inputs ?? null;
  if (!fitted || fitted.length !== job.network.inputs) return null;
  const plain = fitted.every((/** @type {any} */ each) => each.type === "number" && !each.indicator && !each.is_date);
  return plain ? fitted.map((/** @type {any} */ each) => each.name) : null;
}

/**
 * Return what each output stands for: a class, or a column of the targets; null where that is not plain.
 *
 * @param {import("../api/answers.js").Job} job
 * @param {number} outputs how many there are
 * @returns {string[] | null}
 */
export function outputNames(job, outputs) {
  const { kind, classes } = job.targets ?? {};
  if (kind === "classes" && classes) {
    if (classes.length === outputs) return classes.map(String);
    return classes.length === 2 && outputs === 1 ? [`is ${classes[1]}`] : null;
  }
  const columns = job.training.preprocessing?.fitted?.targets ?? [];
  return columns.length === outputs ? columns.map((/** @type {any} */ each) => each.name) : null;
}

/**
 * Return a number as it fits into a node, which has room for six characters: +0.69, −12.3, +0.001, +7e−5.
 *
 * @param {number | null | undefined} value
 */
export function brief(value) {
  if (value === undefined) return "–";
  if (value === null || !Number.isFinite(value)) return "?";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const hasExponent = size >= 999.5 || size < 0.00095;
  const decimals = size < 0.0995 ? 3 : size < 10 ? 2 : size < 100 ? 1 : 0;
  const text = hasExponent ? size.toExponential(0).replace("e-", "e−").replace("e+", "e") : size.toFixed(decimals);
  return `${value < 0 ? "−" : "+"}${text}`;
}
