// @ts-check
/**
 * A client of the backprop service for Node 18 or newer and for browsers: one module without dependencies.
 *
 * It needs `fetch`, web streams and `AbortController`, and nothing else of its platform. Requests that may be repeated
 * (reads, `PUT`, `DELETE`, predictions, and every `POST` with an `Idempotency-Key`, which this module makes) are sent
 * again when no answer comes, or one that says to try later. docs/clients.md has examples.
 */

/** @typedef {"queued" | "running" | "paused" | "succeeded" | "failed" | "cancelled"} Status */
/** @typedef {"delimiter" | "decimal" | "thousands" | "header" | "encoding" | "target_type" | "scale"} OneValued */
/** @typedef {string | string[]} Names */

/**
 * Options of every request.
 * @typedef {object} Options
 * @property {AbortSignal} [signal] ends the request, its repetitions and its streams
 * @property {number} [timeoutSeconds] of one attempt; 60 unless said otherwise, and without limit for files
 * @property {string} [idempotencyKey] of a request that creates or changes something; made when left out
 */

/**
 * One thing that is wrong with a request: where in the body or the query, or in which row and column, and why.
 * @typedef {{pointer?: string, row?: number, column?: string, detail: string}} Fault
 */

/**
 * The losses and metrics of one epoch. Losses are null where they are not finite or not measured.
 * @typedef {object} Epoch
 * @property {number} epoch
 * @property {number | null} training_loss
 * @property {number | null} validation_loss
 * @property {{training: Record<string, number | null>, validation: Record<string, number | null>}} metrics
 * @property {number} learning_rate
 * @property {number} seconds
 * @property {boolean} parameters_stored
 * @property {string} sha256
 */

/**
 * A job; the service's OpenAPI document describes every field.
 * @typedef {object} Job
 * @property {string} id
 * @property {Status} status
 * @property {string} dataset
 * @property {{epoch: number, epochs: number, fraction: number, eta_seconds: number | null}} progress
 * @property {Epoch | null} latest
 * @property {number | null} best_epoch
 * @property {{name: string, version: number | null}} model
 * @property {{code: string, detail: string, epoch: number | null} | null} error
 * @property {Record<string, string>} metadata
 * @property {Record<string, any>} training
 */

/**
 * A job in a list, without what is large; `jobs.get` reads all of it. `best`, `at_epoch` and `curve` are there where the
 * list was asked for them: `jobs.list({best: true, at_epoch: 10, curve: 24})`.
 * @typedef {Omit<Job, "training"> & {training?: undefined, best?: Epoch | null, at_epoch?: Epoch | null,
 *   curve?: [number, number | null][]}} JobSummary
 */

/**
 * A job that was checked and not stored.
 * @typedef {Omit<Job, "id"> & {id?: undefined}} PlannedJob
 */

/** @typedef {{expected: number, low: number, high: number}} Range in seconds: what is expected, and from where to where it may lie */

/**
 * What a job would cost and when it would run; docs/estimates.md describes every field.
 * @typedef {object} Estimate
 * @property {PlannedJob} job with every default filled in
 * @property {number} parameters
 * @property {{training: number, validation: number, test: number}} rows
 * @property {number} epochs
 * @property {Range} seconds_per_epoch
 * @property {Range} seconds from its start to its end, with all epochs
 * @property {string[]} may_end_sooner
 * @property {{source: string, jobs: number, similarity: number, detail: string}} basis
 * @property {Record<string, number>} bytes
 * @property {number} memory_bytes
 * @property {{position: number, workers: number, running: number, starts_in_seconds: number | null,
 *   starts_at: string | null, ends_at: string | null, reason: string | null}} queue
 */

/**
 * Something that took place with a job: `type` is `status`, `epoch`, `warning` or `end`, and `data` goes with it.
 * @typedef {{id: number, type: string, job: string, created_at: string, data: any}} JobEvent
 */

/**
 * What a column of a dataset holds.
 * @typedef {object} Column
 * @property {string} name
 * @property {string} role `input`, `target` or `weight`
 * @property {string} type `number` or `category`
 * @property {number | null} minimum
 * @property {number | null} maximum
 * @property {number | null} mean
 * @property {string[] | null} categories
 */

/** @typedef {{name: string, version: number, rows: number, warnings: string[], columns: Column[]}} Dataset */
/** @typedef {{name: string, inputs: number | null, parameters: number | null}} Network */
/** @typedef {{name: string, ready: boolean, latest: number | null, aliases: Record<string, number>, example: any}} Model */

