import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { flowAt, generateTrace } from "../src/cluster/flows.js";
import { generateCluster } from "../src/cluster/generate.js";
import { benchCluster } from "../src/measure/replicate/bench-cluster.js";
import { endpointChurn } from "../src/measure/replicate/endpoint-churn.js";
import type { Counted, Measured } from "../src/measure/replicate/measured.js";
import type { Job } from "../src/measure/scenario.js";
import { EBPF } from "../src/planes/ebpf/descriptor.js";
import type { PlaneId } from "../src/planes/plane.js";
import { planeById } from "../src/planes/registry.js";
import { PLANE_ENTRIES, PLANE_IDS } from "../src/planes/registry-loader.js";
import { SOCKET } from "./connections.js";
import { DERIVED, SCENARIOS } from "./index.js";

// 16 batches hold the whole trace, and at least 20 are timed: every flow is counted, on any machine. Between changes only five
// are timed for certain, so that four hold it there.
const size = vi.hoisted(() => ({ batch: 1024 }));
vi.mock("../src/measure/replicate/batches.js", async (original) => ({
  ...(await original<typeof import("../src/measure/replicate/batches.js")>()),
  calibrate: () => size.batch,
}));
// Each look at the clock takes 20 ms: what is repeated for some time is repeated a few times, the same few on any machine.
vi.mock("../src/measure/replicate/clock.js", async (original) => {
  let now = 0;
  return {
    ...(await original<typeof import("../src/measure/replicate/clock.js")>()),
    nowNs: () => {
      now += 20e6;
      return now;
    },
  };
});

const entryOf = (plane: PlaneId) =>
  planeById(plane).descriptor.can.outsideOnly ? "loadBalancer" : "clusterIp";

/** Runs a scenario in this process, for as short a time as it can. */
async function run(id: string, plane: PlaneId, services: number, change: Partial<Job> = {}) {
  const job: Job = {
    scenario: id,
    plane,
    services,
    variant: "",
    clusterSeed: 1,
    seed: 3,
    clusterFile: null,
    endpointsPerService: 4,
    affinityShare: 0,
    entry: entryOf(plane),
    ...SCENARIOS.find((scenario) => scenario.id === id)?.clusterOf?.(change.variant ?? ""),
    options: {},
    zipf: 0,
    popular: "random",
    misses: 0,
    warmupMs: 1,
    measureMs: 2,
    singlesMs: 1,
    slowdown: 0,
    ...change,
  };
  const cluster = await benchCluster({ ...job, family: 4 });
  return SCENARIOS.find((scenario) => scenario.id === id)!.measure(job, cluster, planeById(plane));
}
const timed = (...args: Parameters<typeof run>) => run(...args) as Promise<Measured>;
const counted = async (...args: Parameters<typeof run>) => ((await run(...args)) as Counted).counts;

describe("sync", () => {
  const facts = async (plane: PlaneId, services: number) =>
    ((await run("sync", plane, services)) as Measured).facts;

  it("counts the sets that the kernel passes for a map of each Service, in all and in the worst transaction", async () => {
    // m maps after s sets: three walks of what is there before each, two with it.
    const walks = (s: number, m: number) => 5 * (s * m + (m * (m - 1)) / 2) + 2 * m;
    for (const [plane, named] of [
      ["nftables@1.35", 7],
      ["nftables@1.36", 8],
      ["nftables", 8],
    ] as const) {
      expect(await facts(plane, 1500)).toMatchObject({
        setsPassed: walks(named, 1500),
        // The last 500 pass more than the first 1,000.
        setsPassedMostOf1000: walks(named + 1000, 500),
        setsPassedMostOf250: walks(named + 1250, 250),
      });
    }
  });

  it("counts the entries of its transaction that the kernel passes: a sixth in six stages", async () => {
    // Each service adds 19 entries, and is bound to its map when 10 of them are there.
    const walks = (m: number) => (19 * m * (m - 1)) / 2 + 10 * m;
    expect(await facts("nftables@1.35", 1500)).toMatchObject({
      entriesPassed: walks(1500),
      entriesPassedBy250: 6 * walks(250),
    });
  });

  it("counts none for planes without a list of sets", async () => {
    for (const plane of ["iptables", "ebpf"]) expect(await facts(plane, 10)).not.toHaveProperty("setsPassed");
  });
});

