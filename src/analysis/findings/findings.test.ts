import { describe, expect, it } from "vitest";
import {
  fakeResults,
  trieResults,
  withAddresses,
  withBalance,
  withChanges,
  withConnections,
  withEndpoints,
  withFamilies,
  withPrograms,
} from "../../../test/support/results.js";
import { withCells, withKernel, withSingles } from "../../../test/support/results-lanes.js";
import { EBPF } from "../../planes/ebpf/descriptor.js";
import { crossoversOf, fitsOf } from "../../results/laws.js";
import { percentilesOf } from "../../results/percentiles.js";
import type { Finding, Results } from "../../results/schema.js";
import { headlineFactor } from "./common.js";
import { findFindings as findingsOf } from "./index.js";

/** What was found in results before, by their JSON: fits and crossovers take a second. */
const found = new Map<string, readonly Finding[]>();

/** Findings as a run makes them: after its fits and crossovers. */
function findFindings(results: Results): readonly Finding[] {
  const key = JSON.stringify(results);
  const known = found.get(key);
  if (known) return known;
  const fits = fitsOf(results.cells, 1);
  const crossovers = crossoversOf(results.cells, 1);
  const findings = findingsOf({ ...results, fits, crossovers });
  found.set(key, findings);
  return findings;
}

const ids = (results: Results) => findFindings(results).map(({ id }) => id);
const finding = (results: Results, id: string) => findFindings(results).find((found) => found.id === id);

/** A list and a table: as many planes as most findings need. */
const PAIR = ["iptables", "ebpf"];
/** Latencies of both planes by one law. */
const all = (law: (services: number) => number) =>
  fakeResults({ planes: PAIR, latencyNs: (_plane, services) => law(services) });

