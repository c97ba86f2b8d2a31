/** Results as a run would write them, made up from simple laws: for tests of reports only. */

import { CALICO_EBPF } from "../../src/planes/calico-ebpf/descriptor.js";
import { Random } from "../../src/random.js";
import {
  type Cell,
  type Finding,
  type Replicate,
  type Results,
  resultsSchema,
  SCHEMA_VERSION,
} from "../../src/results/schema.js";

export interface FakeRun {
  readonly planes?: readonly string[];
  readonly services?: readonly number[];
  readonly replicates?: number;
  readonly entry?: "clusterIp" | "nodePort";
  readonly floorNs?: number;
  /** Cells without an estimate, as `plane/services`. */
  readonly missing?: readonly string[];
  readonly findings?: readonly Finding[];
  /** Replaces the made-up law of a plane's latency. */
  readonly latencyNs?: (plane: string, services: number) => number;
}

/** N of the article profile. */
export const ARTICLE_SERVICES = [1, 100, 1000, 2000, 2768];
/** N of the default profile. */
export const DEFAULT_SERVICES = [1, 10, 100, 1000, 5000, 10_000, 30_000];

/** A hash table whose time rises once it outgrows the caches. */
const cached = (baseNs: number, extraNs: number, services: number) =>
  baseNs + extraNs * (services / (services + 8000)) ** 2;

const LATENCY_NS: Readonly<Record<string, (services: number) => number>> = {
  direct: () => 9,
  iptables: (services) => 24 + 2.4 * (services / 2),
  "iptables-nft": (services) => 60 + 9 * (services / 2),
  ipvs: (services) => cached(34 + services / 256, 40, services),
  nftables: (services) => cached(52, 70, services),
  ebpf: (services) => cached(36, 80, services),
  "ebpf-maglev": (services) => cached(38, 260, services),
  "calico-ebpf": (services) => 40 + 6 * Math.log2(services),
};

const WORK: Readonly<Record<string, (services: number) => { rulesVisited: number; hashProbes: number }>> = {
  iptables: (services) => ({ rulesVisited: (services + 1) / 2 + 6, hashProbes: 0 }),
  "iptables-nft": (services) => ({ rulesVisited: (services + 1) / 2 + 6, hashProbes: 0 }),
  ipvs: (services) => ({ rulesVisited: 3, hashProbes: 1 + services / 512 }),
  nftables: () => ({ rulesVisited: 6, hashProbes: 2 }),
  ebpf: () => ({ rulesVisited: 0, hashProbes: 3 }),
  "ebpf-maglev": () => ({ rulesVisited: 0, hashProbes: 3 }),
  "calico-ebpf": (services) => ({ rulesVisited: 0, hashProbes: 2 + Math.log2(services) }),
};

/** A finding that a chart can take as its title. */
export function fakeFinding(id: string, headline: string): Finding {
  return { id, headline, sentence: `${headline}.`, cells: [], value: 1, interval: [0.9, 1.1] };
}

