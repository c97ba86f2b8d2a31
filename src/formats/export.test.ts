import { describe, expect, it } from "vitest";
import { type Comparison, differences } from "../../test/same-decisions.js";
import fc from "../../test/support/properties.js";
import { trials } from "../../test/support/trials.js";
import { buildCluster } from "../cluster/build.js";
import type { Cluster } from "../cluster/cluster.js";
import { generateCoverageFlows } from "../cluster/coverage-flows.js";
import { clusterDigest } from "../cluster/digest.js";
import { generateCluster, MIXED } from "../cluster/generate.js";
import { DEFAULT_NETWORK } from "../cluster/network.js";
import { NotRepresentableError } from "../errors.js";
import { compileNodeList } from "../planes/iptables/rules/node-list.js";
import { planeById } from "../planes/registry.js";
import type { Situation } from "../planes/situation.js";
import { verifyPlanes } from "../planes/verify.js";
import { importCluster } from "./detect.js";
import { EXPORTS } from "./export.js";

/** Text of a cluster in a format. */
function exported(cluster: Cluster, format: string): string {
  const found = EXPORTS.find(({ id }) => id === format);
  if (!found) throw new Error(format);
  return [...found.write(cluster)].join("");
}

const anyCluster = fc
  .record({
    services: fc.integer({ min: 1, max: 40 }),
    seed: fc.nat(),
    affinityShare: fc.constantFrom(0, 0.3),
    emptyShare: fc.constantFrom(0, 0.2),
    internalLocalShare: fc.constantFrom(0, 0.3),
    externalLocalShare: fc.constantFrom(0.2, 0.8),
    sourceRangeShare: fc.constantFrom(0, 0.6),
    localShare: fc.constantFrom(0, 0.1, 0.6),
  })
  .map((options) =>
    generateCluster({ ...MIXED, ...options, endpoints: { kind: "lognormal", median: 3, sigma: 1, max: 20 } }),
  );

const isService = ({ destination, count }: Readonly<Situation>) =>
  count > 0 && ["cluster-ip", "external", "node-port"].includes(destination);
/** What the format loses (see `losses` in export.ts) is not compared. */
const ROUND_TRIPS: readonly (readonly [format: string, comparison: Comparison])[] = [
  ["kubernetes", { plane: "iptables" }],
  ["kubernetes", { plane: "ipvs" }],
  ["kubernetes", { plane: "nftables" }],
  ["kubernetes", { plane: "ebpf" }],
  ["iptables", { plane: "iptables" }],
  ["nft", { plane: "nftables" }],
  // IPVS knows servers; ranges, policies' sources and masquerade are elsewhere.
  ["ipvsadm", { plane: "ipvs", ignoreMasquerade: true, of: (s) => isService(s) && !s.outOfRange }],
  // What a cluster IP without backends shares with its NodePorts and external addresses, no map says.
  [
    "cilium",
    {
      plane: "ebpf",
      ignoreMasquerade: true,
      of: (s) => isService(s) && !(s.internalLocal && s.localCount === 0 && s.destination !== "cluster-ip"),
    },
  ],
];

/** One Service of two endpoints: one is ready, the other terminates and still serves. */
const HALF_TERMINATING = JSON.stringify({
  apiVersion: "v1",
  kind: "List",
  items: [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web", namespace: "shop" },
      spec: { type: "ClusterIP", clusterIP: "10.96.0.9", ports: [{ port: 80, protocol: "TCP" }] },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "web-1", namespace: "shop", labels: { "kubernetes.io/service-name": "web" } },
      addressType: "IPv4",
      endpoints: [
        { addresses: ["10.244.1.1"], conditions: { ready: true } },
        { addresses: ["10.244.1.2"], conditions: { ready: false, serving: true, terminating: true } },
      ],
      ports: [{ port: 8080, protocol: "TCP" }],
    },
  ],
});

describe("a cluster that was exported and imported", () => {
  it.each(ROUND_TRIPS)("%s: decides as before, %j", (format, comparison) => {
    fc.assert(
      fc.property(anyCluster, (cluster) => {
        const back = importCluster(exported(cluster, format)).cluster;
        const trace = generateCoverageFlows(cluster, 400, 1);
        expect(differences(cluster, back, trace, comparison)).toEqual([]);
        const model = planeById(comparison.plane).compile(back).model(1);
        const checked = verifyPlanes(
          back,
          new Map([[comparison.plane, model]]),
          generateCoverageFlows(back, 400, 2),
        );
        expect(checked.examples).toEqual([]);
      }),
      { numRuns: trials(10, 50) },
    );
  });

  it("is the same to the byte as Kubernetes objects", () => {
    fc.assert(
      fc.property(anyCluster, (cluster) => {
        expect(clusterDigest(importCluster(exported(cluster, "kubernetes")).cluster)).toBe(
          clusterDigest(cluster),
        );
      }),
      { numRuns: trials(10, 50) },
    );
  });

  it("obeys the contract when its own iptables list is walked as it is", () => {
    fc.assert(
      fc.property(anyCluster, (cluster) => {
        const { cluster: back, nodeList } = importCluster(exported(cluster, "iptables"));
        const program = compileNodeList(back, nodeList!);
        expect(program.unsupported).toEqual([]);
        const checked = verifyPlanes(
          back,
          new Map([["iptables", program.model(1)]]),
          generateCoverageFlows(back, 400, 3),
        );
        expect(checked.examples).toEqual([]);
      }),
      { numRuns: trials(10, 50) },
    );
  });
});

