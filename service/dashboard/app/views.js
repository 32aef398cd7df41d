/** Which view the address names. A view is a component that gets the state of the page and the session. */

import { Compare } from "../compare/compare.js";
import { Datasets } from "../datasets/list.js";
import { DatasetPage } from "../datasets/page.js";
import { Upload } from "../datasets/upload.js";
import { EmbeddedCurves } from "../job/embedded.js";
import { JobPage } from "../job/page.js";
import { Jobs } from "../jobs/jobs.js";
import { NewJob } from "../new_job/new_job.js";
import { Tour } from "../tour/tour.js";
import { Models } from "../models/list.js";
import { ModelPage } from "../models/page.js";
import { Operations } from "../operations/page.js";
import { shortened } from "../parts/format.js";

/** @typedef {import("./address.js").State} State */
/**
 * @typedef {object} View
 * @property {(state: State) => boolean} matches
 * @property {(state: State) => string} title  of the window
 * @property {(state: State) => string} key  a view with another key begins anew
 * @property {any} view
 */

/** @type {View[]} the first that matches is shown */
export const VIEWS = [
  { matches: (state) => state.view === "tour", title: () => "What backpropagation does", key: () => "tour", view: Tour },
  { matches: (state) => "embed" in state && "job" in state, title: (state) => `Curves of ${state.job}`, key: (state) => state.job, view: EmbeddedCurves },
  { matches: (state) => "job" in state, title: (state) => `Job ${state.job}`, key: (state) => state.job, view: JobPage },
  { matches: (state) => "compare" in state, title: () => "Compared jobs", key: () => "compare", view: Compare },
  { matches: (state) => /^job(\.|$)/.test(state.new ?? ""), title: () => "Start a job", key: () => "new job", view: NewJob },
  { matches: (state) => state.new === "dataset", title: () => "Add a dataset", key: () => "upload", view: Upload },
  {
    matches: (state) => "dataset" in state && !("new" in state),
    title: (state) => `Dataset ${shortened(state.dataset)}`,
    key: (state) => `${state.dataset}@${state.version ?? ""}`,
    view: DatasetPage,
  },
  { matches: (state) => state.view === "datasets", title: () => "Datasets", key: () => "datasets", view: Datasets },
  {
    matches: (state) => "model" in state && !("new" in state),
    title: (state) => `Model ${shortened(state.model)}`,
    key: (state) => `model ${state.model}`,
    view: ModelPage,
  },
  { matches: (state) => state.view === "models", title: () => "Models", key: () => "models", view: Models },
  { matches: (state) => state.view === "operations", title: () => "Operations", key: () => "operations", view: Operations },
  { matches: () => true, title: () => "Jobs", key: () => "jobs", view: Jobs },
];

/**
 * Return the view that the address names.
 *
 * @param {State} state
 */
export function viewOf(state) {
  return /** @type {View} */ (VIEWS.find((view) => view.matches(state)));
}
