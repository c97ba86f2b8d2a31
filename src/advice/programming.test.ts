import { describe, expect, it } from "vitest";
import { PROGRAMMING_TIMES } from "../reference/programming.js";
import { predictProgramming, programmingTable } from "./programming.js";

const textAt = (services: number, planes = ["iptables", "nftables", "ebpf", "ipvs"]) =>
  (programmingTable(predictProgramming(planes, services), services)?.rows ?? []).slice(1);
const row = (services: number, label: string) => textAt(services).find(([name]) => name === label)!;

describe("the predicted time of programming", () => {
  it("is what was measured at the sizes that were", () => {
    for (const { label, points } of PROGRAMMING_TIMES) {
      for (const { services, firstSync, change } of points) {
        const [found] = predictProgramming(["iptables", "nftables", "ebpf"], services).filter(
          (prediction) => prediction.label === label,
        );
        expect(found).toMatchObject({ firstSync: { seconds: firstSync }, change: { seconds: change } });
      }
    }
  });

  it("lies between the measured neighbours and rises with the size", () => {
    for (const [i, { change }] of predictProgramming(["nftables"], 3000).entries()) {
      const [low, high] = [1000, 5000].map((size) => predictProgramming(["nftables"], size)[i]!.change);
      if (!("seconds" in change) || !("seconds" in low!) || !("seconds" in high!)) throw new Error("a gap");
      expect(change.seconds[0]).toBeGreaterThan(low.seconds[0]);
      expect(change.seconds[1]).toBeLessThan(high.seconds[1]);
    }
  });

  it("is a limit below the smallest size, and none beyond the largest", () => {
    expect(row(12, "kube-proxy 1.37, nftables").slice(1, 3)).toEqual(["less than 230 ms", "less than 30 ms"]);
    expect(row(7000, "kube-proxy 1.35, nftables").slice(1, 3)).toEqual([
      "not measured beyond 5,000",
      "not measured beyond 5,000",
    ]);
    expect(row(50_000, "kube-proxy 1.37, nftables")[1]).toBe("not measured beyond 10,000");
  });

  it("shows every version of a mode, or the version that was asked for, and nothing for what was not measured", () => {
    expect(textAt(2000, ["nftables"]).map(([name]) => name)).toEqual(
      ["1.34", "1.35", "1.36", "1.37"].map((version) => `kube-proxy ${version}, nftables`),
    );
    expect(textAt(2000, ["nftables@1.36"]).map(([name]) => name)).toEqual(["kube-proxy 1.36, nftables"]);
    expect(programmingTable(predictProgramming(["ipvs"], 2000), 2000)).toBeNull();
  });
});
