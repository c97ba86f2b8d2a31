/** What can be measured: one file a scenario, one line here. */

import type { Scenario } from "../src/measure/scenario.js";
import { endpoints } from "./endpoints.js";
import { lookup } from "./lookup.js";

export const SCENARIOS: readonly Scenario[] = [lookup, endpoints];
