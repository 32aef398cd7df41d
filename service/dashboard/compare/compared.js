/** The jobs that are compared, each with its epochs, read one after the other. */

import { ApiError, get } from "../api/client.js";
import { listen } from "../api/events.js";
import { useResource } from "../api/resource.js";
import { useEffect, useRef } from "../vendor/htm-preact.js";

/** @typedef {{id: string, job: any, epochs: import("./curves.js").EpochRecord[], missing: string | null}} Compared */

const POINTS = 400;
const READ_MS = 3000; // while jobs train, they are read again at most so often
const FIELDS = "id,status,requested,model,dataset,dataset_version,columns,network,training,priority,progress,latest,best_epoch,started_at,error";

/**
 * Return the jobs of some ids; `drawn` of them have epochs.
 *
 * @param {string[]} ids
 * @param {number} drawn
 * @returns {import("../api/resource.js").Resource<Compared[]>}
 */
export function useCompared(ids, drawn) {
  const resource = useResource("v1/jobs", { ids, drawn }, (_path, _query, signal) => readAll(ids, drawn, signal));
  const timer = useRef(/** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined));
  useEffect(() => {
    const stop = listen((event) => {
      if (event.type !== "gap" && !ids.includes(event.job ?? "")) return;
      timer.current ??= setTimeout(() => {
        timer.current = undefined;
        resource.reload();
      }, READ_MS);
    }, { calmly: true });
    return () => {
      stop();
      clearTimeout(timer.current);
      timer.current = undefined;
    };
  }, [ids.join()]);
  return resource;
}

/** @type {(ids: string[], drawn: number, signal: AbortSignal) => Promise<Compared[]>} */
async function readAll(ids, drawn, signal) {
  const found = [];
  for (const [index, id] of ids.entries()) found.push(await readOne(id, index < drawn, signal));
  return found;
}

/** @type {(id: string, isDrawn: boolean, signal: AbortSignal) => Promise<Compared>} */
async function readOne(id, isDrawn, signal) {
  const path = `v1/jobs/${encodeURIComponent(id)}`;
  try {
    const job = await get(path, { fields: FIELDS }, signal);
    const epochs = isDrawn ? (await get(`${path}/epochs`, { points: POINTS }, signal)).data : [];
    return { id, job, epochs, missing: null };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { id, job: null, epochs: [], missing: error.message };
    throw error;
  }
}
