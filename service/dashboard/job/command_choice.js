/** Which commands a job's state allows, as docs/reference.md has them. */

export const ENDED = ["succeeded", "failed", "cancelled"];

/** @typedef {"pause" | "resume" | "step" | "cancel" | "fork" | "replay" | "delete"} Command */

/**
 * Return the commands that a job in this state accepts.
 *
 * @param {{status: string, requested: string | null, latest: any, replay: any}} job
 * @returns {Command[]}
 */
export function allowed({ status, requested, latest, replay }) {
  const isEnded = ENDED.includes(status);
  const isCancelled = requested === "cancel";
  /** @type {[Command, boolean][]} */
  const commands = [
    ["pause", ["queued", "running"].includes(status) && requested === null],
    ["resume", !isCancelled && (status === "paused" || requested === "pause")],
    ["step", status === "paused"],
    ["cancel", !isEnded && !isCancelled],
    ["fork", latest !== null],
    ["replay", (isEnded || status === "paused") && replay === null && latest !== null],
    ["delete", isEnded],
  ];
  return commands.filter(([, holds]) => holds).map(([command]) => command);
}

/**
 * Return the request of a command that has no body.
 *
 * @param {string} id
 * @param {Command} command
 */
export function requestOf(id, command) {
  if (command === "delete") return { method: "DELETE", path: `v1/jobs/${id}` };
  return { method: "POST", path: `v1/jobs/${id}:${command}` };
}

/**
 * Return the body of a fork from what a form has; what is not changed is left out.
 *
 * @param {import("../api/answers.js").Job} job
 * @param {{epoch: number, rate: number, epochs: number}} wanted
 */
export function forkBody(job, { epoch, rate, epochs }) {
  const { optimizer, epochs: before } = job.training;
  /** @type {Record<string, unknown>} */
  const training = {};
  if (rate !== optimizer.learning_rate) training.optimizer = { ...optimizer, learning_rate: rate };
  if (epochs !== before) training.epochs = epochs;
  return Object.keys(training).length ? { epoch, training } : { epoch };
}
