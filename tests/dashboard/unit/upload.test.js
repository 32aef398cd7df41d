import assert from "node:assert/strict";
import { test } from "node:test";

const options = await import("../../../service/dashboard/datasets/upload_options.js");
const preview = await import("../../../service/dashboard/datasets/upload_preview.js");
const { DEFAULTS, following, nameOf, queryOf, roleOf, suggestionsOf, withRole } = options;

test("a dataset's name is made of that of the file", () => {
  assert.equal(nameOf("Sales 2024.csv.gz"), "sales-2024");
  assert.equal(nameOf("Kundschaft Zürich (neu).PARQUET"), "kundschaft-zurich-neu");
  assert.equal(nameOf("数据.csv"), "dataset");
  assert.equal(nameOf(`${"a".repeat(100)}.csv`).length, 64);
});

test("only what was said is in the query, and what only a CSV has only for one", () => {
  assert.deepEqual(queryOf(DEFAULTS, true), {});
  const said = { ...DEFAULTS, delimiter: "semicolon", missing: "-999, none,", types: { zip: "category", a: "" }, drop: ["id"] };
  assert.deepEqual(queryOf(said, true), { delimiter: "semicolon", missing: ["-999", "none"], types: ["zip:category"], drop: ["id"] });
  assert.deepEqual(queryOf(said, false), { types: ["zip:category"], drop: ["id"] });
});

test("a column has one role at a time", () => {
  const dropped = withRole(withRole(DEFAULTS, "a", "target"), "a", "drop");
  assert.deepEqual([dropped.target, dropped.drop, roleOf(dropped, "a")], [[], ["a"], "drop"]);
  assert.equal(roleOf(withRole(withRole(dropped, "w", "weight"), "w", ""), "w"), "");
});

test("what a message of the service offers can be followed", () => {
  const offered = suggestionsOf("must be a number, got 'x'; say `missing=x` if no value is known, or say `types=a:b:category` to read text");
  assert.deepEqual(offered, [{ name: "missing", value: "x" }, { name: "types", value: "a:b:category" }]);
  const followed = offered.reduce(following, { ...DEFAULTS, missing: "-1" });
  assert.deepEqual([followed.missing, followed.types], ["-1, x", { "a:b": "category" }]);
  assert.deepEqual(following(DEFAULTS, { name: "drop", value: "column_1" }).drop, ["column_1"]);
});

test("the first bytes say what a file is", () => {
  const of = (text) => preview.formatOf(new TextEncoder().encode(text));
  assert.deepEqual([of("a,b\n"), of(' [{"a": 1}]'), of("PAR1"), of("PK\u0003\u0004")], ["CSV", "JSON", "Parquet", "NPZ"]);
  assert.equal(preview.formatOf(new Uint8Array([0x1f, 0x8b, 8])), "gzip");
});

test("text is decoded as the option or its byte-order mark says", () => {
  assert.equal(preview.decoded(new Uint8Array([0x4b, 0xf6, 0x6c, 0x6e]), "latin-1"), "Köln");
  assert.equal(preview.decoded(new Uint8Array([0xff, 0xfe, 0x61, 0x00]), ""), "a");
  assert.equal(preview.decoded(new Uint8Array([0x61, 0x00]), "utf-16-le"), "a");
});

test("lines are cut at the delimiter that fits all of them, quotes apart", () => {
  assert.equal(preview.guessedDelimiter("a;b\n1,5;2\n2,5;3\n"), ";");
  assert.equal(preview.guessedDelimiter("one column\n1\n"), ",");
  assert.deepEqual(preview.cellsOf('a,"b, ""c""\nd",\r\n\n1,2,3\n4,5', ",", 9), [["a", 'b, "c"\nd', ""], ["1", "2", "3"]]);
  assert.equal(preview.delimiterOf("tab", ""), "\t");
});

test("the first line names the columns unless it holds a number", () => {
  const lines = [["a", "", "y"], ["1", "2", "x"]];
  assert.deepEqual(preview.tableOf(lines, ""), { names: ["a", "column_2", "y"], isHeader: true, rows: [["1", "2", "x"]] });
  assert.deepEqual(preview.tableOf(lines.slice(1), "").names, ["column_1", "column_2", "column_3"]);
  assert.equal(preview.tableOf(lines, "false").rows.length, 2);
});