describe("exported rules", () => {
  it.each([
    ["nft", /\bchain (\S+) \{/g, /\b(?:goto|jump) ([^\s,;]+)/g],
    ["iptables", /^:(\S+)/gm, /-j (KUBE-\S+)/g],
    ["ipvs-iptables", /^:(\S+)/gm, /-j (KUBE-\S+)/g],
  ])("lead to chains that exist: %s", (format, declared, jumped) => {
    fc.assert(
      fc.property(anyCluster, (cluster) => {
        const text = exported(cluster, format);
        const found = (pattern: RegExp) => new Set([...text.matchAll(pattern)].map(([, name]) => name!));
        const chains = found(declared);
        expect([...found(jumped)].filter((name) => !chains.has(name))).toEqual([]);
      }),
      { numRuns: trials(10, 50) },
    );
  });
});

describe("Cilium's maps exported", () => {
  it("hold no endpoint that terminates next to ready ones, which their losses name", () => {
    const text = exported(importCluster(HALF_TERMINATING).cluster, "cilium");
    const holds = (address: string) =>
      text.replaceAll(/[\s",]+/g, "").includes(address.replaceAll(/[0-9a-f]{2}/g, "0x$&"));
    expect([holds("0af40101"), holds("0af40102")]).toEqual([true, false]);
    expect(EXPORTS.find(({ id }) => id === "cilium")!.losses.join()).toMatch(
      /endpoints not in use.*those that terminate next to ready ones/,
    );
  });
});

describe("rules exported for iptables-restore", () => {
  const text = (cluster: Cluster, options = {}) =>
    [...EXPORTS.find(({ id }) => id === "iptables")!.write(cluster, options)].join("");
  /** Names in the comment on top, and in the rules. */
  const counters = (exported: string) => ({
    said: Array.from(exported.matchAll(/^# {3}nfacct add (\S+)$/gm), ([, name]) => name).sort(),
    used: [
      ...new Set(Array.from(exported.matchAll(/^-A .*--nfacct-name +(\S+)/gm), ([, name]) => name)),
    ].sort(),
  });
  const plain = generateCluster({ services: 3, seed: 1 });
  const exposed = generateCluster({ ...MIXED, services: 30, seed: 1 });

  it("name in a comment the counters that they need, which are those that kube-proxy makes", () => {
    const made = ["ct_state_invalid_dropped_pkts", "localhost_nps_accepted_pkts"];
    expect(counters(text(exposed))).toEqual({ said: made, used: made });
    for (const [cluster, options] of [
      [plain, {}],
      [exposed, {}],
      [exposed, { localhostNodePorts: false }],
      [exposed, { nodePortAddresses: "primary" }],
    ] as const) {
      const { said, used } = counters(text(cluster, options));
      expect(said).toEqual(made);
      expect(made).toEqual(expect.arrayContaining(used));
      expect(used.length).toBeGreaterThan(0);
    }
  });

  it("need none of a kernel without nfacct, and are the same otherwise", () => {
    const without = text(exposed, { nfacct: false });
    expect(without).not.toMatch(/nfacct|^#/);
    const rules = (exported: string, pattern: RegExp) =>
      exported.split("\n").filter((line) => line.startsWith("-A ") && !pattern.test(line));
    // With nfacct: a rule of its own for NodePorts at localhost, and a match more in the one that drops INVALID.
    expect(rules(without, /--ctstate INVALID/)).toEqual(rules(text(exposed), /nfacct/));
  });
});

describe("names in exported rules", () => {
  const named = (name: string, portName = "") =>
    buildCluster(
      [
        {
          name,
          clusterIp: 0x0a600001,
          ports: [
            { name: portName, protocol: 6, port: 80, endpoints: [{ address: 0x0a800001, port: 8080 }] },
          ],
        },
      ],
      DEFAULT_NETWORK,
      { kind: "imported", format: "test", parameters: {} },
    );
  const HOSTILE = [
    'a/b"\n-A INPUT -j ACCEPT',
    "a/$(reboot)",
    "a/`reboot`",
    "a/b -j ACCEPT",
    "a/b; flush ruleset",
    "a/b\u0000",
    `a/${"x".repeat(300)}`,
    "../../etc/passwd",
    "A/b",
    "",
  ];

  it.each(HOSTILE)("never reach a ruleset: %j", (name) => {
    for (const format of ["iptables", "nft", "kubernetes"]) {
      expect(() => exported(named(name), format)).toThrow(NotRepresentableError);
      expect(() => exported(named("a/b", name === "" ? "-" : name), format)).toThrow(NotRepresentableError);
    }
    // These hold addresses and numbers only.
    for (const format of ["ipvsadm", "ipset", "ipvs-iptables", "cilium"]) {
      expect(exported(named(name), format)).not.toContain("reboot");
    }
  });

  it("are cut to what iptables' comments and nftables' names hold", () => {
    const long = `${"n".repeat(63)}/${"s".repeat(63)}.${"t".repeat(63)}.${"u".repeat(63)}.${"v".repeat(61)}`;
    const iptables = exported(named(long, "p".repeat(63)), "iptables");
    for (const [, comment] of iptables.matchAll(/--comment "([^"]*)"/g))
      expect(comment!.length).toBeLessThan(256);
    for (const [, name] of exported(named(long), "nft").matchAll(/chain (\S+)/g))
      expect(name!.length).toBeLessThan(256);
  });
});
