/** The equations of the losses, and the loss of one row with its numbers in it. C is the loss. */

import { number } from "../parts/format.js";
import { signed } from "../parts/signed.js";

const CLOSE = 1e-6;

/** By the service's names. */
const EQUATIONS = /** @type {Record<string, string>} */ ({
  quadratic: "C = ½ Σ (a − y)²",
  mean_squared_error: "C = 1/m Σ (a − y)²",
  mean_absolute_error: "C = 1/m Σ |a − y|",
  cross_entropy: "C = −Σ (y log a + (1 − y) log(1 − a))",
  binary_cross_entropy: "C = −1/m Σ (y log a + (1 − y) log(1 − a))",
  categorical_cross_entropy: "C = −Σ y log a",
});

/** What each output adds to the loss, with its numbers in it, for losses that are sums of plain terms. */
const TERMS = /** @type {Record<string, {before: string, term: (a: string, y: string) => string, of: (a: number, y: number) => number}>} */ ({
  quadratic: { before: "½ × ", term: (a, y) => `(${a} − ${y})²`, of: (a, y) => (a - y) ** 2 / 2 },
  mean_squared_error: { before: "", term: (a, y) => `(${a} − ${y})²`, of: (a, y) => (a - y) ** 2 },
});

/**
 * Return a loss's equation: "C = ½ Σ (a − y)²", or its name where it is none of those that are written here.
 *
 * @param {string} name
 */
export function lossEquation(name) {
  return EQUATIONS[name] ?? name.replaceAll("_", " ");
}

/**
 * Return the loss of a row with a single output, with its numbers in it: "½ × (0.535 − 0)²"; "" where it has other parts,
 * such as weights of classes.
 *
 * @param {string} name
 * @param {import("./numbers.js").Numbers} numbers
 */
export function lossFormula(name, { layers, targets, loss }) {
  const { a } = layers[layers.length - 1];
  const found = TERMS[name];
  if (!found || a?.length !== 1 || targets.length !== 1 || typeof a[0] !== "number" || loss === null) return "";
  if (Math.abs(found.of(a[0], targets[0]) - loss) > CLOSE * Math.max(loss, CLOSE)) return "";
  const target = targets[0] < 0 ? `(${signed(targets[0], 6)})` : number(targets[0], 6);
  return `${found.before}${found.term(signed(a[0], 6).replace("+", ""), target)}`;
}
