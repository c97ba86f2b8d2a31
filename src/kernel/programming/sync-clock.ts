/** When kube-proxy's last sync ended and how many there were, by its own metrics. */

import { parseMetrics, syncState } from "../kube-proxy/metrics.js";

const LAST = "kubeproxy_sync_proxy_rules_last_timestamp_seconds";
const SYNCS = "kubeproxy_sync_proxy_rules_duration_seconds_count";

/** The clock of IPv4's syncs. */
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

/** Reads it from the text of the metrics. With a label per family (1.35 and later) only IPv4's count: the rest has no packets. */
export function readSyncClock(text: string): SyncClock {
  const samples = parseMetrics(text);
  const own = (name: string): number[] =>
    [...samples].flatMap(([key, value]) =>
      key === name || (key.startsWith(`${name}{`) && !key.includes('"IPv6"')) ? [value] : [],
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
