/** What a reader says about a file before it is sent, as the options of the API. */

/**
 * @typedef {object} Options empty texts are what the service finds by itself
 * @property {string} name
 * @property {string} delimiter
 * @property {string} decimal
 * @property {string} thousands
 * @property {string} header
 * @property {string} missing words separated by commas
 * @property {string} encoding
 * @property {string[]} target
 * @property {string[]} drop
 * @property {string} weight
 * @property {Record<string, string>} types kinds by column
 * @property {string} target_type
 * @property {string} scale
 */

/** @type {Options} */
export const DEFAULTS = {
  name: "", delimiter: "", decimal: "", thousands: "", header: "", missing: "", encoding: "",
  target: [], drop: [], weight: "", types: {}, target_type: "", scale: "",
};
/** The options that only a CSV has; the service refuses them with other formats. */
const OF_CSV = /** @type {const} */ (["delimiter", "decimal", "thousands", "header", "encoding"]);
const EXTENSIONS = /(\.(csv|tsv|txt|tab|json|jsonl|ndjson|parquet|arrow|feather|npz|gz|zst))+$/i;
const LONGEST_NAME = 64;
const SUGGESTION = /`(delimiter|decimal|thousands|header|missing|encoding|types|drop|target|target_type)=([^`]+)`/g;

/** @typedef {{name: string, value: string}} Suggestion  an option that a message of the service names */

/**
 * Return a name that a dataset may have, made of a file's name: "Sales 2024.csv" becomes "sales-2024".
 *
 * @param {string} file
 */
export function nameOf(file) {
  const plain = file.replace(EXTENSIONS, "").normalize("NFKD").toLowerCase();
  const made = plain.replace(/\p{M}/gu, "").replace(/[^a-z0-9._-]+/g, "-").replace(/^[^a-z0-9]+|-+$/g, "");
  return made.slice(0, LONGEST_NAME) || "dataset";
}

/**
 * Return the query that says these options.
 *
 * @param {Options} options
 * @param {boolean} isCsv
 * @returns {Record<string, string | string[]>}
 */
export function queryOf(options, isCsv) {
  /** @type {Record<string, string | string[]>} */
  const query = {};
  if (isCsv) {
    for (const name of OF_CSV) if (options[name]) query[name] = options[name];
    const words = options.missing.split(",").map((word) => word.trim()).filter(Boolean);
    if (words.length) query.missing = words;
  }
  if (options.target.length) query.target = options.target;
  if (options.drop.length) query.drop = options.drop;
  if (options.weight) query.weight = options.weight;
  const kinds = Object.entries(options.types).filter(([, kind]) => kind);
  if (kinds.length) query.types = kinds.map(([name, kind]) => `${name}:${kind}`);
  if (options.target_type) query.target_type = options.target_type;
  if (options.scale) query.scale = options.scale;
  return query;
}

/**
 * Return the role of a column: "target", "drop", "weight", or "" for what the service makes of it.
 *
 * @param {Options} options
 * @param {string} column
 */
export function roleOf(options, column) {
  if (options.target.includes(column)) return "target";
  if (options.drop.includes(column)) return "drop";
  return options.weight === column ? "weight" : "";
}

/**
 * Return options in which a column has a role.
 *
 * @param {Options} options
 * @param {string} column
 * @param {string} role
 * @returns {Options}
 */
export function withRole(options, column, role) {
  const others = (/** @type {string[]} */ names) => names.filter((name) => name !== column);
  return {
    ...options,
    target: role === "target" ? [...others(options.target), column] : others(options.target),
    drop: role === "drop" ? [...others(options.drop), column] : others(options.drop),
    weight: role === "weight" ? column : options.weight === column ? "" : options.weight,
  };
}

/**
 * Return the options that a message of the service offers: "say `missing=x`, or `types=a:category`".
 *
 * @param {string} message
 * @returns {Suggestion[]}
 */
export function suggestionsOf(message) {
  return [...message.matchAll(SUGGESTION)].map(([, name, value]) => ({ name, value }));
}

/**
 * Return options in which a suggestion is followed.
 *
 * @param {Options} options
 * @param {Suggestion} suggestion
 * @returns {Options}
 */
export function following(options, { name, value }) {
  if (name === "types") {
    const at = value.lastIndexOf(":");
    return { ...options, types: { ...options.types, [value.slice(0, at)]: value.slice(at + 1) } };
  }
  if (name === "drop" || name === "target") return withRole(options, value, name);
  if (name === "missing") return { ...options, missing: [options.missing, value].filter(Boolean).join(", ") };
  return { ...options, [name]: value };
}