describe("connect", () => {
  it("adds to the decision what each plane keeps: two conntrack nodes, IPVS' connection, Cilium's entry", async () => {
    const work = async (plane: PlaneId, variant = "") =>
      (await timed("connect", plane, 10, { variant })).work;
    expect((await work("iptables")).entriesWritten).toBe(2);
    expect((await work("nftables")).entriesWritten).toBe(2);
    expect((await work("ipvs")).entriesWritten).toBe(3);
    expect((await work("ebpf")).entriesWritten).toBe(1);
    expect((await work("ebpf", SOCKET)).entriesWritten).toBe(1);
  });
});

describe("established", () => {
  it("tries no rule and writes nothing, at any N", async () => {
    for (const services of [1, 50]) {
      const { work } = await timed("established", "iptables", services);
      expect(work).toMatchObject({ rulesVisited: 0, mapLookups: 1, entriesWritten: 0 });
    }
  });

  it("is no work at all at the socket", async () => {
    const { work } = await timed("established", "ebpf", 5, { variant: SOCKET });
    expect(Object.values(work).every((count) => count === 0)).toBe(true);
  });
});

describe("endpoints", () => {
  it("visits half a rule more for each endpoint in iptables, and none in nftables", async () => {
    const rules = async (plane: PlaneId, endpointsPerService: number) =>
      (await timed("endpoints", plane, 5, { endpointsPerService })).work.rulesVisited;
    // Random picks: (E + 1)/2 within a few per cent.
    expect((await rules("iptables", 101)) - (await rules("iptables", 1))).toBeCloseTo(50, 0);
    expect(await rules("nftables", 101)).toBe(await rules("nftables", 1));
  });

  it("tests every endpoint for a new client where affinity is a list", async () => {
    const rules = async (endpointsPerService: number) =>
      (await timed("endpoints", "nftables", 5, { endpointsPerService, variant: "affinity" })).work
        .rulesVisited;
    expect((await rules(40)) - (await rules(4))).toBeGreaterThan(20);
  });

  it("measures three sizes with and without affinity", () => {
    const sizes = SCENARIOS.find(({ id }) => id === "endpoints")!.sizes!(null, EBPF);
    expect(
      sizes.map(({ services, endpoints, variant }) => `${services}x${endpoints} ${variant}`.trim()),
    ).toEqual(["100x1", "100x100", "100x1000", "100x1 affinity", "100x100 affinity", "100x1000 affinity"]);
  });
});

describe("update", () => {
  it("writes a rule for each service in iptables' partial sync, and all rules in a full one", async () => {
    const [small, large] = [
      await counted("update", "iptables", 10),
      await counted("update", "iptables", 110),
    ];
    expect(large["join rules"]! - small["join rules"]!).toBe(100);
    // 2 + 3E rules per service, E = 4 but for the one that grew.
    expect(large["join full rules"]! - small["join full rules"]!).toBe(100 * 14);
  });

  it("counts the bytes of kube-proxy's text apart from those that the kernel gets", async () => {
    const [small, large] = [
      await counted("update", "iptables", 10),
      await counted("update", "iptables", 110),
    ];
    // KUBE-SERVICES is written whole, some 137 bytes per rule here.
    const bytes = (what: string) => large[`${what} text bytes`]! - small[`${what} text bytes`]!;
    expect([bytes("join") > 100 * 130, bytes("join") < 100 * 150]).toEqual([true, true]);
    expect(bytes("join full")).toBeGreaterThan(10 * bytes("join"));
    // One rule of the service with its chain declared and flushed, whatever else there is.
    const nft = await counted("update", "nftables", 10);
    expect(nft["join text bytes"]).toBeLessThan(500);
    expect(nft["join text bytes"]).not.toBe(nft["join bytes"]);
    // IPVS mode's rules match sets: their text is the same at any N.
    const ipvs = await Promise.all([10, 110].map((services) => counted("update", "ipvs", services)));
    expect(ipvs[0]!["join text bytes"]).toBeGreaterThan(2000);
    expect(ipvs[1]!["join text bytes"]).toBe(ipvs[0]!["join text bytes"]);
    expect(await counted("update", "ebpf", 10)).not.toHaveProperty("join text bytes");
  });

  it("writes backend, slot and master in Cilium at any N, and with Maglev two frontends and a table", async () => {
    for (const services of [10, 110]) {
      expect((await counted("update", "ebpf", services))["join map writes"]).toBe(3);
      expect((await counted("update", "ebpf-maglev", services))["join map writes"]).toBe(6);
    }
  });
});

