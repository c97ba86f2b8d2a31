import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fakeResults } from "../../test/support/results.js";
import { type Cluster, servicePortName } from "../cluster/cluster.js";
import { exposeServices } from "../cluster/expose.js";
import { generateCluster, MIXED } from "../cluster/generate.js";
import { importCluster } from "../formats/detect.js";
import { IptablesProgram } from "../planes/iptables/program.js";
import type { PlaneId } from "../planes/plane.js";
import { PLANE_IDS } from "../planes/registry-loader.js";
import { explainService } from "./explain.js";
import { explanationHeading, formatPlane } from "./explain-text.js";
import { findServicePort } from "./find-service.js";

const BOUTIQUE = importCluster(readFileSync("test/data/online-boutique.yaml", "utf8")).cluster;
const clean = (services: number) => generateCluster({ services, seed: 1 });
const explain = (cluster: Cluster, servicePort: number, planes: readonly PlaneId[] = PLANE_IDS, seed = 1) =>
  explainService(cluster, servicePort, { planes, seed });

describe("explain on iptables", () => {
  it("visits i + k + 4 entries, 6 at best and N + E + 4 at worst, at 1, 2 and 10 times the cluster", () => {
    const [n, e] = [50, 4];
    const { sizes, position } = explain(clean(n), 7, ["iptables"]).planes[0]!;
    expect(sizes[0]!.work!.rulesVisited).toBe(position!.rule + position!.pick + 4);
    expect(sizes.map(({ services, rules }) => [services, rules])).toEqual(
      [n, 2 * n, 10 * n].map((services) => [
        services,
        { best: 6, mean: (services + 1) / 2 + (e + 1) / 2 + 4, worst: services + e + 4 },
      ]),
    );
  });

  it("has the same best, mean and worst whatever the order of rules and the pick", () => {
    const mixed = generateCluster({ services: 25, seed: 3, ...MIXED, affinityShare: 0.3 });
    for (let p = 0; p < mixed.servicePorts; p += 4) {
      const ranges = [1, 2, 3].map((seed) =>
        explain(mixed, p, ["iptables"], seed).planes[0]!.sizes.map(({ rules }) => rules),
      );
      expect(ranges[1]).toEqual(ranges[0]);
      expect(ranges[2]).toEqual(ranges[0]);
    }
  });

  it("counts this node's endpoints only, where the policy is Local", () => {
    const cluster = generateCluster({
      services: 10,
      seed: 2,
      internalLocalShare: 1,
      localShare: 0.5,
      endpoints: { kind: "constant", count: 8 },
    });
    const local = (p: number) =>
      cluster.endpointLocal
        .slice(cluster.endpointStart[p], cluster.endpointStart[p + 1])
        .reduce((sum, here) => sum + here, 0);
    const counts = Array.from({ length: 10 }, (_, p) => {
      const { position, sizes } = explain(cluster, p, ["iptables"]).planes[0]!;
      expect([position!.lastPick, sizes[0]!.rules!.worst]).toEqual([local(p), 10 + local(p) + 4]);
      expect(position!.pick).toBeGreaterThan(0);
      return position!.lastPick;
    });
    expect(Math.max(...counts)).toBeLessThan(8);
  });

  it("gives a mean that the walks of many orders have", () => {
    const cluster = clean(20);
    const visited = Array.from(
      { length: 100 },
      (_, seed) => explain(cluster, 3, ["iptables"], seed).planes[0]!.sizes[0]!.work!.rulesVisited,
    );
    const mean = visited.reduce((sum, value) => sum + value, 0) / visited.length;
    // Standard error of 100 uniform positions and picks: 0.6.
    expect(Math.abs(mean - 17)).toBeLessThan(1.7);
  });

  it("gives a service without endpoints no position: the whole list is walked", () => {
    const cluster = generateCluster({ services: 30, seed: 1, emptyShare: 0.5 });
    const empty = Array.from({ length: 30 }, (_, p) => p).find(
      (p) => cluster.endpointStart[p] === cluster.endpointStart[p + 1],
    )!;
    const { decision, position, sizes } = explain(cluster, empty, ["iptables"]).planes[0]!;
    expect([decision, position, sizes[0]!.rules]).toEqual(["REJECT", null, null]);
    const listed = new IptablesProgram(cluster).listPosition(0, -1);
    expect(new IptablesProgram(cluster).listPosition(empty, -1)).toBeNull();
    expect(listed === null).toBe(empty === 0);
  });
});

