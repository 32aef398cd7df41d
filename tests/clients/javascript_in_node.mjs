/** Runs the tour of the JavaScript client in Node, with what is given as JSON on standard input. */

import { readFileSync } from "node:fs";

import * as module from "../../clients/javascript/backprop.js";
import { tour } from "./javascript_tour.mjs";

console.log(await tour({ module, ...JSON.parse(readFileSync(0, "utf8")) }));
