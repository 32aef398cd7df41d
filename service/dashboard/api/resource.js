/** What a component shows of the API: read, read again when it has changed, and never two requests at a time. */

import { useCallback, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { ApiError, get, Unreachable } from "./client.js";
import { sessionLost } from "./session.js";
import { isVisible, onVisibility } from "./visibility.js";

/**
 * @template T
 * @typedef {object} Resource
 * @property {T | null} data  the last answer, which stays while it is read again
 * @property {Error | null} error  of the last request
 * @property {boolean} loading
 * @property {() => void} reload  reads it again, once the request under way has been answered
 */

/**
 * Read an address whenever it changes and whenever `reload` is called.
 *
 * While the page is hidden nothing is asked for; what was asked for meanwhile is read once the page is shown. The answer
 * to an address that is no longer wanted is dropped.
 *
 * @template [T=any]
 * @param {string | null} path as `v1/jobs`; null reads nothing
 * @param {import("./client.js").Request["query"]} [query]
 * @param {(path: string, query: import("./client.js").Request["query"], signal: AbortSignal) => Promise<T>} [read]
 * @returns {Resource<T>}
 */
export function useResource(path, query, read = get) {
  const key = path === null ? null : `${path} ${JSON.stringify(query ?? {})}`;
  const [state, setState] = useState(/** @type {{key: any, data: any, error: any}} */ ({ key: null, data: null, error: null }));
  const [loading, setLoading] = useState(path !== null);
  const reader = useRef(/** @type {Reader | null} */ (null));
  useEffect(() => {
    if (path === null) {
      setState({ key, data: null, error: null });
      setLoading(false);
      return undefined;
    }
    const made = new Reader(
      (signal) => read(path, query, signal),
      setLoading,
      (data, error) => setState((before) => ({ key, data: error && before.key === key ? before.data : data, error })),
    );
    reader.current = made;
    made.ask();
    return () => made.end();
  }, [key]);
  const reload = useCallback(() => reader.current?.ask(), []);
  const isCurrent = state.key === key;
  return { data: isCurrent ? state.data : null, error: isCurrent ? state.error : null, loading, reload };
}

const AGAIN_MS = 3000; // after a request that nobody answered

/**
 * Reads one thing again and again: at most one request is under way, and none while the page is hidden.
 *
 * Where the service does not answer it is asked again until it does; a refusal because nobody is signed in brings the sign-in.
 */
export class Reader {
  /**
   * @param {(signal: AbortSignal) => Promise<any>} read
   * @param {(loading: boolean) => void} onLoading
   * @param {(data: any, error: Error | null) => void} onAnswer
   */
  constructor(read, onLoading, onAnswer) {
    this.read = read;
    this.onLoading = onLoading;
    this.onAnswer = onAnswer;
    this.wanted = false;
    this.underWay = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.again = undefined;
    this.ended = new AbortController();
    this.stopListening = onVisibility(() => this.next());
  }

  /** Read, or read again after the request under way. */
  ask() {
    this.wanted = true;
    this.next();
  }

  /** Give up what is under way, and ask for nothing more. */
  end() {
    this.ended.abort();
    clearTimeout(this.again);
    this.stopListening();
  }

  async next() {
    if (!this.wanted || this.underWay || this.ended.signal.aborted || !isVisible()) return;
    this.wanted = false;
    this.underWay = true;
    this.onLoading(true);
    /** @type {[any, Error | null]} */
    let answer;
    try {
      answer = [await this.read(this.ended.signal), null];
    } catch (error) {
      answer = [null, /** @type {Error} */ (error)];
    }
    this.underWay = false;
    if (this.ended.signal.aborted) return;
    this.onAnswer(...answer);
    const [, error] = answer;
    if (error instanceof ApiError && error.status === 401) sessionLost();
    clearTimeout(this.again);
    if (error instanceof Unreachable) this.again = setTimeout(() => this.ask(), AGAIN_MS);
    this.onLoading(false);
    this.next();
  }
}
