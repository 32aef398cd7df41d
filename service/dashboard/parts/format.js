/** Numbers and times as people read them. */

const UNITS = [
  ["year", 31536000],
  ["month", 2592000],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

const SMALLEST_PLAIN = 1e-6; // smaller numbers have an exponent, which is then the shorter and the clearer one

/**
 * Return a number with some significant digits: 0.2513, 12,340, 0.0000691, 1.23e-7; "–" for null, and what JSON cannot write as text.
 *
 * Below 0.0001, where the zeros take the room, there is one digit less.
 *
 * @param {number | null | undefined} value
 * @param {number} [digits]
 */
export function number(value, digits = 4) {
  if (value === null || value === undefined) return "–";
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) return value.toLocaleString("en");
  const most = size < 1e-4 ? Math.max(digits - 1, 2) : digits;
  if (size < SMALLEST_PLAIN || size >= 1e9) return value.toExponential(Math.max(digits - 2, 1)).replace("e+", "e");
  return value.toLocaleString("en", { maximumSignificantDigits: most });
}

/**
 * Return a whole number with separators of thousands.
 *
 * @param {number | null | undefined} value
 */
export function count(value) {
  return value === null || value === undefined ? "–" : value.toLocaleString("en");
}

/**
 * Return a number with "thing" or "things" behind it.
 *
 * @param {number} value
 * @param {string} thing
 * @param {string} [things]
 */
export function counted(value, thing, things = `${thing}s`) {
  return `${count(value)} ${value === 1 ? thing : things}`;
}

/**
 * Return a share as per cent.
 *
 * @param {number | null | undefined} share from 0 to 1
 */
export function percent(share) {
  return share === null || share === undefined ? "–" : `${(share * 100).toLocaleString("en", { maximumFractionDigits: 1 })} %`;
}

/**
 * Return a duration: 0.4 s, 12 s, 3 min 20 s, 2 h 5 min.
 *
 * @param {number | null | undefined} seconds
 */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return `${number(seconds, 2)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/**
 * Return a size in bytes: 512 B, 1.5 KiB, 3 MiB.
 *
 * @param {number | null | undefined} bytes
 */
export function size(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  const names = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), names.length - 1);
  return `${number(bytes / 1024 ** step, 3)} ${names[step]}`;
}

/**
 * Return how long ago a moment was: "3 minutes ago".
 *
 * @param {string | null | undefined} moment in ISO 8601
 * @param {number} [now] in milliseconds
 */
export function ago(moment, now = Date.now()) {
  if (!moment) return "–";
  const seconds = (now - Date.parse(moment)) / 1000;
  const unit = UNITS.find((each) => seconds >= /** @type {number} */ (each[1]));
  if (!unit) return "just now";
  const [name, length] = /** @type {[string, number]} */ (unit);
  return `${counted(Math.floor(seconds / length), name)} ago`;
}

/**
 * Return a text with signs for its characters that cannot be seen, and that would turn around what follows.
 *
 * @param {string} text
 */
export function visible(text) {
  return text.replace(/\r\n|[\n\r\u2028\u2029]/g, "↵").replace(/\t/g, "⇥").replace(/[\0-\x1f\x7f-\x9f\xad\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g, "\ufffd");
}

/**
 * Return a text of at most so many characters, with an ellipsis where it was longer, and with signs for what cannot be seen.
 *
 * @param {string} text
 * @param {number} [most]
 */
export function shortened(text, most = 40) {
  const characters = [...visible(text)];
  return characters.length <= most ? characters.join("") : `${characters.slice(0, most - 1).join("")}…`;
}
