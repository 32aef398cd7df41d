/** Colours of a heat map: from dark for what is low to light for what is high, which colour-blind readers see, too. */

/** Some colours of viridis (Smith and van der Walt, 2015), from its lower end to its upper one. */
const STOPS = [
  [68, 1, 84],
  [71, 44, 122],
  [59, 81, 139],
  [44, 113, 142],
  [33, 144, 141],
  [39, 173, 129],
  [92, 200, 99],
  [170, 220, 50],
  [253, 231, 37],
];

/**
 * Return the colour of a share from 0 to 1 as three numbers up to 255.
 *
 * @param {number} share
 * @returns {[number, number, number]}
 */
export function heatColour(share) {
  const at = Math.min(Math.max(share, 0), 1) * (STOPS.length - 1);
  const first = Math.min(Math.floor(at), STOPS.length - 2);
  const mixed = STOPS[first].map((low, channel) => Math.round(low + (at - first) * (STOPS[first + 1][channel] - low)));
  return /** @type {[number, number, number]} */ (mixed);
}

/**
 * Paint a surface into pixels, one a cell, with x to the right and y upwards; what is not finite stays transparent.
 *
 * @param {(number | null)[][]} heights [i][j]: at the i-th x and the j-th y
 * @param {[number, number]} range
 * @returns {Uint8ClampedArray<ArrayBuffer>} of `heights.length` by `heights[0].length` pixels, four numbers each
 */
export function pixelsOf(heights, [low, high]) {
  const [width, height] = [heights.length, heights[0].length];
  const pixels = new Uint8ClampedArray(width * height * 4);
  heights.forEach((column, i) =>
    column.forEach((value, j) => {
      if (value === null || !Number.isFinite(value)) return;
      pixels.set([...heatColour((value - low) / (high - low || 1)), 255], ((height - 1 - j) * width + i) * 4);
    }),
  );
  return pixels;
}
