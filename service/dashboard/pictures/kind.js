/** What kind of picture a job's inputs make. */

import { numberColumns } from "../parts/dataset_rows.js";
import { sideOf } from "./images.js";

/**
 * Return which picture a job's network has, null where it has none.
 *
 * @param {import("../api/answers.js").Job} job
 * @returns {"curve" | "plane" | "image" | null}
 */
export function pictureOf(job) {
  const columns = numberColumns(job);
  if (columns === null) return null;
  if (columns.length === 1) return "curve";
  if (columns.length === 2) return "plane";
  return sideOf(columns.length) === null ? null : "image";
}