describe("explain on a node's own list", () => {
  const node = importCluster(readFileSync("test/data/nodes/kube-proxy-1.12.iptables-save", "utf8"));
  const servicePort = findServicePort(node.cluster, "shop/web");
  const explained = (options: object) =>
    explainService(node.cluster, servicePort, { planes: ["iptables"], seed: 1, ...options }).planes[0]!;

  it("walks it as it is, old rules and others' rules included, and not twice", () => {
    const { path, position, sizes, ownList } = explained({ nodeList: node.nodeList });
    expect(ownList).toBe(true);
    expect(position).toEqual({ rule: 4, lastRule: 12, pick: 3, lastPick: 3 });
    // As `import --positions` counts: 9 in the mean of three endpoints, 10 for the last.
    expect(sizes[0]!.work!.rulesVisited).toBe(10);
    expect(path.filter((step) => step === "jump to KUBE-SERVICES")).toHaveLength(1);
    expect(sizes[0]!.rules).toBeNull();
  });

  it("sees larger clusters as kube-proxy would write them now", () => {
    const own = explained({ nodeList: node.nodeList });
    const written = explained({});
    expect(written.ownList).toBe(false);
    expect(own.sizes.slice(1)).toEqual(written.sizes.slice(1));
    expect(formatPlane(own).notes[0]).toMatch(/×1 walks the node's own list/);
  });
});

describe("explain on every plane", () => {
  it("explains the Online Boutique's frontend by its exact work", () => {
    const { planes, flow } = explain(BOUTIQUE, findServicePort(BOUTIQUE, "default/frontend"));
    expect(flow).toBe("tcp 10.255.0.1:40000 > 10.96.0.1:80");
    const work = Object.fromEntries(
      planes.map(({ plane, sizes }) => [
        plane,
        sizes.map(({ work: counts }) => [counts!.rulesVisited, counts!.mapLookups]),
      ]),
    );
    expect(work).toMatchObject({
      // A single endpoint is in the rule: nat prerouting 4 / 2 and postrouting 3 / 1, and 3 lookups of filter hooks.
      nftables: [
        [7, 6],
        [7, 6],
        [7, 6],
      ],
      ebpf: [
        [0, 3],
        [0, 3],
        [0, 3],
      ],
      // A pod's: never by Maglev's tables.
      "ebpf-maglev": [
        [0, 3],
        [0, 3],
        [0, 3],
      ],
    });
    // 11 other services and the load balancer's address stand before it at worst.
    expect(planes[0]!.sizes[0]!.rules).toEqual({ best: 6, mean: 12, worst: 18 });
    expect(planes.every(({ decision }) => decision.startsWith("DNAT 10.128."))).toBe(true);
  });

  it.each([
    ["1.34", "in all 15 / 5"],
    ["1.35", "in all 15 / 5"],
    ["1.36", "in all 14 / 7"],
    ["1.37", "in all 14 / 6"],
  ] as const)("counts a first packet in nftables of kube-proxy %s hook by hook: %s", (kubeProxy, all) => {
    const servicePort = findServicePort(BOUTIQUE, "default/frontend");
    const [plane] = explainService(BOUTIQUE, servicePort, {
      planes: ["nftables"],
      seed: 1,
      options: { kubeProxy },
    }).planes;
    expect(plane!.hooks.map(({ hook }) => hook)).toEqual([
      "filter prerouting (-110)",
      "nat prerouting (-100)",
      "filter forward (0)",
      "nat postrouting (100)",
    ]);
    const [note] = formatPlane(plane!).notes;
    expect(note).toMatch(/^by hook, rules evaluated \/ lookups in sets and maps: filter prerouting /);
    expect(note!.endsWith(all)).toBe(true);
  });

  it("says where a cluster can't grow so far, and where tables would not fit, instead of a number", () => {
    const small = { planes: ["iptables", "ebpf-maglev"] as const, seed: 1, maxModelBytes: 2 ** 26 };
    const [iptables] = explainService(clean(200), 0, small).planes;
    // Only frontends that clients outside reach have tables.
    const [, maglev] = explainService(exposeServices(clean(200)), 0, small).planes;
    expect(maglev!.sizes.map(({ work }) => work === null)).toEqual([false, false, true]);
    expect(maglev!.sizes[2]!.unavailable).toBe("its tables would take 132 MiB: not built here");
    // A list's positions are counted without building it.
    const [unbuilt] = explainService(clean(200), 0, { ...small, maxModelBytes: 2 ** 22 }).planes;
    expect(unbuilt!.sizes.map(({ rules }) => rules)).toEqual(iptables!.sizes.map(({ rules }) => rules));
    expect(unbuilt!.sizes[2]!.work).toBeNull();
    const narrow = {
      ...BOUTIQUE,
      network: { ...BOUTIQUE.network, podCidr: { base: 0x0aff0000, prefixLength: 25 } },
    };
    expect(explain(narrow, 0, ["ebpf"]).planes[0]!.sizes[2]!.unavailable).toMatch(/endpoints/);
  });

  it("predicts from a run between its sizes only, at the mean number of rules", () => {
    const run = fakeResults({
      services: [1, 100, 250, 500, 1000, 3000],
      latencyNs: (_plane, n) => 100 + 2 * n,
    });
    const [iptables] = explainService(clean(500), 0, { planes: ["iptables"], seed: 1, run }).planes;
    const [once, twice, tenfold] = iptables!.sizes.map(({ prediction }) => prediction!);
    // The run's N of 500 visits 256.5 rules, this service 257 on average: as good as the run's own time.
    expect(once).toMatchObject({ medianNs: expect.closeTo(1_100, -2) });
    expect(twice).toMatchObject({ medianNs: expect.closeTo(2_100, -2) });
    expect(tenfold).toEqual({ unavailable: "the run measured iptables from 1 to 3000 Services" });
  });
});

describe("an explanation in words", () => {
  it("passes over other services' rules in one line", () => {
    const words = formatPlane(explain(clean(300), 5, ["iptables"]).planes[0]!);
    expect(words.steps.length).toBeLessThan(10);
    expect(words.steps.some((step) => /^\d+ entries do not match$/.test(step))).toBe(true);
    expect(words.table[1]).toContain("6");
  });

  it("holds no control characters of names from outside", () => {
    const hostile = { ...BOUTIQUE, serviceName: () => "shop/\u001b[31mred" };
    const [heading] = explanationHeading(explain(hostile, 0, ["ebpf"]));
    expect(heading).toMatch(/^shop\/red/);
  });
});

describe("a service by its name", () => {
  it("is found with and without namespace, by port name or number", () => {
    for (const name of [
      "default/frontend",
      "frontend",
      "frontend:http",
      "default/frontend:80",
      "frontend:80/tcp",
    ]) {
      expect(servicePortName(BOUTIQUE, findServicePort(BOUTIQUE, name))).toBe("default/frontend:http");
    }
  });

  it("with a typing mistake is refused with close matches", () => {
    expect(() => findServicePort(BOUTIQUE, "default/fronted")).toThrow(/did you mean default\/frontend\?/);
    expect(() => findServicePort(BOUTIQUE, "shop/cartservise")).toThrow(
      /did you mean default\/cartservice\b/,
    );
    expect(() => findServicePort(BOUTIQUE, "quux")).toThrow(/it has 12, such as default\//);
    expect(() => findServicePort(BOUTIQUE, "frontend:https")).toThrow(/choose from http \(80\/tcp\)/);
  });

  it("in several namespaces is asked for", () => {
    const twins = {
      ...BOUTIQUE,
      serviceName: (s: number) => (s < 2 ? `team-${s}/web` : BOUTIQUE.serviceName(s)),
    };
    expect(() => findServicePort(twins, "web")).toThrow(
      /several namespaces: choose from team-0\/web, team-1\/web/,
    );
  });
});