/**
 * The answer to rows to predict: rows sent as lists are answered as lists, with `labels` if they are classes; rows
 * sent as objects are answered as objects.
 * @typedef {object} Predictions
 * @property {any[]} predictions
 * @property {(string | number)[] | null} labels
 * @property {string} model
 * @property {number | null} version
 * @property {number | null} epoch
 */

/** @typedef {{id: string, status: Status, model: string, dataset: string}} Prediction */

/**
 * What a dataset is made of: a file or its bytes in any format that the service reads, the text of a CSV, a list of
 * records, or the body of `POST /v1/datasets` (`{inputs, targets}` or `{columns, rows, target}`).
 * @typedef {Blob | ArrayBuffer | ArrayBufferView | string | object[] | Record<string, any>} Data
 */

/**
 * How a dataset is read: the options of docs/datasets.md, and the media type where the first bytes do not tell.
 * @typedef {Partial<Record<OneValued, string | number | boolean>> & {target?: Names, drop?: Names, weight?: string,
 *   missing?: Names, types?: Record<string, string> | Names, inputs?: string, targets?: string, type?: string}} Reading
 */

const LONGEST_PAUSE = 60; // a longer `Retry-After` is left to the caller
const TRANSIENT = new Set([408, 429, 502, 503, 504]);
const SILENT_SECONDS = 45; // a stream says something every 15 s
const WAIT_SECONDS = 30;

/** An answer of the service that is an error, with the fields of its problem document (RFC 9457). */
export class Problem extends Error {
  /**
   * @param {Response} response
   * @param {Record<string, any>} fields
   */
  constructor(response, fields) {
    super(`${response.status}: ${fields.detail ?? fields.error ?? fields.title ?? response.statusText}`);
    this.name = "Problem";
    this.status = response.status;
    /** @type {string} */
    this.type = fields.type ?? "about:blank";
    /** @type {string} */
    this.title = fields.title ?? response.statusText;
    /** @type {string} */
    this.detail = fields.detail ?? fields.error ?? response.statusText;
    /** @type {Fault[]} */
    this.errors = fields.errors ?? [];
    /** @type {string | null} */
    this.requestId = fields.request_id ?? response.headers.get("X-Request-Id");
    /** Seconds after which to try again, if the service said so. */
    this.retryAfter = retryAfter(response);
    /** All fields of the answer, such as `nearest` of an epoch that is not stored. */
    this.fields = fields;
  }
}

/** No answer came, however often the request was sent; `cause` says why. */
export class Unreachable extends Error {
  /**
   * @param {string} url
   * @param {unknown} cause
   */
  constructor(url, cause) {
    const why = cause instanceof Error ? reasons(cause) : String(cause);
    const origin = globalThis.location?.origin;
    const hint = origin && !url.startsWith(origin)
      ? `; browsers also say so where BACKPROP_CORS_ORIGINS of the service does not list ${origin}`
      : "";
    super(`no answer from ${url}: ${why}${hint}`, { cause });
    this.name = "Unreachable";
  }
}

/**
 * Say why something failed, with what lies below it: Node's `fetch` says "fetch failed", and its cause the reason.
 * @param {Error} error
 * @returns {string}
 */
function reasons(error) {
  const { message, cause } = /** @type {Error & {cause?: unknown, code?: string}} */ (error);
  const below = cause instanceof Error ? cause.message || /** @type {any} */ (cause).code : "";
  return below ? `${message}: ${below}` : message;
}

/** The service at one address, as the owner of a key sees it. */
export class Backprop {
  #answered = false;
  /** @type {typeof fetch} */
  #fetch;
  /** @type {string | undefined} */
  #key;
  /** how often a request is sent again while nothing has answered; a first one is more likely at a wrong address than in an outage */
  #firstRetries;

