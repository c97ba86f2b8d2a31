import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { parseCidr } from "../cluster/cluster.js";
import { clusterDigest } from "../cluster/digest.js";
import { generateCluster, MIXED } from "../cluster/generate.js";
import { importCluster } from "../formats/detect.js";
import { planeById } from "../planes/registry.js";
import { PLANE_IDS } from "../planes/registry-loader.js";
import { predictLookup, priceRules } from "../results/predict.js";
import { compareLookups } from "../results/reading.js";
import { summarize } from "../results/summarize.js";
import { adviseCluster, adviseSizes } from "./advise.js";
import { adviceAssumptions, adviceHeading, adviceTable, formatAdvice } from "./advise-text.js";

const BOUTIQUE = importCluster(readFileSync("test/data/online-boutique.yaml", "utf8")).cluster;
/** iptables ahead of eBPF below 100 services, and IPVS as fast as eBPF everywhere. */
const crossing = () => {
  const latencyNs = (plane: string, n: number) => (plane === "iptables" ? 20 + n : 120);
  const run = fakeResults({ planes: ["iptables", "ipvs", "ebpf"], latencyNs });
  for (const { plane, services, replicates } of run.cells)
    for (const [i, replicate] of replicates.entries())
      replicate.median = latencyNs(plane, services) * (1 + i / 1000);
  summarize(run);
  return run;
};

