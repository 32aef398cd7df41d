/** What a job's warnings mean, where they are marked, and what can be done about them. */

const HALF_RATE = "A smaller learning rate often helps: fork from before it with half the rate.";
const ADVICE = {
  exploding_gradient: `The error grows on its way back to this layer. ${HALF_RATE} Gradient clipping helps, too.`,
  vanishing_gradient:
    "Hardly any error reaches this layer, so it hardly learns. Other activations (relu), another initializer or batch normalization help; a new job is needed.",
  dead_units: `Units whose output is always 0 learn nothing more. ${HALF_RATE}`,
  plateau: `Training goes on without getting better. ${HALF_RATE} If it stays like this, stop it.`,
  monitor_undefined: "The value that early stopping watches is not defined, so it cannot choose. Watch another value in a new job.",
  diverged: `The loss or a parameter is no longer a number. ${HALF_RATE}`,
};
const SLOWER_HELPS = ["exploding_gradient", "dead_units", "plateau", "diverged"];

/**
 * @typedef {object} Advice
 * @property {string} code
 * @property {number | null} epoch
 * @property {string} detail
 * @property {string | null} advice
 * @property {number | null} forkFrom  the epoch to fork from with half the rate; null where that would not help
 */

/**
 * Return the warnings of a job and why it failed, if it diverged, by epoch, with what can be done.
 *
 * @param {import("../api/answers.js").Job} job
 * @returns {Advice[]}
 */
export function advised(job) {
  const texts = job.warnings.filter((each) => typeof each === "string");
  const found = job.warnings.filter((each) => typeof each !== "string").map(adviceOn);
  const failed = job.error?.code === "diverged" ? [adviceOn(job.error)] : [];
  const said = texts.map((/** @type {string} */ detail) => ({ code: "note", epoch: null, detail, advice: null, forkFrom: null }));
  return [...failed, ...found, ...said].sort((one, other) => (one.epoch ?? -1) - (other.epoch ?? -1));
}

/**
 * Return the epochs at which curves are marked.
 *
 * @param {import("../api/answers.js").Job} job
 * @returns {number[]}
 */
export function warningEpochs(job) {
  const epochs = advised(job).flatMap(({ epoch }) => (epoch === null ? [] : [epoch]));
  return [...new Set(epochs)];
}

/**
 * Return the body that forks a job from an epoch with half its learning rate; a schedule does not end above it.
 *
 * @param {import("../api/answers.js").Job} job
 * @param {number} epoch
 */
export function halfRate(job, epoch) {
  const { optimizer, schedule } = job.training;
  const rate = optimizer.learning_rate / 2;
  const training = { optimizer: { ...optimizer, learning_rate: rate } };
  const isLow = schedule?.minimum > rate;
  return { epoch, training: isLow ? { ...training, schedule: { ...schedule, minimum: schedule.minimum / 2 } } : training };
}

/**
 * @param {{code: string, epoch: number | null, detail: string}} warning
 * @returns {Advice}
 */
function adviceOn({ code, epoch, detail }) {
  const helps = epoch !== null && SLOWER_HELPS.includes(code);
  const advice = ADVICE[/** @type {keyof typeof ADVICE} */ (code)] ?? null;
  return { code, epoch, detail, advice, forkFrom: helps ? Math.max(epoch - 1, 0) : null };
}
