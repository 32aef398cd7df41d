/** What the tour leaves out or makes simpler than it is. */

/** @type {import("./simplified.js").Simplification[]} */
export const SIMPLIFICATIONS = [
  { about: "Tour", text: "Its network has 25 parameters and four rows, and trains on all four at once; real ones take batches drawn at random." },
  { about: "Tour", text: "Its start, drawn with a fixed seed, is one from which training succeeds; others can get stuck." },
  { about: "Tour", text: "The four rows that it predicts at the end are those that it trained on; how well a network does on new rows is another question." },
];
