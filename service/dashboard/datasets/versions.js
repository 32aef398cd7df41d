/** The versions of a dataset: other content under its name is the next one. */

import { addressTo, show } from "../parts/address.js";
import { useResource } from "../api/resource.js";
import { may } from "../api/session.js";
import { Action } from "../parts/action.js";
import { Link } from "../parts/link.js";
import { ago, count, size } from "../parts/format.js";
import { Steps } from "../parts/pages.js";
import { Panel } from "../parts/panel.js";
import { Shown } from "../parts/resource_view.js";
import { html, useState } from "../vendor/htm-preact.js";

const LIMIT = 10;

/** @param {{name: string, shown: number, session: import("../api/session.js").Session | null}} props */
export function Versions({ name, shown, session }) {
  const [starts, setStarts] = useState(/** @type {(number | null)[]} */ ([null]));
  const path = `v1/datasets/${encodeURIComponent(name)}`;
  const versions = useResource(`${path}/versions`, { limit: LIMIT, after: starts[starts.length - 1], fields: "version,created_at,rows,bytes" });
  const mayDelete = may(session, "train");
  const deleted = (/** @type {number} */ version, /** @type {boolean} */ isLast) => {
    if (isLast) show(addressTo({ view: "datasets" }));
    else if (version === shown) show(addressTo({ dataset: name }));
    versions.reload();
  };
  return html`<${Panel} title="Versions"><${Shown} of=${versions} what="the versions">${(/** @type {any} */ list) => html`
    <div class="scroll" tabindex="0" role="region" aria-label="Table of versions"><table>
      <thead><tr><th scope="col">Version</th><th scope="col" class="number">Rows</th><th scope="col" class="number">Size</th><th scope="col">Stored</th>
        ${mayDelete && html`<th scope="col"><span class="visually-hidden">Actions</span></th>`}</tr></thead>
      <tbody>${list.data.map(
        (/** @type {any} */ each) => html`<${Version} key=${each.version} name=${name} version=${each} isShown=${each.version === shown}
          mayDelete=${mayDelete} onDelete=${() => deleted(each.version, list.data.length === 1 && starts.length === 1)} />`,
      )}</tbody>
    </table></div>
    ${(list.has_more || starts.length > 1) && html`<${Steps}
      label="Pages of versions"
      shown=${`${count(list.data.length)} shown`}
      onBack=${starts.length > 1 ? () => setStarts(starts.slice(0, -1)) : null}
      onNext=${list.has_more ? () => setStarts([...starts, list.last_id]) : null}
    />`}`}</${Shown}>
    <p class="quiet">Content that differs becomes the next version; jobs and models keep the version they were trained on.</p>
  </${Panel}>`;
}

/**
 * @param {object} props
 * @param {string} props.name of the dataset
 * @param {{version: number, rows: number, bytes: number, created_at: string}} props.version
 * @param {boolean} props.isShown
 * @param {boolean} props.mayDelete
 * @param {() => void} props.onDelete called when it is deleted
 */
function Version({ name, version: { version, rows, bytes, created_at: created }, isShown, mayDelete, onDelete }) {
  return html`<tr>
    <th scope="row"><${Link} to=${{ dataset: name, version }} aria-current=${isShown ? "true" : null}>${version}</${Link}>${isShown && html` <span class="quiet">shown</span>`}</th>
    <td class="number">${count(rows)}</td><td class="number">${size(bytes)}</td>
    <td><time datetime=${created} title=${created}>${ago(created)}</time></td>
    ${mayDelete && html`<td><${Action}
      label="Delete"
      title=${`Delete version ${version}`}
      request=${{ method: "DELETE", path: `v1/datasets/${encodeURIComponent(`${name}@${version}`)}` }}
      confirm=${`Delete version ${version} of ${name}?`}
      onDone=${onDelete}
    /></td>`}
  </tr>`;
}
