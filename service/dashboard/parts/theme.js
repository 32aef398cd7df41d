/** Light or dark: the setting of the browser, unless the reader or the address chooses. */

import { change } from "./address.js";
import { html, useEffect } from "../vendor/htm-preact.js";

const THEMES = ["light", "dark"];

/**
 * Let the page have the theme that its address names.
 *
 * @param {string | undefined} theme
 */
export function useTheme(theme) {
  useEffect(() => {
    const root = document.documentElement;
    if (theme && THEMES.includes(theme)) root.dataset.theme = theme;
    else delete root.dataset.theme;
    dispatchEvent(new Event("themechange"));
  }, [theme]);
}

/** Return whether dark colours are shown now. */
export function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/**
 * Return a colour of the style sheets, for a canvas: `colour("--training")`.
 *
 * `tokens.css` writes each as `light-dark(#1d2430, #e4e8ef)`, which a custom property keeps as text.
 *
 * @param {string} name
 */
export function colour(name) {
  const found = getComputedStyle(document.documentElement).getPropertyValue(name).match(/#\w+/g) ?? [];
  return found[isDark() ? 1 : 0] ?? "";
}

/**
 * Call a function whenever the colours change; return what ends that.
 *
 * @param {() => void} listener
 */
export function onTheme(listener) {
  const query = matchMedia("(prefers-color-scheme: dark)");
  query.addEventListener("change", listener);
  addEventListener("themechange", listener);
  return () => {
    query.removeEventListener("change", listener);
    removeEventListener("themechange", listener);
  };
}

/** @param {{theme: string | undefined}} props */
export function ThemeChoice({ theme }) {
  const next = theme === "dark" ? "light" : theme === "light" ? null : isDark() ? "light" : "dark";
  return html`<button
    type="button"
    class="plain-button"
    onClick=${() => change({ theme: next }, { replace: true })}
    title="Change between light, dark and the browser's choice"
  >${theme ? `Theme: ${theme}` : "Theme: auto"}</button>`;
}
