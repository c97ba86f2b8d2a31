import { expect, test } from "vitest";
import { parseMetrics, syncState } from "./metrics.js";

const metrics = (
  last: number,
  pending = 0,
): string => `# HELP kubeproxy_sync_proxy_rules_last_timestamp_seconds When
# TYPE kubeproxy_sync_proxy_rules_last_timestamp_seconds gauge
kubeproxy_sync_proxy_rules_endpoint_changes_pending ${pending}
kubeproxy_sync_proxy_rules_endpoint_changes_total 9
kubeproxy_sync_proxy_rules_service_changes_pending 0
kubeproxy_sync_proxy_rules_service_changes_total 28
kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds{ip_family="IPv4"} 1.764e+09
kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds{ip_family="IPv6"} 1.764e+09
kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family="IPv4"} 1.7640000005e+09
kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family="IPv6"} ${last}
kubeproxy_sync_proxy_rules_nftables_sync_failures_total{ip_family="IPv6"} 2
`;
const state = (text: string) => syncState(parseMetrics(text));

test("sync state: synced when each family has written what was last queued for it", () => {
  expect(state(metrics(1.764e9)).isSynced).toBe(true);
  expect(state(metrics(1.7639e9)).isSynced).toBe(false);
});

test("sync state: not synced while changes are pending, or before there are metrics of it", () => {
  expect(state(metrics(1.764e9, 1)).isSynced).toBe(false);
  expect(state("").isSynced).toBe(false);
});

test("sync state: has how often and how long each family has synced", () => {
  const durations = ["IPv4", "IPv6"].map(
    (family, i) =>
      `kubeproxy_sync_proxy_rules_duration_seconds_sum{ip_family="${family}"} ${2 + i}\nkubeproxy_sync_proxy_rules_duration_seconds_count{ip_family="${family}"} ${5 + i}\n`,
  );
  expect(state(metrics(1.764e9) + durations.join("")).families).toEqual([
    { queued: 1.764e9, last: 1.7640000005e9, syncs: 5, seconds: 2 },
    { queued: 1.764e9, last: 1.764e9, syncs: 6, seconds: 3 },
  ]);
});

test("sync state: counts changes and failures of all kinds and families", () => {
  expect(state(metrics(1.764e9))).toMatchObject({ changes: 37, failures: 2 });
});

test("sync state: a sync of any family changes the time of the last", () => {
  expect(state(metrics(1.764e9)).lastSync).not.toBe(state(metrics(1.7640000001e9)).lastSync);
});
