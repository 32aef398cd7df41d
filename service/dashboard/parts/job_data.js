/** A job as the page follows it: read whole at its changes of status, and moved on by events in between. */

import { useEffect, useState } from "../vendor/htm-preact.js";
import { listen } from "../api/events.js";
import { useResource } from "../api/resource.js";
import { onVisibility } from "../api/visibility.js";

/** @typedef {import("../api/answers.js").Job} Job */
/** @typedef {import("../api/answers.js").Epoch} Epoch */

/**
 * What each part of a job's page gets.
 *
 * @typedef {object} PartProps
 * @property {Job} job
 * @property {Epoch | null} latest  the newest epoch's record
 * @property {import("./chosen_epoch.js").ChosenEpoch} chosen
 * @property {import("./address.js").State} state
 * @property {import("../api/session.js").Session | null} session
 * @property {() => void} reload  reads the job again
 */

/**
 * Return a job, and the newest record of its epochs, which moves on while it trains.
 *
 * @param {string} id
 */
export function useJob(id) {
  const resource = useResource(`v1/jobs/${encodeURIComponent(id)}`);
  const [newest, setNewest] = useState(/** @type {Epoch | null} */ (null));
  useEffect(
    () =>
      listen((event) => {
        if (event.type !== "gap" && event.job !== id) return;
        if (event.type === "epoch") setNewest(event.data);
        else resource.reload();
      }),
    [id],
  );
  useEffect(() => onVisibility((visible) => visible && resource.reload()), [id]); // it may have been deleted meanwhile
  const job = resource.data;
  const read = job?.latest ?? null;
  const latest = newest !== null && (read === null || newest.epoch > read.epoch || isLive(job)) ? newest : read;
  return { resource, job, latest };
}

/** @param {Job | null} job */
export function isLive(job) {
  return job !== null && ["queued", "running"].includes(job.status);
}
