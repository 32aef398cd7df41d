/** The form that sends a file as a dataset: what it looks like, how it is to be read, how far it is, and the answer. */

import { ApiError } from "../api/client.js";
import { Stopped, upload } from "../api/upload.js";
import { sessionLost } from "../api/session.js";
import { Curl } from "../parts/curl.js";
import { Link } from "../parts/link.js";
import { percent, size } from "../parts/format.js";
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { chooseFile, chosenFile, onFile } from "./chosen_file.js";
import { DropZone } from "./drop_zone.js";
import { Preview, useFirstBytes } from "./preview.js";
import { ColumnFields, MeaningFields, ReadingFields, Text } from "./upload_fields.js";
import { DEFAULTS, following, nameOf, queryOf } from "./upload_options.js";
import { formatOf } from "./upload_preview.js";
import { faultsByOption, Refused, Stored } from "./upload_answer.js";

/** @param {{state: import("../parts/address.js").State}} props */
export function Upload({ state }) {
  const file = useFile();
  useEffect(() => () => chooseFile(null), []);
  return html`<p class="crumb"><${Link} to=${{ view: "datasets" }}>Datasets</${Link}></p>
    <h1 class="upload-title">${state.dataset ? "Send a new version" : "Add a dataset"}</h1>
    <${DropZone} />
    ${
      file
        ? html`<${Form} key=${`${file.name} ${file.size} ${file.lastModified}`} file=${file} name=${state.dataset} />`
        : html`<p class="quiet">Nothing is sent before you have seen the first lines and pressed “Send”.</p>`
    }`;
}

function useFile() {
  const [file, setFile] = useState(chosenFile);
  useEffect(() => onFile((next) => setFile(() => next)), []);
  return file;
}

/** @param {{file: File, name: string | undefined}} props */
function Form({ file, name }) {
  const [options, setOptions] = useState({ ...DEFAULTS, name: name ?? nameOf(file.name) });
  const bytes = useFirstBytes(file);
  const sending = useSending();
  const format = bytes && formatOf(bytes);
  const isCsv = format === "CSV" || format === "gzip" || format === "zstd";
  const change = (/** @type {Partial<typeof options>} */ changes) => setOptions({ ...options, ...changes });
  const query = queryOf(options, isCsv);
  const request = { method: "PUT", path: `v1/datasets/${encodeURIComponent(options.name)}`, query, body: /** @type {Blob} */ (file), headers: { "Content-Type": "application/octet-stream" } };
  const fields = { options, onChange: change, faults: faultsByOption(sending.error) };
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    sending.send(request);
  };
  if (sending.answer) return html`<${Stored} answer=${sending.answer} file=${file.name} />`;
  return html`<form onSubmit=${submit} class="upload">
    <p class="file-facts"><strong>${file.name}</strong> <span class="quiet">${size(file.size)}${format && `, ${format}`}</span></p>
    ${bytes && html`<${Preview} bytes=${bytes} isWhole=${bytes.length === file.size} format=${format} options=${options} onChange=${change} />`}
    ${isCsv && html`<${ReadingFields} ...${fields} />`}
    ${format !== "CSV" && html`<${ColumnFields} ...${fields} />`}
    <${MeaningFields} ...${fields} />
    <fieldset class="upload-fields"><legend>Where it is stored</legend>
      <${Text} ...${fields} name="name" label="Name of the dataset" required pattern="[a-z0-9][a-z0-9._\\-]*" maxlength="64"
        title="Lower-case letters, digits, points, underscores and hyphens" />
      <p class="quiet hint">Where the name is taken, other content becomes its next version.</p>
    </fieldset>
    ${sending.error && html`<${Refused} error=${sending.error} onFollow=${(/** @type {any} */ suggestion) => setOptions(following(options, suggestion))} />`}
    <p class="actions">
      <button class="button primary" disabled=${sending.share !== null}>Send</button>
      <${Curl} of="Send" request=${request} />
      ${
        sending.share === null
          ? html`<button type="button" class="button" onClick=${() => chooseFile(null)}>Put the file away</button>`
          : html`<${Progress} share=${sending.share} onStop=${sending.stop} />`
      }
    </p>
  </form>`;
}

/** @param {{share: number, onStop: () => void}} props */
function Progress({ share, onStop }) {
  return html`<span class="upload-progress">
    <progress max="1" value=${share} aria-label="Upload"></progress>
    <span role="status">${share < 1 ? `${percent(share)} sent` : "Sent; the service is reading it …"}</span>
    <button type="button" class="button" onClick=${onStop}>Stop</button>
  </span>`;
}

/** What is sent, how far it is, and what came of it. */
function useSending() {
  const [share, setShare] = useState(/** @type {number | null} */ (null));
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  const [answer, setAnswer] = useState(/** @type {any} */ (null));
  const stopped = useRef(new AbortController());
  useEffect(() => () => stopped.current.abort(), []);
  const send = async (/** @type {any} */ request) => {
    stopped.current = new AbortController();
    setShare(0);
    setError(null);
    try {
      setAnswer(await upload(request, setShare, stopped.current.signal));
    } catch (caught) {
      if (caught instanceof ApiError && caught.status === 401) sessionLost();
      setError(caught instanceof Stopped ? null : /** @type {Error} */ (caught));
    } finally {
      setShare(null);
    }
  };
  return { share, error, answer, send, stop: () => stopped.current.abort() };
}
