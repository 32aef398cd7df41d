/** The fields of a form for one row, made of what a model says of its inputs, and the row that the fields mean. */

/**
 * @typedef {object} Input as a model's `inputs` have it
 * @property {string} name
 * @property {"number" | "date" | "category"} type
 * @property {string[]} [categories]
 * @property {number | string | null} [minimum]
 * @property {number | string | null} [maximum]
 * @property {number | string | null} [mean]
 * @property {string} missing what null becomes
 */
/** @typedef {Record<string, string>} Texts  what stands in the fields, by the name of the input; empty is a missing value */

/**
 * Return what the fields begin with: the row of the model's example.
 *
 * @param {Input[]} inputs
 * @param {any} example a body that predict takes
 * @returns {Texts}
 */
export function textsOf(inputs, example) {
  const row = example?.instances?.[0] ?? {};
  const values = Array.isArray(row) ? Object.fromEntries(inputs.map(({ name }, index) => [name, row[index]])) : row;
  return Object.fromEntries(inputs.map(({ name }) => [name, values[name] === null || values[name] === undefined ? "" : String(values[name])]));
}

/**
 * Return the body of a request that predicts for the row in the fields.
 *
 * @param {Input[]} inputs
 * @param {Texts} texts
 */
export function bodyOf(inputs, texts) {
  return { instances: [Object.fromEntries(inputs.map((input) => [input.name, valueOf(input, texts[input.name] ?? "")]))] };
}

/**
 * Return the value that a text means; a text that is no number is sent as it is, for the service to say so.
 *
 * @param {Input} input
 * @param {string} text
 */
export function valueOf(input, text) {
  if (text === "") return null;
  if (input.type !== "number") return text;
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}

/**
 * Return the answer for one row as parts that can be shown: for each target its value, and the outputs as bars.
 *
 * @param {any} prediction an entry of `predictions`, for a row that was sent as an object
 * @param {{name: string, type: string, classes?: (string | number)[]}[]} outputs
 */
export function partsOf(prediction, outputs) {
  const targets = new Set(outputs.map((output) => output.name));
  const kind = ["class_probabilities", "probabilities", "class_scores", "scores"].find((name) => name in prediction && !targets.has(name));
  const values = Object.entries(prediction).filter(([name]) => name !== kind);
  const shares = kind ? Object.entries(prediction[kind]).map(([name, value]) => ({ name, value: /** @type {number | null} */ (value) })) : [];
  return { values, kind: kind?.replace("class_", "") ?? null, shares: shares.sort((one, other) => (other.value ?? -1) - (one.value ?? -1)) };
}
