/** What the service answered to a file: what it stored, or each fault with its place and the way out. */

import { ApiError } from "../api/client.js";
import { Link } from "../parts/link.js";
import { counted, count } from "../parts/format.js";
import { Name } from "../parts/name.js";
import { Trouble } from "../parts/trouble.js";
import { html } from "../vendor/htm-preact.js";
import { Warnings } from "./page.js";
import { Reading } from "./reading.js";
import { suggestionsOf } from "./upload_options.js";

/** @param {{answer: any, file: string}} props */
export function Stored({ answer, file }) {
  const { name, version, rows, columns, warnings } = answer;
  const targets = columns.filter((/** @type {any} */ each) => each.role === "target");
  return html`<section class="panel stored" role="status">
      <h2>Stored: <${Name} of=${name} />, version ${version}</h2>
      <p>${counted(rows, "row")} and ${counted(columns.length, "column")} of ${file}. ${
        targets.length
          ? html`To be predicted: ${targets.slice(0, 5).map((/** @type {any} */ each, /** @type {number} */ index) => html`${index > 0 && ", "}<${Name} of=${each.name} />`)}${targets.length > 5 && " …"}.`
          : "No column is a target: these are rows to predict on."
      }</p>
      <p class="actions"><${Link} to=${{ dataset: name }} class="button primary">Look at it</${Link}>
        <${Link} to=${{ new: "job", dataset: name }} class="button">Train on this</${Link}></p>
    </section>
    ${warnings.length > 0 && html`<${Warnings} warnings=${warnings} />`}
    <${Reading} dataset=${answer} />`;
}

/** @param {{error: Error, onFollow: (suggestion: import("./upload_options.js").Suggestion) => void}} props */
export function Refused({ error, onFollow }) {
  const faults = error instanceof ApiError ? error.problem.errors ?? [] : [];
  if (faults.length === 0) return html`<${Trouble} error=${error} what="the answer" />`;
  return html`<div class="trouble" role="alert">
    <p class="trouble-title">Nothing was stored: the file ${faults.length === 1 ? "has a fault" : `has ${faults.length} faults or more`}</p>
    <div class="scroll" tabindex="0" role="region" aria-label="Faults"><table class="faults">
      <thead><tr><th scope="col" class="number">Row</th><th scope="col">Column</th><th scope="col">What is wrong</th></tr></thead>
      <tbody>${faults.map((fault) => html`<tr>
        <td class="number">${fault.row === undefined ? "–" : count(fault.row)}</td>
        <td>${fault.column !== undefined ? html`<${Name} of=${fault.column} />` : fault.pointer ? html`<code>${fault.pointer}</code>` : "–"}</td>
        <td>${fault.detail}
          ${suggestionsOf(fault.detail).map((each) => html` <button type="button" class="button suggestion" onClick=${() => onFollow(each)}>Set <code>${each.name}=${each.value}</code></button>`)}
        </td>
      </tr>`)}</tbody>
    </table></div>
    <p class="quiet">Rows are counted from 1, without the header and without blank lines.</p>
  </div>`;
}

/**
 * Return what the service said of options, by their names.
 *
 * @param {Error | null} error
 * @returns {Record<string, string>}
 */
export function faultsByOption(error) {
  const faults = error instanceof ApiError ? error.problem.errors ?? [] : [];
  return Object.fromEntries(faults.filter((each) => each.pointer?.startsWith("?")).map((each) => [(each.pointer ?? "").slice(1), each.detail]));
}
