/** The file that was dropped or chosen: it cannot stand in the address, so it waits here for the form. */

/** @type {File | null} */
let file = null;
/** @type {Set<(file: File | null) => void>} */
const listeners = new Set();

export function chosenFile() {
  return file;
}

/** @param {File | null} next */
export function chooseFile(next) {
  file = next;
  for (const listener of listeners) listener(file);
}

/**
 * Call a function whenever another file is chosen; return what ends that.
 *
 * @param {(file: File | null) => void} listener
 */
export function onFile(listener) {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}
