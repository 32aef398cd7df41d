/** The job of the tour: a network of two inputs, two hidden layers of three units and one output, held before its first round. */

/** The rows of the tour: the output is to be 1 where just one of the inputs is 1. */
export const INPUTS = [[0, 0], [0, 1], [1, 0], [1, 1]];
export const TARGETS = [0, 1, 1, 0];
/** The row whose way through the network is shown: the inputs 1 and 0. */
export const ROW = 2;
/** The weight that the reader guesses about: from the first unit of the second hidden layer to the output. */
export const PLACE = { layer: 2, input: 0, unit: 0 };
/** How many rounds are fired at once after the first. */
export const MANY = 500;
export const RATE = 0.5;

/** The body of `POST /v1/jobs`. */
export const JOB = {
  network: {
    inputs: 2,
    layers: [
      { type: "dense", units: 3, activation: "tanh" },
      { type: "dense", units: 3, activation: "tanh" },
      { type: "dense", units: 1, activation: "sigmoid" },
    ],
  },
  model: "tour",
  dataset: { name: "tour", inputs: INPUTS, targets: TARGETS },
  training: {
    loss: "quadratic",
    optimizer: { type: "sgd", learning_rate: RATE },
    epochs: 5000,
    batch_size: "full",
    precision: "float64",
    seed: 11,
  },
  hold: true,
  metadata: { tour: "What backpropagation does" },
};

/** What the steps read of the job: at which epoch, and with which body or query. `newest` is the newest epoch. */
export const READS = /** @type {Record<string, {epoch: number | "newest", what: string, query?: any, body?: any}>} */ ({
  shot: { epoch: 0, what: ":trace", body: { row: ROW } },
  round: { epoch: 0, what: ":trace", body: { instances: INPUTS, targets: TARGETS } },
  next: { epoch: 1, what: ":trace", body: { instances: INPUTS, targets: TARGETS } },
  slope: { epoch: 0, what: "/slope", query: { layer: 2, weight: "0,0", span: 2, points: 81 } },
  moved: { epoch: 1, what: "/slope", query: { layer: 2, weight: "0,0", points: 3 } },
  first: { epoch: 0, what: ":predict", body: { instances: INPUTS } },
  last: { epoch: "newest", what: ":predict", body: { instances: INPUTS } },
  end: { epoch: "newest", what: ":trace", body: { instances: INPUTS, targets: TARGETS } },
});
