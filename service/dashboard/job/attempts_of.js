/** What happened to a job, in sentences, from the events of its status. */

/** @typedef {{id: number, at: string, title: string, detail: string | null, kind: string}} Moment */

/**
 * Return what happened, oldest first.
 *
 * @param {{id: number, type: string, created_at: string, data: any}[]} events of the types status, end and gap
 * @returns {Moment[]}
 */
export function momentsOf(events) {
  /** @type {any} */
  let before = null;
  return events.flatMap(({ id, type, created_at: at, data }) => {
    if (type === "gap") return [{ id, at, title: "Earlier events are no longer stored", detail: null, kind: "gap" }];
    if (type !== "status") return [];
    const said = sentence(data, before);
    before = data;
    return [{ id, at, ...said }];
  });
}

/**
 * @param {{status: string, requested: string | null, attempt: number}} now
 * @param {{status: string, requested: string | null, attempt: number} | null} before
 * @returns {{title: string, detail: string | null, kind: string}}
 */
function sentence(now, before) {
  const { status, requested, attempt } = now;
  const kind = status;
  if (requested && requested !== before?.requested) return { title: `${requested === "pause" ? "Pause" : "Cancel"} requested`, detail: "It is obeyed at the next epoch or batch.", kind };
  if (status === "running") {
    if (before?.status === "running" && before.attempt === attempt) return { title: "The request was taken back", detail: null, kind };
    return { title: `Attempt ${attempt}: a worker took the job`, detail: attempt > 1 ? "It goes on from the last stored state." : null, kind };
  }
  if (status === "queued") {
    if (before === null) return { title: "Queued", detail: null, kind };
    if (before.status === "running") return { title: "Back in the queue", detail: `Attempt ${before.attempt} ended: its worker crashed or was stopped, or it was the turn of another job.`, kind: "interrupted" };
    return { title: before.status === "paused" ? "Resumed" : "Queued", detail: null, kind };
  }
  if (status === "paused") return { title: "Paused", detail: "Its state is stored.", kind };
  return { title: status.charAt(0).toUpperCase() + status.slice(1), detail: null, kind };
}
