/** The numbers that the steps of the tour speak of, taken from the API's answers. */

import { PLACE, RATE, ROW, TARGETS } from "./gun.js";

/** @typedef {Record<string, number>} Facts */
/** @typedef {Record<string, any>} Answers  by the names of `READS`; those that are there */

/**
 * Return the numbers that follow from the answers that are there.
 *
 * @param {Answers} answers
 * @returns {Facts}
 */
export function factsOf(answers) {
  return {
    rate: RATE,
    target: TARGETS[ROW],
    ...(answers.shot && ofShot(answers.shot)),
    ...(answers.round && { loss_before: answers.round.loss, predicted: answers.round.predicted_change, actual: answers.round.actual_change }),
    ...(answers.next && { loss_after: answers.next.loss }),
    ...(answers.slope && ofSlope(answers.slope)),
    ...(answers.moved && { value_after: answers.moved.value }),
    ...(answers.first && ofPredictions("first", answers.first)),
    ...(answers.last && ofPredictions("last", answers.last)),
    ...(answers.end && { rounds: answers.end.epoch, loss_end: answers.end.loss }),
  };
}

/** @param {any} trace of the one row */
function ofShot({ forward, backward, update, loss }) {
  const [hidden, , output] = forward;
  const [ofOutput, ofHidden] = backward;
  return {
    z: hidden.weighted_inputs[0][0],
    a: hidden.activations[0][0],
    z_output: output.weighted_inputs[0][0],
    output: output.activations[0][0],
    loss,
    slope_output: ofOutput.dactivation_dweighted_inputs[0][0],
    delta_output: ofOutput.delta[0][0],
    weight: update[PLACE.layer].before.weights[PLACE.input][PLACE.unit],
    slope_hidden: ofHidden.dactivation_dweighted_inputs[0][0],
    delta_hidden: ofHidden.delta[0][0],
  };
}

/** @param {any} slope */
function ofSlope({ value, tangent, step }) {
  return { value, slope: tangent.slope, step: step.step };
}

/**
 * @param {string} when
 * @param {{predictions: number[][]}} answer
 */
function ofPredictions(when, { predictions }) {
  return Object.fromEntries(predictions.map((each, row) => [`${when}_${row}`, Array.isArray(each) ? each[0] : each]));
}
