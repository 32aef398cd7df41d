/** Colours of heat maps, as numbers: mixtures of the page's own colours. */

/** @typedef {[number, number, number]} Rgb  each from 0 to 255 */

/**
 * Return a colour of the style sheets, written #rrggbb, as numbers.
 *
 * @param {string} text
 * @returns {Rgb}
 */
export function rgbOf(text) {
  const digits = text.trim().replace("#", "");
  return /** @type {Rgb} */ ([0, 2, 4].map((at) => Number.parseInt(digits.slice(at, at + 2), 16)));
}

/**
 * Return a mixture of two colours.
 *
 * @param {Rgb} from
 * @param {Rgb} to
 * @param {number} share of the second, from 0 to 1
 * @returns {Rgb}
 */
export function mix(from, to, share) {
  return /** @type {Rgb} */ (from.map((value, index) => Math.round(value + (to[index] - value) * share)));
}

/**
 * Return the colour of a number between two ends with a middle: negative, neutral, positive.
 *
 * @param {number | null} value
 * @param {[number, number]} domain
 * @param {{negative: Rgb, neutral: Rgb, positive: Rgb}} colours
 * @returns {Rgb}
 */
export function diverging(value, [least, largest], { negative, neutral, positive }) {
  if (value === null || !Number.isFinite(value)) return neutral;
  const middle = (least + largest) / 2;
  const half = (largest - least) / 2 || 1;
  const share = Math.min(Math.abs(value - middle) / half, 1);
  return mix(neutral, value < middle ? negative : positive, share);
}
