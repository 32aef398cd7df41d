/** Which view the address names. A view is a component that gets the state of the page and the session. */

import { shortened } from "../parts/format.js";
import { lazily } from "../parts/lazily.js";

/** @typedef {import("../parts/address.js").State} State */
/**
 * @typedef {object} View
 * @property {(state: State) => boolean} matches
 * @property {(state: State) => string} title  of the window
 * @property {(state: State) => string} key  a view with another key begins anew
 * @property {any} view
 */

/** @type {View[]} the first that matches is shown */
export const VIEWS = [
  { matches: (state) => state.view === "tour", title: () => "What backpropagation does", key: () => "tour", view: lazily(() => import("../tour/tour.js"), "Tour") },
  { matches: (state) => "embed" in state && "job" in state, title: (state) => `Curves of ${state.job}`, key: (state) => state.job, view: lazily(() => import("../job/embedded.js"), "EmbeddedCurves") },
  { matches: (state) => "job" in state, title: (state) => `Job ${state.job}`, key: (state) => state.job, view: lazily(() => import("../job/page.js"), "JobPage") },
  { matches: (state) => "compare" in state, title: () => "Compared jobs", key: () => "compare", view: lazily(() => import("../compare/compare.js"), "Compare") },
  { matches: (state) => /^job(\.|$)/.test(state.new ?? ""), title: () => "Start a job", key: () => "new job", view: lazily(() => import("../new_job/new_job.js"), "NewJob") },
  { matches: (state) => state.new === "dataset", title: () => "Add a dataset", key: () => "upload", view: lazily(() => import("../datasets/upload.js"), "Upload") },
  {
    matches: (state) => "dataset" in state && !("new" in state),
    title: (state) => `Dataset ${shortened(state.dataset)}`,
    key: (state) => `${state.dataset}@${state.version ?? ""}`,
    view: lazily(() => import("../datasets/page.js"), "DatasetPage"),
  },
  { matches: (state) => state.view === "datasets", title: () => "Datasets", key: () => "datasets", view: lazily(() => import("../datasets/list.js"), "Datasets") },
  {
    matches: (state) => "model" in state && !("new" in state),
    title: (state) => `Model ${shortened(state.model)}`,
    key: (state) => `model ${state.model}`,
    view: lazily(() => import("../models/page.js"), "ModelPage"),
  },
  { matches: (state) => state.view === "models", title: () => "Models", key: () => "models", view: lazily(() => import("../models/list.js"), "Models") },
  { matches: (state) => state.view === "operations", title: () => "Operations", key: () => "operations", view: lazily(() => import("../operations/page.js"), "Operations") },
  { matches: () => true, title: () => "Jobs", key: () => "jobs", view: lazily(() => import("../jobs/jobs.js"), "Jobs") },
];

/**
 * Return the view that the address names.
 *
 * @param {State} state
 */
export function viewOf(state) {
  return /** @type {View} */ (VIEWS.find((view) => view.matches(state)));
}
