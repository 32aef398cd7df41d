/** Links to the files that a job's model can be had as. */

import { urlOf } from "../api/client.js";
import { Curl } from "../parts/curl.js";
import { html } from "../vendor/htm-preact.js";

const FORMATS = { onnx: "ONNX", safetensors: "safetensors", npz: "NumPy (.npz)", keras: "Keras", python: "Python" };

/** @param {{model: {name: string, version: number | null} | null}} props */
export function Exports({ model }) {
  if (!model?.version) return null;
  const path = `v1/models/${encodeURIComponent(model.name)}/versions/${model.version}/export`;
  return html`<details class="menu">
    <summary class="button">Export</summary>
    <ul>${Object.entries(FORMATS).map(
      ([format, name]) => html`<li><a href=${urlOf({ path, query: { format } })} download>${name}</a>
        <${Curl} request=${{ method: "GET", path, query: { format } }} of=${`Export as ${name}`} /></li>`,
    )}</ul>
  </details>`;
}
