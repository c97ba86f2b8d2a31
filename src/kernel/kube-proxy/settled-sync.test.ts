import { describe, expect, it } from "vitest";
import type { SyncState } from "./metrics.js";
import { SettledSync } from "./settled-sync.js";

/** Times in seconds since an arbitrary moment; kube-proxy's clock and ours are the same here. */
const reading = (
  queued: number,
  last: number,
  syncs: number,
  seconds: number,
  isSynced = true,
): SyncState => ({
  changes: 0,
  lastSync: last,
  isSynced,
  families: [{ queued, last, syncs, seconds }],
  failures: 0,
});
const IDLE = reading(50, 60, 4, 40);

describe("a settled sync", () => {
  it("is the one that began with the only change, as soon as it ended", () => {
    const settled = new SettledSync(IDLE, 1, 100_000);
    expect(settled.isWritten(reading(100, 60, 4, 40, false), 101_000)).toBe(false);
    expect(settled.isWritten(reading(100, 110, 5, 50.001), 110_500)).toBe(true);
  });

  it("is not the one that had begun before the change, though that ended after it", () => {
    const settled = new SettledSync(IDLE, 1, 100_000);
    // Began at 95, ended at 105. The one with the change begins: nothing is pending any more.
    expect(settled.isWritten(reading(100, 105, 5, 50), 105_500)).toBe(false);
    expect(settled.isWritten(reading(100, 105, 5, 50), 114_000)).toBe(false);
    expect(settled.isWritten(reading(100, 116, 6, 61), 116_500)).toBe(true);
  });

  it("is not the first of several changes while a second may be under way", () => {
    const settled = new SettledSync(IDLE, 2, 100_000);
    expect(settled.isWritten(reading(100.001, 110, 5, 50), 110_500)).toBe(false);
    expect(settled.isWritten(reading(100.001, 121, 6, 61), 121_500)).toBe(false);
    expect(settled.isWritten(reading(100.001, 121, 6, 61), 121_500 + 16_499)).toBe(false);
    expect(settled.isWritten(reading(100.001, 121, 6, 61), 121_500 + 16_500)).toBe(true);
  });

  it("has ended where nothing was queued for a family", () => {
    expect(new SettledSync(IDLE, 1, 100_000).isWritten(IDLE, 100_010)).toBe(true);
  });

  it("waits for each family", () => {
    const both = (a: SyncState, b: SyncState): SyncState => ({
      ...a,
      families: [...a.families, ...b.families],
    });
    const settled = new SettledSync(both(IDLE, IDLE), 1, 100_000);
    const late = reading(100, 105, 5, 50);
    const ended = reading(100, 110, 5, 50);
    expect(settled.isWritten(both(ended, late), 110_500)).toBe(false);
    expect(settled.isWritten(both(ended, reading(100, 115, 6, 60)), 115_500)).toBe(true);
  });
});
