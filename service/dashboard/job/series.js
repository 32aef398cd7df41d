/** The series that a job's curves can show: their names in the address and in the API, their looks, and their values. */

const COLOURS = ["--third", "--fourth", "--fifth", "--sixth"];
const DASH = [5, 4]; // of what was measured on validation rows
export const LEARNING_RATE = "learning_rate";

/**
 * @typedef {object} NamedSeries
 * @property {string} name  as the API names it: `validation_accuracy`
 * @property {string} label
 * @property {string} chart  the title of the chart that it belongs to
 * @property {string} colour  as `--training`
 * @property {number[]} [dash]
 */

/**
 * Return all series of a job, in the order in which they are shown.
 *
 * @param {{training: any}} job
 * @returns {NamedSeries[]}
 */
export function seriesOf(job) {
  const parts = job.training.validation ? ["training", "validation"] : ["training"];
  const losses = parts.map((part) => ({ name: `${part}_loss`, label: `${part} loss`, chart: "Loss", colour: `--${part}`, ...dashOf(part) }));
  const metrics = job.training.metrics.flatMap((/** @type {string} */ metric, /** @type {number} */ index) =>
    parts.map((part) => ({
      name: `${part}_${metric}`,
      label: `${part} ${titled(metric)}`,
      chart: capital(titled(metric)),
      colour: COLOURS[index % COLOURS.length],
      ...dashOf(part),
    })),
  );
  return [...losses, ...metrics, { name: LEARNING_RATE, label: "learning rate", chart: "Learning rate", colour: "--sixth" }];
}

/**
 * Return the series that are shown: those that the address names, else losses and metrics, and the learning rate where it changes.
 *
 * @param {{training: any}} job
 * @param {string | undefined} text  names separated by commas, as in the address
 */
export function shownSeries(job, text) {
  const all = seriesOf(job);
  const named = (text ?? "").split(",");
  const chosen = all.filter(({ name }) => named.includes(name));
  if (chosen.length) return chosen;
  return all.filter(({ name }) => name !== LEARNING_RATE || job.training.schedule);
}

/**
 * Return what the address says once a series is shown or not; null where that is what is shown anyway. One always stays.
 *
 * @param {{training: any}} job
 * @param {string | undefined} text
 * @param {string} name
 */
export function toggled(job, text, name) {
  const shown = shownSeries(job, text).map((each) => each.name);
  const wanted = shown.includes(name) ? shown.filter((each) => each !== name) : [...shown, name];
  if (wanted.length === 0) return text ?? null;
  const usual = shownSeries(job, undefined).map((each) => each.name);
  const inOrder = seriesOf(job).map((each) => each.name).filter((each) => wanted.includes(each));
  return inOrder.join() === usual.join() ? null : inOrder.join();
}

/**
 * Return the value of a series in an epoch's record; null where there is none or it is not finite.
 *
 * @param {any} record
 * @param {string} name
 * @returns {number | null}
 */
export function valueOf(record, name) {
  if (name in record) return record[name];
  const [part, metric] = partsOf(name);
  return record.metrics?.[part]?.[metric] ?? null;
}

/**
 * Return the epochs, of some records, at which a series was measured and was not finite.
 *
 * @param {import("../api/answers.js").Epoch[]} records
 * @param {string} name
 * @returns {number[]}
 */
export function notFiniteAt(records, name) {
  const [part, metric] = partsOf(name);
  const names = [name, `metrics/${part}/${metric}`];
  return records.filter((record) => names.some((each) => record.nonfinite?.includes(each))).map((record) => record.epoch);
}

/** @param {string} name */
function partsOf(name) {
  const end = name.indexOf("_");
  return [name.slice(0, end), name.slice(end + 1)];
}

/** @param {string} part */
function dashOf(part) {
  return part === "validation" ? { dash: DASH } : {};
}

/** @param {string} metric */
function titled(metric) {
  return metric.replaceAll("_", " ");
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
