/** Scales of drawings: values to pixels, and round numbers for their axes. */

/**
 * @typedef {object} Scale
 * @property {[number, number]} domain  the least and the largest value
 * @property {(value: number) => number} place  of a value, in pixels
 * @property {(place: number) => number} value  at a place
 */

/**
 * Return a linear scale.
 *
 * @param {[number, number]} domain
 * @param {[number, number]} range pixels of its two ends
 * @returns {Scale}
 */
export function linear(domain, range) {
  const span = domain[1] - domain[0] || 1;
  const step = (range[1] - range[0]) / span;
  return {
    domain,
    place: (value) => range[0] + (value - domain[0]) * step,
    value: (place) => domain[0] + (place - range[0]) / step,
  };
}

/**
 * Return round numbers within a domain: multiples of 1, 2 or 5 times a power of ten.
 *
 * @param {[number, number]} domain
 * @param {number} [most] how many at most, about
 */
export function ticks([least, largest], most = 6) {
  const span = largest - least;
  if (!(span > 0) || !Number.isFinite(span)) return [least];
  const rough = span / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? 10 * power;
  const first = Math.ceil(least / step - 1e-9);
  const count = Math.floor(largest / step + 1e-9) - first + 1;
  return [...Array(Math.max(count, 0)).keys()].map((index) => Number(((first + index) * step).toPrecision(12)));
}

/**
 * Return the domain of values with a margin on both sides; missing values do not count.
 *
 * @param {(number | null | undefined)[]} values
 * @param {number} [margin] as a share of the span
 * @returns {[number, number]}
 */
export function domainOf(values, margin = 0.06) {
  const known = /** @type {number[]} */ (values.filter((value) => typeof value === "number" && Number.isFinite(value)));
  if (known.length === 0) return [0, 1];
  const least = known.reduce((a, b) => Math.min(a, b));
  const largest = known.reduce((a, b) => Math.max(a, b));
  const room = (largest - least || Math.abs(least) || 1) * margin;
  return [least - room, largest + room];
}
