/** When kube-proxy's last sync ended and how many there were, by its own metrics. */

import { FAMILY_NAMES, type Family } from "../../cluster/family.js";
import { parseMetrics, syncState } from "../kube-proxy/metrics.js";

const LAST = "kubeproxy_sync_proxy_rules_last_timestamp_seconds";
const SYNCS = "kubeproxy_sync_proxy_rules_duration_seconds_count";

/** The clock of one family's syncs. */
export interface SyncClock {
  /** Changes of Services and EndpointSlices that it has received. */
  readonly changes: number;
  /** Everything received is in the rules. */
  readonly isSynced: boolean;
  /** Writes that a tool refused. */
  readonly failures: number;
  /** End of the last sync, nanoseconds since 1970; 0: there was none. */
  readonly syncedNs: number;
  readonly syncs: number;
}

/** Reads it from the text of the metrics. With a label per family (1.35 and later) only those of one count: the other has no packets. */
export function readSyncClock(text: string, family: Family): SyncClock {
  const samples = parseMetrics(text);
  const other = `"${FAMILY_NAMES[family === 4 ? 6 : 4]}"`;
  const own = (name: string): number[] =>
    [...samples].flatMap(([key, value]) =>
      key === name || (key.startsWith(`${name}{`) && !key.includes(other)) ? [value] : [],
    );
  const { changes, isSynced, failures } = syncState(samples);
  return {
    changes,
    isSynced,
    failures,
    syncedNs: Math.max(0, ...own(LAST)) * 1e9,
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
