/**
 * The rows of the table while jobs train: read as a page of the list, and moved on by events in between.
 *
 * Events are gathered, and applied together. A row that has not changed stays the same object, so it is not rendered again.
 */

import { CURVE_POINTS } from "./list_query.js";

/** @typedef {import("./list_query.js").Row} Row */
/** @typedef {{epoch: number, training_loss: number | null, validation_loss: number | null}} Losses */

/**
 * Return the loss by which a job is judged: of validation where there is one, else of training; null where it is not finite.
 *
 * @param {Losses} record
 */
export function lossOf(record) {
  return record.validation_loss ?? record.training_loss;
}

export class LiveRows {
  /** @type {Row[]} */
  rows = [];
  /** @type {Map<string, Losses>} the newest epoch of each job that is not applied yet */
  #waiting = new Map();
  /** @type {Set<string>} */
  #ids = new Set();

  /** Whether a row has a job that trains. */
  get hasRunning() {
    return this.rows.some((row) => row.status === "running");
  }

  /**
   * Take a page that was read, and keep what newer events have reported.
   *
   * @param {Row[]} page
   */
  take(page) {
    const before = new Map(this.rows.map((row) => [row.id, row]));
    this.rows = page.map((row) => {
      const known = before.get(row.id);
      if (known === undefined) return row;
      const current = isBehind(row, known) ? { ...row, progress: known.progress, latest: known.latest, curve: known.curve } : row;
      return JSON.stringify(known) === JSON.stringify(current) ? known : current;
    });
    this.#ids = new Set(page.map((row) => row.id));
    for (const id of this.#waiting.keys()) if (!this.#ids.has(id)) this.#waiting.delete(id);
  }

  /**
   * Keep an epoch of a job until `apply`; return whether there is a row for it.
   *
   * @param {string} job
   * @param {Losses} epoch
   */
  add(job, epoch) {
    if (!this.#ids.has(job)) return false;
    this.#waiting.set(job, epoch);
    return true;
  }

  /** Move the rows on to the epochs that have come; return whether any row has changed. */
  apply() {
    if (this.#waiting.size === 0) return false;
    this.rows = this.rows.map((row) => {
      const epoch = this.#waiting.get(row.id);
      return epoch === undefined || epoch.epoch === row.latest?.epoch ? row : movedOn(row, epoch);
    });
    this.#waiting.clear();
    return true;
  }
}

/**
 * Return a row at a newer epoch. Its best epoch stays as it was read, as epochs between two events may have been better.
 *
 * @param {Row} row
 * @param {Losses} epoch
 */
export function movedOn(row, { epoch, training_loss, validation_loss }) {
  const latest = { epoch, training_loss, validation_loss };
  return { ...row, latest, progress: { ...row.progress, epoch }, curve: withPoint(row.curve, [epoch, lossOf(latest)]) };
}

/**
 * Return a curve with a further point, thinned by leaving out every second one where there are too many.
 *
 * @param {[number, number | null][]} curve
 * @param {[number, number | null]} point
 * @param {number} [most]
 * @returns {[number, number | null][]}
 */
export function withPoint(curve, point, most = CURVE_POINTS) {
  const earlier = curve.filter(([epoch]) => epoch < point[0]);
  const spacing = point[0] / (most - 1);
  const [last, before] = [earlier[earlier.length - 1], earlier[earlier.length - 2]];
  const kept = before !== undefined && last[0] - before[0] < spacing / 2 ? earlier.slice(0, -1) : earlier;
  const longer = /** @type {[number, number | null][]} */ ([...kept, point]);
  return longer.length <= most ? longer : longer.filter((_, index) => index % 2 === 0 || index === longer.length - 1);
}

/**
 * Return whether a row that was read is older than the one that events have moved on.
 *
 * @param {Row} read
 * @param {Row} known
 */
function isBehind(read, known) {
  const isSameRun = read.status === "running" && known.status === "running" && read.attempt === known.attempt;
  return isSameRun && (known.latest?.epoch ?? 0) > (read.latest?.epoch ?? 0);
}
