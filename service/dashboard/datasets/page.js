/** One dataset: what its columns hold, its first rows, how it was read, and its versions. */

import { change } from "../parts/address.js";
import { useResource } from "../api/resource.js";
import { may } from "../api/session.js";
import { Action } from "../parts/action.js";
import { Link } from "../parts/link.js";
import { ago, counted, size } from "../parts/format.js";
import { Name } from "../parts/name.js";
import { Shown } from "../parts/resource_view.js";
import { html } from "../vendor/htm-preact.js";
import { Columns } from "./columns.js";
import { formatOf } from "./list.js";
import { Reading } from "./reading.js";
import { Rows } from "./rows.js";
import { Versions } from "./versions.js";

const FIELDS = "name,version,created_at,rows,bytes,sha256,scale,target_type,read,warnings"; // columns are read in pages

/** @param {{state: import("../parts/address.js").State, session: import("../api/session.js").Session | null}} props */
export function DatasetPage({ state, session }) {
  const reference = state.version ? `${state.dataset}@${state.version}` : state.dataset;
  const path = `v1/datasets/${encodeURIComponent(reference)}`;
  const dataset = useResource(path, { fields: FIELDS });
  return html`<p class="crumb"><${Link} to=${{ view: "datasets" }}>Datasets</${Link}></p>
    <${Shown} of=${dataset} what="this dataset">${(/** @type {any} */ found) => html`
      <${Head} dataset=${found} reference=${reference} session=${session} isOld=${Boolean(state.version)} />
      ${found.warnings.length > 0 && html`<${Warnings} warnings=${found.warnings} />`}
      <${Columns} path=${path} dates=${found.read?.dates ?? []} codes=${found.read?.codes ?? []} />
      <${Rows} path=${path} rows=${found.rows} />
      <div class="columns">
        <${Reading} dataset=${found} />
        <${Versions} name=${found.name} shown=${found.version} session=${session} />
      </div>`}</${Shown}>`;
}

/** @param {{dataset: any, reference: string, session: any, isOld: boolean}} props */
function Head({ dataset, reference, session, isOld }) {
  const { name, version, rows, bytes, created_at: stored, read } = dataset;
  const maySend = may(session, "train");
  return html`<div class="view-head">
      <div>
        <h1><${Name} of=${name} most=${60} /></h1>
        <p class="facts">Version ${version} <span aria-hidden="true">·</span> ${counted(rows, "row")} <span aria-hidden="true">·</span> ${size(bytes)}
          ${read && html` <span aria-hidden="true">·</span> ${formatOf(read)}`} <span aria-hidden="true">·</span> stored <time datetime=${stored} title=${stored}>${ago(stored)}</time></p>
      </div>
      ${maySend && html`<div class="actions">
        <${Link} to=${{ new: "job", dataset: reference }} class="button primary">Train on this</${Link}>
        <${Link} to=${{ view: "datasets", new: "dataset", dataset: name }} class="button">Send a new version</${Link}>
        ${!isOld && html`<${Action}
          label="Delete"
          class="danger"
          request=${{ method: "DELETE", path: `v1/datasets/${encodeURIComponent(name)}` }}
          confirm=${`Delete the dataset ${name} with all its versions? Trained models stay.`}
          onDone=${() => change({ dataset: null, version: null, view: "datasets" })}
        />`}
      </div>`}
    </div>`;
}

/** @param {{warnings: string[]}} props */
export function Warnings({ warnings }) {
  return html`<div class="note dataset-warnings"><p><strong>${counted(warnings.length, "warning")}</strong>, of what is probably not meant:</p>
    <ul>${warnings.map((each) => html`<li><${Name} of=${each} most=${600} /></li>`)}</ul></div>`;
}
