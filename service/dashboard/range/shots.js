/** Which epochs' shots are shown, and where they land. */

import { domainOf, ticks } from "../parts/scale.js";

export const MOST_SHOTS = 40;

/**
 * Return the epochs whose predictions are asked for: at equal distances, which depend on the newest epoch alone so that a slider that
 * moves asks for none twice, those up to the chosen one, and the chosen one itself.
 *
 * @param {number[]} stored epochs that are stored, ascending
 * @param {number} newest
 * @param {number} chosen
 * @returns {number[]} ascending
 */
export function shotsOf(stored, newest, chosen) {
  const [, stride = 1] = ticks([0, Math.max(newest, 1)], MOST_SHOTS);
  const step = Math.max(Math.round(stride), 1);
  const found = new Set(stored.length && stored[stored.length - 1] <= MOST_SHOTS ? stored : spread(stored, step));
  const before = [...found].filter((epoch) => epoch < chosen).sort((a, b) => a - b);
  return [...before.slice(-MOST_SHOTS), chosen];
}

/**
 * Return the first stored epoch at or after each multiple of a step.
 *
 * @param {number[]} stored ascending
 * @param {number} step
 */
function spread(stored, step) {
  let [next, found] = [0, /** @type {number[]} */ ([])];
  for (const epoch of stored) {
    if (epoch < next) continue;
    found.push(epoch);
    next = (Math.floor(epoch / step) + 1) * step;
  }
  return found;
}

/**
 * Return the range of values that is drawn: 0 to 1 for probabilities, else what holds the target and all shots.
 *
 * @param {(number | null | undefined)[]} values
 * @param {boolean} isProbability
 * @returns {[number, number]}
 */
export function valuesDomain(values, isProbability) {
  return isProbability ? [-0.05, 1.05] : domainOf(values, 0.15) ?? [0, 1];
}

const FAR = 84; // pixels between line and shot from which the error's label fits between them
const TALLEST = 62; // pixels that all labels take beside the line

/**
 * Return where labels stand, as heights of their baselines, so that none covers another or the line: the target's next to its
 * line, the error's two lines in the middle of a long bracket, else beyond the target's.
 *
 * @param {number} line height of the target's line, in pixels from the top
 * @param {number} shot height of the last shot
 * @param {number} top of the drawing's box
 * @returns {{target: number, error: [number, number]}}
 */
export function labelPlaces(line, shot, top) {
  const isAbove = line - TALLEST > top;
  const target = isAbove ? line - 8 : line + 18;
  const middle = (line + shot) / 2;
  if (Math.abs(line - shot) >= FAR) return { target, error: [middle - 2, middle + 14] };
  return { target, error: isAbove ? [line - 42, line - 26] : [line + 36, line + 52] };
}

/**
 * Return how strong a shot is drawn: older ones are paler.
 *
 * @param {number} index
 * @param {number} count
 */
export function fading(index, count) {
  return count < 2 ? 1 : 0.2 + 0.6 * (index / (count - 1));
}
