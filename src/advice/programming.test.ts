import { describe, expect, it } from "vitest";
import { PROGRAMMING_TIMES } from "../reference/programming.js";
import { readResults } from "../results/files.js";
import { selectCells } from "../results/select.js";
import { predictProgramming, programmingTable, withoutTimes } from "./programming.js";

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

  it("rests on the published runs that it names, to two digits", () => {
    const programs: Readonly<Record<string, string>> = {
      "kube-proxy 1.37, iptables (legacy backend)": "kube-proxy/iptables-legacy@1.37",
      "kube-proxy 1.37, iptables (nft backend)": "kube-proxy/iptables-nft@1.37",
      "kube-proxy 1.35, nftables": "kube-proxy/nftables@1.35",
      "kube-proxy 1.36, nftables": "kube-proxy/nftables@1.36",
      "kube-proxy 1.37, nftables": "kube-proxy/nftables@1.37",
      "Cilium 1.20, its load-balancing control plane": "cilium@1.20",
    };
    const published = PROGRAMMING_TIMES.filter(({ machine }) => machine.includes("results/"));
    expect(published.map(({ label }) => label).sort()).toEqual(Object.keys(programs).sort());
    const machines = new Set(published.map(({ machine }) => machine));
    const folderOf = (machine: string) => /\((results\/[\w-]+)\)$/.exec(machine)![1]!;
    const runs = new Map([...machines].map((machine) => [machine, readResults(folderOf(machine))]));
    for (const { label, machine, points } of published) {
      const run = runs.get(machine)!;
      const measured = (services: number, scenario: string, variant: string) => {
        const query = { lane: "kernel", scenario, variant, services, plane: programs[label]! } as const;
        return selectCells(run, query)[0]!.estimate!;
      };
      const seconds = (ns: number) => Number((ns / 1e9).toPrecision(2));
      for (const { services, firstSync, change } of points) {
        const first = seconds(measured(services, "sync", "first").median);
        const changes = measured(services, "programming", "").interval.map(seconds);
        expect([label, services, firstSync, change]).toEqual([label, services, [first, first], changes]);
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
    expect(row(12, "kube-proxy 1.37, nftables").slice(1, 3)).toEqual(["less than 850 ms", "less than 32 ms"]);
    expect(row(7000, "kube-proxy 1.34, nftables").slice(1, 3)).toEqual([
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

  it("names the planes that have none, and versions that were not run", () => {
    expect(withoutTimes(["iptables", "ipvs", "ebpf", "calico-ebpf"])).toMatch(
      /^not measured: how long IPVS, eBPF \(Calico, trie\) would take to program$/,
    );
    expect(withoutTimes(["iptables@1.36"])).toMatch(/1\.36/);
    expect(withoutTimes(["iptables", "nftables", "nftables@1.37", "ebpf"])).toBeUndefined();
  });
});
