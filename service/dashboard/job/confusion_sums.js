/** Sums over a confusion matrix. */

/**
 * Return how many rows each true class has.
 *
 * @param {number[][]} counts
 */
export function rowSums(counts) {
  return counts.map((row) => row.reduce((sum, value) => sum + value, 0));
}

/**
 * Return the share of rows on the diagonal; null without rows.
 *
 * @param {number[][]} counts
 */
export function accuracyOf(counts) {
  const all = rowSums(counts).reduce((sum, value) => sum + value, 0);
  return all === 0 ? null : counts.reduce((sum, row, index) => sum + row[index], 0) / all;
}
