/** The parts of a job's page. */

import { Homework } from "../homework/homework.js";
import { NetworkTab } from "../network/tab.js";
import { PicturesTab, pictureOf } from "../pictures/tab.js";
import { RangeTab } from "../range/tab.js";
import { hasWeights, Weight } from "../weight/weight.js";
import { Results } from "./confusion.js";
import { Curves } from "./curves.js";
import { Histograms } from "./histograms.js";
import { History } from "./history.js";
import { Layers } from "./layers.js";
import { Settings } from "./settings.js";

/**
 * @typedef {object} Tab
 * @property {string} id  in the address
 * @property {string} title
 * @property {(job: import("./job_data.js").Job) => boolean} [applies]  whether there is anything to see; by default always
 * @property {any} view  a component that gets `PartProps`
 * @property {boolean} [learning]  whether it explains backpropagation: then its foot has the notation and what is simplified
 */

/** @type {Tab[]} */
export const TABS = [
  { id: "curves", title: "Curves", view: Curves },
  { id: "network", title: "Network", view: NetworkTab, learning: true },
  { id: "weight", title: "Weight", applies: hasWeights, view: Weight, learning: true },
  { id: "shots", title: "Shots", view: RangeTab, learning: true },
  { id: "pictures", title: "Pictures", applies: (job) => pictureOf(job) !== null, view: PicturesTab, learning: true },
  { id: "homework", title: "Homework", applies: hasWeights, view: Homework, learning: true },
  { id: "layers", title: "Layers", view: Layers },
  { id: "parameters", title: "Parameters", applies: (job) => job.latest !== null, view: Histograms },
  { id: "results", title: "Results", applies: (job) => job.confusion_matrix !== null || job.test !== null, view: Results },
  { id: "settings", title: "Settings", view: Settings },
  { id: "history", title: "History", view: History },
];

/**
 * Return the parts that a job's page has.
 *
 * @param {import("./job_data.js").Job} job
 */
export function tabsOf(job) {
  return TABS.filter((tab) => tab.applies?.(job) ?? true);
}
