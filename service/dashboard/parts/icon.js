/** Small drawings for buttons and words, as SVG, so that they look the same with every font. */

import { html } from "../vendor/htm-preact.js";

/** What each icon draws in a square of 16 by 16: paths that are filled, or drawn as lines. */
const ICONS = {
  first: { fill: "M3 3h2v10H3zM13 3v10L6 8z" },
  back: { fill: "M12 3v10L4 8z" },
  play: { fill: "M4 2.5v11L13 8z" },
  pause: { fill: "M4 3h3v10H4zM9 3h3v10H9z" },
  next: { fill: "M3 3v10l7-5zM11 3h2v10h-2z" },
  last: { fill: "M2 3v10l5-5zM7 3v10l5-5zM12.5 3h1.5v10h-1.5z" },
  stop: { line: "M8 1.8a6.2 6.2 0 1 0 0 12.4a6.2 6.2 0 1 0 0-12.4M3.6 3.6l8.8 8.8" },
  check: { line: "M2.5 8.5l3.5 3.5l7-8" },
  cross: { line: "M3.5 3.5l9 9M12.5 3.5l-9 9" },
  clock: { line: "M8 1.8a6.2 6.2 0 1 0 0 12.4a6.2 6.2 0 1 0 0-12.4M8 4.5v4l2.5 1.5" },
  warning: { line: "M8 2l6.5 11.5h-13zM8 6.5v3.5M8 11.6v.6" },
  terminal: { line: "M1.5 2.5h13v11h-13zM4.5 6l2.2 2l-2.2 2M8.5 10.5h3" },
  target: { line: "M8 1.8a6.2 6.2 0 1 0 0 12.4a6.2 6.2 0 1 0 0-12.4M8 5.5a2.5 2.5 0 1 0 0 5a2.5 2.5 0 1 0 0-5" },
};

/** @typedef {keyof typeof ICONS} IconName */

/** @param {{name: IconName}} props it is hidden from screen readers: the word next to it, or the button's label, has its meaning */
export function Icon({ name }) {
  const icon = /** @type {{fill?: string, line?: string}} */ (ICONS[name]);
  return html`<svg class="icon" viewBox="0 0 16 16" width="1em" height="1em" aria-hidden="true" focusable="false">
    ${icon.fill ? html`<path d=${icon.fill} fill="currentColor" />` : html`<path d=${icon.line} class="icon-line" />`}
  </svg>`;
}
