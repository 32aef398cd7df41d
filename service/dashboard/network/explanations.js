/** The formulas of one unit or one weight, with its numbers in them, as the trace writes them. */

import { equation, isNielsen, quantityName, unitName, weightName } from "../parts/notation.js";
import { signed } from "../parts/signed.js";
import { gradientOf, incoming } from "./numbers.js";

/** @typedef {{kind: "unit", layer: number, unit: number} | {kind: "weight", layer: number, input: number | null, unit: number}} Thing */
/**
 * @typedef {object} Line
 * @property {string} name  of the number
 * @property {string} equation
 * @property {string | null} formula  with the numbers in it; null where the trace leaves it out
 * @property {number | null | undefined} value  undefined where the trace has no number
 */
/**
 * @typedef {object} Explained  what formulas are taken from
 * @property {import("./numbers.js").Numbers} numbers
 * @property {Map<string, {formula: string, value: number}>} formulas  by the service's name of the number
 * @property {import("../parts/notation.js").Layers} layers
 * @property {import("../parts/notation.js").Notation} notation
 */

/**
 * Return the formulas of a trace by the names of their numbers.
 *
 * @param {{of: string, formula: string, value: number}[]} formulas
 * @returns {Map<string, {formula: string, value: number}>}
 */
export function formulasByName(formulas) {
  return new Map(formulas.map((each) => [each.of, each]));
}

/**
 * @param {Explained} explained
 * @param {Thing} thing
 */
export function titleOf({ layers, notation }, thing) {
  return thing.kind === "unit" ? unitName(thing, notation, layers) : weightName(thing, notation, layers);
}

/**
 * Return the formulas of a unit or a weight.
 *
 * @param {Explained} explained
 * @param {Thing} thing
 * @returns {Line[]}
 */
export function linesOf(explained, thing) {
  return thing.kind === "unit"
    ? [...forwardLines(explained, thing.layer, thing.unit), ...deltaLines(explained, thing.layer, thing.unit)]
    : weightLines(explained, thing);
}

/**
 * Return the formulas of what a unit does forward: z and a.
 *
 * @param {Explained} explained
 * @param {number} layer
 * @param {number} unit
 * @returns {Line[]}
 */
export function forwardLines(explained, layer, unit) {
  const { numbers, layers, notation } = explained;
  if (layer < 0) return [{ name: quantityName("a", { layer, unit }, notation, layers), equation: "an input", formula: "", value: numbers.inputs[unit] }];
  const own = unitName({ layer, unit }, undefined, layers);
  const { joins, z, a } = numbers.layers[layer];
  const sum = isNielsen(notation) ? "z = Σ w a + b" : "z = w1 a1 + w2 a2 + … + b";
  const f = layers[layer].activation ?? layers[layer].type;
  return [
    line(explained, quantityName("z", { layer, unit }, notation, layers), joins ? sum : "z, of the layer before", `weighted input of ${own}`, z?.[unit]),
    line(explained, quantityName("a", { layer, unit }, notation, layers), `a = ${f}(z)`, `activation of ${own}`, a?.[unit]),
  ];
}

/**
 * Return the formulas of a unit's error.
 *
 * @param {Explained} explained
 * @param {number} layer
 * @param {number} unit
 * @returns {Line[]}
 */
export function deltaLines(explained, layer, unit) {
  if (layer < 0) return [];
  const { numbers, layers, notation, formulas } = explained;
  const own = unitName({ layer, unit }, undefined, layers);
  const { delta, fused } = numbers.layers[layer];
  const isLast = layer === numbers.layers.length - 1;
  const steps = [
    ["dC/da", isLast ? "how the loss changes with a" : "the delta of each unit it leads to, times the weight", `dC/da of ${own}`],
    ["f'(z)", "the slope of the activation", `f'(z) of ${own}`],
  ];
  const before = steps
    .filter(([, , name]) => formulas.has(name))
    .map(([name, meaning, key]) => line(explained, name, meaning, key, undefined));
  const written = isNielsen(notation) ? equation(isLast ? "BP1" : "BP2", notation) : "delta = dC/da * f'(z)";
  const rule = fused ? "BP1, shortened: delta = a - y" : `BP${isLast ? 1 : 2}: ${written}`;
  return [...before, line(explained, quantityName("delta", { layer, unit }, notation, layers), rule, `delta of ${own}`, delta?.[unit])];
}

