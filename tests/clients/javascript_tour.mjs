/**
 * The README's tour with clients/javascript/backprop.js, in Node and on a page: whatever fails is thrown.
 *
 * tests/integration/test_javascript_client.py gives it the module, the address, a key and the text of examples/iris.csv.
 */

/** @param {boolean} condition @param {string} what */
function check(condition, what) {
  if (!condition) throw new Error(`it is not so: ${what}`);
}

/** @param {any} found @param {any} wanted @param {string} what */
function same(found, wanted, what) {
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  check(one === other, `${what} is ${one}, expected ${other}`);
}

/** @param {Promise<any>} promise */
async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return /** @type {any} */ (error);
  }
  throw new Error("nothing was refused");
}

/** @param {any} iterator @param {number} most */
async function collect(iterator, most = Infinity) {
  const found = [];
  for await (const each of iterator) {
    found.push(each);
    if (found.length >= most) break;
  }
  return found;
}

const FLOWERS = [[5.9, 3.0, 5.1, 1.8]];
const SETOSA = { sepal_length: 5.0, sepal_width: 3.4, petal_length: 1.5, petal_width: 0.2 };
const XOR = { inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [[0], [1], [1], [0]] };

/** @param {{module: any, url: string, key: string, csv: string}} given */
export async function tour({ module, url, key, csv }) {
  const backprop = new module.Backprop({ url, key });
  await datasets(backprop, csv);
  await training(backprop);
  const id = await networks(backprop);
  await epochs(backprop, id);
  await streams(backprop);
  await problems(module, backprop, url);
  await lists(backprop);
  return "done";
}

/** @param {any} backprop @param {string} csv */
async function datasets(backprop, csv) {
  const iris = await backprop.datasets.put("iris", csv);
  same([iris.name, iris.rows, iris.columns.length], ["iris", 150, 5], "the dataset");
  // the same rows as files, whatever type a browser guesses, and as bytes
  for (const file of [new Blob([csv]), new Blob([csv], { type: "application/vnd.ms-excel" }), new TextEncoder().encode(csv)]) {
    same((await backprop.datasets.put("iris", file)).version, 1, "the version of the same content");
  }
  const records = [{ size: 1, kind: "a" }, { size: 2, kind: "b" }, { size: 3, kind: "a" }, { size: 4, kind: "b" }];
  const made = await backprop.datasets.create(records, { name: "kinds", target: "kind" });
  same(made.columns.map((/** @type {any} */ column) => column.role), ["input", "target"], "the roles");
  const codes = await backprop.datasets.put("codes", "zip,y\n1,2\n3,4\n", { types: { zip: "category" }, target_type: "value" });
  same(codes.columns[0].type, "category", "the type that was said");
  same((await collect(backprop.datasets.rows("codes"))).length, 2, "the rows");
}

/** @param {any} backprop */
async function training(backprop) {
  const ids = async () => (await collect(backprop.jobs.list())).map((job) => job.id);
  const before = await ids();
  const estimate = await backprop.jobs.estimate({ dataset: "iris", training: { epochs: 7 } });
  same([estimate.epochs, estimate.rows.training + estimate.rows.validation], [7, 150], "what is estimated");
  check(estimate.seconds.low <= estimate.seconds.expected && estimate.seconds.expected > 0, "the seconds are a range");
  const planned = await backprop.jobs.dryRun({ dataset: "iris", training: { epochs: 7 } });
  same([planned.training.epochs, planned.id], [7, undefined], "the job that is checked alone");
  same(await ids(), before, "the jobs after an estimate and a dry run");
  const job = await backprop.jobs.create({ dataset: "iris", model: "iris", training: { seed: 1 } });
  const ended = await backprop.jobs.wait(job);
  same(ended.status, "succeeded", "the job's end");
  same((await collect(backprop.jobs.list({}), 1))[0].training, undefined, "the training of a job in a list");
  const answer = await backprop.models.predict("iris", FLOWERS);
  same([answer.labels, answer.version], [["virginica"], ended.model.version], "the flower");
  same((await backprop.models.predict("iris", [SETOSA])).predictions[0].species, "setosa", "the other flower");
  same((await backprop.models.predict("iris", [Float32Array.from(FLOWERS[0])])).labels, ["virginica"], "a typed array");
  await backprop.models.setAlias("iris", "champion", ended.model.version);
  same((await backprop.models.predict("iris", FLOWERS, { version: "champion" })).labels, ["virginica"], "the alias");
  check((await backprop.models.evaluate("iris", "iris")).metrics.accuracy > 0.9, "the accuracy is above 0.9");
  const batch = await backprop.predictions.create({ model: "iris", dataset: "iris" });
  same((await backprop.predictions.wait(batch.id)).status, "succeeded", "the end of the predictions");
  const lines = (await (await backprop.predictions.result(batch.id)).text()).trim().split("\n");
  same(lines.length, 151, "the lines of the predictions");
  check((await backprop.models.export("iris", "onnx")).size > 100, "the file for ONNX programs has bytes");
}

