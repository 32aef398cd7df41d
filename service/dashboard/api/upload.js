/** Sends a file as the body of a request and says how far it is; the browser reads the file as it sends it. */

import { ApiError, csrfHeaders, jsonOf, problemFrom, Unreachable, urlOf } from "./client.js";

/** The reader has given up an upload. */
export class Stopped extends Error {
  constructor() {
    super("The upload was stopped; nothing is stored.");
    this.name = "Stopped";
  }
}

/**
 * Send a file; throw `ApiError`, `Unreachable` or `Stopped`.
 *
 * @param {import("./client.js").Request & {body: Blob}} request
 * @param {(share: number) => void} onProgress called with the share that is sent, from 0 to 1
 * @param {AbortSignal} signal ends the upload
 * @returns {Promise<any>} the JSON of the answer
 */
export function upload(request, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest(); // fetch does not say how far an upload is
    sending.open(request.method, urlOf(request));
    for (const [name, value] of Object.entries({ Accept: "application/json", ...csrfHeaders(), ...request.headers })) {
      sending.setRequestHeader(name, value);
    }
    sending.upload.onprogress = (event) => onProgress(event.total ? event.loaded / event.total : 1);
    sending.upload.onload = () => onProgress(1);
    sending.onerror = () => reject(new Unreachable());
    sending.onabort = () => reject(new Stopped());
    sending.onload = () => {
      try {
        if (sending.status >= 400) throw new ApiError(problemFrom(sending.status, sending.statusText, sending.responseText));
        resolve(jsonOf(sending.status, sending.responseText));
      } catch (error) {
        reject(error);
      }
    };
    signal.addEventListener("abort", () => sending.abort());
    sending.send(request.body);
  });
}
