/** How a dataset was read: what the service found in the file, and what the request said. */

import { number, shortened } from "../parts/format.js";
import { Name } from "../parts/name.js";
import { Panel } from "../parts/panel.js";
import { html } from "../vendor/htm-preact.js";
import { formatOf } from "./list.js";

const DELIMITERS = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "space" };
const MOST_NAMES = 12;

/** @param {{dataset: any}} props */
export function Reading({ dataset }) {
  return html`<${Panel} title="How it was read"><dl class="facts-list">
      ${readingOf(dataset).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
    </dl>
    <p class="quiet digest">SHA-256 of the content <code>${dataset.sha256}</code></p>
  </${Panel}>`;
}

/**
 * Return what is known about the reading of a dataset, as names with values.
 *
 * @param {any} dataset
 * @returns {[string, any][]}
 */
function readingOf({ read, scale, target_type: targetType }) {
  /** @type {[string, any][]} */
  const found = [["Format", formatOf(read)]];
  if (read?.encoding) found.push(["Encoding", read.encoding]);
  if (read?.delimiter) found.push(["Delimiter", delimiterName(read.delimiter)]);
  if (read?.header !== undefined && read?.header !== null) found.push(["First line", read.header ? "names of the columns" : "data"]);
  if (read?.decimal) found.push(["Decimal separator", html`<code>${read.decimal}</code>`]);
  if (read?.decimal) found.push(["Thousands", read.thousands ? html`<code>${read.thousands}</code>` : "not separated"]);
  if (read?.missing) found.push(["Missing values", words(read.missing)]);
  if (read?.dates?.length) found.push(["Dates", names(read.dates)]);
  if (read?.codes?.length) found.push(["Codes, read as text", names(read.codes)]);
  if (scale !== 1) found.push(["Inputs are divided by", number(scale)]);
  if (targetType) found.push(["Targets are", targetType === "class" ? "classes" : "values"]);
  return found;
}

/** @param {string} delimiter */
export function delimiterName(delimiter) {
  const name = DELIMITERS[/** @type {keyof typeof DELIMITERS} */ (delimiter)];
  return name === undefined ? delimiter : delimiter.trim() ? `${name} ${delimiter}` : name;
}

/** @param {string[]} missing */
function words(missing) {
  return missing.map((word, index) => html`${index > 0 && " "}${word === "" ? html`<span>the empty cell</span>` : html`<code>${shortened(word, 24)}</code>`}`);
}

/** @param {string[]} all */
function names(all) {
  const left = all.length - MOST_NAMES;
  return html`${all.slice(0, MOST_NAMES).map((name, index) => html`${index > 0 && ", "}<${Name} of=${name} />`)}${left > 0 && ` and ${left} more`}`;
}
