/** The parts of a job's page. */

import { Curves } from "./curves.js";

/**
 * @typedef {object} Tab
 * @property {string} id  in the address
 * @property {string} title
 * @property {(job: import("./job_data.js").Job) => boolean} [applies]  whether there is anything to see; by default always
 * @property {any} view  a component that gets `PartProps`
 */

/** @type {Tab[]} */
export const TABS = [{ id: "curves", title: "Curves", view: Curves }];

/**
 * Return the parts that a job's page has.
 *
 * @param {import("./job_data.js").Job} job
 */
export function tabsOf(job) {
  return TABS.filter((tab) => tab.applies?.(job) ?? true);
}
