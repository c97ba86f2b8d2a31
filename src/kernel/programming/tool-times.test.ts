import { describe, expect, it } from "vitest";
import { parseToolTimes, toolTimesWithin } from "./tool-times.js";

const LOG = [
  "1000000000 1500000000 10 20 2048 0 nft --json --terse list table ip kube-proxy",
  "2000000000 2600000000 1 1 512 0 nft -f -",
  "3000000000 3100000000 1 1 512 0 nft --check -f -",
  "4000000000 4700000000 1 1 512 0 iptables-restore -w 5 -W 100000 --noflush --counters",
  "5000000000 5200000000 1 1 4096 0 iptables-save -t nat",
  "6000000000 6050000000 1 1 512 1 iptables -w 5 -C KUBE-PROXY-CANARY -t mangle",
  "",
].join("\n");

describe("times of the tools that kube-proxy runs", () => {
  it("say what each call was for", () => {
    expect(parseToolTimes(LOG).map(({ purpose }) => purpose)).toEqual([
      "listing",
      "writing",
      "other",
      "writing",
      "listing",
      "other",
    ]);
  });

  it("are in nanoseconds and bytes", () => {
    expect(parseToolTimes(LOG)[0]).toMatchObject({
      startNs: 1000e6,
      endNs: 1500e6,
      cpuNs: 30_000,
      systemNs: 20_000,
      peakBytes: 2048 * 1024,
    });
  });

  it("are summed by purpose over the calls that lie within a sync", () => {
    expect(toolTimesWithin(parseToolTimes(LOG), 1000e6, 2700e6)).toMatchObject({
      listingNs: 500e6,
      writingNs: 600e6,
      writingSystemNs: 1000,
    });
    expect(toolTimesWithin(parseToolTimes(LOG), 2000e6, 7000e6)).toEqual({
      listingNs: 200e6,
      writingNs: 1300e6,
      writingSystemNs: 2000,
      otherNs: 150e6,
      peakBytes: 4096 * 1024,
      calls: 5,
    });
  });
});
