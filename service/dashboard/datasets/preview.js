/** The first lines of a chosen file, read in the browser: of a large file only its beginning. */

import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { PreviewTable } from "./preview_table.js";
import { cellsOf, decoded, delimiterOf, PREVIEW_BYTES, tableOf } from "./upload_preview.js";

const LINES = 8;
const MOST_TEXT = 1200;

/**
 * Return the first bytes of a file once they are read.
 *
 * @param {File} file
 */
export function useFirstBytes(file) {
  const [bytes, setBytes] = useState(/** @type {Uint8Array | null} */ (null));
  useEffect(() => {
    let isWanted = true;
    const read = async () => {
      const buffer = await file.slice(0, PREVIEW_BYTES).arrayBuffer();
      if (isWanted) setBytes(new Uint8Array(buffer));
    };
    read();
    return () => {
      isWanted = false;
    };
  }, [file]);
  return bytes;
}

/**
 * @param {object} props
 * @param {Uint8Array} props.bytes
 * @param {boolean} props.isWhole whether the file has no further bytes
 * @param {string | null} props.format
 * @param {import("./upload_options.js").Options} props.options
 * @param {(changes: Partial<import("./upload_options.js").Options>) => void} props.onChange
 */
export function Preview({ bytes, isWhole, format, options, onChange }) {
  if (format === "JSON") return html`<pre class="preview-text" tabindex="0" aria-label="The beginning of the file">${decoded(bytes, "").slice(0, MOST_TEXT)}</pre>`;
  if (format !== "CSV") return html`<p class="quiet">The browser does not open ${format}; the service reads it and says what is in it.</p>`;
  if (bytes.length === 0) return html`<p class="field-fault">The file is empty.</p>`;
  const text = decoded(bytes, options.encoding);
  const complete = isWhole ? `${text}\n` : text;
  const delimiter = delimiterOf(options.delimiter, complete);
  const lines = cellsOf(complete, delimiter, LINES);
  const table = tableOf(lines, options.header);
  return html`<h2>The first lines</h2>
    <p class="quiet">As the browser guesses them; the service looks at every row. Say of each column what it is, if you know better.</p>
    <${PreviewTable} table=${table} options=${options} onChange=${onChange} />`;
}