/** Results of a run that never happened, valid by the schema and the same on every call. */
export function fakeResults(run: FakeRun = {}): Results {
  const planes = run.planes ?? ["iptables", "ipvs", "nftables", "ebpf", "ebpf-maglev"];
  const services = run.services ?? DEFAULT_SERVICES;
  const replicates = run.replicates ?? 7;
  const cells = services.flatMap((n) => planes.map((plane) => fakeCell(plane, n, replicates, run)));
  return resultsSchema.parse({
    schemaVersion: SCHEMA_VERSION,
    tool: { name: "lbscale", version: "0.1.0" },
    run: {
      id: "fake",
      startedAt: "2026-11-24T09:30:00.000Z",
      finishedAt: "2026-11-24T09:41:00.000Z",
      profile: "default",
      seed: 1,
      command: "lbscale run --seed 1",
      complete: true,
      entry: run.entry ?? "clusterIp",
      replicates: { least: replicates, most: replicates },
      looks: [replicates],
      targetHalfWidth: 0.05,
      level: 0.95,
      budgetSeconds: null,
      settings: {
        endpointsPerService: 4,
        zipf: 0,
        popular: "random",
        misses: 0,
        warmupMs: 100,
        measureMs: 300,
        singlesMs: 60,
        planes: { ipvsScheduler: "rr", ipvsServiceTable: "fixed" },
      },
      schedule: [],
    },
    environment: {
      cpu: "Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz",
      cores: 2,
      caches: { L1d: 49152, L2: 1310720, L3: 50331648 },
      memoryBytes: 8_000_000_000,
      os: "linux",
      kernel: "6.8.0",
      architecture: "x64",
      virtualisation: "kvm",
      governor: "unknown",
      turbo: "unknown",
      smt: "unknown",
      pinnedCpu: 1,
      node: "v20.19.2",
      v8: "11.3.244.8",
      execArgv: ["--single-threaded"],
      packages: { tinybench: "6.2.3" },
      gitCommit: null,
      loadBefore: [0.1, 0.1, 0.1],
      loadAfter: [1, 0.8, 0.4],
      timerResolutionNs: 30,
      stealShare: null,
      unfit: [],
    },
    cluster: { source: "synthetic", parameters: {}, digests: {} },
    equivalence: { services: 1000, flows: 20_000, planes: [...planes], disagreements: 0, documented: {} },
    cells,
    fits: [],
    crossovers: [],
    orderEffect: null,
    findings: [...(run.findings ?? [])],
  } satisfies Results);
}

/** Adds cells of the scenario `endpoints`: 100 services of 1 to 1,000 endpoints, with and without affinity. */
export function withEndpoints(
  results: Results,
  planes: readonly string[] = ["iptables", "nftables", "ebpf"],
): Results {
  const linear = (plane: string, variant: string) =>
    plane === "iptables" ? (variant === "" ? 0.5 : 1) : variant !== "" && plane === "nftables" ? 1 : 0;
  for (const variant of ["", "affinity"]) {
    for (const endpoints of [1, 10, 100, 1000]) {
      for (const plane of planes) {
        const rules = linear(plane, variant) * endpoints;
        const cell = fakeCell(plane, 100, results.run.replicates.least, { latencyNs: () => 60 + 20 * rules });
        cell.work = {
          rulesVisited: 6 + rules,
          mapLookups: 2,
          hashProbes: 3,
          entriesWritten: 0,
          stateProbes: 0,
        };
        results.cells.push({ ...cell, scenario: "endpoints", endpoints, variant });
      }
    }
  }
  return results;
}

/** Adds cells of `update` and `memory`, which are counted, and of `sync`. */
export function withPrograms(results: Results): Results {
  const planes = { iptables: 1, nftables: 0, ebpf: 0 };
  for (const [plane, growing] of Object.entries(planes)) {
    for (const n of [1, 100, 10_000]) {
      const cell = fakeCell(plane, n, results.run.replicates.least, { latencyNs: () => 1e5 + 1e4 * n });
      const counted = { ...cell, replicates: [], estimate: null, work: null };
      const join = { "join rules": growing * (n + 25), "join chains": growing * 15, "join map writes": 3 };
      const issued = plane === "ebpf" ? { "join operations": 13 } : {};
      results.cells.push(
        { ...cell, scenario: "sync" },
        { ...counted, scenario: "update", counts: { ...join, ...issued } },
        { ...counted, scenario: "memory", counts: { bytes: plane === "ebpf" ? 12_582_912 : 5000 * n } },
      );
    }
  }
  return results;
}

