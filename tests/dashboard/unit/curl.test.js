import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

const { curlOf, quoted } = await import("../../../service/dashboard/api/curl.js");
const ROOT = "http://localhost:8000/";

test("a shell reads a quoted word as it was", () => {
  for (const word of ["plain", "it's", "a b", '"$HOME"', "`x`", "a\nb", "ü", "", "\\", "!x"]) {
    assert.equal(execFileSync("sh", ["-c", `printf %s ${quoted(word)}`]).toString(), word);
  }
});

test("commands name the method only where curl would take another", () => {
  assert.equal(curlOf({ method: "GET", path: "v1/jobs", query: { limit: 5 } }, ROOT), "curl -sS 'http://localhost:8000/v1/jobs?limit=5'");
  assert.equal(curlOf({ method: "POST", path: "v1/jobs/job_1:pause" }, ROOT), "curl -sS -X POST http://localhost:8000/v1/jobs/job_1:pause");
  assert.equal(
    curlOf({ method: "POST", path: "v1/jobs", body: { dataset: "it's" } }, ROOT),
    `curl -sS http://localhost:8000/v1/jobs -d '{"dataset":"it'\\''s"}'`,
  );
});