/** @param {any} backprop */
async function networks(backprop) {
  const layers = [{ type: "dense", units: 4, activation: "sigmoid" }, { type: "dense", units: 1, activation: "sigmoid" }];
  const network = await backprop.networks.create({ name: "small", inputs: 2, layers });
  same(network.parameters, 17, "the parameters of the network");
  const optimizer = { type: "sgd", learning_rate: 0.5, momentum: 0.9 };
  const job = await backprop.jobs.create({
    network: "small",
    dataset: { name: "xor", ...XOR },
    training: { loss: "quadratic", optimizer, epochs: 2000, seed: 1 },
    metadata: { team: "a" },
  });
  const seen = await collect(backprop.jobs.epochs(job.id));
  same(seen.map((each) => each.epoch), Array.from({ length: 2001 }, (_, epoch) => epoch), "every epoch, once");
  check(seen[2000].training_loss < seen[0].training_loss / 10, "the loss has fallen");
  return job.id;
}

/** @param {any} backprop @param {string} id */
async function epochs(backprop, id) {
  const points = (await backprop.jobs.curve(id, { points: 10 })).map((/** @type {any} */ point) => point.epoch);
  same([points.length <= 10, points[0], points[points.length - 1]], [true, 0, 2000], "the points of the curve");
  same((await collect(backprop.jobs.epochs(id, { after: 1998 }))).map((each) => each.epoch), [1999, 2000], "the last epochs");
  const { layers } = await backprop.jobs.parameters(id, 100);
  same([layers[0].weights.length, layers[0].biases.length], [2, 4], "the shape of the first layer");
  const rows = [[0, 1], [1, 1]];
  same((await backprop.jobs.predict(id, "last", rows)).predictions.map((/** @type {number[]} */ row) => Math.round(row[0])), [1, 0], "xor");
  same((await backprop.models.predict(id, rows, { epoch: 0 })).epoch, 0, "the epoch that predicts");
}

/** @param {any} backprop */
async function streams(backprop) {
  const job = await backprop.jobs.create({ network: "small", dataset: "xor", training: { epochs: 5000, seed: 2 }, hold: true });
  same((await backprop.jobs.wait(job.id)).status, "paused", "the status of a job on hold");
  same((await backprop.jobs.wait((await backprop.jobs.step(job.id, 3)).id)).progress.epoch, 3, "the epoch after a step");
  const all = backprop.events({ after: 0 });
  const first = (await all.next()).value;
  await all.return();
  await backprop.jobs.resume(job.id);
  const events = await collect(backprop.jobs.events(job.id));
  const ids = events.map((event) => event.id);
  check(ids.every((one, position) => !position || one > ids[position - 1]) && ids[0] > first.id, "the ids grow");
  same([events[0].type, events[events.length - 1].type], ["status", "end"], "the first and the last event");
  const rest = await collect(backprop.jobs.events(job.id, { after: ids[ids.length - 2] }));
  same(rest.map((event) => event.id), ids.slice(-1), "what comes after the last but one");
  same(await collect(backprop.jobs.events(job.id, { after: ids[ids.length - 1] })), [], "what comes after the end");
  const fork = await backprop.jobs.fork(job.id, { epoch: 3, training: { epochs: 1000000 } });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 200);
  const waiting = backprop.jobs.wait(fork.id, { signal: controller.signal });
  const listening = collect(backprop.jobs.events(fork.id, { signal: AbortSignal.timeout(500) }));
  same((await refusal(waiting)).name, "AbortError", "what an aborted wait throws");
  same((await refusal(listening)).name, "TimeoutError", "what an aborted stream throws");
  await collect(backprop.jobs.epochs(fork.id), 5);
  await backprop.jobs.cancel(fork.id);
  same((await backprop.jobs.wait(fork.id)).status, "cancelled", "the end of a cancelled job");
  await backprop.jobs.delete(fork.id);
}