/** Adds cells of timed updates, `churn` and `connect` at the same N, and `skew`: what the load is worked out from. */
export function withChanges(results: Results): Results {
  const planes = [
    { plane: "iptables", changeNs: (n: number) => 1e5 + 9000 * n, connectNs: (n: number) => 1200 + 2.5 * n },
    { plane: "nftables", changeNs: () => 9000, connectNs: () => 1200 },
    { plane: "ebpf", changeNs: () => 3000, connectNs: () => 300 },
  ];
  const count = results.run.replicates.least;
  const add = (plane: string, scenario: string, variant: string, n: number, ns: number, rules = 0) => {
    const cell = fakeCell(plane, n, count, { latencyNs: () => ns });
    cell.work = { ...fakeWork(plane, n), rulesVisited: rules };
    results.cells.push({ ...cell, scenario, variant });
  };
  for (const { plane, changeNs, connectNs } of planes) {
    for (const n of [1, 1000, 10_000]) {
      add(plane, "update", "change", n, changeNs(n));
      add(plane, "update", "rollout", n, 2 * changeNs(n));
      if (plane === "iptables") add(plane, "update", "full", n, 2 * changeNs(n));
      add(plane, "churn", "changes", n, 1.5 * changeNs(n));
      add(plane, "churn", "lookups", n, connectNs(n) * 5);
      if (
        !results.cells.some(
          (cell) => cell.scenario === "connect" && cell.plane === plane && cell.services === n,
        )
      )
        add(plane, "connect", "", n, connectNs(n));
    }
    for (const [i, variant] of ["uniform", "popular first", "popular anywhere", "popular last"].entries()) {
      const rules = plane === "iptables" ? [506, 120, 500, 893][i]! : 6;
      add(plane, "skew", variant, 1000, 60 + 3 * rules, rules);
    }
  }
  return results;
}

/** Adds cells of `balance`. */
export function withBalance(results: Results): Results {
  const moved = [
    ["iptables", "", 0.9],
    ["ipvs", "rr", 0.9],
    ["ipvs", "mh", 0.11],
    ["ebpf", "", 0.9],
    ["ebpf-maglev", "", 0.105],
  ] as const;
  for (const [plane, variant, share] of moved) {
    const cell = fakeCell(plane, 1, 0, {});
    const counts = { "share moved": share, "least share": 0.1, "chi-square": 9, "degrees of freedom": 9 };
    results.cells.push({ ...cell, scenario: "balance", variant, work: null, counts });
  }
  return results;
}

/** Results of a list, a hash table and a trie, which describes itself. */
export function trieResults(run: FakeRun = {}): Results {
  const results = fakeResults({ planes: ["iptables", "ebpf", CALICO_EBPF.id], ...run });
  return {
    ...results,
    planes: { [CALICO_EBPF.id]: { ...CALICO_EBPF.report, claims: [...CALICO_EBPF.report.claims] } },
  };
}

/** Adds cells of `addresses`: what a trie visits for three kinds of them. */
export function withAddresses(results: Results, sequentialVisits = (steps: number) => steps): Results {
  const kinds = [
    { variant: "random addresses", visits: (steps: number) => steps },
    { variant: "sequential addresses", visits: sequentialVisits },
    { variant: "NodePorts", visits: (steps: number) => steps + 2 },
  ];
  for (const plane of [CALICO_EBPF.id, "ebpf"]) {
    for (const { variant, visits } of kinds) {
      for (const n of [1, 100, 2768, ...(variant === "NodePorts" ? [] : [10_000])]) {
        const cell = fakeCell(plane, n, results.run.replicates.least, {});
        const hashProbes = plane === "ebpf" ? 3 : visits(2 + Math.log2(n));
        const work = { ...fakeWork(plane, n), rulesVisited: 0, hashProbes };
        results.cells.push({ ...cell, scenario: "addresses", variant, work });
      }
    }
  }
  return results;
}

/** Adds cells of the scenario `family`: IPv6 a third more, both the mean, and a plane that knows IPv4 only. */
export function withFamilies(results: Results, ipv6 = 1.35): Results {
  const kinds = [
    { variant: "IPv4", times: 1, bytes: 1 },
    { variant: "IPv6", times: ipv6, bytes: 1.4 },
    { variant: "dual stack", times: (1 + ipv6) / 2, bytes: 2.4 },
  ];
  const count = results.run.replicates.least;
  for (const plane of ["iptables", "nftables", "ebpf"]) {
    for (const { variant, times, bytes } of kinds) {
      const base = LATENCY_NS[plane]!;
      const at = (n: number, named: string, factor: number): Cell => {
        const cell = fakeCell(plane, n, count, { latencyNs: () => base(n) * factor });
        return { ...cell, scenario: "family", variant: named, programBytes: 800 * n * bytes };
      };
      for (const n of plane === "iptables" ? [1, 100, 1000, 10_000] : [10_000])
        results.cells.push(at(n, variant, plane === "nftables" ? 1 : times));
      const writes = { replicates: [], estimate: null, counts: { "join bytes": 1000 * bytes } };
      results.cells.push({ ...at(1000, `writes, ${variant}`, 1), ...writes });
    }
  }
  for (const { variant } of kinds) {
    const cell = fakeCell("ipvs", 10_000, count, {});
    const warnings = ["not measured: the model of IPVS knows IPv4 only"];
    const gap: Partial<Cell> =
      variant === "IPv4"
        ? { programBytes: 800 * 10_000 }
        : { replicates: [], estimate: null, programBytes: null, warnings };
    results.cells.push({ ...cell, scenario: "family", variant, ...gap });
  }
  return results;
}

