/** What can be measured: one file a scenario or pair, one line here. */

import type { Scenario } from "../src/measure/scenario.js";
import { balance } from "./balance.js";
import { churn } from "./churn.js";
import { connect, established } from "./connections.js";
import { endpoints } from "./endpoints.js";
import { type Derived, load } from "./load.js";
import { lookup } from "./lookup.js";
import { memory } from "./memory.js";
import { skew } from "./skew.js";
import { sync } from "./sync.js";
import { update } from "./update.js";

export const SCENARIOS: readonly Scenario[] = [
  lookup,
  skew,
  connect,
  established,
  endpoints,
  update,
  churn,
  sync,
  memory,
  balance,
];

/** What is worked out from measured scenarios, in the report. */
export const DERIVED: readonly Derived[] = [load];
