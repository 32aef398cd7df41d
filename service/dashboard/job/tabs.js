/** The parts of a job's page. */

import { lazily } from "../parts/lazily.js";
import { pictureOf } from "../pictures/kind.js";
import { hasWeights } from "../weight/place.js";
import { Curves } from "./curves.js";

/**
 * @typedef {object} Tab
 * @property {string} id  in the address
 * @property {string} title
 * @property {(job: import("../parts/job_data.js").Job) => boolean} [applies]  whether there is anything to see; by default always
 * @property {any} view  a component that gets `PartProps`
 * @property {string} [group]  the title of the group that it belongs to, where it has one
 * @property {number} [epoch]  that is shown where none is chosen; by default the newest
 * @property {boolean} [learning]  whether it explains backpropagation: then its foot has the notation and what is simplified
 */

const LEARNING = "How it learns:";
const RECORDS = "Records:";

/** @type {Tab[]} */
export const TABS = [
  { id: "curves", title: "Curves", view: Curves },
  { id: "network", title: "Network", view: lazily(() => import("../network/tab.js"), "NetworkTab"), learning: true, group: LEARNING },
  { id: "weight", title: "Weight", applies: hasWeights, view: lazily(() => import("../weight/weight.js"), "Weight"), learning: true, group: LEARNING },
  { id: "shots", title: "Shots", view: lazily(() => import("../range/tab.js"), "RangeTab"), learning: true, group: LEARNING },
  { id: "pictures", title: "Pictures", applies: (job) => pictureOf(job) !== null, view: lazily(() => import("../pictures/tab.js"), "PicturesTab"), learning: true, group: LEARNING },
  { id: "homework", title: "Homework", applies: hasWeights, view: lazily(() => import("../homework/homework.js"), "Homework"), epoch: 0, learning: true, group: LEARNING },
  { id: "layers", title: "Layers", view: lazily(() => import("./layers.js"), "Layers"), group: RECORDS },
  { id: "parameters", title: "Parameters", applies: (job) => job.latest !== null, view: lazily(() => import("./histograms.js"), "Histograms"), group: RECORDS },
  { id: "results", title: "Results", applies: (job) => job.confusion_matrix !== null || job.test !== null, view: lazily(() => import("./confusion.js"), "Results"), group: RECORDS },
  { id: "settings", title: "Settings", view: lazily(() => import("./settings.js"), "Settings"), group: RECORDS },
  { id: "history", title: "History", view: lazily(() => import("./history.js"), "History"), group: RECORDS },
];

/**
 * Return the parts that a job's page has.
 *
 * @param {import("../parts/job_data.js").Job} job
 */
export function tabsOf(job) {
  return TABS.filter((tab) => tab.applies?.(job) ?? true);
}
