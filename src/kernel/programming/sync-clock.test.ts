import { afterEach, describe, expect, it, vi } from "vitest";
import { readSyncClock, wallClockNs } from "./sync-clock.js";

const metrics = (labels: (family: string) => string) =>
  ["IPv4", "IPv6"]
    .map((family, i) =>
      [
        `kubeproxy_sync_proxy_rules_last_timestamp_seconds${labels(family)} ${1000.5 + i}`,
        `kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds${labels(family)} 999`,
        `kubeproxy_sync_proxy_rules_duration_seconds_count${labels(family)} ${4 + i}`,
        `kubeproxy_sync_proxy_rules_endpoint_changes_total${labels(family)} ${7 - 7 * i}`,
      ].join("\n"),
    )
    .join("\n");

afterEach(() => {
  vi.restoreAllMocks();
});

describe("kube-proxy's clock", () => {
  it("is that of one family's syncs where each has its own", () => {
    const text = metrics((family) => `{ip_family="${family}"}`);
    const both = { changes: 7, isSynced: true, failures: 0 };
    const [four, six] = [1000.5e9, 1001.5e9];
    expect(readSyncClock(text, 4)).toEqual({ ...both, syncedNs: four, allSyncedNs: four, syncs: 4 });
    expect(readSyncClock(text, 6)).toEqual({ ...both, syncedNs: six, allSyncedNs: six, syncs: 5 });
  });

  it("is that of the family which synced last, where both are measured", () => {
    const text = metrics((family) => `{ip_family="${family}"}`);
    expect(readSyncClock(text, "dual")).toMatchObject({
      isSynced: true,
      syncedNs: 1001.5e9,
      allSyncedNs: 1000.5e9,
      syncs: 9,
    });
    const [one] = text.split(/\n(?=.*IPv6)/);
    expect(readSyncClock(one!, "dual")).toMatchObject({ isSynced: false, allSyncedNs: 0 });
    expect(() =>
      readSyncClock(
        metrics(() => ""),
        "dual",
      ),
    ).toThrow(/does not tell the syncs of IPv4 and IPv6 apart/);
  });

  it("is the only one there is where metrics have no labels, as those of old versions", () => {
    const text = metrics(() => "")
      .split("\n")
      .slice(0, 4)
      .join("\n");
    for (const family of [4, 6] as const)
      expect(readSyncClock(text, family)).toMatchObject({ syncedNs: 1000.5e9, syncs: 4 });
  });

  it("counts nanoseconds since 1970 from the next millisecond of the machine's clock, in steps of the finer one", () => {
    vi.spyOn(Date, "now").mockReturnValueOnce(1000).mockReturnValueOnce(1000).mockReturnValueOnce(1001);
    vi.spyOn(performance, "now").mockReturnValueOnce(5.25).mockReturnValueOnce(5.5);
    const now = wallClockNs();
    expect(now()).toBe(1001.25e6);
  });
});
