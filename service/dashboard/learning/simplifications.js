/** What the learning views leave out or simplify, by subject. */

/** Training values in a curve are not those of the epoch's final parameters. */
export const MEASURED_WHILE_TRAINING =
  "Training values of an epoch are measured while it trains, before its updates; the other tabs measure with the epoch's final parameters.";

/** @typedef {{about: string, text: string}} Simplification  what it is about, and what is simpler there than it is */

/** @type {Simplification[]} */
export const SIMPLIFICATIONS = [
  { about: "Tour", text: "Its network has 25 parameters and four rows, and trains on all four at once; real ones take batches drawn at random." },
  { about: "Tour", text: "Its start, drawn with a fixed seed, is one from which training succeeds; others can get stuck." },
  { about: "Tour", text: "The four rows that it predicts at the end are those that it trained on; how well a network does on new rows is another question." },
  { about: "The network", text: "A single row is shown. In training the gradients of all rows of a batch are averaged before the parameters move." },
  { about: "The network", text: "Everything is computed once more in float64 for the drawing, whatever the job's precision; the last digits may differ from training." },
  { about: "The network", text: "Of a layer with more than 16 units 16 are drawn. The others take part in every number that is shown." },
  { about: "The network", text: "Colours are scaled to the largest number of a layer (of all layers for deltas), widths of lines to the largest weight in the drawing." },
  { about: "The network", text: "The layers seem to compute one after the other at a pace for reading; the service computes all of it in a moment." },
  { about: "The network", text: "Dropout passes everything on here, and batch normalization of a single row uses its running statistics." },
  { about: "The network", text: "The update is that of this row alone. Unless the job stores its optimizer's state, it is the optimizer's first step." },
  { about: "The network", text: "In Nielsen's notation every layer counts, also dropout and normalizations, which his book does not have." },
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
  { about: "Homework", text: "The numbers are those of one row; training takes the mean over a batch." },
  { about: "Homework", text: "Numbers are shown with 6 significant digits, and yours are right within 3 digits; rounding on the way can cost more." },
  { about: "Homework", text: "Dropout passes everything on, and penalties on the weights are left out." },
  { about: "Shots", text: "One row and one output are shown. Training aims at the targets of all rows at once, so a shot at one row may get worse while the loss falls." },
  { about: "Shots", text: "At most 40 epochs are drawn, at about equal distances, and the chosen one; between them the shots went on." },
  { about: "Shots", text: "The error is the output minus the target. What training makes small is the loss, which is a function of all errors." },
  { about: "Pictures", text: "The map over two inputs is computed at 48 x 48 places; between them colours and borders are drawn through." },
  { about: "Pictures", text: "At most the first 500 rows of the dataset are drawn as points." },
  { about: "Pictures", text: "Of networks with several outputs that are values the map shows one at a time." },
  { about: "Pictures", text: "Pixels are assumed to be the inputs in their order, row by row; the service does not know that they are a picture." },
  { about: "Pictures", text: "Of the first layer at most 64 units are shown. Weights are those of the inputs after preprocessing." },
  { about: "Pictures", text: "A drawing of your own is centred and thick as you make it, not as the dataset's pictures were prepared; a network may misread it for that alone." },
  { about: "Curves", text: MEASURED_WHILE_TRAINING },
];
