/** What the curves of a job leave out or show otherwise than the views that explain. */

/** Training values in a curve are not those of the epoch's final parameters. */
export const MEASURED_WHILE_TRAINING =
  "Training values of an epoch are measured while it trains, before its updates; the other tabs measure with the epoch's final parameters.";

/** @type {import("../tour/simplified.js").Simplification[]} */
export const SIMPLIFICATIONS = [{ about: "Curves", text: MEASURED_WHILE_TRAINING }];