describe("operations of Cilium's agent", () => {
  it("are counted next to the entries that differ: 1 + F (2 E' + 2) for a join", async () => {
    for (const services of [10, 110]) {
      const ebpf = await counted("update", "ebpf", services);
      // One frontend, 4 endpoints and then 5: most of what is issued changes nothing.
      expect([ebpf["join operations"], ebpf["join map writes"]]).toEqual([13, 3]);
    }
    expect(await counted("update", "nftables", 10)).not.toHaveProperty("join operations");
  });
});

describe("timed updates", () => {
  it("take each change back, leave the answers as they were and write what is counted", async () => {
    for (const plane of PLANE_IDS) {
      for (const variant of ["change", "rollout", ...(plane === "iptables" ? ["full"] : [])]) {
        const { samples } = await timed("update", plane, 6, { variant, options: { maglevTableSize: 251 } });
        expect(samples.length).toBeGreaterThan(1);
      }
    }
  });

  it("write as much in a round as one endpoint that joins and one that leaves", async () => {
    const request = {
      clusterFile: null,
      services: 30,
      clusterSeed: 1,
      endpointsPerService: 4,
      affinityShare: 0,
    };
    for (const [plane, writes] of [
      // Backend, slot and master; the last slot is deleted, the master written, the backend deleted.
      ["ebpf", 3 + 3],
      // Slot and master of two frontends, and the table of that which is reached from outside.
      ["ebpf-maglev", 6 + 6],
      // One command to add; weight 0 and delete.
      ["ipvs", 1 + 2],
      // The elements of the anonymous map.
      ["nftables", 5 + 4],
    ] as const) {
      const cluster = await benchCluster({ ...request, entry: entryOf(plane) });
      const program = planeById(plane).compile(cluster, { maglevTableSize: 251 });
      const { live, next } = endpointChurn({ seed: 3 }, program, "join");
      next();
      expect([plane, live.written.mapWrites]).toEqual([plane, writes]);
    }
    const cluster = await benchCluster({ ...request, entry: "clusterIp" });
    const { live, next } = endpointChurn({ seed: 3 }, planeById("iptables").compile(cluster), "join");
    next();
    // N + 10 + 3E rules, as kube-proxy writes them (test/data/kube-proxy), with five endpoints and with four.
    expect(live.written.rules).toBe(2 * (30 + 10) + 3 * (5 + 4));
  });
});

describe("churn", () => {
  beforeAll(() => {
    size.batch = 4096;
  });
  afterAll(() => {
    size.batch = 1024;
  });

  it("looks up after changes that were taken back: the work is that of a lookup without changes", async () => {
    for (const plane of ["iptables", "nftables", "ebpf"] as const) {
      const after = await timed("churn", plane, 12, { variant: "lookups" });
      const calm = await timed("lookup", plane, 12);
      expect(after.work.mapLookups).toBe(calm.work.mapLookups);
      expect(after.work.rulesVisited).toBe(calm.work.rulesVisited);
      expect(after.checkedBatches).toBeGreaterThan(4);
    }
  });

  it("times changes among lookups", async () => {
    const { samples } = await timed("churn", "ebpf", 12, { variant: "changes" });
    expect(samples.length).toBeGreaterThan(1);
  });
});

