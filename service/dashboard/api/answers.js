/** Types of the API's answers, as `/openapi.json` declares them: what the page reads of a job and of its epochs. */

/** @typedef {"queued" | "running" | "paused" | "succeeded" | "failed" | "cancelled"} JobStatus */

/**
 * @typedef {object} Epoch  the record of an epoch
 * @property {number} epoch
 * @property {number | null} training_loss
 * @property {number | null} validation_loss
 * @property {{training: Record<string, number | null>, validation: Record<string, number | null>}} metrics
 * @property {number} learning_rate
 * @property {number} seconds
 * @property {boolean} parameters_stored
 * @property {string} sha256
 * @property {string[]} [nonfinite]  pointers to the numbers that JSON cannot write
 */

/**
 * @typedef {object} JobSummary  what a list of jobs has of each
 * @property {string} id
 * @property {JobStatus} status
 * @property {"cancel" | "pause" | null} requested
 * @property {{position: number, reason: string} | null} waiting
 * @property {string} created_at
 * @property {string | null} started_at
 * @property {string | null} finished_at
 * @property {{name: string | null}} network
 * @property {string} dataset
 * @property {number} dataset_version
 * @property {number} attempt
 * @property {{epoch: number, epochs: number, fraction: number, epochs_per_second: number | null, eta_seconds: number | null}} progress
 * @property {Epoch | null} latest
 * @property {number | null} best_epoch
 * @property {number | null} reached_epoch
 * @property {{name: string, version: number | null}} model
 * @property {{code: string, detail: string, epoch: number | null} | null} error
 * @property {number} priority
 */

/** @typedef {Pick<Epoch, "epoch" | "training_loss" | "validation_loss">} Losses */
/** @typedef {Omit<JobSummary, "latest"> & {latest: Losses | null, best: Losses | null, at_epoch: Losses | null, curve: [number, number | null][]}} Row  a summary with what the list shows of its epochs */

/** @typedef {{type: string, units?: number, activation?: string} & Record<string, any>} Layer  with the settings of its type */
/** @typedef {{name: string | null, inputs: number, layers: Layer[]}} Network  of a job, whose dataset says how many inputs there are */
/** @typedef {{code: string, epoch: number | null, layer: number | null, detail: string}} Warning */
/** @typedef {{rows: "validation" | "training", classes: (string | number)[], counts: number[][]}} ConfusionMatrix */
/** @typedef {{epoch: number, dataset: string | null, dataset_version: number | null, rows: number, loss: number | null, metrics: Record<string, number | null>, confusion_matrix: ConfusionMatrix | null}} Test */
/** @typedef {{of: string, through: number, identical: boolean | null, first_difference: Record<string, any> | null}} Replay */

/**
 * @typedef {object} WholeJob  what only the job by itself has
 * @property {Network} network
 * @property {{inputs: string[], target: string[], target_type: "class" | "value" | null} | null} columns
 * @property {{kind: "classes" | "values", classes: (string | number)[] | null, because: string | null}} targets
 * @property {Record<string, any>} training  the settings, resolved
 * @property {{reason: string | null, epoch: number | null} | null} stopped
 * @property {(ConfusionMatrix & {epoch: number}) | null} confusion_matrix
 * @property {Test | null} test
 * @property {{job: string, epoch: number, optimizer_state: "stored" | "fresh", reason: string | null} | null} forked_from
 * @property {Replay | null} replay
 * @property {(Warning | string)[]} warnings
 * @property {Record<string, string>} metadata
 * @property {"resume" | "wait" | "restart"} on_other_machine
 * @property {{alias: string} | null} promote
 * @property {{threshold: number} | null} decision
 * @property {Record<string, any> | null} notify
 */

/** @typedef {Omit<JobSummary, "network"> & WholeJob} Job */

export {};
