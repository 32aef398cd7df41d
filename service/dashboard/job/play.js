/** How the play moves through the epochs: how far at each frame, and how often. */

export const SPEEDS = [
  { id: "slow", title: "in 60 s", seconds: 60 },
  { id: "usual", title: "in 15 s", seconds: 15 },
  { id: "fast", title: "in 4 s", seconds: 4 },
  { id: "each", title: "each epoch", seconds: null },
];
const FRAMES_A_SECOND = 12;
const CALM_FRAMES_A_SECOND = 2; // for readers who prefer reduced motion

/**
 * Return how many frames a second has.
 *
 * @param {boolean} isCalm  whether the reader prefers reduced motion
 */
export function framesASecond(isCalm) {
  return isCalm ? CALM_FRAMES_A_SECOND : FRAMES_A_SECOND;
}

/**
 * Return by how many epochs the play moves on.
 *
 * @param {number} newest
 * @param {number | null} seconds  that the whole takes; null shows each epoch
 * @param {number} elapsed  milliseconds since the last frame, which may be late on a busy computer
 */
export function strideOf(newest, seconds, elapsed) {
  return seconds === null ? 1 : Math.max(1, Math.round((newest * elapsed) / (1000 * seconds)));
}

/**
 * Return the epoch that a key leads to; undefined where the key is none of the slider's.
 *
 * @param {string} key
 * @param {number} epoch
 * @param {number} newest
 */
export function epochOfKey(key, epoch, newest) {
  const stride = Math.max(Math.round(newest / 20), 1);
  const moves = /** @type {Record<string, number>} */ ({
    ArrowLeft: epoch - 1, ArrowDown: epoch - 1, ArrowRight: epoch + 1, ArrowUp: epoch + 1,
    PageDown: epoch - stride, PageUp: epoch + stride, Home: 0, End: newest,
  });
  return key in moves ? Math.min(Math.max(moves[key], 0), newest) : undefined;
}
