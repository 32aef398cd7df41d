/** What is computed for a map over two inputs: the grid of points to predict, and the borders between its regions. */

/**
 * Return the points of a grid, row by row from the top, as instances to predict: the middle of each cell.
 *
 * @param {[number, number]} xs the domain of the first input
 * @param {[number, number]} ys of the second one
 * @param {number} cells in each direction
 * @returns {[number, number][]}
 */
export function gridOf(xs, ys, cells) {
  const at = (/** @type {[number, number]} */ [least, largest], /** @type {number} */ index) => least + ((index + 0.5) / cells) * (largest - least);
  return [...Array(cells * cells).keys()].map((index) => [at(xs, index % cells), at(ys, cells - 1 - Math.floor(index / cells))]);
}

/**
 * Return the index of the largest number, -1 where none is finite.
 *
 * @param {(number | null)[]} values
 */
export function argmax(values) {
  return values.reduce((/** @type {number} */ best, value, index) => (value !== null && (best < 0 || value > (values[best] ?? -Infinity)) ? index : best), -1);
}

/**
 * Return the class of each cell: of several outputs the largest, of a single one the second class from one half on.
 *
 * @param {(number | null)[][]} outputs
 */
export function classesOf(outputs) {
  return outputs.map((each) => (each.length === 1 ? (each[0] === null ? -1 : each[0] >= 0.5 ? 1 : 0) : argmax(each)));
}

/**
 * Return where a surface over a grid crosses a level, as short lines between the middles of cells (marching squares).
 *
 * @param {(number | null)[]} values row by row
 * @param {number} cells
 * @param {number} level
 * @returns {[number, number, number, number][]} x1, y1, x2, y2 in cells from the left and from the top
 */
export function contourOf(values, cells, level) {
  /** @type {[number, number, number, number][]} */
  const lines = [];
  for (let row = 0; row < cells - 1; row += 1) {
    for (let column = 0; column < cells - 1; column += 1) {
      const corners = [[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]];
      const heights = corners.map(([x, y]) => values[y * cells + x]);
      if (heights.some((height) => height === null)) continue;
      const crossings = corners.flatMap((from, index) => {
        const to = corners[(index + 1) % 4];
        const [a, b] = [Number(heights[index]) - level, Number(heights[(index + 1) % 4]) - level];
        if (a < 0 === b < 0) return [];
        const share = a / (a - b);
        return [[from[0] + (to[0] - from[0]) * share + 0.5, from[1] + (to[1] - from[1]) * share + 0.5]];
      });
      for (let index = 0; index + 1 < crossings.length; index += 2) lines.push([crossings[index][0], crossings[index][1], crossings[index + 1][0], crossings[index + 1][1]]);
    }
  }
  return lines;
}

/**
 * Return the borders between the regions of classes: where each output is as large as the largest of the others.
 *
 * @param {(number | null)[][]} outputs row by row
 * @param {number} cells
 * @returns {[number, number, number, number][]}
 */
export function bordersOf(outputs, cells) {
  if (outputs[0].length === 1) return contourOf(outputs.map((each) => each[0]), cells, 0.5);
  return outputs[0].flatMap((_, own) => {
    const lead = outputs.map((each) => {
      const others = each.filter((value, index) => index !== own && value !== null);
      return each[own] === null ? null : Number(each[own]) - Math.max(...others.map(Number));
    });
    return contourOf(lead, cells, 0);
  });
}

/**
 * Return the share of the map that each class covers.
 *
 * @param {number[]} classes
 * @param {number} count how many classes there are
 */
export function sharesOf(classes, count) {
  return [...Array(count).keys()].map((index) => classes.filter((each) => each === index).length / (classes.length || 1));
}
