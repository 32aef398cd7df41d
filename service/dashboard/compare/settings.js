/** Which settings of some jobs differ. */

/** @typedef {any} Job  as `GET /v1/jobs/{id}` answers */

const COMPARED = ["dataset", "dataset_version", "columns", "network", "training", "priority"];
const RESULT = "fitted"; // what preprocessing was fitted to is no setting, and is as long as the dataset is wide
const UNNAMED = ["training", "network"]; // beginnings of paths that say nothing new

/**
 * @typedef {object} Setting
 * @property {string} name  as `optimizer learning_rate`
 * @property {string} path  within the job
 * @property {any[]} values  of each job; undefined where a job does not have it
 */

/**
 * Return the settings in which jobs differ, in the order in which jobs have them.
 *
 * @param {Job[]} jobs
 * @returns {Setting[]}
 */
export function differing(jobs) {
  const flat = jobs.map((job) => new Map(COMPARED.flatMap((name) => [...flattened(job[name], [name])])));
  const paths = [...new Set(flat.flatMap((each) => [...each.keys()]))];
  return paths
    .map((path) => ({ name: nameOf(path), path, values: flat.map((each) => each.get(path)) }))
    .filter(({ values }) => values.some((value) => JSON.stringify(value) !== JSON.stringify(values[0])));
}

/**
 * @param {any} value
 * @param {string[]} path
 * @returns {Iterable<[string, any]>}
 */
function* flattened(value, path) {
  const isNested = value !== null && typeof value === "object" && !isPlainList(value);
  if (!isNested) yield [path.join("."), value];
  else for (const [key, inner] of Object.entries(value)) if (key !== RESULT) yield* flattened(inner, [...path, key]);
}

/** @param {any} value a list of numbers and texts is one setting, such as the metrics */
function isPlainList(value) {
  return Array.isArray(value) && value.every((each) => each === null || typeof each !== "object");
}

/** @param {string} path */
function nameOf(path) {
  const parts = path.split(".");
  const isLayer = parts[0] === "network" && parts[1] === "layers";
  if (isLayer) return [`layer ${Number(parts[2]) + 1}`, ...parts.slice(3)].join(" ");
  return parts.filter((part, index) => index > 0 ? part : !UNNAMED.includes(part)).join(" ");
}

/**
 * Return a setting as text.
 *
 * @param {any} value
 */
export function settingText(value) {
  if (value === undefined) return "–";
  if (value === null) return "none";
  if (Array.isArray(value)) return value.length > 12 ? `${value.length} values` : value.join(", ") || "none";
  return typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
}