describe("advice", () => {
  it("counts updates and memory exactly, as the programs do", () => {
    const { planes, typical } = adviseCluster(BOUTIQUE, fakeResults(), PLANE_IDS);
    expect(typical).toEqual({ name: "default/frontend:http", endpoints: 1 });
    const writes = Object.fromEntries(
      planes.map(({ plane, join }) => [
        plane,
        [join!.partial.rules, join!.partial.chains, join!.partial.mapWrites],
      ]),
    );
    expect(writes).toEqual({
      iptables: [31, 13, 0],
      ipvs: [0, 0, 1],
      nftables: [1, 1, 2],
      ebpf: [0, 0, 3],
      "ebpf-maglev": [0, 0, 3],
      "calico-ebpf": [0, 0, 2],
    });
    for (const { plane, memory, join } of planes) {
      expect(memory!.bytes).toBe(planeById(plane).compile(BOUTIQUE, { seed: 1 }).bytes());
      expect(join!.full !== null).toBe(plane === "iptables");
    }
  });

  it("counts on a mixed cluster, whose median port the table names", () => {
    const cluster = generateCluster({ services: 200, seed: 5, ...MIXED });
    const { planes, typical } = adviseCluster(cluster, fakeResults(), ["ebpf"]);
    expect(typical.endpoints).toBe(5);
    expect(planes[0]!.leave!.partial.mapWrites).toBeGreaterThan(0);
  });

  it("calls planes equal where they are, and names no fastest above them", () => {
    const run = crossing();
    // 100 service-ports: iptables and eBPF at 120 ns each.
    const advice = adviseCluster(generateCluster({ services: 100, seed: 1 }), run, [
      "iptables",
      "ipvs",
      "ebpf",
    ]);
    const verdicts = advice.planes.flatMap(({ againstFastest }) => againstFastest?.verdict ?? []);
    expect(verdicts).toEqual(["equal", "equal"]);
    expect(formatAdvice(advice).join("\n")).toMatch(/^Equal here: .* differ by less than 5 %/m);
    expect(
      adviceTable(advice)
        .slice(1)
        .map((row) => row[3]),
    ).toEqual(["lowest", "equal", "equal"]);
    const clear = adviseCluster(BOUTIQUE, run, ["iptables", "ebpf"]);
    expect(adviceTable(clear)[1]![3]).toBe("fastest");
  });

  it("says that iptables is ahead where it is, and where that ends", () => {
    const advice = adviseCluster(BOUTIQUE, crossing(), ["iptables", "ipvs", "ebpf"]);
    expect(advice.fastest).toBe("iptables");
    const words = formatAdvice(advice).join("\n");
    expect(words).toMatch(/eBPF hash takes [\d.]+ times \[.*\] the lookup of iptables: \d+ ns more/);
    expect(words).toMatch(
      /Crossover: beyond (9\d|10\d) Services of this kind \[.*\] eBPF hash is faster than iptables/,
    );
  });

  it("gives what is published about small clusters, with the reading error", () => {
    const words = formatAdvice(adviseCluster(BOUTIQUE, fakeResults(), PLANE_IDS)).join("\n");
    expect(words).toMatch(
      /at 1 Service 292 µs \(iptables\) and 299 µs \(eBPF\), iptables ahead; at 100 Services 301 µs \(iptables\) and 297 µs \(eBPF\), equal as far as its chart can be read\./,
    );
  });

  it("distinguishes its own measurement from a run of another cluster", () => {
    const run = fakeResults();
    expect(adviseCluster(BOUTIQUE, run, ["ebpf"]).measuredHere).toBe(false);
    const borrowed = adviceAssumptions(adviseCluster(BOUTIQUE, run, ["ebpf"]), run).join("\n");
    expect(borrowed).toMatch(/what yours add beyond the number of ports is not in the times/);
    run.cluster.digests[String(BOUTIQUE.services)] = clusterDigest(BOUTIQUE);
    const advice = adviseCluster(BOUTIQUE, run, ["ebpf"]);
    expect(advice.measuredHere).toBe(true);
    expect(adviceAssumptions(advice, run).join("\n")).not.toMatch(/what yours add/);
  });

  it("advises from what an interrupted run has, and says that it was", () => {
    const run = crossing();
    run.run.complete = false;
    const advised = adviseCluster(BOUTIQUE, run, ["iptables", "ebpf"]);
    expect(adviceHeading(advised)).toContain(
      "the run was interrupted: what it did not measure is missing here",
    );
    for (const cell of run.cells) if (cell.plane === "ebpf") cell.replicates = cell.replicates.slice(0, 1);
    const { fastest, planes } = adviseCluster(BOUTIQUE, run, ["iptables", "ebpf"]);
    expect(fastest).toBe("iptables");
    expect(planes[1]!.lookup).toEqual({ unavailable: "the run has no lookups of ebpf with two replicates" });
  });

  it("states what it assumes of replicates and of other sizes", () => {
    const run = fakeResults();
    run.cluster.digests[String(BOUTIQUE.services)] = clusterDigest(BOUTIQUE);
    const assumptions = adviceAssumptions(adviseCluster(BOUTIQUE, run, ["ebpf"]), run).join("\n");
    expect(assumptions).toMatch(/intervals are over 7 of them/);
    expect(assumptions).toMatch(/the first of yours, or yours again/);
  });

  it("gives a reason, not a number, where a plane can't hold the cluster or the run ends before it", () => {
    const run = fakeResults({ services: [1, 10, 100] });
    run.run.settings.planes.ebpfMapEntries = 100;
    const advice = adviseCluster(generateCluster({ services: 500, seed: 1 }), run, ["ebpf"]);
    expect(advice.fastest).toBeNull();
    expect(advice.planes[0]).toMatchObject({ memory: null, join: null });
    expect(advice.planes[0]!.unavailable).toMatch(/bpf-lb-map-max/);
    expect(formatAdvice(advice).join("\n")).toMatch(/can't hold this cluster/);
  });
});

describe("reading times off a run", () => {
  it("gives the measured median at a measured size, and the line between its neighbours elsewhere", () => {
    const run = fakeResults({ planes: ["ebpf"], services: [1, 11], latencyNs: (_plane, n) => 90 + 10 * n });
    for (const cell of run.cells)
      for (const replicate of cell.replicates) replicate.median = 90 + 10 * cell.services;
    expect(predictLookup(run, "ebpf", 11)).toMatchObject({
      medianNs: 200,
      intervalNs: [200, 200],
      measured: true,
    });
    expect(predictLookup(run, "ebpf", 6)).toMatchObject({ medianNs: 150, measured: false, kind: "ci95" });
    expect(predictLookup(run, "ebpf", 12)).toEqual({
      unavailable: "the run measured ebpf from 1 to 11 Services",
    });
  });

  it("prices a list's rules at the size of the list", () => {
    const run = fakeResults({ planes: ["iptables"], services: [1, 101] });
    for (const cell of run.cells) {
      cell.work!.rulesVisited = cell.services === 1 ? 7 : 57;
      for (const replicate of cell.replicates) replicate.median = cell.services === 1 ? 100 : 350;
    }
    // 5 ns per rule: a packet that visits 10 rules more than the mean takes 50 ns more.
    expect(predictLookup(run, "iptables", 101, 67)).toMatchObject({ medianNs: 400 });
    expect(predictLookup(run, "iptables", 101, 7)).toMatchObject({ medianNs: 100 });
  });

  it("prices every packet of a list from one resampling, to the numbers of a single prediction", () => {
    const run = fakeResults({ latencyNs: (_plane, n) => 100 + 2 * n });
    const price = priceRules(run, "iptables", 300);
    if ("unavailable" in price) throw new Error(price.unavailable);
    for (const rules of [7, 150, 4000]) {
      expect(price.of(rules)).toEqual(predictLookup(run, "iptables", 300, rules));
    }
    expect(price.of(1000).medianNs - price.of(900).medianNs).toBeCloseTo(100 * price.perRuleNs, 6);
    const [low, high] = price.of(1000).intervalNs;
    expect(low).toBeLessThan(price.of(1000).medianNs);
    expect(high).toBeGreaterThan(price.of(1000).medianNs);
  });

  it("gives no price where a run has one size", () => {
    const run = fakeResults({ planes: ["iptables"], services: [10] });
    expect(priceRules(run, "iptables", 10)).toEqual({
      unavailable: "the run has too few sizes to price a rule of iptables",
    });
  });

  it("calls the interval of three replicates a range", () => {
    expect(predictLookup(fakeResults({ replicates: 3 }), "ebpf", 100)).toMatchObject({ kind: "range" });
  });

  it("distinguishes slower, equal and inconclusive", () => {
    const run = fakeResults({ planes: ["iptables", "ipvs", "ebpf"], services: [1, 10] });
    const set = (plane: string, medians: readonly number[]) => {
      for (const cell of run.cells.filter((candidate) => candidate.plane === plane))
        for (const [i, replicate] of cell.replicates.entries()) replicate.median = medians[i]!;
    };
    set("iptables", [200, 201, 202, 203, 204, 205, 206]);
    set("ipvs", [100, 101, 102, 100, 101, 102, 101]);
    set("ebpf", [100, 102, 101, 100, 102, 101, 100]);
    expect(compareLookups(run, "iptables", "ebpf", 10)!.verdict).toBe("slower");
    expect(compareLookups(run, "ebpf", "iptables", 10)!.verdict).toBe("faster");
    expect(compareLookups(run, "ipvs", "ebpf", 10)!.verdict).toBe("equal");
    set("ipvs", [80, 90, 100, 110, 120, 130, 140]);
    expect(compareLookups(run, "ipvs", "ebpf", 10)!.verdict).toBe("inconclusive");
    expect(compareLookups(run, "ipvs", "ebpf", 11)).toBeNull();
  });

  it("measures a cluster at its size, decades below, and ten times it where that stays short", () => {
    expect(adviseSizes(1)).toEqual([1, 10]);
    expect(adviseSizes(12)).toEqual([1, 12, 120]);
    expect(adviseSizes(5000)).toEqual([1, 10, 100, 1000, 5000]);
  });
});

describe("advice beyond the numbers", () => {
  const advised = (services: number, endpoints: number, planes: readonly string[] = PLANE_IDS) =>
    formatAdvice(
      adviseCluster(
        generateCluster({ services, seed: 1, endpoints: { kind: "constant", count: endpoints } }),
        fakeResults(),
        planes,
      ),
    ).join("\n");

  it("names the limits that a cluster is beyond, with the setting that makes room", () => {
    const words = advised(1300, 50, ["ebpf"]);
    expect(words).toMatch(
      /^eBPF hash: 67,600 entries of the service map, of 65,536 by default: they do not fit; set bpf-lb-map-max to 131,072\. The kernel refuses with E2BIG: /m,
    );
    expect(advised(100, 4)).not.toMatch(/do not fit|at most/);
  });

  it("says what Cilium does at the first Service that its map has no room for, and not before", () => {
    expect(advised(10_922, 4, ["ebpf"])).toMatch(
      /^eBPF hash: 65,532 entries of the service map, of 65,536 at most by default\.$/m,
    );
    expect(advised(10_923, 4, ["ebpf"])).toMatch(
      /^eBPF hash: 65,538 entries .* E2BIG: a Service that no longer fits is not programmed, .* tries again, with pauses of up to a minute\.$/m,
    );
  });

  it("names a limit that a cluster is near, and that nothing moves", () => {
    expect(advised(40_000, 1, ["ipvs"])).toMatch(
      /^IPVS: 40,000 elements of its fullest ipset, of 65,536 at most/m,
    );
  });

  it("says how full the service ranges are together, from half of them on", () => {
    const { network, ...cluster } = generateCluster({ services: 200, seed: 1 });
    const words = (...more: string[]) => {
      const ranges = {
        serviceCidr: parseCidr("10.96.0.0/24")!,
        moreServiceCidrs: more.map((text) => parseCidr(text)!),
      };
      const full = { ...cluster, network: { ...network, ...ranges } };
      return formatAdvice(adviseCluster(full, fakeResults(), PLANE_IDS)).join("\n");
    };
    expect(words()).toContain("Service range 10.96.0.0/24: 200 Services of 256 addresses; add a ServiceCIDR");
    expect(words("10.200.0.0/25", "10.96.0.0/28")).toContain(
      "Service ranges 10.96.0.0/24, 10.200.0.0/25, 10.96.0.0/28: 200 Services of 384 addresses; add a",
    );
    expect(words("10.200.0.0/24")).not.toMatch(/^Service range/m);
  });

  it("names dates, requirements, thresholds, and what a switch from iptables changes", () => {
    const words = advised(100, 4);
    expect(words).toMatch(
      /nftables: needs Linux 5\.13 or newer; the default of kube-proxy from Kubernetes 1\.40/,
    );
    expect(words).toMatch(/IPVS: deprecated: .* 1\.43 removes it/);
    expect(words).toMatch(/1,000 \(EKS's guide to scaling\), .* yours is below all of them/);
    expect(words).toMatch(
      /Switching from iptables to nftables changes 3 answers here; 4 further differences concern what this cluster does not have:\n- a pod here → a cluster IP at another port, [\d.]+:9: refused; iptables: not balanced\. Why: the cluster-ips set/,
    );
    expect(words).not.toMatch(/Switching from iptables to iptables/);
  });
});