  /**
   * @param {object} [options]
   * @param {string} [options.url] default: `BACKPROP_URL` of the environment, else `http://127.0.0.1:8000`; on a page that
   *   the service itself sends, `""` or the path below which it is
   * @param {string} [options.key] default: `BACKPROP_KEY` of the environment, else none
   * @param {number} [options.retries] how often a request that may be repeated is sent again; default: 6 times, and twice while
   *   nothing has answered at the address yet
   * @param {number} [options.timeoutSeconds] of one attempt
   * @param {typeof fetch} [options.fetch] used in place of the platform's
   */
  constructor({ url, key, retries, timeoutSeconds = 60, fetch } = {}) {
    const environment = /** @type {any} */ (globalThis).process?.env ?? {};
    const address = url ?? (environment.BACKPROP_URL || "http://127.0.0.1:8000");
    if (!/^https?:\/\/[^/]/.test(address) && !(globalThis.location && /^(\/(?!\/)|$)/.test(address))) {
      throw new TypeError(`the address must begin with http:// or https:// and name a host, got "${address}"`);
    }
    this.url = address.replace(/\/+$/, "");
    this.#key = (key ?? environment.BACKPROP_KEY)?.trim();
    if (this.#key && !/^[!-~]+$/.test(this.#key)) {
      throw new TypeError("the key must be ASCII without spaces and line ends; it is not repeated here");
    }
    this.retries = retries ?? 6;
    this.#firstRetries = retries ?? 2;
    this.timeoutSeconds = timeoutSeconds;
    this.#fetch = fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.networks = new Networks(this, "/v1/networks");
    this.datasets = new Datasets(this, "/v1/datasets");
    this.jobs = new Jobs(this, "/v1/jobs");
    this.models = new Models(this, "/v1/models");
    this.predictions = new PredictionsOfDatasets(this, "/v1/predictions");
  }

  /**
   * Send a request and return the JSON of its answer, for operations that have no method here.
   * @param {string} method
   * @param {string} path such as `/v1/jobs`
   * @param {Options & {query?: Record<string, any>, body?: any, headers?: Record<string, string>, safe?: boolean}} [options]
   *   `body` is sent as JSON unless it is a `Blob`, bytes or text; `safe` says that a POST may be sent twice
   * @returns {Promise<any>} undefined for an answer without a body
   */
  async request(method, path, options = {}) {
    return this.send(method, path, options, async (response) => {
      const text = await response.text();
      return text ? fromJson(text, response) : undefined;
    });
  }

