/** The steps of backpropagation for one row: the signal runs forward, the error runs back, and the parameters move. */

/**
 * @typedef {object} Step
 * @property {string} id  in the address
 * @property {"forward" | "error" | "delta" | "gradients" | "update"} kind
 * @property {number | null} layer  counted from 0
 * @property {(keyof typeof import("../parts/notation.js").EQUATIONS)[]} equations
 */

/**
 * Return all steps of a network of so many layers: forward from the first layer, the error, the deltas from the last layer
 * back to the first, the gradients, the update.
 *
 * @param {number} layers
 * @returns {Step[]}
 */
export function stepsOf(layers) {
  const order = [...Array(layers).keys()];
  return [
    ...order.map((layer) => /** @type {Step} */ ({ id: `forward.${layer}`, kind: "forward", layer, equations: ["z", "a"] })),
    { id: "error", kind: "error", layer: null, equations: [] },
    ...order.reverse().map(
      (layer) => /** @type {Step} */ ({ id: `delta.${layer}`, kind: "delta", layer, equations: [layer === layers - 1 ? "BP1" : "BP2"] }),
    ),
    { id: "gradients", kind: "gradients", layer: null, equations: ["BP4", "BP3"] },
    { id: "update", kind: "update", layer: null, equations: ["update"] },
  ];
}

/**
 * Return what a unit shows at a step: its activation, its delta, or nothing yet. Without a step it is the activation.
 *
 * @param {Step | null} step
 * @param {number} layer of the unit; -1 has the inputs
 * @returns {"a" | "delta" | "later"}
 */
export function shownAt(step, layer) {
  if (step === null) return "a";
  if (step.kind === "forward") return layer <= /** @type {number} */ (step.layer) ? "a" : "later";
  if (step.kind === "error") return "a";
  if (layer < 0) return "a";
  if (step.kind === "delta") return layer >= /** @type {number} */ (step.layer) ? "delta" : "later";
  return "delta";
}

/**
 * Return whether a step is about the edges that lead into a layer, and which way something travels over them.
 *
 * @param {Step | null} step
 * @param {number} layer that the edges lead into
 * @returns {"forward" | "back" | null}
 */
export function travels(step, layer) {
  if (step?.kind === "forward" && step.layer === layer) return "forward";
  if (step?.kind === "delta" && step.layer === layer - 1) return "back";
  return null;
}

/**
 * Return the step that is some steps on; null, where all is shown at once, is before the first.
 *
 * @param {Step[]} steps
 * @param {Step | null} step
 * @param {number} by
 * @returns {Step | null}
 */
export function moved(steps, step, by) {
  const at = step === null ? -1 : steps.findIndex(({ id }) => id === step.id);
  const next = Math.min(Math.max(at + by, -1), steps.length - 1);
  return next < 0 ? null : steps[next];
}
