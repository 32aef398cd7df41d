/** The form with the blanks of a worksheet: filled in, checked, and marked number by number. */

import { ask } from "../api/client.js";
import { requestAt } from "../parts/at_epoch.js";
import { Curl } from "../parts/curl.js";
import { counted } from "../parts/format.js";
import { Icon } from "../parts/icon.js";
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { claimOf, nameOf, numberOf } from "./numbers.js";
import { Verdict } from "./verdict.js";

/** The API's own relative tolerance is that of 3 digits. An absolute one would take 0 for any small number. */
const TOLERANCE = { absolute: 1e-12 };

/**
 * @param {object} props
 * @param {string} props.job
 * @param {any} props.worksheet
 * @param {number} props.row
 * @param {string | undefined} props.notation
 * @param {() => void} props.onWrite called when something is written
 */
export function Blanks({ job, worksheet, row, notation, onWrite }) {
  const [written, setWritten] = useState(/** @type {Record<string, string>} */ ({}));
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const focus = (/** @type {string} */ pointer) => /** @type {HTMLInputElement | null} */ (form.current?.elements.namedItem(pointer) ?? null)?.focus();
  const claim = claimOf(worksheet.sections, written, worksheet.layers.length);
  const request = requestAt(job, worksheet.epoch, ":trace", undefined, { row, claim: claim && { ...claim, tolerance: TOLERANCE } });
  const { checked, message, underWay, check, forget } = useCheck(request);
  const verdict = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (checked) verdict.current?.focus();
  }, [checked]);
  const write = (/** @type {string} */ pointer, /** @type {string} */ text) => {
    setWritten({ ...written, [pointer]: text });
    forget();
    onWrite();
  };
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const unread = Object.entries(written).find(([, text]) => Number.isNaN(numberOf(text) ?? 0));
    if (unread) focus(unread[0]);
    check(unread ? `"${unread[1].slice(0, 20)}" is no number. Write 0.25 or 0,25, without separators of thousands.` : claim === null ? "Fill in at least one number." : null);
  };
  return html`<form class="blanks" onSubmit=${submit} ref=${form} novalidate>
    ${worksheet.sections.map((/** @type {import("./numbers.js").Section} */ section) => html`<fieldset>
      <legend>${section.title}</legend>
      <p class="quiet equations">${section.equations.map((each) => html`<code>${each}</code> `)}</p>
      <div class="blank-list">${section.blanks.map((blank) => html`<${Field} blank=${blank} notation=${notation} text=${written[blank.pointer] ?? ""} checked=${checked} write=${write} />`)}</div>
    </fieldset>`)}
    <p class="actions"><button class="button primary" disabled=${underWay} aria-busy=${underWay}>Check</button>
      ${claim && html`<${Curl} of="Check" request=${request} />`}
      <span class="quiet">A number counts as right if it agrees to 3 significant digits, such as 0.0123 or 1.23e-5. Enter checks, too.</span></p>
    <p class="form-message" role="alert">${message}</p>
    ${checked && html`<div tabindex="-1" ref=${verdict} role="status" class="verdict-place"><${Verdict} claim=${checked} names=${namesOf(worksheet, notation)} focus=${focus} total=${counted(totalOf(worksheet), "number")} /></div>`}
  </form>`;
}

/**
 * Return what checks a claim, and how it was checked.
 *
 * @param {import("../api/client.js").Request} request
 */
function useCheck(request) {
  const [checked, setChecked] = useState(/** @type {any} */ (null));
  const [message, setMessage] = useState("");
  const [underWay, setUnderWay] = useState(false);
  /** @param {string | null} fault what is wrong with the numbers already; then the API is not asked */
  const check = async (fault) => {
    setMessage(fault ?? "");
    if (fault !== null) return;
    setUnderWay(true);
    try {
      setChecked((await ask(request)).claim);
    } catch (error) {
      setMessage(/** @type {Error} */ (error).message);
    } finally {
      setUnderWay(false);
    }
  };
  return { checked, message, underWay, check, forget: () => setChecked(null) };
}

/** @param {{blank: import("./numbers.js").Blank, notation: string | undefined, text: string, checked: any, write: (pointer: string, text: string) => void}} props */
function Field({ blank, notation, text, checked, write }) {
  const wrong = checked?.wrong_numbers.find((/** @type {any} */ each) => each.pointer === blank.pointer);
  const mark = !checked || numberOf(text) === null ? null : wrong ? (wrong.follows ? "follows" : "wrong") : "right";
  const words = { right: "right", wrong: "wrong", follows: "off, but it follows from the numbers before it" };
  return html`<label class=${`blank ${mark ?? ""}`}>
    <span><span class="quiet">${blank.number}.</span> ${nameOf(blank, notation)}</span>
    <span class="blank-field"><input type="text" inputmode="decimal" autocomplete="off" spellcheck=${false} size="10" name=${blank.pointer} value=${text} aria-invalid=${mark === "wrong" || mark === "follows"}
      onInput=${(/** @type {{target: HTMLInputElement}} */ event) => write(blank.pointer, event.target.value)} />
    ${mark && html`<span class="mark-word"><${Icon} name=${mark === "right" ? "check" : mark === "wrong" ? "cross" : "warning"} /><span class="visually-hidden"> ${words[mark]}</span></span>`}</span>
  </label>`;
}

/**
 * @param {any} worksheet
 * @param {string | undefined} notation
 * @returns {Record<string, string>} by pointer
 */
function namesOf(worksheet, notation) {
  const blanks = worksheet.sections.flatMap((/** @type {any} */ section) => section.blanks);
  return Object.fromEntries(blanks.map((/** @type {any} */ blank) => [blank.pointer, `${blank.number}, ${nameOf(blank, notation)}`]));
}

/** @param {any} worksheet */
function totalOf(worksheet) {
  return worksheet.sections.reduce((/** @type {number} */ total, /** @type {any} */ section) => total + section.blanks.length, 0);
}
