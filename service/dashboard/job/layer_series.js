/** The curves of a job's layers: what is measured of them, and one series for each layer that has it. */

const COLOURS = ["--training", "--validation", "--third", "--fourth", "--fifth", "--sixth"];
const DASHES = [undefined, [5, 4], [2, 3]]; // of the first six layers, the next six, and those after them

/** How many layers are drawn: with more of them the lines are too close to distinguish. */
export const MOST_DRAWN = 18;

/** What is measured, with what it says. */
export const MEASURES = [
  { name: "delta", title: "Error that reaches the layer", yLabel: "length of delta", help: "The length of the deltas, from the last layer back to the first. Far smaller in the first layers: it vanishes. Far larger: it explodes." },
  { name: "weights", title: "Weights", yLabel: "length of the weights", help: "The length of all weights and biases of the layer." },
  { name: "updates", title: "Updates", yLabel: "length of the step", help: "How far the layer's parameters moved in the epoch's last step." },
  { name: "saturated", title: "Saturated units", yLabel: "share", help: "The share of outputs at the flat ends of their activation, where the slope is almost 0." },
  { name: "dead", title: "Dead units", yLabel: "share", help: "The share of units whose output is 0 for every row." },
];

/**
 * Return the layers that are drawn: all, or some from the first one to the last, as far apart as is possible.
 *
 * @param {number} total
 * @returns {number[]}
 */
export function drawnLayers(total) {
  if (total <= MOST_DRAWN) return [...Array(total).keys()];
  return [...Array(MOST_DRAWN).keys()].map((place) => Math.round((place * (total - 1)) / (MOST_DRAWN - 1)));
}

/**
 * Return the series of a measure, one for each drawn layer that has a value of it.
 *
 * @param {any[]} records of `/layers`
 * @param {string} name of the measure
 * @param {{type: string}[]} layers of the network
 */
export function layerSeries(records, name, layers) {
  return drawnLayers(layers.length).flatMap((index, place) => {
    const values = records.map((record) => record.layers[index]?.[name] ?? null);
    if (values.every((value) => value === null)) return [];
    return [{ label: `layer ${index} (${layers[index].type})`, colour: COLOURS[place % COLOURS.length], dash: DASHES[Math.floor(place / COLOURS.length) % DASHES.length], values }];
  });
}

/**
 * Return the epochs at which some layer's measure was not finite.
 *
 * @param {any[]} records
 * @param {string} name
 * @returns {number[]}
 */
export function layersNotFiniteAt(records, name) {
  return records
    .filter((record) => record.nonfinite?.some((/** @type {string} */ each) => each.endsWith(`/${name}`)))
    .map((record) => record.epoch);
}
