/** The body of `POST /v1/jobs` while it is written: as fields by JSON pointers, and as text. */

/** @typedef {{pointer?: string, detail: string}} Fault  of a 422 */

const LINE = 110;

/**
 * Return the value at a JSON pointer such as `#/training/epochs`, undefined where there is none.
 *
 * @param {any} body
 * @param {string} pointer
 */
export function valueAt(body, pointer) {
  return keysOf(pointer).reduce((value, key) => value?.[key], body);
}

/**
 * Return a body with another value at a JSON pointer; undefined removes the key.
 *
 * @param {any} body
 * @param {string} pointer
 * @param {any} value
 */
export function withValue(body, pointer, value) {
  return replaced(body, keysOf(pointer), value);
}

/** @type {(within: any, keys: string[], value: any) => any} */
function replaced(within, [key, ...further], value) {
  if (key === undefined) return value;
  const inner = further.length ? replaced(isContainer(within?.[key]) ? within[key] : {}, further, value) : value;
  if (Array.isArray(within)) {
    return inner === undefined ? within.filter((_, index) => index !== Number(key)) : within.toSpliced(Number(key), 1, inner);
  }
  const { [key]: before, ...others } = isContainer(within) ? within : {};
  if (inner === undefined) return others;
  return before === undefined ? { ...others, [key]: inner } : { ...within, [key]: inner };
}

/** @param {any} value */
function isContainer(value) {
  return value !== null && typeof value === "object";
}

/** @param {string} pointer */
function keysOf(pointer) {
  return pointer.replace(/^#\/?/, "").split("/").filter(Boolean);
}

/**
 * Return a value as JSON for people: what fits into a line is in one.
 *
 * @param {any} value
 * @param {string} [indent]
 * @returns {string}
 */
export function pretty(value, indent = "") {
  const whole = oneLine(value);
  if (!isContainer(value) || indent.length + whole.length <= LINE) return whole;
  const deeper = `${indent}  `;
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const parts = Array.isArray(value)
    ? value.map((each) => pretty(each, deeper))
    : Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${pretty(each, deeper)}`);
  return `${open}\n${parts.map((part) => deeper + part).join(",\n")}\n${indent}${close}`;
}

/** @type {(value: any) => string} */
function oneLine(value) {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`;
  if (!isContainer(value)) return JSON.stringify(value);
  return `{${Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}: ${oneLine(each)}`).join(", ")}}`;
}

/**
 * Return what a reader typed into a field for a number: a number where it is one, undefined for nothing, else the text.
 *
 * @param {string} text
 */
export function typed(text) {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  return Number.isFinite(Number(trimmed)) ? Number(trimmed) : trimmed;
}

/**
 * Return the faults of a field: those at its pointer, and within what stands there.
 *
 * @param {Fault[]} faults
 * @param {string} pointer
 */
export function faultsAt(faults, pointer) {
  return faults.filter((fault) => fault.pointer === pointer || fault.pointer?.startsWith(`${pointer}/`));
}
