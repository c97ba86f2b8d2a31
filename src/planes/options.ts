/** Options of planes as a run stores them. */

import { UsageError } from "../errors.js";
import { isIpvsScheduler } from "./ipvs/scheduler-names.js";
import type { PlaneOptions } from "./plane.js";

/** Options as results.json holds them. */
export interface StoredPlaneOptions {
  readonly ipvsScheduler: string;
  readonly ipvsServiceTable: "fixed" | "resizable";
  readonly ebpfMapEntries?: number | undefined;
  readonly maglevTableSize?: number | undefined;
}

/**
 * Options for `Plane.compile`. What is not set is left out: an option that is there but undefined is another thing to planes.
 *
 * @throws UsageError for an IPVS scheduler that this version does not have
 */
export function planeOptionsOf(stored: StoredPlaneOptions): PlaneOptions {
  const { ipvsScheduler, ipvsServiceTable, ebpfMapEntries, maglevTableSize } = stored;
  if (!isIpvsScheduler(ipvsScheduler)) {
    throw new UsageError(`unknown IPVS scheduler "${ipvsScheduler}": this version can't measure with it`);
  }
  return {
    ipvsScheduler,
    ipvsServiceTable,
    ...(ebpfMapEntries !== undefined && { ebpfMapEntries }),
    ...(maglevTableSize !== undefined && { maglevTableSize }),
  };
}