  /**
   * Send a request until it is answered, and return what `read` makes of the answer.
   * @template T
   * @param {string} method
   * @param {string} path
   * @param {Parameters<Backprop["request"]>[2]} options
   * @param {(response: Response) => Promise<T>} read
   * @returns {Promise<T>}
   */
  async send(method, path, options = {}, read) {
    const { signal, query, idempotencyKey, safe } = options;
    const url = this.url + path + search(query);
    const body = isFile(options.body) || options.body === undefined ? options.body : toJson(options.body);
    const headers = new Headers(options.headers);
    if (body !== undefined && body !== options.body) headers.set("Content-Type", "application/json");
    if (this.#key) headers.set("Authorization", `Bearer ${this.#key}`);
    if (idempotencyKey) headers.set("Idempotency-Key", idempotencyKey);
    const repeatable = method === "POST" ? Boolean(idempotencyKey || safe) : !headers.has("If-Match");
    const seconds = options.timeoutSeconds ?? (isFile(options.body) ? Infinity : this.timeoutSeconds);
    for (let attempt = 0, lost = false; ; attempt += 1) {
      const limit = limited(signal, seconds);
      /** @type {unknown} */
      let reason;
      let pause = Math.min(0.25 * 2 ** attempt, 8) * (0.5 + Math.random() / 2);
      try {
        const response = await this.#fetch(url, { method, headers, body, signal: limit.signal });
        this.#answered = true;
        if (response.ok) return await read(response);
        const problem = new Problem(response, await fields(response));
        if (method === "DELETE" && lost && problem.status === 404) return /** @type {T} */ (undefined); // it was deleted
        pause = problem.retryAfter ?? pause;
        const transient = problem.status === 429 || (repeatable && (TRANSIENT.has(problem.status) || underWay(problem)));
        if (!transient || attempt >= this.retries || pause > LONGEST_PAUSE) throw problem;
        reason = problem;
      } catch (error) {
        if (error instanceof Problem || error instanceof SyntaxError) throw error;
        if (signal?.aborted) throw signal.reason;
        lost = true;
        const patience = this.#answered ? this.retries : this.#firstRetries;
        reason = limit.signal.aborted ? limit.signal.reason : error;
        if (!repeatable || attempt >= patience) throw new Unreachable(url, reason);
      } finally {
        limit.clear();
      }
      await sleep(pause, signal);
    }
  }

  /**
   * Send a POST that creates or changes something: under an `Idempotency-Key`, so that it is done once.
   * @param {string} path
   * @param {any} body
   * @param {Parameters<Backprop["request"]>[2]} [options]
   */
  async create(path, body, options = {}) {
    return this.request("POST", path, { ...options, body, idempotencyKey: options.idempotencyKey ?? newKey() });
  }

  /**
   * Yield the entries of a list, newest first, reading a page at a time.
   * @param {string} path
   * @param {Record<string, any>} [query]
   * @param {Options} [options]
   * @returns {AsyncGenerator<any, void, undefined>}
   */
  async *list(path, query = {}, options = {}) {
    for (let after = query.after; ; ) {
      const page = await this.send("GET", path, { ...options, query: { ...query, after } }, async (response) => ({
        ...(await response.json()),
        next: nextAfter(response),
      }));
      yield* page.data;
      if (!page.has_more) return;
      after = page.next ?? page.last_id;
    }
  }

  /**
   * Yield the events of all jobs as they happen, each once and in order, until the signal ends it.
   * @param {Options & {after?: number}} [options] `after`: the id of the last event that is known
   * @returns {AsyncGenerator<JobEvent, void, undefined>}
   */
  async *events(options = {}) {
    yield* this.stream("/v1/events", options);
  }

  /**
   * Yield the events of a stream of server-sent events, going on with `Last-Event-ID` when it is cut off.
   * @param {string} path
   * @param {Options & {after?: number}} options
   * @returns {AsyncGenerator<JobEvent, void, undefined>}
   */
  async *stream(path, { after, signal, timeoutSeconds }) {
    let last = after;
    let pause = 2;
    for (;;) {
      /** @type {Record<string, string>} */
      const headers = { Accept: "text/event-stream" };
      if (last !== undefined) headers["Last-Event-ID"] = String(last);
      const open = async (/** @type {Response} */ response) => (response.status === 204 ? null : response.body);
      const bytes = await this.send("GET", path, { headers, signal, timeoutSeconds }, open);
      if (bytes === null) return;
      for await (const message of messages(bytes, signal)) {
        if (message.retry) pause = message.retry / 1000;
        if (!message.data || (last !== undefined && Number(message.id) <= last)) continue;
        last = Number(message.id);
        yield JSON.parse(message.data);
      }
      await sleep(pause, signal);
    }
  }
}

/**
 * What all kinds of resources have. `One` is what one of them is read as, and `Listed` in a list.
 * @template One
 * @template [Listed=One]
 */
class Resources {
  /** @param {Backprop} service @param {string} path */
  constructor(service, path) {
    /** @protected */
    this.service = service;
    /** @protected */
    this.path = path;
  }

  /** @param {string} name or id @param {Options} [options] @returns {Promise<One>} */
  get(name, options) {
    return this.service.request("GET", this.path + at`/${name}`, options);
  }

  /**
   * Yield all of them, newest first.
   * @param {Record<string, any>} [query] which to list, as the OpenAPI document says
   * @param {Options} [options]
   * @returns {AsyncGenerator<Listed, void, undefined>}
   */
  list(query, options) {
    return this.service.list(this.path, query, options);
  }

  /** @param {string} name or id @param {Options} [options] @returns {Promise<void>} */
  delete(name, options) {
    return this.service.request("DELETE", this.path + at`/${name}`, options);
  }
}

/**
 * What is queued and runs in a worker: jobs, and predictions of datasets.
 * @template One
 * @template [Listed=One]
 * @extends {Resources<One, Listed>}
 */
class Queued extends Resources {
  /**
   * Queue one; it is created once, however often the request has to be sent.
   * @param {Record<string, any>} definition the body of the `POST`; `{dataset: "iris"}` is enough for a job
   * @param {Options} [options]
   * @returns {Promise<One>}
   */
  create(definition, options) {
    return this.service.create(this.path, definition, options);
  }

