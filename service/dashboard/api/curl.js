/** The command for curl that does what a button does. */

import { urlOf } from "./client.js";

/** @typedef {import("./client.js").Request} Request */

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/**
 * Return the command for a request, to be pasted into a shell.
 *
 * @param {Request} request a body that is a Blob is written as the file `FILE`
 * @param {string} [root] the address of the service, with a slash at its end
 */
export function curlOf(request, root = document.baseURI.replace(/[?#].*$/, "")) {
  const parts = ["curl -sS"];
  const isFile = request.body instanceof Blob;
  const implied = request.body === undefined ? "GET" : isFile ? "PUT" : "POST";
  if (request.method !== implied) parts.push(`-X ${request.method}`);
  parts.push(quoted(root + urlOf(request)));
  for (const [name, value] of Object.entries(request.headers ?? {})) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (isFile) parts.push(request.method === "PUT" ? "-T FILE" : "--data-binary @FILE");
  else if (request.body !== undefined) parts.push(`-d ${quoted(JSON.stringify(request.body))}`);
  return parts.join(" ");
}

/**
 * Return a word as a POSIX shell reads it unchanged.
 *
 * @param {string} word
 */
export function quoted(word) {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
