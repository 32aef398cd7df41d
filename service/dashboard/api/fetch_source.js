/** Server-sent events read by `fetch`, which can send a token; `EventSource`, whose interface this has in part, cannot. */

import { eventsIn } from "./event_text.js";

export class FetchSource {
  /**
   * @param {string} address
   * @param {Record<string, string>} headers
   */
  constructor(address, headers) {
    /** @type {number} */
    this.readyState = EventSource.CONNECTING;
    /** @type {(() => void) | null} */
    this.onopen = null;
    /** @type {(() => void) | null} */
    this.onerror = null;
    /** @type {Map<string, (message: {data: string}) => void>} */
    this.listeners = new Map();
    this.ended = new AbortController();
    this.read(address, headers);
  }

  /**
   * @param {string} type
   * @param {(message: {data: string}) => void} listener
   */
  addEventListener(type, listener) {
    this.listeners.set(type, listener);
  }

  close() {
    this.readyState = EventSource.CLOSED;
    this.ended.abort();
  }

  /**
   * @param {string} address
   * @param {Record<string, string>} headers
   */
  async read(address, headers) {
    try {
      const response = await fetch(address, { headers: { ...headers, Accept: "text/event-stream" }, signal: this.ended.signal });
      if (response.ok && response.body) await this.follow(response.body);
    } catch (error) {
      if (this.ended.signal.aborted) return;
      if (!(error instanceof TypeError)) throw error; // the connection is lost, as `EventSource` would say by `onerror`
    }
    this.readyState = EventSource.CLOSED;
    this.onerror?.();
  }

  /** @param {ReadableStream<Uint8Array<ArrayBuffer>>} body */
  async follow(body) {
    this.readyState = EventSource.OPEN;
    this.onopen?.();
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const { events, left } = eventsIn(rest + value);
      rest = left;
      for (const { type, data } of events) this.listeners.get(type)?.({ data });
    }
  }
}
