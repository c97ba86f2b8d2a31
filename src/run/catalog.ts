/** Everything that a run can be asked to measure, in any lane. */

import type { KernelCatalog } from "../kernel/catalog.js";
import type { Catalog } from "../measure/catalog.js";

/** Scenarios and profiles of the model lane, and what the kernel lane measures. */
export interface BenchmarkCatalog extends Catalog {
  readonly kernel: KernelCatalog;
}
