/**
 * The records of epochs that curves are drawn from, and what has to be asked for next.
 *
 * A range is asked for as a whole, as extremes; epochs that are trained later are added to its end in the same density. Only
 * once half as many have been added is it asked for as a whole again, so a picture does not change at each refresh.
 */

export const POINTS = 1000; // of an answer
const GROWTH = 1.5;

/** @typedef {import("./range.js").Range} Range */
/**
 * @typedef {object} Known
 * @property {any[]} records  ascending
 * @property {number} first  the first epoch of the range
 * @property {number} last  the last epoch that was asked for
 * @property {number} whole  how many records there were when the range was asked for as a whole
 * @property {number} every  how many epochs stand behind one record, at least 1
 */
/**
 * @typedef {object} Step  a request
 * @property {boolean} isWhole
 * @property {number} first  the first epoch that is asked for
 * @property {number} last
 * @property {Record<string, any>} query
 */

/**
 * Return the next request, or null when all records are known.
 *
 * @param {Known | null} known
 * @param {Range | null} range  null for all epochs
 * @param {number} newest  the newest epoch that there is
 * @returns {Step | null}
 */
export function nextStep(known, range, newest) {
  const last = Math.min(range?.[1] ?? newest, newest);
  const first = Math.min(range?.[0] ?? 0, last);
  if (known && last === known.last) return null;
  const isWhole = known === null || last < known.last || known.records.length >= GROWTH * Math.max(known.whole, POINTS / 2);
  if (isWhole) return { isWhole, first, last, query: { ...behind(first), until: last, points: POINTS } };
  const points = Math.min(Math.max(Math.ceil((last - known.last) / known.every), 2), POINTS);
  return { isWhole, first: known.last + 1, last, query: { ...behind(known.last + 1), until: last, points } };
}

/**
 * Return what is known after an answer.
 *
 * @param {Known | null} known
 * @param {Step} step
 * @param {import("../api/answers.js").Epoch[]} records of the answer
 * @returns {Known}
 */
export function afterStep(known, step, records) {
  if (step.isWhole || known === null) {
    const every = Math.max((step.last - step.first + 1) / Math.max(records.length, 1), 1);
    return { records, first: step.first, last: step.last, whole: records.length, every };
  }
  return { ...known, records: [...known.records, ...records], last: step.last };
}

/**
 * Say how many of the epochs are shown.
 *
 * @param {Known} known
 */
export function shareShown({ records, first, last }) {
  const epochs = last - first + 1;
  if (records.length === 0) return "no epochs";
  const every = Math.round(epochs / records.length);
  return every <= 1 && records.length >= epochs ? "every epoch drawn" : `1 in ${every < 2 ? (epochs / records.length).toFixed(1) : every.toLocaleString("en")} epochs drawn`;
}

/** @param {number} first */
function behind(first) {
  return first > 0 ? { after: first - 1 } : {};
}