  /**
   * Return it when it has ended, or is paused, as that waits for its owner; `status` says which.
   * @param {string | {id: string}} one its id, or what `create` returned
   * @param {Options} [options]
   * @returns {Promise<One>}
   */
  async wait(one, options = {}) {
    const id = typeof one === "string" ? one : one.id;
    for (;;) {
      const start = Date.now();
      const timeoutSeconds = (options.timeoutSeconds ?? this.service.timeoutSeconds) + WAIT_SECONDS;
      const more = { ...options, timeoutSeconds, query: { wait: WAIT_SECONDS } };
      const found = await this.service.request("GET", this.path + at`/${id}`, more);
      if (hasEnded(found.status) || found.status === "paused") return found;
      if (Date.now() - start < 1000) await sleep(1, options.signal); // too many others wait: it was answered at once
    }
  }

  /** @param {string} id @param {Options} [options] @returns {Promise<One>} */
  cancel(id, options) {
    return this.command(id, "cancel", undefined, options);
  }

  /** @protected @param {string} id @param {string} verb @param {any} body @param {Options} [options] @returns {Promise<One>} */
  command(id, verb, body, options) {
    return this.service.create(this.path + at`/${id}:` + verb, body, options);
  }
}

/** @extends {Resources<Network & Record<string, any>>} */
class Networks extends Resources {
  /**
   * Create a network, or find the same one of that name.
   * @param {Record<string, any>} definition
   * @param {Options} [options]
   * @returns {Promise<Network & Record<string, any>>}
   */
  create(definition, options) {
    return this.service.create(this.path, definition, options);
  }
}

/** @extends {Resources<Dataset & Record<string, any>>} */
class Datasets extends Resources {
  /**
   * Store a dataset under a name; other content than there is makes the name's next version.
   * @param {string} name
   * @param {Data} data
   * @param {Reading & Options} [options]
   * @returns {Promise<Dataset & Record<string, any>>}
   */
  put(name, data, options = {}) {
    return this.service.request("PUT", this.path + at`/${name}`, upload(data, options));
  }

  /**
   * Store a dataset under a name that nothing has, which is made up when left out.
   * @param {Data} data
   * @param {Reading & Options & {name?: string}} [options]
   * @returns {Promise<Dataset & Record<string, any>>}
   */
  create(data, { name, ...options } = {}) {
    const { body, query, ...rest } = upload(data, options);
    return this.service.create(this.path, body, { ...rest, query: { name, ...query } });
  }

  /** @param {string} name @param {Options} [options] @returns {AsyncGenerator<any, void, undefined>} */
  rows(name, options) {
    return this.service.list(this.path + at`/${name}/rows`, { limit: 1000 }, options);
  }
}

/** @extends {Queued<Job & Record<string, any>, JobSummary & Record<string, any>>} */
class Jobs extends Queued {
  /**
   * Return what a job would cost and when it would run; nothing is stored.
   * @param {Record<string, any>} definition the body of `create`
   * @param {Options} [options]
   * @returns {Promise<Estimate & Record<string, any>>}
   */
  estimate(definition, options) {
    return this.service.request("POST", `${this.path}:estimate`, { ...options, body: definition, safe: true });
  }

  /**
   * Check a job as `create` does and return it with every default, without `id` and `links`; nothing is stored.
   * @param {Record<string, any>} definition the body of `create`
   * @param {Options} [options]
   * @returns {Promise<PlannedJob & Record<string, any>>}
   */
  dryRun(definition, options) {
    return this.service.request("POST", this.path, { ...options, query: { dry_run: true }, body: definition, safe: true });
  }

  /** @param {string} id @param {Options} [options] @returns {Promise<Job & Record<string, any>>} */
  pause(id, options) {
    return this.command(id, "pause", undefined, options);
  }

  /** @param {string} id @param {Options} [options] @returns {Promise<Job & Record<string, any>>} */
  resume(id, options) {
    return this.command(id, "resume", undefined, options);
  }

  /**
   * Train a paused job for some epochs, after which it pauses again.
   * @param {string} id
   * @param {number} [epochs]
   * @param {Options} [options]
   * @returns {Promise<Job & Record<string, any>>}
   */
  step(id, epochs = 1, options) {
    return this.command(id, "step", { epochs }, options);
  }

  /**
   * Start a new job from an epoch of this one.
   * @param {string} id
   * @param {Record<string, any>} [changes] `{epoch, training, ...}`
   * @param {Options} [options]
   * @returns {Promise<Job & Record<string, any>>}
   */
  fork(id, changes = {}, options) {
    return this.command(id, "fork", changes, options);
  }

  /** @param {string} id @param {Options} [options] @returns {Promise<Job & Record<string, any>>} */
  replay(id, options) {
    return this.command(id, "replay", {}, options);
  }

