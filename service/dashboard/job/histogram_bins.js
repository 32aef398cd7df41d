/** Histograms of parameters brought to the same bins. Their widths are powers of two and their edges multiples of them. */

export const BINS = 40; // that are asked for

/** @typedef {{edges: number[], counts: number[], minimum: number | null, maximum: number | null, not_finite: number}} Histogram */

/**
 * Return the width of the bins that all histograms can be counted in, and the range of all of them.
 *
 * @param {Histogram[]} histograms
 * @returns {{width: number, first: number, bins: number} | null} null where there are no bins
 */
export function commonBins(histograms) {
  const known = histograms.filter(({ counts }) => counts.length > 0);
  if (known.length === 0) return null;
  const width = Math.max(...known.map(({ edges }) => edges[1] - edges[0]));
  const first = Math.floor(Math.min(...known.map(({ edges }) => edges[0])) / width);
  const last = Math.ceil(Math.max(...known.map(({ edges }) => edges[edges.length - 1])) / width);
  return { width, first: first * width, bins: Math.max(last - first, 1) };
}

/**
 * Return the counts of a histogram in common bins.
 *
 * @param {Histogram} histogram
 * @param {{width: number, first: number, bins: number}} common
 * @returns {number[]}
 */
export function rebinned({ edges, counts }, { width, first, bins }) {
  const sums = /** @type {number[]} */ (new Array(bins).fill(0));
  counts.forEach((value, index) => {
    const middle = (edges[index] + edges[index + 1]) / 2;
    sums[Math.min(Math.max(Math.floor((middle - first) / width), 0), bins - 1)] += value;
  });
  return sums;
}

/**
 * Return epochs at equal distances, with the first and the last.
 *
 * @param {number} newest
 * @param {number} most
 */
export function spreadEpochs(newest, most) {
  const spread = Array.from({ length: most }, (_, index) => Math.round((newest * index) / Math.max(most - 1, 1)));
  return [...new Set(spread)];
}

/**
 * Return the arrays of parameters that an answer has.
 *
 * @param {{layers: {layer: number, type: string, parameters: Record<string, Histogram>}[]}} answer
 */
export function arraysOf(answer) {
  return answer.layers.flatMap(({ layer, type, parameters }) =>
    Object.keys(parameters).map((name) => ({ key: `${layer}.${name}`, label: `layer ${layer} (${type}): ${name.replaceAll("_", " ")}`, histogram: parameters[name] })),
  );
}