/** @param {any} module @param {any} backprop @param {string} url */
async function problems(module, backprop, url) {
  const wrong = { dataset: "iris", training: { optimizer: { type: "sgd", learning_rte: 0.1 } } };
  const problem = await refusal(backprop.jobs.create(wrong));
  check(problem instanceof module.Problem, "it is a Problem");
  same([problem.status, problem.type, problem.errors[0].pointer],
    [422, "/problems/validation", "#/training/optimizer/learning_rte"], "the problem");
  check(problem.message.includes("did you mean `learning_rate`?") && problem.requestId, "it has a guess and an id");
  same((await refusal(backprop.jobs.get("job_none"))).status, 404, "what is not there");
  for (const wrong of ["bp_a\nSECRET", "bp_\u00e4SECRET", "bp_a SECRET"]) {
    const refused = await refusal((async () => new module.Backprop({ url, key: wrong }))());
    check(refused instanceof TypeError && !refused.message.includes("SECRET"), "a key that no header carries is refused");
  }
  check((await refusal(backprop.models.predict("iris", [[NaN, 1, 2, 3]]))) instanceof TypeError, "NaN is refused");
  const stranger = new module.Backprop({ url, key: "bp_wrong" });
  same((await refusal(stranger.jobs.get("job_none"))).status, 401, "what a wrong key is answered");
  same((await refusal(collect(stranger.events()))).status, 401, "what a stream without a key is answered");
  const nobody = new module.Backprop({ url: "http://127.0.0.1:9", key: "" });
  const unreachable = await refusal(nobody.jobs.get("job_none"));
  check(unreachable instanceof module.Unreachable, "nobody answers there");
  if (!globalThis.location) check(unreachable.message.includes("fetch failed: "), `Node says why: ${unreachable.message}`);
  const address = await refusal((async () => new module.Backprop({ url: "localhost:8000" }))());
  check(address.message.includes('must begin with http:// or https:// and name a host, got "localhost:8000"'), "an address");
  const object = await refusal((async () => backprop.jobs.cancel({ id: "job_none" }))());
  check(object.message.includes("an id or a name is needed, got object"), "an answer in place of an id");
  const fetch = async () => new Response("<html>");
  const strange = await refusal(new module.Backprop({ url, fetch }).jobs.get("job_none"));
  check(strange.message.includes("sends no JSON, so it is not this service: <html>"), "a page of another server");
  const idempotencyKey = "tour-once";
  const [one, other] = [0, 1].map(() => backprop.jobs.create({ dataset: "iris", hold: true }, { idempotencyKey }));
  same((await one).id, (await other).id, "the job of two requests with one key");
}

/** @param {any} backprop */
async function lists(backprop) {
  check((await collect(backprop.jobs.list({ limit: 2 }))).length >= 4, "pages follow each other");
  const teams = (await collect(backprop.jobs.list({ "metadata.team": "a" }))).map((job) => job.metadata.team);
  same([...new Set(teams)], ["a"], "the team of the jobs");
  const [found] = await collect(backprop.jobs.list({ search: teams[0], best: true, at_epoch: 0, curve: 2 }), 1);
  same([found.best?.epoch, found.at_epoch?.epoch], [found.best_epoch, 0], "the epochs of a job in a list");
  check(found.curve.length === 2 && found.curve[0][0] === 0, "the curve of a job in a list");
  check((await collect(backprop.models.list())).some((model) => model.name === "iris"), "the model is listed");
  same(Object.keys((await backprop.models.get("iris")).aliases), ["champion"], "the aliases");
  check((await backprop.request("GET", "/readyz")).status === "ready", "the service is ready");
  await backprop.datasets.delete("codes");
  same((await refusal(backprop.datasets.get("codes"))).status, 404, "a deleted dataset");
}
