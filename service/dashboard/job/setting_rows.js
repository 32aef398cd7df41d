/** A job's settings as rows of a table: names as people read them, with every default filled in. */

/** @typedef {{name: string, value: string}} Row */

/**
 * Return the rows of an object: nested objects become names with dots, lists stand in one row.
 *
 * @param {Record<string, any>} settings
 * @param {string} [prefix]
 * @returns {Row[]}
 */
export function rowsOf(settings, prefix = "") {
  return Object.entries(settings).flatMap(([name, value]) => {
    const full = prefix ? `${prefix}.${name}` : name;
    if (value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length) return rowsOf(value, full);
    return [{ name: full, value: textOf(value) }];
  });
}

/**
 * Return a value as people read it.
 *
 * @param {any} value
 * @returns {string}
 */
export function textOf(value) {
  if (value === null || value === undefined) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.length ? value.map(textOf).join(", ") : "none";
  if (typeof value === "object") {
    const pairs = Object.entries(value);
    return pairs.length ? pairs.map(([name, each]) => `${name} ${textOf(each)}`).join(", ") : "none";
  }
  return String(value);
}

/**
 * Return the groups of a job's settings.
 *
 * @param {import("../api/answers.js").Job} job
 * @returns {{title: string, rows: Row[]}[]}
 */
export function groupsOf(job) {
  const { preprocessing, optimizer, ...training } = job.training;
  const { fitted: _, ...chosen } = preprocessing ?? {};
  const columns = job.columns ? rowsOf({ inputs: job.columns.inputs, target: job.columns.target, target_type: job.columns.target_type }) : [];
  return [
    {
      title: "Data",
      rows: [
        { name: "dataset", value: `${job.dataset}, version ${job.dataset_version}` },
        ...columns,
        { name: "targets are read as", value: job.targets.kind },
        ...(job.targets.because ? [{ name: "because", value: job.targets.because }] : []),
        ...(job.targets.classes ? [{ name: "classes", value: textOf(job.targets.classes) }] : []),
        ...rowsOf(chosen, "preprocessing"),
      ],
    },
    { title: "Training", rows: [...rowsOf({ optimizer }), ...rowsOf(training)] },
    {
      title: "Job",
      rows: rowsOf({ model: job.model?.name ?? null, priority: job.priority, on_other_machine: job.on_other_machine, metadata: job.metadata, promote: job.promote, decision: job.decision, notify: job.notify }),
    },
  ];
}