describe("findFindings", () => {
  it("finds the growth of iptables, its factor, the constant work, each with cells and interval", () => {
    const found = findFindings(fakeResults());
    expect(found.map(({ id }) => id)).toEqual(
      expect.arrayContaining(["iptables-factor", "iptables-slope", "work-constant"]),
    );
    for (const { cells, interval, value, headline } of found) {
      expect(cells.length).toBeGreaterThan(0);
      expect(interval[0]).toBeLessThanOrEqual(value);
      expect(interval[1]).toBeGreaterThanOrEqual(value);
      expect(headline.split(" ").length).toBeLessThanOrEqual(10);
    }
  });

  it("finds the slope that is there", () => {
    const results = fakeResults({
      planes: PAIR,
      latencyNs: (plane, n) => (plane === "iptables" ? 100 + 3 * n : 50),
    });
    expect(finding(results, "iptables-slope")?.value).toBeCloseTo(3, 0);
  });

  describe("of a list whose rules get slower where it leaves the caches", () => {
    const medians: Readonly<Record<number, number>> = {
      1: 189,
      10: 220,
      100: 385,
      1000: 3300,
      5000: 17_000,
      10000: 78_000,
      30000: 315_000,
    };
    const intel = (replicates: number) =>
      fakeResults({
        planes: PAIR,
        replicates,
        latencyNs: (plane, n) => (plane === "iptables" ? medians[n]! : 50),
      });

    it("says that it is linear in rules, each of which is more expensive, and how steeply and where time grows", () => {
      const found = finding(intel(7), "iptables-growth");
      expect(found?.headline).toMatch(
        /^iptables: linear in rules, each 3(\.\d)?×\u00a0\([\d.]+–[\d.]+\) as expensive$/,
      );
      expect(found?.sentence).toMatch(
        /visits 507 rules at 1,000 Services and 15,007 at 30,000, exactly O\(N\)/,
      );
      expect(found?.sentence).toMatch(/each rule is more expensive, .* once the list leaves the caches/);
      expect(found?.sentence).toMatch(
        /From 1,000 to 30,000 Services time grows as N\^1\.3\d .* most steeply from 5,000 to 10,000/,
      );
      expect(ids(intel(7))).not.toContain("iptables-slope");
    });

    it("names no law and no growing price with three replicates, in whatever run", () => {
      const found = finding(intel(3), "iptables-growth");
      expect(found?.headline).toBe("iptables lookups are linear in rules visited");
      expect(found?.sentence).toMatch(/can't be determined with 3 replicates per cell; it takes 6\.$/);
    });

    it("is silent where time is linear beyond doubt, where it is flat, and where the list's work is constant", () => {
      expect(ids(fakeResults())).not.toContain("iptables-growth");
      expect(ids(all(() => 50))).not.toContain("iptables-growth");
      const constant = intel(7);
      for (const { replicates } of constant.cells) for (const { work } of replicates) work.rulesVisited = 6;
      expect(ids(constant)).not.toContain("iptables-growth");
    });
  });

  it("compares iptables with no plane that a pod's connection never meets", () => {
    const results = fakeResults({
      planes: ["iptables", "nftables", "ebpf-maglev"],
      latencyNs: (plane, n) => (plane === "iptables" ? 100 + 3 * n : plane === "nftables" ? 40 : 60),
    });
    expect(finding(results, "iptables-factor")?.headline).toMatch(
      / iptables takes [\d,]+×\u00a0\([\d,.]+–[\d,.]+\) nftables' time$/,
    );
    const alone = fakeResults({
      planes: ["iptables", "ebpf-maglev"],
      latencyNs: (plane, n) => (plane === "iptables" ? 100 + 3 * n : 60),
    });
    expect(ids(alone)).not.toContain("iptables-factor");
  });

  it("calls a plane the next slowest only where all of the run were measured there", () => {
    const latencyNs = (plane: string, n: number) => (plane === "iptables" ? 100 + 3 * n : 40);
    const results = fakeResults({ planes: ["iptables", "nftables", "ebpf"], latencyNs });
    expect(finding(results, "iptables-factor")?.sentence).toMatch(
      / of \w+[ \w]*, the next slowest of 3 planes\.$/,
    );
    const partial = fakeResults({ planes: ["iptables", "nftables", "ebpf"], latencyNs });
    partial.cells = partial.cells.filter(({ plane, services }) => plane !== "ebpf" || services < 30_000);
    expect(finding(partial, "iptables-factor")?.sentence).not.toContain("next slowest");
  });

  it("gives no factor of the model where the run connected through both planes in the kernel", () => {
    const both = withKernel(fakeResults({ planes: PAIR }));
    expect(ids(both)).not.toContain("iptables-factor");
    both.cells = both.cells.filter(({ plane, lane }) => plane !== "ebpf" || lane === "model");
    expect(ids(both)).toContain("iptables-factor");
  });

  it("does not say that iptables is slower where it is not", () => {
    expect(ids(all(() => 50))).not.toContain("iptables-factor");
    const faster = fakeResults({ planes: PAIR, latencyNs: (plane) => (plane === "iptables" ? 20 : 50) });
    expect(ids(faster)).not.toContain("iptables-factor");
  });

  it("does not say that every service costs when latency is flat or falls", () => {
    expect(ids(all((n) => 5000 / n + 50))).not.toContain("iptables-slope");
  });

  it("does not speak of growth over a narrow range of services", () => {
    const narrow = fakeResults({ services: [1000, 1100, 1200, 1300] });
    expect(ids(narrow)).not.toContain("iptables-slope");
    expect(ids(narrow)).not.toContain("work-constant");
  });

  it("does not say that eBPF's time rises when it stays", () => {
    expect(ids(all(() => 50))).not.toContain("hash-time-rise");
    const bent = fakeResults({ planes: PAIR, latencyNs: (_plane, n) => (n > 1000 ? 200 : 50) });
    expect(finding(bent, "hash-time-rise")?.value).toBeCloseTo(4, 0);
  });

  it("says of times at 30,000 Services that Cilium's maps were enlarged for them", () => {
    const results = fakeResults({ planes: ["ebpf"], latencyNs: (_, n) => (n > 1000 ? 200 : 50) });
    expect(finding(results, "hash-time-rise")?.sentence).not.toContain("enlarged");
    results.planes = { ebpf: { ...EBPF.report, claims: [...EBPF.report.claims] } };
    expect(finding(results, "hash-time-rise")?.sentence).toMatch(
      /tables \(maps enlarged beyond 10,922 Services\)/,
    );
    expect(finding(results, "logarithm")?.sentence).toMatch(
      /at 30,000 \(maps enlarged beyond 10,922 Services\)/,
    );
  });

  it("says so in every sentence that names such numbers of services", () => {
    const results = fakeResults({ latencyNs: (plane, n) => (plane === "iptables" ? 20 + n : 50 + n / 100) });
    results.planes = { ebpf: { ...EBPF.report, claims: [...EBPF.report.claims] } };
    const named = findFindings(results).filter(({ cells }) => cells.includes("ebpf/lookup/30000"));
    expect(named.map(({ id }) => id)).toEqual(expect.arrayContaining(["hash-time-rise", "logarithm"]));
    for (const { sentence } of named) expect(sentence).toContain("maps enlarged");
  });

  it("does not say that work is constant when one cell differs", () => {
    const results = fakeResults();
    const cells = results.cells.filter(({ plane }) => plane === "ebpf" || plane === "nftables");
    for (const cell of cells) if (cell.services === 1000) cell.work!.mapLookups += 1;
    expect(ids(results)).not.toContain("work-constant");
  });

  describe("the article's almost O(log n)", () => {
    const ebpf = (latencyNs: (n: number) => number) =>
      fakeResults({ planes: ["ebpf"], latencyNs: (_, n) => latencyNs(n) });
    const sentence = (results: Results) => finding(results, "logarithm")?.sentence;

    it("is answered by constant work, and by O(1) where time is flat beyond doubt", () => {
      expect(sentence(ebpf(() => 50))).toMatch(
        /In work eBPF hash is O\(1\), not "almost O\(log n\)": 2 map lookups.*In time it is O\(1\) as well/,
      );
    });

    it("names no law of a time that rises, whichever law fits: the work is constant", () => {
      for (const law of [
        (n: number) => 50 + 5 * Math.log2(n),
        (n: number) => 50 + n,
        (n: number) => (n < 10_000 ? 50 : 500),
      ]) {
        const said = sentence(ebpf(law));
        expect(said).toMatch(
          /Time rises: \d+ ns at N = 1, .* at 30,000, on this machine\. Work is constant, so no law of N is claimed\.$/,
        );
        expect(said).not.toMatch(/N\^|O\(N|O\(log N/);
      }
    });

    it("says which caches its tables leave", () => {
      const results = ebpf((n) => (n < 10_000 ? 50 : 500));
      for (const cell of results.cells) cell.programBytes = 2e6;
      expect(sentence(results)).toMatch(/Time rises where its tables, 1\.9 MiB in the end, leave L2: /);
    });

    it("names no law of time with three replicates, in whatever run", () => {
      for (const latencyNs of [() => 50, (n: number) => 50 + n, (n: number) => (n < 10_000 ? 50 : 500)]) {
        const results = fakeResults({ planes: ["ebpf"], replicates: 3, latencyNs: (_, n) => latencyNs(n) });
        expect(sentence(results)).toMatch(/In work eBPF hash is O\(1\).*no law of N is claimed/);
        expect(sentence(results)).not.toMatch(/of resamples/);
      }
    });

    it("is not answered where the work grows", () => {
      const results = ebpf(() => 50);
      for (const cell of results.cells) cell.work!.rulesVisited = cell.services / 2;
      expect(ids(results)).not.toContain("logarithm");
    });
  });

  it("says that IPVS' chains grow, by the exact count of its entries, and only where they do", () => {
    const grown = fakeResults({ planes: ["ipvs"] });
    expect(finding(grown, "ipvs-chains")?.sentence).toMatch(
      /O\(N\) with one entry more for every 512 Services/,
    );
    for (const cell of grown.cells) cell.work!.hashProbes = 1;
    expect(ids(grown)).not.toContain("ipvs-chains");
  });

  it("says what those chains make of time and what iptables takes next to it, only where both are sure", () => {
    const run = (law: (n: number) => number) =>
      fakeResults({
        planes: ["iptables", "ipvs"],
        latencyNs: (plane, n) => (plane === "iptables" ? 100 + 3 * n : law(n)),
      });
    const found = finding(
      run((n) => 100 + n / 10),
      "ipvs-time",
    );
    expect(found?.headline).toMatch(
      /^From 1 to 30,000 Services modelled IPVS lookups grow \d+×\u00a0\(\d+–\d+\)$/,
    );
    expect(found?.sentence).toMatch(/; iptables takes \d+ µs there, \d+ times \[\d+, \d+\] as long\.$/);
    expect(ids(run(() => 100))).not.toContain("ipvs-time");
    expect(ids(run((n) => 100 + 4 * n))).not.toContain("ipvs-time");
  });

  it("says that a trie's walk is O(log N), by the exact count of its nodes, and only where it is", () => {
    const trie = trieResults();
    const found = finding(trie, "trie-logarithm");
    expect(found?.sentence).toMatch(
      /visits 2\.0 nodes .* O\(log N\), 1\.0 \[1\.0, 1\.0\] more for each doubling/,
    );
    expect(found?.headline).toBe("Calico is the plane that is O(log n)");
    for (const cell of trie.cells) {
      for (const replicate of cell.replicates) replicate.work = { ...replicate.work, hashProbes: 3 };
    }
    expect(ids(trie)).not.toContain("trie-logarithm");
  });

  it("says what IPv6 costs the rule list, that the law is the same, and what both families cost", () => {
    const found = finding(withFamilies(fakeResults()), "family");
    expect(found?.headline).toMatch(
      /^IPv6 costs iptables 1\.[34]×\u00a0\(1\.\d–1\.\d\) per rule, by the same law$/,
    );
    expect(found?.sentence).toMatch(
      /^At 10,000 Services an iptables lookup in IPv6 takes 1\.[34]\d? times \[1\.\d+, 1\.\d+\] its time in IPv4, over rules of 1\.40 times the bytes; both are O\(N\): the law is the same, \d+ % to \d+ % more per rule\. With both families a node holds 2\.4 times the bytes and writes 2\.4 times the bytes for each change; iptables lookups, half of them in each family, take 1\.2/,
    );
    expect(found!.interval[0]).toBeLessThan(1.35);
    expect(found!.interval[1]).toBeGreaterThan(1.35);
    // Without a law a factor is that of its N alone, and the next smaller N is next to it.
    const lawless = withFamilies(fakeResults());
    lawless.cells = lawless.cells.filter(({ services }) => services >= 1000);
    expect(finding(lawless, "family")?.headline.split(" ").length).toBeLessThanOrEqual(10);
    expect(finding(lawless, "family")).toMatchObject({
      headline: expect.stringMatching(
        /^IPv6 in iptables: 1\.[34]×\u00a0\(1\.\d–1\.\d\) at 1,000, 1\.[34]×\u00a0\(1\.\d–1\.\d\) at 10,000 Services$/,
      ),
      sentence: expect.stringMatching(
        /its time in IPv4, at 1,000 1\.\d+ times \[1\.\d+, 1\.\d+\], over rules/,
      ),
    });
    // A factor of one N alone is no headline.
    lawless.cells = lawless.cells.filter(({ services }) => services === 10_000);
    expect(finding(lawless, "family")?.headline).toBe("iptables takes 1.4 times the memory in IPv6");
    // Where the intervals meet, no share is claimed.
    const same = finding(withFamilies(fakeResults(), 1), "family");
    expect(same?.headline).toBe("iptables takes 1.4 times the memory in IPv6");
    expect(same?.sentence).toMatch(
      /the law is the same, and a difference per rule is not certain: at most \d+ % more\. /,
    );
  });

  it("says where a plane overtakes iptables, and nothing where none does", () => {
    const crossing = fakeResults({
      planes: ["iptables", "nftables"],
      latencyNs: (plane, n) => (plane === "iptables" ? 20 + n : 70),
    });
    const found = finding(crossing, "overtakes-nftables");
    expect(found?.interval[0]).toBeLessThan(50);
    expect(found?.interval[1]).toBeGreaterThan(50);
    const apart = fakeResults({
      planes: ["iptables", "nftables"],
      latencyNs: (plane) => (plane === "iptables" ? 90 : 70),
    });
    expect(ids(apart).filter((id) => id.startsWith("overtakes"))).toEqual([]);
  });

  it("says that position decides where single lookups have p99 at twice the median, and not where they don't", () => {
    const single = (ns: number[]) => {
      const results = fakeResults({ planes: ["iptables"], services: [1000] });
      for (const replicate of results.cells[0]!.replicates) replicate.singles = { ns, visited: ns };
      const { percentiles } = percentilesOf(results.cells[0]!, 1);
      results.cells[0]!.percentiles = percentiles;
      return results;
    };
    const uniform = Array.from({ length: 500 }, (_, i) => 10 * i + 5);
    expect(finding(single(uniform), "position")?.value).toBeCloseTo(1.98, 1);
    expect(ids(single(uniform.map(() => 100)))).not.toContain("position");
    // The same times, but every walk visits the same: something else made them differ.
    const results = single(uniform);
    for (const { singles } of results.cells[0]!.replicates) singles!.visited = uniform.map(() => 500);
    expect(ids(results)).not.toContain("position");
  });

  it("says what first packets cost and that later ones don't grow, only where both are so", () => {
    const results = withConnections(fakeResults({ services: [1] }));
    expect(finding(results, "connect")?.headline).toMatch(
      /^At 10,000 Services iptables' first packet takes \d+\u00a0µs\u00a0\(\d+–\d+\u00a0µs\)$/,
    );
    expect(finding(results, "connect")?.sentence).toMatch(
      / in iptables at 10,000 Services \([\d.]+ µs at N = 1, nearly all of it the connection's state\), and 1\.\d µs in nftables \(.* Planes are not ranked by it/,
    );
    expect(finding(results, "established")?.sentence).toMatch(/a later one [01]\.\d\d times/);
    for (const cell of results.cells) {
      if (cell.scenario === "established" && cell.services > 1) cell.estimate!.interval = [300, 900];
    }
    expect(ids(results)).not.toContain("established");
    for (const cell of results.cells) if (cell.scenario === "connect") cell.estimate!.interval = [100, 900];
    expect(ids(results)).not.toContain("connect");
  });

  it("says how much of a first packet is the connection's state, where lookups were timed alone", () => {
    const results = withConnections(fakeResults({ planes: PAIR, services: [1, 10_000] }));
    expect(finding(results, "connect")?.sentence).toMatch(
      / in iptables at 10,000 Services \(\d+ % of it the connection's state\)/,
    );
  });

  it("says that a hash table looks up later packets too, only where their time surely grows", () => {
    const results = withConnections(fakeResults({ services: [1] }));
    expect(ids(results)).not.toContain("established-hash");
    for (const cell of results.cells) {
      if (
        cell.scenario !== "established" ||
        cell.plane !== "ebpf" ||
        cell.variant !== "" ||
        cell.services === 1
      )
        continue;
      cell.estimate = { ...cell.estimate!, median: 900, interval: [800, 1000] };
    }
    const found = finding(results, "established-hash");
    expect(found?.headline).toMatch(
      /^eBPF looks up later packets too: [\d.]+×\u00a0\([\d.]+–[\d.]+\) at 10,000 Services$/,
    );
    expect(found?.sentence).toMatch(
      /900 ns at 10,000, [\d.]+ times .* longer than the \d+ ns of iptables there\. Where it translates the connection at the socket, a later packet takes \d(\.\d)? ns/,
    );
  });

  it("says what a new endpoint makes each plane write, by exact counts, and not where iptables writes little", () => {
    const results = withPrograms(fakeResults({ services: [1] }));
    const found = finding(results, "update");
    expect(found?.headline).toBe("New endpoint, 10,000 Services: 10,025 iptables rules, 3 eBPF entries");
    expect(found?.headline.split(" ").length).toBeLessThanOrEqual(10);
    expect(found?.sentence).toMatch(
      /^One endpoint joins at 10,000 Services\. Handed over: iptables 10,025 rules, 15 chains and 3 map elements\. Map entries that differ: eBPF hash 3 \(its agent issues 13 operations\), nftables 3\. Only the rules grow with N\./,
    );
    for (const cell of results.cells) if (cell.counts?.["join rules"]) cell.counts["join rules"] = 24;
    expect(ids(results)).not.toContain("update");
  });

  it("says what a change takes, how many a second that allows and the load, only where iptables is surely more expensive", () => {
    const results = withChanges(fakeResults({ services: [1, 1000, 10_000] }));
    expect(finding(results, "update-time")?.headline).toMatch(
      /^From 1 to 10,000 Services modelled iptables changes grow [\d,]+×\u00a0\([\d,]+–[\d,]+\)$/,
    );
    expect(finding(results, "churn")?.headline).toMatch(
      /^At 10,000 Services modelled iptables absorbs [\d.]+ changes per second$/,
    );
    expect(finding(results, "update-rollout")?.headline).toMatch(
      /^From 1 to 10,000 Services modelled iptables restarts grow [\d,]+×\u00a0\([\d,]+–[\d,]+\)$/,
    );
    const load = finding(results, "load")!;
    // (1,000 × 26 µs + 90 ms) / (1,000 × 300 ns + 3 µs)
    expect(load.value).toBeGreaterThan(330);
    expect(load.value).toBeLessThan(450);
    expect(load.cells).toEqual([
      "iptables/connect/10000",
      "iptables/update/10000/change",
      "ebpf/connect/10000",
      "ebpf/update/10000/change",
    ]);
    expect(finding(results, "churn-lookups")?.sentence).toMatch(/batch of lookups that follows a change/);
    for (const cell of results.cells) if (cell.plane === "iptables") cell.estimate!.interval = [100, 1e9];
    for (const id of ["update-time", "update-rollout", "churn", "load"])
      expect(ids(results)).not.toContain(id);
  });

  it("says how much longer iptables is built at many Services, and not where the intervals leave less than twice", () => {
    const built = (ebpfNs: number) =>
      findingsOf(
        withCells([
          ["model", "sync", "iptables", 100, 2e6],
          ["model", "sync", "iptables", 10_000, 200e6],
          ["model", "sync", "ebpf", 10_000, ebpfNs],
        ]),
      ).find(({ id }) => id === "sync");
    expect(built(25e6)?.headline).toMatch(
      /^From 100 to 10,000 Services modelled iptables builds grow 100×\u00a0\([\d–]+\)$/,
    );
    expect(built(90e6)).toBeUndefined();
    const timed = withCells([
      ["model", "sync", "iptables", 100, 2e6],
      ["model", "sync", "iptables", 10_000, 200e6],
      ["model", "sync", "ebpf", 10_000, 25e6],
      ["kernel", "sync", "iptables", 100, 48e6],
    ]);
    expect(findingsOf(timed).map(({ id }) => id)).not.toContain("sync");
  });

  it("says who needs more memory at the largest N that both have, by exact counts", () => {
    const results = withPrograms(fakeResults({ services: [1] }));
    expect(finding(results, "memory")?.headline).toBe("At 10,000 Services iptables needs 4× eBPF's memory");
    results.cells = results.cells.filter(({ services }) => services <= 100);
    expect(finding(results, "memory")?.headline).toBe("At 100 Services eBPF needs 25× iptables' memory");
    for (const cell of results.cells) if (cell.scenario === "memory") cell.counts = { bytes: 5000 };
    expect(ids(results)).not.toContain("memory");
  });

  it("says what the position of popular services costs, by exact counts, and not where it costs nothing", () => {
    const results = withChanges(fakeResults({ services: [1000] }));
    expect(finding(results, "skew")?.sentence).toMatch(
      /visits 120 rules when .* start of the list and 893 when they are at its end/,
    );
    for (const cell of results.cells) if (cell.scenario === "skew") cell.work!.rulesVisited = 500;
    expect(ids(results)).not.toContain("skew");
  });

  it("says that the order of addresses makes a trie no deeper, and nothing where it does", () => {
    expect(finding(withAddresses(trieResults()), "trie-addresses")?.sentence).toMatch(
      /^At 10,000 Services Calico eBPF \(trie\) visits 15\.3 .* random and 15\.3 .* sequential\. At 2,768 it visits 15\.4 for a NodePort and 13\.4/,
    );
    expect(ids(withAddresses(trieResults(), (steps) => 2 * steps))).not.toContain("trie-addresses");
  });

  it("says how many flows Maglev moves, and nothing where it moves as many as random choice", () => {
    const results = withBalance(fakeResults({ services: [1] }));
    expect(finding(results, "balance")?.sentence).toMatch(
      /11 % of new flows .* 10 % have to; under random choice 90 % do/,
    );
    for (const cell of results.cells)
      if (cell.plane === "ebpf-maglev" && cell.counts) cell.counts["share moved"] = 0.9;
    expect(ids(results)).not.toContain("balance");
  });

  it("says who walks the endpoints of a service, by exact counts, with and without affinity", () => {
    const results = withEndpoints(fakeResults({ services: [100] }));
    expect(finding(results, "endpoints")?.sentence).toMatch(
      /With 1,000 endpoints .* visits 506 rules, half a rule more/,
    );
    const affinity = finding(results, "endpoints-affinity");
    expect(affinity?.headline).toBe("With affinity, new clients cost O(E) in iptables and nftables");
    expect(affinity?.cells).toContain("nftables/endpoints/100x1000/affinity");
    for (const cell of results.cells) cell.work!.rulesVisited = 6;
    expect(ids(results)).not.toContain("endpoints");
    expect(ids(results)).not.toContain("endpoints-affinity");
  });

  it("is silent about a single replicate, whose interval has no width", () => {
    expect(findFindings(fakeResults({ replicates: 1 }))).toEqual([]);
    expect(findFindings(fakeResults({ replicates: 3 }))).not.toEqual([]);
  });

  it("is silent about a run without measurements", () => {
    const results = fakeResults();
    for (const cell of results.cells) Object.assign(cell, { estimate: null, replicates: [] });
    expect(findFindings(results)).toEqual([]);
  });
});

describe("headlines of findings", () => {
  it("carry the interval with each measured factor, in ten words at most", () => {
    const everything = withKernel(withSingles(withChanges(withPrograms(withConnections(fakeResults())))));
    const measured = findFindings(everything).filter(
      ({ headline, interval }) => headline.includes("×") && interval[0] !== interval[1],
    );
    expect(measured.length).toBeGreaterThan(6);
    for (const { headline } of measured) {
      expect(headline).toMatch(/×\u00a0\([\d,.]+–[\d,.]+\)/);
      expect(headline.split(" ").length, headline).toBeLessThanOrEqual(10);
    }
  });

  it("never round the end of an interval above one down to it", () => {
    expect(headlineFactor(1.2, [1.04, 1.4])).toBe("1.2×\u00a0(1.0–1.4)");
    expect(headlineFactor(130, [99.6, 180])).toBe("130×\u00a0(100–180)");
  });
});

describe("findings of flows that reach no endpoint", () => {
  const measured = (change: (results: Results) => void) => {
    const results = fakeResults({ services: [100, 1000], planes: ["iptables", "ebpf"] });
    change(results);
    return findFindings(results).find(({ id }) => id === "iptables-factor")!;
  };

  it("say that the Services refuse them", () => {
    const found = measured(({ cells }) => {
      for (const cell of cells) cell.endpoints = 0;
    });
    expect(found.headline).toMatch(
      /^At 1,000 Services iptables refuses in \d+×\u00a0\(\d+–\d+\) eBPF's time$/,
    );
    expect(found.sentence).toMatch(/^Refused flows, Services without endpoints: At 1,000/);
  });

  it("say that they go to no Service, all of them or a share", () => {
    const all = measured(({ run }) => {
      run.settings.misses = 1;
    });
    expect(all.headline).toMatch(/^At 1,000 Services iptables misses in \d+×\u00a0\(\d+–\d+\) eBPF's time$/);
    const some = measured(({ run }) => {
      run.settings.misses = 0.25;
    });
    expect(some.sentence).toMatch(/^25 % of flows to no Service: At 1,000/);
  });

  it("leave counts and usual flows as they are", () => {
    expect(measured(() => undefined).sentence).toMatch(/^At 1,000 Services/);
  });
});
