/** The geometry of a small histogram, and what it says in words. */

import { count, number } from "../parts/format.js";

/**
 * @typedef {object} Histogram as `/columns` answers
 * @property {number[] | null} edges
 * @property {string[] | null} categories
 * @property {number[]} counts
 * @property {number} other
 * @property {number} missing
 * @property {number} rows
 */
/** @typedef {{x: number, y: number, width: number, height: number}} Bar */

const GAP = 1;
const LEAST_HEIGHT = 1.5; // of a bin that is not empty

/**
 * Return a bar for each bin that is not empty, on the ground of a box.
 *
 * @param {number[]} counts
 * @param {number} width
 * @param {number} height
 * @returns {Bar[]}
 */
export function barsOf(counts, width, height) {
  const most = Math.max(...counts, 1);
  const step = width / counts.length;
  const gap = step > 4 * GAP ? GAP : 0;
  return counts.flatMap((each, index) => {
    if (each === 0) return [];
    const tall = Math.max((each / most) * height, LEAST_HEIGHT);
    return [{ x: index * step, y: height - tall, width: step - gap, height: tall }];
  });
}

/**
 * Return in a sentence what a histogram of numbers shows.
 *
 * @param {string} name
 * @param {Histogram} histogram
 * @param {(value: number) => string} [written]
 */
export function describedHistogram(name, histogram, written = number) {
  const { edges, counts } = histogram;
  if (!edges || counts.length === 0) return `${name}: no values`;
  const most = counts.indexOf(Math.max(...counts));
  return (
    `${name}: values from ${written(edges[0])} to ${written(edges[edges.length - 1])}; ` +
    `most of them, ${count(counts[most])}, from ${written(edges[most])} to ${written(edges[most + 1])}`
  );
}

/**
 * Return the categories that are listed with their counts and shares, and what is left of them.
 *
 * @param {Histogram} histogram
 * @param {number | null} distinct how many categories there are
 * @param {number} most how many are listed
 */
export function listedCategories(histogram, distinct, most) {
  const total = histogram.counts.reduce((sum, each) => sum + each, histogram.other);
  const listed = (histogram.categories ?? []).slice(0, most).map((category, index) => ({
    category,
    count: histogram.counts[index],
    share: total ? histogram.counts[index] / total : 0,
  }));
  const shown = listed.reduce((sum, each) => sum + each.count, 0);
  return { listed, left: Math.max((distinct ?? listed.length) - listed.length, 0), leftCount: total - shown };
}

/**
 * Return the date that a number of days since 1970-01-01 means, with the time of the day if there is one.
 *
 * @param {number | null} days
 */
export function dateOf(days) {
  if (days === null || !Number.isFinite(days)) return "–";
  const moment = new Date(Math.round(days * 86_400_000));
  if (Number.isNaN(moment.getTime())) return number(days);
  const text = moment.toISOString();
  return text.endsWith("T00:00:00.000Z") ? text.slice(0, 10) : text.slice(0, 16).replace("T", " ");
}
