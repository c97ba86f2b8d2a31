/** When kube-proxy's last sync ended and how many there were, by its own metrics. */

import { FAMILY_NAMES, type FamilyChoice } from "../../cluster/family.js";
import { parseMetrics, syncState } from "../kube-proxy/metrics.js";
import { KernelError } from "../testbed/tools.js";

const LAST = "kubeproxy_sync_proxy_rules_last_timestamp_seconds";
const SYNCS = "kubeproxy_sync_proxy_rules_duration_seconds_count";

const ONE_CLOCK =
  "this kube-proxy does not tell the syncs of IPv4 and IPv6 apart, as 1.34 and later do: measure one family of it";

/** The clock of one family's syncs, or of both. */
export interface SyncClock {
  /** Changes of Services and EndpointSlices that it has received. */
  readonly changes: number;
  /** Everything received is in the rules. */
  readonly isSynced: boolean;
  /** Writes that a tool refused. */
  readonly failures: number;
  /** End of the last sync, nanoseconds since 1970; 0: there was none. */
  readonly syncedNs: number;
  /** Since when no family has not synced: `syncedNs` of one, and of both that of the one which synced first. */
  readonly allSyncedNs: number;
  readonly syncs: number;
}

/**
 * Reads it from the text of the metrics. With a label per family (1.34 and later) only those of one count: the other has no
 * packets. Of both it is the clock of whichever synced last.
 *
 * @throws KernelError for both families of a kube-proxy that does not tell them apart.
 */
export function readSyncClock(text: string, family: FamilyChoice): SyncClock {
  const samples = parseMetrics(text);
  const own = (name: string): number[] => {
    if (family === "dual" && samples.has(name)) throw new KernelError(ONE_CLOCK);
    const other = family === "dual" ? undefined : `"${FAMILY_NAMES[family === 4 ? 6 : 4]}"`;
    return [...samples].flatMap(([key, value]) =>
      key === name || (key.startsWith(`${name}{`) && !(other && key.includes(other))) ? [value] : [],
    );
  };
  const { changes, isSynced, failures } = syncState(samples);
  const ends = own(LAST);
  const hasAll = ends.length === (family === "dual" ? 2 : 1);
  return {
    changes,
    isSynced: isSynced && hasAll,
    failures,
    syncedNs: Math.max(0, ...ends) * 1e9,
    allSyncedNs: hasAll ? Math.min(...ends) * 1e9 : 0,
    syncs: own(SYNCS).reduce((sum, value) => sum + value, 0),
  };
}

/**
 * Nanoseconds since 1970 with the resolution of performance.now(): Date.now() alone counts milliseconds. Waits up to one
 * millisecond for the next of them.
 */
export function wallClockNs(): () => number {
  const before = Date.now();
  let tick = before;
  while (tick === before) tick = Date.now();
  const offsetMs = tick - performance.now();
  return () => (performance.now() + offsetMs) * 1e6;
}
