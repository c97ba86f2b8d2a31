/** The only file of src that imports bench: what this package measures. */

import { BENCH } from "../bench/index.js";
import type { Catalog } from "./measure/catalog.js";

export const CATALOG: Catalog = BENCH;
