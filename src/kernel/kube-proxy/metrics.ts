/** kube-proxy's own account of its syncs, as its metrics report it. */

/** Samples of a Prometheus text, by metric and labels as they are written. */
export function parseMetrics(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split("\n")) {
    const match = /^([a-zA-Z_:][^{\s]*(?:\{.*\})?)\s+(\S+)/.exec(line);
    if (match !== null) samples.set(match[1]!, Number(match[2]));
  }
  return samples;
}

const PREFIX = "kubeproxy_sync_proxy_rules_";
const LAST = `${PREFIX}last_timestamp_seconds`;
const QUEUED = `${PREFIX}last_queued_timestamp_seconds`;
const DURATION = `${PREFIX}duration_seconds`;
const FAILURES = [
  `${PREFIX}iptables_restore_failures_total`,
  `${PREFIX}iptables_partial_restore_failures_total`,
  `${PREFIX}nftables_sync_failures_total`,
];

/** The syncs of one family. */
export interface FamilySync {
  /** When the last change came, in seconds since 1970. */
  readonly queued: number;
  /** When the last sync ended, in seconds since 1970; 0: there was none. */
  readonly last: number;
  /** How many have ended, and how long they took together. */
  readonly syncs: number;
  readonly seconds: number;
}

/** Where kube-proxy is with the changes that it received. */
export interface SyncState {
  /** Changes of Services and EndpointSlices that it received since its start; each family counts Services for itself. */
  readonly changes: number;
  /** When the last sync ended, in seconds since 1970, summed over the families: another number after each sync. */
  readonly lastSync: number;
  /** Nothing waits for a sync, in any family; one may have begun and not ended (see `SettledSync`). */
  readonly isSynced: boolean;
  readonly families: readonly FamilySync[];
  /** Writes that a tool refused. */
  readonly failures: number;
}

/** Reads the state of the syncs from the metrics of kube-proxy 1.34 and later. */
export function syncState(samples: ReadonlyMap<string, number>): SyncState {
  const sum = (names: readonly string[]): number =>
    [...samples].reduce(
      (total, [key, value]) => (names.includes(key.split("{")[0]!) ? total + value : total),
      0,
    );
  // A label per family, or none.
  const queues = [...samples.keys()].filter((key) => key === QUEUED || key.startsWith(`${QUEUED}{`));
  const families = queues.map((queue): FamilySync => {
    const own = (name: string): number => samples.get(queue.replace(QUEUED, name)) ?? 0;
    return {
      queued: own(QUEUED),
      last: own(LAST),
      syncs: own(`${DURATION}_count`),
      seconds: own(`${DURATION}_sum`),
    };
  });
  const pending = sum([`${PREFIX}service_changes_pending`, `${PREFIX}endpoint_changes_pending`]);
  return {
    changes: sum([`${PREFIX}service_changes_total`, `${PREFIX}endpoint_changes_total`]),
    lastSync: sum([LAST]),
    isSynced:
      pending === 0 &&
      families.length > 0 &&
      families.every(({ last, queued }) => last > 0 && last >= queued),
    families,
    failures: sum(FAILURES),
  };
}
