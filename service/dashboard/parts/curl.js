/** The small button next to each action that shows the command for curl which does the same. */

import { curlOf } from "../api/curl.js";
import { Icon } from "./icon.js";
import { html, useRef, useState } from "../vendor/htm-preact.js";

let numbered = 0;

/**
 * @param {object} props
 * @param {import("../api/client.js").Request} props.request
 * @param {string} props.of what the command does, for screen readers: "Pause"
 */
export function Curl({ request, of }) {
  const [id] = useState(() => `curl-${(numbered += 1)}`);
  const [copied, setCopied] = useState(false);
  const [isOpen, setOpen] = useState(false);
  const code = useRef(/** @type {HTMLElement | null} */ (null));
  const copy = async () => {
    const text = code.current?.textContent ?? "";
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
    } catch {
      // without https browsers refuse the clipboard: the text is selected, for the reader to copy
      if (code.current) getSelection()?.selectAllChildren(code.current);
    }
  };
  return html`<span class="curl">
    <button type="button" class="curl-button" popovertarget=${id} aria-label=${`curl: ${of}`} title="Show the same as a command for a shell (curl)"><${Icon} name="terminal" /></button>
    <div
      popover="auto"
      id=${id}
      class="curl-command"
      role="dialog"
      aria-label=${`Command for curl: ${of}`}
      onToggle=${(/** @type {any} */ event) => {
        setOpen(event.newState === "open");
        setCopied(false);
      }}
    >
      <p>The same from a shell:</p>
      <pre tabindex="0"><code ref=${code}>${isOpen ? curlOf(request) : ""}</code></pre>
      <button type="button" class="button" onClick=${copy}>${copied ? "Copied" : "Copy"}</button>
    </div>
  </span>`;
}
