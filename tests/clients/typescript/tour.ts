/**
 * The README's tour with the types that openapi-typescript generates, and openapi-fetch, which sends what they describe.
 *
 * tests/integration/test_generated_clients.py compiles it next to the generated `schema.ts`, and runs it.
 */

import { readFileSync } from "node:fs";

import createClient from "openapi-fetch";

import type { components, paths } from "./schema.js";

type Job = components["schemas"]["Job"];

const given: { url: string; key: string; csv: string } = JSON.parse(readFileSync(0, "utf8"));
// of operations with several formats, JSON is what is read
const client = createClient<paths, "application/json" | "application/problem+json">({
  baseUrl: given.url,
  headers: { Authorization: `Bearer ${given.key}` },
});
const xor = { inputs: [[0, 0], [0, 1], [1, 0], [1, 1]], targets: [[0], [1], [1], [0]] };

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`it is not so: ${what}`);
}

/** Return what was answered; throw the problem that was answered in its place. */
function taken<T>({ data, error }: { data?: T; error?: components["schemas"]["Problem"] }): T {
  if (data === undefined) throw new Error(error?.detail ?? "no answer");
  return data;
}

async function upload(): Promise<void> {
  const bodySerializer = (text: unknown) => text; // as it is: openapi-fetch writes JSON otherwise
  const stored = taken(
    await client.PUT("/v1/datasets/{name}", {
      params: { path: { name: "iris" } },
      body: given.csv,
      bodySerializer,
      headers: { "Content-Type": "text/csv" },
    }),
  );
  check(stored.rows === 150 && stored.columns.length === 5, "the dataset is stored");
  const fewer = taken(
    await client.PUT("/v1/datasets/{name}", {
      params: { path: { name: "fewer" }, query: { drop: ["sepal_length", "sepal_width"] } },
      body: given.csv,
      bodySerializer,
      headers: { "Content-Type": "text/csv" },
    }),
  );
  check(fewer.columns.length === 3, "two columns are left out");
  taken(await client.POST("/v1/datasets", { body: { name: "xor", ...xor } }));
}

async function trainFlowers(): Promise<void> {
  const queued = taken(
    await client.POST("/v1/jobs", {
      params: { header: { "Idempotency-Key": "typescript-1" } },
      body: { dataset: "iris", model: "iris" },
    }),
  ) as Job; // the other answer is that to `dry_run`
  const params = { path: { id: queued.id }, query: { wait: 60 } };
  const ended = taken(await client.GET("/v1/jobs/{id}", { params })) as Job; // the other answer is that to `fields`
  check(ended.status === "succeeded" && ended.latest?.training_loss != null, "the job has succeeded");
  const [first] = ended.network.layers;
  check(first?.type === "dense" && first.units === 16, "the layers are typed");
  check(ended.training.optimizer.type === "sgd" && ended.training.optimizer.momentum === 0.9, "so is the training");
  const path = { name: "iris" };
  const { labels } = taken(
    await client.POST("/v1/models/{name}:predict", { params: { path }, body: { instances: [[5.9, 3.0, 5.1, 1.8]] } }),
  );
  check(labels?.[0] === "virginica", "the flower is known");
}

async function trainXor(): Promise<void> {
  const network = taken(
    await client.POST("/v1/networks", {
      body: {
        name: "small",
        inputs: 2,
        layers: [
          { type: "dense", units: 4, activation: "sigmoid" },
          { type: "dense", units: 1, activation: "sigmoid" },
        ],
      },
    }),
  );
  check(network.parameters === 17, "the network has 17 parameters");
  const optimizer = { type: "sgd", learning_rate: 0.5, momentum: 0.9 } as const;
  const job = taken(
    await client.POST("/v1/jobs", {
      params: { query: { wait: 60 } },
      body: { network: "small", dataset: "xor", training: { loss: "quadratic", optimizer, epochs: 2000, seed: 1 } },
    }),
  ) as Job;
  const path = { id: job.id };
  const { data: epochs } = taken(await client.GET("/v1/jobs/{id}/epochs", { params: { path, query: { points: 10 } } }));
  check(epochs[0]?.epoch === 0 && epochs.at(-1)?.epoch === 2000, "the curve has the first and the last epoch");
  const { predictions } = taken(
    await client.POST("/v1/jobs/{id}/epochs/{epoch}:predict", {
      params: { path: { ...path, epoch: "last" } },
      body: { instances: [[0, 1], [1, 1]] },
    }),
  );
  check(JSON.stringify((predictions as number[][]).map(([value]) => Math.round(value ?? NaN))) === "[1,0]", "xor is learnt");
}

async function mistakes(): Promise<void> {
  const { error, response } = await client.POST("/v1/jobs", { body: { dataset: "iris", training: { epochs: 0 } } });
  check(response.status === 422 && error?.errors?.[0]?.pointer === "#/training/epochs", "the mistake is found");
}

await upload();
await trainFlowers();
await trainXor();
await mistakes();
console.log("done");
