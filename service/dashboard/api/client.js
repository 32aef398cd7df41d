/** Requests to the API, and what can go wrong with them, as errors that say the way out. */

/**
 * @typedef {object} Problem  an answer of the type `application/problem+json`
 * @property {string} type
 * @property {string} title
 * @property {number} status
 * @property {string} detail
 * @property {string} [request_id]
 * @property {{pointer?: string, row?: number, column?: string, detail: string}[]} [errors]
 * @property {number | null} [nearest]
 */

/** The API has refused a request; `problem` is its answer. */
export class ApiError extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail || problem.title);
    this.name = "ApiError";
    this.problem = problem;
    this.status = problem.status;
  }
}

/** No answer came: the service is stopped, or the network is down. */
export class Unreachable extends Error {
  constructor() {
    super("The service does not answer. Is it running, and is this computer connected to it?");
    this.name = "Unreachable";
  }
}

/**
 * @typedef {object} Request
 * @property {string} method
 * @property {string} path  without a slash at its start, as `v1/jobs`
 * @property {Record<string, string | number | boolean | string[] | null | undefined>} [query]
 * @property {unknown} [body]  sent as JSON, unless it is a Blob
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 */

/** A part of a path that browsers take for a folder, this one or the one above, also where it is encoded. */
const FOLDER = /^(\.|%2e){1,2}$/i;

/** The token of a session, which changes send along; null while nobody is signed in by a key. */
let csrfToken = /** @type {string | null} */ (null);

/** The token that a page around this one has given, while there is no session; it is in this variable alone. */
let bearer = /** @type {string | null} */ (null);

/** @param {string | null} token */
export function setBearer(token) {
  bearer = token;
}

/** Return the token that is sent with each request, null where none is. */
export function bearerNow() {
  return bearer;
}

/**
 * Return the headers that say who asks.
 *
 * @returns {Record<string, string>}
 */
export function ownHeaders() {
  return bearer === null ? {} : { Authorization: `Bearer ${bearer}` };
}

/** @param {string | null} token */
export function setCsrfToken(token) {
  csrfToken = token;
}

/** Return the headers by which a change is allowed to somebody who has signed in. */
export function csrfHeaders() {
  return csrfToken === null ? {} : { "X-CSRF-Token": csrfToken };
}

/**
 * Return the address of a request, relative to the page.
 *
 * A name such as `..`, which somebody can write into the address of the page, would lead to another address of the API,
 * whatever its encoding. No resource has such a name: `ApiError` says so.
 *
 * @param {Pick<Request, "path" | "query">} request
 */
export function urlOf({ path, query = {} }) {
  if (path.split("/").some((part) => FOLDER.test(part))) {
    throw new ApiError({ type: "", title: "Not found", status: 404, detail: `there is nothing at \`${path}\`` });
  }
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === null || value === undefined || value === ""
      ? []
      : (Array.isArray(value) ? value : [value]).map((each) => [name, String(each)]),
  );
  return pairs.length ? `${path}?${new URLSearchParams(pairs)}` : path;
}

/**
 * Send a request and return its response; throw `ApiError` or `Unreachable`.
 *
 * @param {Request} request
 * @returns {Promise<Response>}
 */
export async function send(request) {
  const headers = new Headers({ ...ownHeaders(), ...request.headers });
  const isJson = request.body !== undefined && !(request.body instanceof Blob);
  if (isJson) headers.set("Content-Type", "application/json");
  if (!headers.has("Accept")) headers.set("Accept", "application/json");
  if (request.method !== "GET") for (const [name, value] of Object.entries(csrfHeaders())) headers.set(name, value);
  const body = isJson ? JSON.stringify(request.body) : /** @type {Blob | undefined} */ (request.body);
  const options = { method: request.method, headers, body, signal: request.signal };
  const address = urlOf(request);
  let response;
  try {
    response = await fetch(address, options);
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw new Unreachable();
  }
  if (!response.ok) throw new ApiError(await problemOf(response));
  return response;
}

/**
 * Send a request and return the JSON of its answer, null for one of the status 204.
 *
 * @param {Request} request
 * @returns {Promise<any>}
 */
export async function ask(request) {
  const response = await send(request);
  return jsonOf(response.status, await response.text());
}

/**
 * Read JSON from the API.
 *
 * @param {string} path
 * @param {Request["query"]} [query]
 * @param {AbortSignal} [signal]
 */
export function get(path, query, signal) {
  return ask({ method: "GET", path, query, signal });
}

/**
 * Return what the body of an answer means: null for one of the status 204, which alone has none.
 *
 * @param {number} status
 * @param {string} text
 * @returns {any}
 */
export function jsonOf(status, text) {
  if (status === 204) return null;
  try {
    const found = JSON.parse(text);
    if (found !== null) return found;
  } catch {
    // not JSON: refused below, as `null` is
  }
  const what = text ? `It begins with: ${text.slice(0, 200)}` : "It is empty.";
  const detail = `What came is not what the service answers: a proxy or a sign-in in between may have answered. ${what}`;
  throw new ApiError({ type: "", title: "Not an answer of the service", status, detail });
}

/** @param {Response} response */
async function problemOf(response) {
  return problemFrom(response.status, response.statusText, await response.text());
}

/**
 * Return the problem that an answer with an error describes.
 *
 * @param {number} status
 * @param {string} title where the answer has none
 * @param {string} text the body of the answer
 * @returns {Problem}
 */
export function problemFrom(status, title, text) {
  try {
    return { type: "", title, detail: "", ...JSON.parse(text), status };
  } catch {
    // a proxy in between answers in its own way, which is shown as it is
    return { type: "", title: `Status ${status}`, status, detail: text.slice(0, 500) };
  }
}