/** Adds cells of `connect` and `established`, and of Cilium at the socket. */
export function withConnections(results: Results): Results {
  const lines = [
    { plane: "iptables", variant: "", connectNs: (n: number) => 1200 + 2.5 * n, laterNs: 370 },
    { plane: "nftables", variant: "", connectNs: () => 1200, laterNs: 375 },
    { plane: "ebpf", variant: "", connectNs: () => 300, laterNs: 210 },
    { plane: "ebpf", variant: "socket", connectNs: () => 110, laterNs: 5 },
  ];
  for (const { plane, variant, connectNs, laterNs } of lines) {
    for (const n of [1, 1000, 10_000]) {
      const count = results.run.replicates.least;
      const first = fakeCell(plane, n, count, { latencyNs: () => connectNs(n) });
      const later = fakeCell(plane, n, count, { latencyNs: () => laterNs });
      results.cells.push(
        { ...first, scenario: "connect", variant },
        { ...later, scenario: "established", variant },
      );
    }
  }
  return results;
}

function fakeCell(plane: string, services: number, count: number, run: FakeRun): Cell {
  const law = run.latencyNs?.(plane, services) ?? (LATENCY_NS[plane] ?? (() => 80))(services);
  const random = Random.fromSeed(services, plane);
  const replicates = run.missing?.includes(`${plane}/${services}`)
    ? []
    : Array.from({ length: count }, (_, block) => ({
        ...fakeReplicate(law * (1 + 0.06 * random.normal()), block, run.floorNs ?? 2.2),
        work: fakeWork(plane, services),
      }));
  const medians = replicates.map((replicate) => replicate.median).sort((a, b) => a - b);
  return {
    plane,
    lane: "model",
    scenario: "lookup",
    services,
    variant: "",
    endpoints: 4,
    unit: "ns",
    replicates,
    estimate:
      medians.length === 0
        ? null
        : {
            median: medians[medians.length >> 1]!,
            interval: [medians[0]!, medians.at(-1)!],
            kind: medians.length >= 6 ? "ci95" : "range",
          },
    adjusted: null,
    percentiles: null,
    percentilesReason: "made up",
    outliers: null,
    unsteady: 0,
    counts: null,
    stopped: null,
    lookedAt: 0,
    disturbed: [],
    work: plane in WORK ? fakeWork(plane, services) : null,
    programBytes: null,
    facts: {},
    warnings: [],
  };
}

function fakeWork(plane: string, services: number): Replicate["work"] {
  return {
    ...(WORK[plane]?.(services) ?? { rulesVisited: 0, hashProbes: 0 }),
    mapLookups: 2,
    entriesWritten: 0,
    stateProbes: 0,
  };
}

function fakeReplicate(median: number, block: number, floorNs: number): Omit<Replicate, "work"> {
  return {
    order: block,
    block,
    seed: block,
    wallMs: 400,
    batch: Math.max(32, 2 ** Math.round(Math.log2(500_000 / median))),
    samples: [median * 0.98, median, median * 1.02],
    median,
    singles: null,
    floorNs,
    timerFloorNs: 40,
    chaseNs: 14,
    checkedBatches: 3,
    collections: 0,
    heapBytesPerLookup: 0,
    buildMs: 10,
    peakRssBytes: 80_000_000,
  };
}
