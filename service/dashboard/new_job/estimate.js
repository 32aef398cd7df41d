/** What a job would cost, asked for on demand. */

import { Action } from "../parts/action.js";
import { count, counted, duration, size } from "../parts/format.js";
import { html, useEffect, useState } from "../vendor/htm-preact.js";

/**
 * @param {object} props
 * @param {any} props.body
 * @param {boolean} props.disabled
 * @param {(error: Error | null) => void} props.onError
 */
export function Estimate({ body, disabled, onError }) {
  const [found, setFound] = useState(/** @type {{body: any, answer: any} | null} */ (null));
  useEffect(() => {
    if (found && found.body !== body) setFound(null); // it was another job's
  }, [body, found]);
  const known = found?.body === body ? found?.answer : null;
  return html`<${Action}
      label="Estimate" title="How long it takes and how much it stores; nothing is started"
      disabled=${disabled} onError=${onError}
      request=${{ method: "POST", path: "v1/jobs:estimate", body }}
      onDone=${(/** @type {any} */ answer) => setFound({ body, answer })}
    />
    ${known && html`<p class="note estimate" role="status">${sentencesOf(known).map((each) => html`${each} `)}</p>`}`;
}

/**
 * Return an estimate in sentences.
 *
 * @param {any} answer of `POST /v1/jobs:estimate`
 * @returns {string[]}
 */
export function sentencesOf({ seconds, epochs, rows, parameters, bytes, queue, may_end_sooner, basis }) {
  const held = [rows.validation && `${count(rows.validation)} to validate`, rows.test && `${count(rows.test)} to test`].filter(Boolean);
  const sure = basis.source === "measured" ? "from similar jobs" : "from the machine's speed, so within a factor of two";
  return [
    `About ${duration(seconds.expected)} (${duration(seconds.low)} to ${duration(seconds.high)}, ${sure}) for ${counted(epochs, "epoch")} of ${counted(rows.training, "row")}${held.length ? `, with ${held.join(" and ")}` : ""}.`,
    `The network has ${counted(parameters, "parameter")}; ${size(bytes.total)} are stored.`,
    queue.starts_in_seconds === null ? `When it starts is not known: ${queue.reason}.` : startsIn(queue.starts_in_seconds),
    ...(may_end_sooner.length ? [`It may end sooner (${may_end_sooner.join(", ")}).`] : []),
  ];
}

/** @param {number} seconds */
function startsIn(seconds) {
  return seconds < 1 ? "It would start at once." : `It would start in about ${duration(seconds)}.`;
}
