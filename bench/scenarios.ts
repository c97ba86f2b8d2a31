/** What can be measured: one file a scenario or pair, one line here. */

import type { Scenario } from "../src/measure/scenario.js";
import { connect, established } from "./connections.js";
import { endpoints } from "./endpoints.js";
import { lookup } from "./lookup.js";

export const SCENARIOS: readonly Scenario[] = [lookup, connect, established, endpoints];
