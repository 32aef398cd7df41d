/** What the firing range leaves out or makes simpler than it is. */

/** @type {import("../tour/simplified.js").Simplification[]} */
export const SIMPLIFICATIONS = [
  { about: "Shots", text: "One row and one output are shown. Training aims at the targets of all rows at once, so a shot at one row may get worse while the loss falls." },
  { about: "Shots", text: "At most 40 epochs are drawn, at about equal distances, and the chosen one; between them the shots went on." },
  { about: "Shots", text: "The error is the output minus the target. What training makes small is the loss, which is a function of all errors." },
];
