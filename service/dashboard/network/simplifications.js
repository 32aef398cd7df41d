/** What the drawing of the network leaves out or makes simpler than it is. */

/** @type {import("../tour/simplified.js").Simplification[]} */
export const SIMPLIFICATIONS = [
  { about: "The network", text: "A single row is shown. In training the gradients of all rows of a batch are averaged before the parameters move." },
  { about: "The network", text: "Everything is computed once more in float64 for the drawing, whatever the job's precision; the last digits may differ from training." },
  { about: "The network", text: "Of a layer with more than 16 units 16 are drawn. The others take part in every number that is shown." },
  { about: "The network", text: "Colours are scaled to the largest number of a layer (of all layers for deltas), widths of lines to the largest weight in the drawing." },
  { about: "The network", text: "The layers seem to compute one after the other at a pace for reading; the service computes all of it in a moment." },
  { about: "The network", text: "Dropout passes everything on here, and batch normalization of a single row uses its running statistics." },
  { about: "The network", text: "The update is that of this row alone. Unless the job stores its optimizer's state, it is the optimizer's first step." },
  { about: "The network", text: "In Nielsen's notation every layer counts, also dropout and normalizations, which his book does not have." },
];