  /**
   * Yield the job's events as they happen, each once and in order; the last one is its `end`.
   * @param {string} id
   * @param {Options & {after?: number}} [options]
   * @returns {AsyncGenerator<JobEvent, void, undefined>}
   */
  async *events(id, options = {}) {
    for await (const event of this.service.stream(this.path + at`/${id}/events`, options)) {
      yield event;
      if (event.type === "end") return;
    }
  }

  /**
   * Yield every epoch of the job, each once and in order, those to come as they are trained until the job ends.
   * @param {string} id
   * @param {Options & {after?: number, follow?: boolean}} [options] without `follow` only what there is
   * @returns {AsyncGenerator<Epoch, void, undefined>}
   */
  async *epochs(id, { after, follow = true, ...options } = {}) {
    let last = after ?? -1;
    const { service } = this;
    const path = this.path + at`/${id}/epochs`;
    const known = async function* () {
      for await (const epoch of service.list(path, { limit: 1000, after: last < 0 ? undefined : last }, options)) {
        last = epoch.epoch;
        yield /** @type {Epoch} */ (epoch);
      }
    };
    const { status } = await this.get(id, options); // before the epochs are read, so that none can be missed
    yield* known();
    if (!follow || hasEnded(status)) return;
    // events skip epochs where training is fast, so they only say when there are new ones to read
    for await (const event of this.events(id, options)) {
      if (event.type === "end" || (event.type === "epoch" && event.data.epoch > last)) yield* known();
    }
  }

  /**
   * Return at most so many epochs that keep the extremes of each series, for a chart.
   * @param {string} id
   * @param {Options & {points?: number, series?: Names}} [options]
   * @returns {Promise<Epoch[]>}
   */
  async curve(id, { points = 500, series, ...options } = {}) {
    const query = { points, series };
    return (await this.service.request("GET", this.path + at`/${id}/epochs`, { ...options, query })).data;
  }

  /**
   * Return the weights and biases after an epoch.
   * @param {string} id
   * @param {number | "best" | "last"} epoch
   * @param {Options} [options]
   * @returns {Promise<{epoch: number, layers: any[], sha256: string}>}
   */
  parameters(id, epoch, options) {
    return this.service.request("GET", this.path + at`/${id}/epochs/${epoch}/parameters`, options);
  }

  /**
   * Predict with the network as it was after an epoch, also while the job runs.
   * @param {string} id
   * @param {number | "best" | "last"} epoch
   * @param {any[]} instances
   * @param {Options} [options]
   * @returns {Promise<Predictions & Record<string, any>>}
   */
  predict(id, epoch, instances, options) {
    const path = this.path + at`/${id}/epochs/${epoch}:predict`;
    return this.service.request("POST", path, { ...options, body: { instances }, safe: true });
  }
}

/** @extends {Resources<Model & Record<string, any>>} */
class Models extends Resources {
  /**
   * Predict rows, each a list of numbers or an object of columns.
   * @param {string} name
   * @param {any[]} instances
   * @param {Options & {version?: number | string, epoch?: number, unknown?: "error"}} [options] `version`: a number or an alias
   * @returns {Promise<Predictions & Record<string, any>>}
   */
  predict(name, instances, { version, epoch, unknown, ...options } = {}) {
    const path = `${this.versionPath(name, version)}:predict`;
    const query = { epoch, unknown };
    return this.service.request("POST", path, { ...options, query, body: { instances }, safe: true });
  }

  /**
   * Measure loss and metrics on a dataset.
   * @param {string} name
   * @param {string} dataset
   * @param {Options & {version?: number | string}} [options]
   * @returns {Promise<Record<string, any>>}
   */
  evaluate(name, dataset, { version, ...options } = {}) {
    const path = `${this.versionPath(name, version)}:evaluate`;
    return this.service.request("POST", path, { ...options, body: { dataset }, safe: true });
  }

  /**
   * Let an alias name a version.
   * @param {string} name
   * @param {string} alias
   * @param {number} version
   * @param {Options} [options]
   * @returns {Promise<Record<string, any>>}
   */
  setAlias(name, alias, version, options) {
    return this.service.request("PUT", this.path + at`/${name}/aliases/${alias}`, { ...options, body: { version } });
  }

