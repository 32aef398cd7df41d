/**
 * How weights, units, layers and equations are written: in this project's notation, or in that of Nielsen's book.
 *
 * This project counts layers, inputs and units from 0 in requests and from 1 in names: `input 1 -> hidden 2`. Its weights are
 * W[input, unit], and z = a_in W + b. Nielsen's w^l_jk leads to unit j of layer l from unit k of the layer before it, and his
 * first layer is the inputs.
 */

/** @typedef {"nielsen" | string | undefined} Notation  anything but `nielsen` is this project's */
/** @typedef {{layer: number, unit: number}} UnitPlace  counted from 0; layer -1 has the inputs */
/** @typedef {{layer: number, input: number | null, unit: number}} WeightPlace  input null is the unit's bias */
/** @typedef {{type: string, activation?: string}[]} Layers  a network's `layers`, as in a job's answer */

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const LOWERED = "₀₁₂₃₄₅₆₇₈₉";

/** Each equation in both notations; `service.explain` names them in its answers. */
export const EQUATIONS = {
  z: ["z = a_in W + b", "zˡ = wˡ aˡ⁻¹ + bˡ"],
  a: ["a = f(z)", "aˡ = σ(zˡ)"],
  BP1: ["delta = dC/da * f'(z)", "δᴸ = ∇ₐC ⊙ σ′(zᴸ)"],
  BP2: ["delta = (delta_next W_next') * f'(z)", "δˡ = ((wˡ⁺¹)ᵀ δˡ⁺¹) ⊙ σ′(zˡ)"],
  BP3: ["dC/db = delta", "∂C/∂bˡⱼ = δˡⱼ"],
  BP4: ["dC/dw = a_in * delta", "∂C/∂wˡⱼₖ = aˡ⁻¹ₖ δˡⱼ"],
  update: ["w = w - rate * dC/dw", "w → w − η ∂C/∂w"],
};

/**
 * Return an equation as it is written.
 *
 * @param {keyof typeof EQUATIONS} name
 * @param {Notation} notation
 */
export function equation(name, notation) {
  return EQUATIONS[name][isNielsen(notation) ? 1 : 0];
}

/** @param {Notation} notation */
export function isNielsen(notation) {
  return notation === "nielsen";
}

/**
 * Return the name of a weight, or of a bias: `input 1 -> hidden 2`, `bias of hidden 2`; in Nielsen's notation w²₂₁ and b²₂.
 *
 * @param {WeightPlace} place
 * @param {Notation} notation
 * @param {Layers} [layers] without them a layer is named by its number
 */
export function weightName({ layer, input, unit }, notation, layers) {
  if (isNielsen(notation)) return symbol(input === null ? "b" : "w", layer, input === null ? [unit] : [unit, input]);
  const to = unitName({ layer, unit }, notation, layers);
  if (input === null) return `bias of ${to}`;
  return `${unitName({ layer: layer - 1, unit: input }, notation, layers)} -> ${to}`;
}

/**
 * Return the name of a unit: `input 1`, `hidden 2`, `hidden 2.3` (of the second hidden layer), `output 1`.
 *
 * @param {UnitPlace} place
 * @param {Notation} notation
 * @param {Layers} [layers]
 */
export function unitName({ layer, unit }, notation, layers) {
  if (isNielsen(notation)) return `unit ${unit + 1} of layer ${layer + 2}`;
  if (layer < 0) return `input ${unit + 1}`;
  if (!layers) return `unit ${unit + 1} of layer ${layer + 1}`;
  const { kind, number } = headOf(layer, layers);
  return number === null ? `${kind} ${unit + 1}` : `${kind} ${number}.${unit + 1}`;
}

/**
 * Return the name of a layer: `inputs`, `hidden`, `hidden 2`, `outputs`; in Nielsen's notation `layer 1`, which has the inputs.
 *
 * @param {number} layer counted from 0; -1 has the inputs
 * @param {Notation} notation
 * @param {Layers} [layers]
 */
export function layerName(layer, notation, layers) {
  if (isNielsen(notation)) return `layer ${layer + 2}`;
  if (layer < 0) return "inputs";
  if (!layers) return `layer ${layer + 1}`;
  const { kind, number } = headOf(layer, layers);
  if (kind === "output") return "outputs";
  return number === null ? kind : `${kind} ${number}`;
}

/**
 * Return how a number of a unit is written: `z of hidden 2`, in Nielsen's notation z²₂.
 *
 * @param {"z" | "a" | "delta"} quantity
 * @param {UnitPlace} place
 * @param {Notation} notation
 * @param {Layers} [layers]
 */
export function quantityName(quantity, { layer, unit }, notation, layers) {
  if (isNielsen(notation)) return symbol(quantity === "delta" ? "δ" : quantity, layer, [unit]);
  return `${quantity} of ${unitName({ layer, unit }, notation, layers)}`;
}

/**
 * @param {string} letter
 * @param {number} layer
 * @param {number[]} indices counted from 0
 */
function symbol(letter, layer, indices) {
  const written = indices.map((index) => digits(index + 1, LOWERED));
  return `${letter}${digits(layer + 2, RAISED)}${written.join(written.some((each) => each.length > 1) ? "," : "")}`;
}

/**
 * @param {number} value
 * @param {string} alphabet
 */
function digits(value, alphabet) {
  return [...String(value)].map((each) => alphabet[Number(each)]).join("");
}

/**
 * Return a layer's kind, and its number among those of its kind, if there are several; as `service/explain/unit_names.py` does.
 *
 * @param {number} layer
 * @param {Layers} layers
 */
function headOf(layer, layers) {
  const kinds = layers.map(({ type }, index) => (index === layers.length - 1 ? "output" : type === "dense" ? "hidden" : type));
  const kind = kinds[layer];
  const same = kinds.filter((each) => each === kind).length;
  return { kind, number: same === 1 ? null : kinds.slice(0, layer + 1).filter((each) => each === kind).length };
}