describe("skew", () => {
  it("weights the i + k + 4 entries of iptables by popularity: few at the front, many at the end", async () => {
    const visited = async (variant: string) =>
      (await timed("skew", "iptables", 200, { variant, endpointsPerService: 1 })).work.rulesVisited;
    const weights = Array.from({ length: 200 }, (_, rank) => (rank + 1) ** -1.1);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const mean = weights.reduce((sum, weight, rank) => sum + (weight / total) * (rank + 1), 0);
    // The trace is drawn: within 4 % of its expectation. k = 1 with one endpoint.
    expect((await visited("popular first")) / (mean + 5)).toBeCloseTo(1, 1);
    expect((await visited("popular last")) / (201 - mean + 5)).toBeCloseTo(1, 1);
    expect((await visited("uniform")) / (201 / 2 + 5)).toBeCloseTo(1, 1);
  });

  it("counts exactly the positions of the services that its trace asks for", () => {
    const cluster = generateCluster({ services: 50, seed: 2, endpoints: { kind: "constant", count: 1 } });
    const program = planeById("iptables").compile(cluster, { seed: 5 });
    const positions = new Map([...program.order!].map((servicePort, i) => [servicePort, i + 1]));
    const model = program.model(1);
    for (const popular of ["first", "last"] as const) {
      const trace = generateTrace(cluster, {
        flows: 500,
        seed: 1,
        order: program.order!,
        zipf: 1.1,
        popular,
      });
      for (let flow = 0; flow < trace.length; flow++) {
        const { work } = model.explain(flowAt(trace.words, flow), 0);
        expect(work.rulesVisited).toBe(positions.get(trace.target[flow]!)! + 1 + 4);
      }
    }
  });

  it("does not concern tables", async () => {
    const work = async (variant: string) => (await timed("skew", "ebpf", 50, { variant })).work.mapLookups;
    expect(await work("popular last")).toBe(await work("popular first"));
  });
});

describe("load", () => {
  it("is worked out from connect and update, of every plane at the same N", () => {
    const [load] = DERIVED;
    expect(load!.from).toEqual(["connect", "update"]);
    for (const { descriptor: plane } of PLANE_ENTRIES) {
      const [first, change] = load!.from.map((id) =>
        SCENARIOS.find((scenario) => scenario.id === id)!.sizes!(null, plane),
      );
      const of = (sizes: typeof first, variant: string) =>
        sizes!.filter((size) => size.variant === variant).map(({ services }) => services);
      expect(of(change, "change")).toEqual(of(first, ""));
    }
  });
});

describe("memory", () => {
  it("is 1248 + 928 E bytes per service in iptables beyond 1,000 endpoints, and says which bytes are known", async () => {
    const [small, large] = [
      await counted("memory", "iptables", 300),
      await counted("memory", "iptables", 400),
    ];
    expect((large.bytes! - small.bytes!) / 100).toBe(1248 + 928 * 4);
    expect(large["bytes known to the byte"]! + large["bytes derived"]!).toBe(large.bytes);
  });
});

describe("balance", () => {
  it("moves nearly only the flows that have to under Maglev, and nine in ten under random choice or round robin", async () => {
    const maglev = await counted("balance", "ebpf-maglev", 1, { endpointsPerService: 10 });
    expect(maglev["least share"]).toBeCloseTo(0.1, 1);
    expect(maglev["share moved"]! - maglev["least share"]!).toBeLessThan(0.03);
    for (const plane of ["iptables", "nftables", "ebpf"] as const) {
      const random = await counted("balance", plane, 1, { endpointsPerService: 10 });
      expect(random["share moved"]).toBeCloseTo(0.9, 1);
      // 9 degrees of freedom: beyond 33.7 once in 10,000.
      expect(random["chi-square"]).toBeLessThan(33.7);
    }
    const rr = await counted("balance", "ipvs", 1, { endpointsPerService: 10, variant: "rr" });
    expect(rr["chi-square"]).toBe(0);
  });

  it("sends every flow of one address to one endpoint under dh, which hashes the destination", async () => {
    const dh = await counted("balance", "ipvs", 1, { endpointsPerService: 10, variant: "dh" });
    expect(dh["chi-square"]).toBe(180_000);
  });
});

describe("sync", () => {
  it("times building the program, at least once", async () => {
    const { samples, work, programBytes } = await timed("sync", "nftables", 20);
    expect(samples.length).toBeGreaterThan(0);
    expect(samples.every((ns) => ns > 0)).toBe(true);
    expect(Object.values(work).every((count) => count === 0)).toBe(true);
    expect(programBytes).toBeGreaterThan(0);
  });
});