  /**
   * Return a trained network as a file for other programs.
   * @param {string} name
   * @param {string} format `onnx`, `safetensors`, `npz`, `keras`, ...
   * @param {Options & {version?: number | string}} [options]
   * @returns {Promise<Blob>}
   */
  export(name, format, { version, ...options } = {}) {
    const path = `${this.versionPath(name, version)}/export`;
    return this.service.send("GET", path, { ...options, query: { format } }, (response) => response.blob());
  }

  /** @private @param {string} name @param {number | string | undefined} version */
  versionPath(name, version) {
    return this.path + (version === undefined ? at`/${name}` : at`/${name}/versions/${version}`);
  }
}

/** @extends {Queued<Prediction & Record<string, any>>} */
class PredictionsOfDatasets extends Queued {
  /**
   * Return the predictions as a file: CSV unless another format is asked for.
   * @param {string} id
   * @param {Options & {format?: string}} [options]
   * @returns {Promise<Blob>}
   */
  result(id, { format = "csv", ...options } = {}) {
    const path = this.path + at`/${id}/result`;
    return this.service.send("GET", path, { ...options, query: { format } }, (response) => response.blob());
  }
}

/**
 * Write a path whose values are escaped.
 * @param {TemplateStringsArray} texts
 * @param {...(string | number)} values
 */
function at(texts, ...values) {
  return String.raw({ raw: texts }, ...values.map(segment));
}

/** @param {string | number} value a name or an id @returns {string} a part of a path */
function segment(value) {
  if (typeof value === "string" || typeof value === "number") return encodeURIComponent(value);
  throw new TypeError(`an id or a name is needed, got ${value === null ? "null" : typeof value}; of an answer, its \`id\` or \`name\``);
}

/** @param {Record<string, any>} query @returns {string} */
function search(query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const pairs = given.flatMap(([name, value]) => [value].flat().map((/** @type {any} */ one) => [name, String(one)]));
  return pairs.length ? `?${new URLSearchParams(pairs)}` : "";
}

/** @param {unknown} value @returns {value is Blob} `instanceof` does not know the files of another frame */
function isBlob(value) {
  return /^\[object (Blob|File)\]$/.test(Object.prototype.toString.call(value));
}

/** @param {unknown} body @returns {body is Blob | ArrayBuffer | ArrayBufferView | string} */
function isFile(body) {
  const isBuffer = Object.prototype.toString.call(body) === "[object ArrayBuffer]";
  return typeof body === "string" || isBlob(body) || isBuffer || ArrayBuffer.isView(body);
}

/**
 * Write JSON; typed arrays become lists, and what JSON would silently turn into null is refused.
 * @param {unknown} value
 */
function toJson(value) {
  return JSON.stringify(value, (key, item) => {
    if (typeof item === "number" && !Number.isFinite(item)) {
      throw new TypeError(`\`${key}\` is ${item}, which JSON cannot hold; send null for a missing value`);
    }
    return ArrayBuffer.isView(item) ? Array.from(/** @type {any} */ (item)) : item;
  });
}

/**
 * Return the body, the query and the headers that send a dataset.
 * @param {Data} data
 * @param {Reading & Options} options
 */
function upload(data, { type, signal, timeoutSeconds, idempotencyKey, types, ...reading }) {
  const pairs = types && !Array.isArray(types) && typeof types === "object" ? Object.entries(types) : null;
  const query = { ...reading, types: pairs ? pairs.map((pair) => pair.join(":")) : types };
  const common = { signal, timeoutSeconds, idempotencyKey, query };
  if (!isFile(data)) return { ...common, body: Array.isArray(data) ? { rows: data } : data };
  // browsers guess a file's type from its name: without one, the service looks at the first bytes
  const body = isBlob(data) ? data.slice(0, data.size, "") : data;
  const mediaType = type ?? (typeof data === "string" ? "text/csv" : undefined);
  return { ...common, body, headers: /** @type {Record<string, string>} */ (mediaType ? { "Content-Type": mediaType } : {}) };
}

/** @param {string} text @param {Response} response @returns {any} */
function fromJson(text, response) {
  try {
    return JSON.parse(text);
  } catch (error) {
    const begin = text.slice(0, 80);
    throw new SyntaxError(`what answers at ${response.url} sends no JSON, so it is not this service: ${begin}`, { cause: error });
  }
}

/** @param {Response} response @returns {Promise<Record<string, any>>} */
async function fields(response) {
  const text = await response.text();
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : { detail: text };
  } catch {
    return { detail: `an answer that is no JSON: ${text.slice(0, 200)}` }; // a proxy's page, for example
  }
}

