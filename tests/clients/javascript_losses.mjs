/**
 * The client behind tests/integration/lossy_proxy.py: answers are lost, requests refused and streams cut off.
 *
 * It prints what it saw as JSON, which tests/integration/test_javascript_client.py compares with what there is.
 */

import { Backprop } from "../../clients/javascript/backprop.js";

const backprop = new Backprop();

/** @param {any} iterator @param {(one: any) => any} part */
async function collect(iterator, part) {
  const found = [];
  for await (const each of iterator) found.push(part(each));
  return found;
}

await backprop.datasets.put("xor", { inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [0, 1, 1, 0] });
const training = { epochs: 8000, seed: 1, store_parameters: { every: 1000 } };
const job = await backprop.jobs.create({ dataset: "xor", model: "xor", training, hold: true });
const watching = Promise.all([
  collect(backprop.jobs.events(job.id), (event) => event.id),
  collect(backprop.jobs.epochs(job.id), (epoch) => epoch.epoch),
]);
await backprop.jobs.resume(job.id);
const [events, epochs] = await watching;
const { status } = await backprop.jobs.wait(job.id);
const { labels } = await backprop.models.predict("xor", [[0, 1]]);
const spare = await backprop.jobs.create({ dataset: "xor", hold: true });
await backprop.jobs.cancel(spare.id);
await backprop.jobs.delete(spare.id);
console.log(JSON.stringify({ job: job.id, status, labels, events, epochs }));
