/** A model as a file for other programs. The sizes are asked for once the reader opens this part, as each file is made to be measured. */

import { send, urlOf } from "../api/client.js";
import { useResource } from "../api/resource.js";
import { Curl } from "../parts/curl.js";
import { size } from "../parts/format.js";
import { html, useState } from "../vendor/htm-preact.js";

const FORMATS = [
  ["onnx", "ONNX", "the whole model, for ONNX Runtime in any language"],
  ["python", "Python", "one module that needs NumPy alone"],
  ["keras", "Keras", "the network, for Keras and TensorFlow"],
  ["safetensors", "safetensors", "the parameters"],
  ["npz", "NPZ", "the parameters, for NumPy"],
];

/** @param {{path: string}} props */
export function Exports({ path }) {
  const [isOpen, setOpen] = useState(false);
  return html`<details class="panel exports" onToggle=${(/** @type {{target: HTMLDetailsElement}} */ event) => setOpen(event.target.open)}>
    <summary><h2>Take it elsewhere</h2> <span class="quiet">ONNX, Python, Keras, safetensors, NPZ</span></summary>
    <ul>${FORMATS.map(([format, title, use]) => html`<${Export} path=${`${path}/export`} format=${format} title=${title} use=${use} isOpen=${isOpen} />`)}</ul>
  </details>`;
}

/** @param {{path: string, format: string, title: string, use: string, isOpen: boolean}} props */
function Export({ path, format, title, use, isOpen }) {
  const request = { method: "GET", path, query: { format } };
  const head = useResource(isOpen ? path : null, { format }, headOf);
  return html`<li>
    <a href=${urlOf(request)} download>${title}</a> <${Curl} of=${`Download ${title}`} request=${request} />
    <span>${use}</span>
    <span class="quiet">${head.data ? size(head.data.bytes) : head.error ? "not possible for this model" : ""}</span>
    ${head.data?.leavesOut && html`<span class="quiet hint">Leaves out ${head.data.leavesOut}.</span>`}
  </li>`;
}

/**
 * Return how large an export is, and what it lacks.
 *
 * @param {string} path
 * @param {import("../api/client.js").Request["query"]} query
 * @param {AbortSignal} signal
 */
async function headOf(path, query, signal) {
  const { headers } = await send({ method: "HEAD", path, query, signal, headers: { Accept: "*/*" } });
  return { bytes: Number(headers.get("Content-Length")), leavesOut: headers.get("Export-Leaves-Out") };
}
