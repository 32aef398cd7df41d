/** What the pictures leave out or make simpler than they are. */

/** @type {import("../tour/simplified.js").Simplification[]} */
export const SIMPLIFICATIONS = [
  { about: "Pictures", text: "The map over two inputs is computed at 48 x 48 places; between them colours and borders are drawn through." },
  { about: "Pictures", text: "At most the first 500 rows of the dataset are drawn as points." },
  { about: "Pictures", text: "Of networks with several outputs that are values the map shows one at a time." },
  { about: "Pictures", text: "Pixels are assumed to be the inputs in their order, row by row; the service does not know that they are a picture." },
  { about: "Pictures", text: "Of the first layer at most 64 units are shown. Weights are those of the inputs after preprocessing." },
  { about: "Pictures", text: "A drawing of your own is centred and thick as you make it, not as the dataset's pictures were prepared; a network may misread it for that alone." },
];
