/** What the views of a weight leave out or make simpler than it is. */

/** @type {import("../tour/simplified.js").Simplification[]} */
export const SIMPLIFICATIONS = [
  { about: "Error curve", text: "Only the chosen weight moves along the curve; in training all parameters move at the same time." },
  { about: "Error curve", text: "The loss is measured over at most 10,000 of the first training rows, without dropout; a step of training uses one batch." },
  { about: "Error curve", text: "A step that is too short to be seen is drawn longer, and the legend says so." },
  { about: "Contributions", text: "The step shown is for one row alone; training adds up a whole batch before it takes a step." },
  { about: "Contributions", text: "Of large networks the largest contributions are shown one by one, all others as one bar." },
  { about: "Contributions", text: "If the optimizer's state is not stored with the epochs, the step is that of an optimizer that has just started." },
  { about: "Loss surface", text: "The map shows two parameters; all others keep the values of the chosen epoch, so the path of earlier epochs lies above or below it." },
  { about: "Loss surface", text: "The path has at most 100 stored epochs, joined by straight lines; colours between computed points are mixed." },
  { about: "Twin", text: "Outputs and targets are as the network has them: scaled, where preprocessing scales them, and at most ten, of which three are drawn." },
  { about: "Twin", text: "The twin has the parameters of epoch 0; another start would have been another twin." },
];