/** @param {Response} response @returns {number | null} */
function retryAfter(response) {
  const text = response.headers.get("Retry-After");
  if (text === null) return null;
  const seconds = /^\d+$/.test(text.trim()) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? null : Math.max(0, seconds);
}

/**
 * Whether the first request with the same key has not been answered yet.
 * @param {Problem} problem
 */
function underWay(problem) {
  return problem.status === 409 && (problem.retryAfter !== null || problem.detail.includes("is still under way"));
}

/** @param {Response} response @returns {string | undefined} the `after` of the next page */
function nextAfter(response) {
  const next = /<([^>]*)>\s*;\s*rel="?next"?/.exec(response.headers.get("Link") ?? "");
  return next ? new URL(next[1], "http://any").searchParams.get("after") ?? undefined : undefined;
}

/** Return a key that no other request has; `randomUUID` is missing on pages without HTTPS. */
function newKey() {
  const random = globalThis.crypto
    ? crypto.getRandomValues(new Uint32Array(4))
    : Array.from({ length: 4 }, () => Math.random() * 2 ** 32);
  return Array.from(random, (number) => Math.floor(number).toString(16).padStart(8, "0")).join("");
}

/** @param {string} status */
function hasEnded(status) {
  return status === "succeeded" || status === "failed" || status === "cancelled";
}

/**
 * Return a signal that follows another one and ends after some seconds.
 * @param {AbortSignal | undefined} outer
 * @param {number} seconds
 */
function limited(outer, seconds) {
  const controller = new AbortController();
  const follow = () => controller.abort(outer?.reason);
  const late = () => controller.abort(new DOMException(`no answer within ${seconds} s`, "TimeoutError"));
  const timer = Number.isFinite(seconds) ? setTimeout(late, seconds * 1000) : undefined;
  if (outer?.aborted) follow();
  else outer?.addEventListener("abort", follow, { once: true });
  const clear = () => {
    clearTimeout(timer);
    outer?.removeEventListener("abort", follow);
  };
  return { signal: controller.signal, clear };
}

/**
 * Wait for some seconds, or until the signal ends it.
 * @param {number} seconds
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
function sleep(seconds, signal) {
  return new Promise((resolve, reject) => {
    const limit = limited(signal, seconds);
    const end = () => {
      limit.clear();
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    };
    if (limit.signal.aborted) end();
    else limit.signal.addEventListener("abort", end, { once: true });
  });
}

/**
 * Yield the messages of a stream of server-sent events until it ends, is cut off or has been silent for too long.
 * @param {ReadableStream<Uint8Array>} bytes
 * @param {AbortSignal | undefined} signal
 * @returns {AsyncGenerator<{id?: string, data?: string, retry?: number}, void, undefined>}
 */
async function* messages(bytes, signal) {
  const reader = bytes.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const chunk = await next(reader, signal);
      if (chunk === null) return; // what is not ended by an empty line comes again
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split(/\r\n\r\n|\n\n|\r\r/);
      text = blocks.pop() ?? "";
      for (const block of blocks) yield message(block);
    }
  } finally {
    reader.cancel().catch(() => {}); // the connection may be gone, which is what is wanted
  }
}

/**
 * Return the next bytes; null when there will be none.
 * @param {ReadableStreamDefaultReader<Uint8Array>} reader
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<Uint8Array | null>}
 */
async function next(reader, signal) {
  const limit = limited(signal, SILENT_SECONDS);
  /** @type {Promise<null>} */
  const silent = new Promise((resolve) => {
    if (limit.signal.aborted) resolve(null);
    else limit.signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  try {
    return await Promise.race([reader.read().then(({ value }) => value ?? null, () => null), silent]);
  } finally {
    limit.clear();
    signal?.throwIfAborted();
  }
}

/** @param {string} block @returns {{id?: string, data?: string, retry?: number}} */
function message(block) {
  /** @type {{id?: string, data?: string, retry?: number}} */
  const found = {};
  for (const line of block.split(/\r\n|\n|\r/)) {
    const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (name === "id") found.id = value;
    else if (name === "data") found.data = found.data === undefined ? value : `${found.data}\n${value}`;
    else if (name === "retry") found.retry = Number(value);
  }
  return found;
}
