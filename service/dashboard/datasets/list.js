/** The list of datasets, onto which a file can be dropped. */

import { useResource } from "../api/resource.js";
import { may } from "../api/session.js";
import { Link } from "../parts/link.js";
import { ago, count, size } from "../parts/format.js";
import { Name } from "../parts/name.js";
import { Pages } from "../parts/pages.js";
import { Empty } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { html } from "../vendor/htm-preact.js";
import { DropZone } from "./drop_zone.js";

const LIMIT = 50;
const FORMATS = { csv: "CSV", json: "JSON", jsonl: "JSON Lines", parquet: "Parquet", arrow: "Arrow", npz: "NPZ" };

/** @param {{state: import("../parts/address.js").State, session: import("../api/session.js").Session | null}} props */
export function Datasets({ state, session }) {
  const datasets = useResource("v1/datasets", { limit: LIMIT, after: state.after });
  const maySend = may(session, "train");
  return html`<div class="view-head"><h1>Datasets</h1></div>
    ${maySend && html`<${DropZone} />`}
    <${Shown} of=${datasets} what="the datasets">${(/** @type {any} */ list) =>
      list.data.length === 0
        ? html`<${Empty} title="No dataset yet">
            <p>A dataset is a table: rows to learn from, with a column to predict. Drop a CSV file on this page, or train XOR from the jobs to get a first one.</p>
          </${Empty}>`
        : html`<div class="scroll" tabindex="0" role="region" aria-label="Datasets"><table class="datasets-table">
            <thead><tr>
              <th scope="col">Name</th><th scope="col" class="number">Version</th><th scope="col" class="number">Rows</th>
              <th scope="col" class="number">Size</th><th scope="col">Format</th><th scope="col">Stored</th><th scope="col">Warnings</th>
            </tr></thead>
            <tbody>${list.data.map((/** @type {any} */ each) => html`<${Row} key=${each.name} dataset=${each} />`)}</tbody>
          </table></div>
          <${Pages} list=${list} after=${state.after} label="datasets" />`
    }</${Shown}>`;
}

/** @param {{dataset: any}} props */
function Row({ dataset }) {
  const { name, version, rows, bytes, read, created_at: stored, warnings } = dataset;
  return html`<tr>
    <th scope="row"><${Link} to=${{ dataset: name }}><${Name} of=${name} most=${64} /></${Link}></th>
    <td class="number">${version}</td>
    <td class="number">${count(rows)}</td>
    <td class="number">${size(bytes)}</td>
    <td>${formatOf(read)}</td>
    <td><time datetime=${stored} title=${stored}>${ago(stored)}</time></td>
    <td>${warnings.length ? html`<span class="warned">${count(warnings.length)}</span>` : html`<span class="quiet">none</span>`}</td>
  </tr>`;
}

/**
 * Return the name of the format that a dataset was read from.
 *
 * @param {{format: string} | null} read
 */
export function formatOf(read) {
  if (!read) return "–";
  return FORMATS[/** @type {keyof typeof FORMATS} */ (read.format)] ?? read.format;
}
