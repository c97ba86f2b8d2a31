/** What can be measured: one file a scenario or pair, one line here. */

import type { Scenario } from "../src/measure/scenario.js";
import { balance } from "./balance.js";
import { connect, established } from "./connections.js";
import { endpoints } from "./endpoints.js";
import { lookup } from "./lookup.js";
import { memory } from "./memory.js";
import { sync } from "./sync.js";
import { update } from "./update.js";

export const SCENARIOS: readonly Scenario[] = [
  lookup,
  connect,
  established,
  endpoints,
  update,
  sync,
  memory,
  balance,
];
