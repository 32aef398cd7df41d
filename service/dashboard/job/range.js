/** The range of epochs that curves show: as the address has it, and what zooming and moving make of it. */

/** @typedef {[number, number]} Range  the first and the last epoch that are shown */

const LEAST_WIDTH = 4; // epochs between the first and the last one

/**
 * Return the range that the address names, null for all epochs.
 *
 * @param {string | undefined} text  two numbers separated by a comma
 * @returns {Range | null}
 */
export function rangeOf(text) {
  if (!text || !/^\d{1,15},\d{1,15}$/.test(text)) return null;
  const [first, last] = text.split(",").map(Number);
  return first < last ? [first, last] : null;
}

/**
 * Return a range as whole epochs between 0 and the newest one, and as text for the address; null where it is all of them.
 *
 * @param {[number, number] | null} wanted
 * @param {number} newest
 * @returns {string | null}
 */
export function rangeText(wanted, newest) {
  if (wanted === null) return null;
  let first = Math.round(Math.min(...wanted));
  let last = Math.round(Math.max(...wanted));
  if (last - first < LEAST_WIDTH) {
    first = Math.round((first + last - LEAST_WIDTH) / 2);
    last = first + LEAST_WIDTH;
  }
  if (first < 0) [first, last] = [0, last - first];
  if (last > newest) [first, last] = [Math.max(first - (last - newest), 0), newest];
  return first <= 0 && last >= newest ? null : `${first},${last}`;
}

/**
 * Return a range that is as many times as wide, around a place that stays where it is in the picture.
 *
 * @param {Range} range
 * @param {number} factor  above 1 shows more epochs
 * @param {number} around  an epoch; the middle where it is not in the range
 * @returns {[number, number]}
 */
export function zoomed([first, last], factor, around) {
  const fixed = around >= first && around <= last ? around : (first + last) / 2;
  return [fixed - (fixed - first) * factor, fixed + (last - fixed) * factor];
}

/**
 * Return a range moved by a share of its width; it keeps its width at both ends.
 *
 * @param {Range} range
 * @param {number} share  below 0 is earlier
 * @param {number} newest
 * @returns {[number, number]}
 */
export function moved([first, last], share, newest) {
  const by = Math.min(Math.max((last - first) * share, -first), Math.max(newest - last, 0));
  return [first + by, last + by];
}
