/** The only file of src that imports bench: what this package measures. */

import { BENCH } from "../bench/index.js";
import type { BenchmarkCatalog } from "./run/catalog.js";

export const CATALOG: BenchmarkCatalog = BENCH;
