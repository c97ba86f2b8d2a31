/** Published measurements as data. To add one: its entry in the file of its kind; nothing here is measured by lbscale. */

import { LATENCY } from "./latency.js";
import { RATES } from "./rates.js";
import type { Reference, ReferenceTable } from "./reference.js";
import { TABLES } from "./tables.js";
import { UPDATES } from "./updates.js";

export type { PublishedSeries, Reference, ReferenceTable, Source } from "./reference.js";
export { NFTABLES_MAPS } from "./updates.js";

/** Quantities against the number of services. */
export const REFERENCES: readonly Reference[] = [...LATENCY, ...RATES, ...UPDATES];

/** Numbers without that axis. */
export const REFERENCE_TABLES: readonly ReferenceTable[] = TABLES;

/**
 * A published data set by its id; undefined if there is none.
 *
 * @param id Such as `tigera`.
 * @returns The data set, or undefined.
 * @example
 * ```ts
 * import { referenceById } from "lbscale/results";
 *
 * console.log(referenceById("tigera")?.url);
 * ```
 */
export function referenceById(id: string): Reference | undefined {
  return REFERENCES.find((reference) => reference.id === id);
}
