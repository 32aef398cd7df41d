/** Starts the page. */

import { html, render } from "../vendor/htm-preact.js";
import { announce } from "../parts/address.js";
import { Page } from "./page.js";

const root = /** @type {HTMLElement} */ (document.getElementById("page"));
root.replaceChildren();
render(html`<${Page} />`, root);
addEventListener("popstate", announce);
