/** Where a file is dropped, or chosen: the whole window takes it, the form that sends it opens. */

import { change, stateOf } from "../parts/address.js";
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { chooseFile } from "./chosen_file.js";

export function DropZone() {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const over = (/** @type {DragEvent} */ event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (/** @type {DragEvent} */ event) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (/** @type {DragEvent} */ event) => {
      setOver(false);
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      event.preventDefault();
      take(file);
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, []);
  return html`<div class=${`drop-zone ${isOver ? "over" : ""}`}>
    <p>${isOver ? "Drop the file to look at it." : "Drop a file here: CSV, Parquet, Arrow, JSON, JSON Lines or NPZ, also packed by gzip or zstd."}</p>
    <label class="button file-button">Choose a file <input
      type="file" class="visually-hidden"
      onChange=${(/** @type {{target: HTMLInputElement}} */ event) => event.target.files?.[0] && take(event.target.files[0])}
    /></label>
  </div>`;
}

/** @param {File} file */
function take(file) {
  chooseFile(file);
  if (stateOf().new !== "dataset") change({ new: "dataset", after: null });
}
