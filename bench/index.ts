/** What can be measured: one file per scenario or pair of scenarios, one line here. */

import type { KernelCatalog } from "../src/kernel/catalog.js";
import type { Catalog, Derived } from "../src/measure/catalog.js";
import type { Scenario } from "../src/measure/scenario.js";
import { PLANE_ENTRIES } from "../src/planes/registry-loader.js";
import { addresses } from "./addresses.js";
import { balance } from "./balance.js";
import { churn } from "./churn.js";
import { connect, established } from "./connections.js";
import { endpoints } from "./endpoints.js";
import { family } from "./family.js";
import { KERNEL } from "./kernel.js";
import { load } from "./load.js";
import { lookup } from "./lookup.js";
import { memory } from "./memory.js";
import { PROFILES } from "./profiles.js";
import { skew } from "./skew.js";
import { sync } from "./sync.js";
import { update } from "./update.js";

export const SCENARIOS: readonly Scenario[] = [
  lookup,
  skew,
  addresses,
  connect,
  established,
  endpoints,
  family,
  update,
  churn,
  sync,
  memory,
  balance,
];

/** Computed from measured scenarios. */
export const DERIVED: readonly Derived[] = [load];

export const BENCH: Catalog & { readonly kernel: KernelCatalog } = {
  planes: PLANE_ENTRIES,
  scenarios: SCENARIOS,
  derived: DERIVED,
  profiles: PROFILES,
  kernel: KERNEL,
};
