/** What the numbers about a weight say, in sentences. */

import { count, counted, number } from "../parts/format.js";

/**
 * Return what the slope does to the weight: the slope, which way the step goes, and from where to where.
 *
 * @param {{value: number, rows: number, tangent: {slope: number | null}, step: {step: number | null, value: number | null}}} answer of `/slope`
 * @param {string} [weight] "weight" or "bias"
 */
export function slopeSentence({ value, rows, tangent: { slope }, step: { step, value: next } }, weight = "weight") {
  if (!isFinite_(slope) || !isFinite_(step)) return `The slope here is not finite, so the next step of the ${weight} cannot be shown.`;
  const stands = `Over ${counted(rows, "training row")} together the slope here is ${number(slope)}`;
  if (step === 0) return `${stands}, so the ${weight} stays at ${number(value)}.`;
  const way = step > 0 ? "up" : "down";
  const moved = `the ${weight} is moved ${way} by ${number(Math.abs(step))}, from ${number(value)} to ${number(next)}`;
  if (slope === 0) return `${stands}, yet ${moved}: the optimizer carries on an earlier movement.`;
  if (Math.sign(step) === Math.sign(slope)) return `${stands}, yet ${moved}: the optimizer also has earlier steps or penalties in mind.`;
  return `${stands}, so ${moved}.`;
}

/**
 * Return what the tangent promises for the step, and what the curve makes of it.
 *
 * @param {{loss: number | null, step: {predicted_change: number | null, loss: number | null}, rows: number}} answer of `/slope`
 */
export function promiseSentence({ loss, rows, step: { predicted_change: predicted, loss: after } }) {
  if (!isFinite_(loss) || !isFinite_(predicted) || !isFinite_(after)) return "";
  return (
    `Over ${counted(rows, "row")} the loss is ${number(loss)}. The tangent promises a change of ${number(predicted)}; ` +
    `on the curve, with this one moved alone, the loss changes by ${number(after - loss)}, to ${number(after)}.`
  );
}

/**
 * Return how the predicted change compares with the actual one.
 *
 * @param {number | null} predicted
 * @param {number | null} actual
 */
export function changeSentence(predicted, actual) {
  if (!isFinite_(predicted) || !isFinite_(actual)) return "the change of the loss is not finite.";
  if (predicted === 0) return "no parameter would move, and the loss stays as it is.";
  const share = actual / predicted;
  const both = `all parameters together promise a change of ${number(predicted)}; the loss really changes by ${number(actual)}`;
  if (share < 0) return `${both}: the step is so long that it ends on the other side of the valley, higher than it began.`;
  return `${both}, ${count(Math.round(share * 100))} % of it. The straight tangents leave the curved surface the sooner the longer the step is.`;
}

/**
 * @param {number | null | undefined} value
 * @returns {value is number}
 */
function isFinite_(value) {
  return typeof value === "number" && Number.isFinite(value);
}
