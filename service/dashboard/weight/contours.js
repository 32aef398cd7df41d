/** Contour lines of a surface that is known on a grid, by marching squares. */

/** @typedef {[[number, number], [number, number]]} Segment  two points, counted in cells of the grid */

/**
 * Return the pieces of the line on which a surface has a height.
 *
 * @param {(number | null)[][]} heights [i][j]: at the i-th x and the j-th y
 * @param {number} level
 * @returns {Segment[]}
 */
export function contour(heights, level) {
  /** @type {Segment[]} */
  const found = [];
  for (let i = 0; i + 1 < heights.length; i += 1) {
    for (let j = 0; j + 1 < heights[i].length; j += 1) found.push(...within(heights, i, j, level));
  }
  return found;
}

/**
 * Return heights evenly between the lowest and the highest.
 *
 * @param {[number, number]} range
 * @param {number} many
 */
export function levelsOf([low, high], many) {
  return Array.from({ length: many }, (_, index) => low + ((index + 1) / (many + 1)) * (high - low));
}

/**
 * @param {(number | null)[][]} heights
 * @param {number} i
 * @param {number} j
 * @param {number} level
 * @returns {Segment[]}
 */
function within(heights, i, j, level) {
  /** @type {[number, number][]} */
  const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
  const values = corners.map(([x, y]) => heights[x][y]);
  if (values.some((value) => value === null || !Number.isFinite(value))) return [];
  const known = /** @type {number[]} */ (values);
  const crossings = corners.flatMap((corner, at) => {
    const next = (at + 1) % 4;
    const [a, b] = [known[at], known[next]];
    if (a < level === b < level) return [];
    const share = (level - a) / (b - a);
    return [/** @type {[number, number]} */ ([corner[0] + share * (corners[next][0] - corner[0]), corner[1] + share * (corners[next][1] - corner[1])])];
  });
  if (crossings.length === 2) return [[crossings[0], crossings[1]]];
  if (crossings.length < 4) return [];
  const isHighInside = known.reduce((sum, each) => sum + each, 0) / 4 >= level;
  const isHighFirst = known[0] >= level;
  return isHighInside === isHighFirst // of a saddle: which of the two pairs of corners belong together
    ? [[crossings[0], crossings[1]], [crossings[2], crossings[3]]]
    : [[crossings[3], crossings[0]], [crossings[1], crossings[2]]];
}