/**
 * Return the formulas of a unit's error in fewer words, its delta first, for a list of all units of a layer.
 *
 * @param {Explained} explained
 * @param {number} layer
 * @param {number} unit
 * @returns {Line[]}
 */
export function briefDeltaLines(explained, layer, unit) {
  const lines = deltaLines(explained, layer, unit);
  const [delta, ...parts] = [lines[lines.length - 1], ...lines.slice(0, -1)];
  return [{ ...delta, equation: parts.length ? parts.map(({ name }) => name).join(" × ") : delta.equation }, ...parts.map((part) => ({ ...part, equation: "" }))];
}

/**
 * @param {Explained} explained
 * @param {import("../parts/notation.js").WeightPlace} place
 * @returns {Line[]}
 */
function weightLines(explained, place) {
  const { numbers, layers, notation } = explained;
  const { layer, input, unit } = place;
  const key = weightName(place, undefined, layers);
  const own = numbers.layers[layer];
  const isBias = input === null;
  const value = isBias ? own.biases?.[unit] : own.weights?.[input]?.[unit];
  const after = isBias ? own.biasesAfter?.[unit] : own.weightsAfter?.[input]?.[unit];
  const [letter, gradient] = isBias ? ["b", `BP3: ${equation("BP3", notation)}`] : ["w", `BP4: ${equation("BP4", notation)}`];
  return [
    { name: weightName(place, notation, layers), equation: "", formula: "", value },
    gradientLine(line(explained, `dC/d${letter}`, gradient, `dC/d${letter} of ${key}`, gradientOf(numbers, place)), numbers, place),
    line(explained, "step", "what the optimizer makes of it, for this row alone", `step of ${key}`, undefined),
    line(explained, `${letter} after the step`, `${letter} + step`, `${key} after`, after),
    line(explained, "contribution to the change of the loss", `dC/d${letter} * step`, `contribution of ${key}`, undefined),
  ].filter((each, index) => index < 2 || each.value !== undefined);
}

/**
 * Return the line of a gradient with the formula of BP4, where the trace leaves it out.
 *
 * @param {Line} found
 * @param {import("./numbers.js").Numbers} numbers
 * @param {import("../parts/notation.js").WeightPlace} place
 */
function gradientLine(found, numbers, { layer, input, unit }) {
  const [from, delta] = [input === null ? null : incoming(numbers, layer, input), numbers.layers[layer].delta?.[unit]];
  if (found.formula !== null || from === null || delta === undefined) return found;
  return { ...found, formula: `${signed(from, 6)} × ${signed(delta, 6)}` };
}

/**
 * @param {Explained} explained
 * @param {string} name
 * @param {string} written the equation
 * @param {string} key the service's name of the number
 * @param {number | null | undefined} value where there is no formula
 * @returns {Line}
 */
function line({ formulas }, name, written, key, value) {
  const found = formulas.get(key);
  return { name, equation: written, formula: found ? readable(found.formula) : null, value: found ? found.value : value };
}

/**
 * Return a formula of the service with signs as they are printed, and numbers down to a millionth without an exponent.
 *
 * @param {string} formula
 */
export function readable(formula) {
  const plain = formula.replace(/\d(\.\d+)?e-0[56]/g, (small) => String(Number(small)));
  return plain.replaceAll(" * ", " × ").replaceAll(" - ", " − ").replace(/(^|\()-/g, "$1−").replace(/e-/g, "e−");
}
