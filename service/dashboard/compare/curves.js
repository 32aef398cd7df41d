/** Curves of several jobs over a common axis: epochs, or seconds of training. */

/** @typedef {{epoch: number, training_loss: number | null, validation_loss: number | null, seconds: number}} EpochRecord */
/** @typedef {{x: number[], columns: (number | null | undefined)[][]}} Aligned  undefined where a curve has no point, null at a gap */

/** Colours and dashes of lines, which differ from line to line, so that ten can be distinguished without colour. */
const COLOURS = ["--training", "--validation", "--third", "--fourth", "--sixth"];
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

/**
 * Return the colour and the dash of a line.
 *
 * @param {number} index
 * @returns {{colour: string, dash: number[]}}
 */
export function lineStyle(index) {
  return { colour: COLOURS[index % COLOURS.length], dash: DASHES[index % DASHES.length] };
}

/**
 * Return the points of a job's curve. Seconds are summed up from the epochs that were read: those in between count with the
 * mean of their neighbours.
 *
 * @param {EpochRecord[]} epochs ascending
 * @param {boolean} bySeconds
 * @returns {[number, number | null][]}
 */
export function pointsOf(epochs, bySeconds) {
  const hasValidation = epochs.some((each) => each.validation_loss !== null);
  let seconds = 0;
  return epochs.map((each, index) => {
    const before = epochs[index - 1];
    if (before) seconds += (each.epoch - before.epoch) * (before.epoch === 0 ? each.seconds : (before.seconds + each.seconds) / 2);
    return [bySeconds ? seconds : each.epoch, hasValidation ? each.validation_loss : each.training_loss];
  });
}

/**
 * Return curves over one ascending axis.
 *
 * @param {[number, number | null][][]} curves
 * @returns {Aligned}
 */
export function aligned(curves) {
  const x = [...new Set(curves.flatMap((points) => points.map(([at]) => at)))].sort((a, b) => a - b);
  const columns = curves.map((points) => {
    const values = new Map(points);
    return x.map((at) => values.get(at));
  });
  return { x, columns };
}
