/** What homework leaves out or makes simpler than it is. */

/** @type {import("../tour/simplified.js").Simplification[]} */
export const SIMPLIFICATIONS = [
  { about: "Homework", text: "The numbers are those of one row; training takes the mean over a batch." },
  { about: "Homework", text: "Numbers are shown with 6 significant digits, and yours are right within 3 digits; rounding on the way can cost more." },
  { about: "Homework", text: "Dropout passes everything on, and penalties on the weights are left out." },
];
