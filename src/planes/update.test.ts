import { describe, expect, it } from "vitest";
import fc from "../../test/support/properties.js";
import { trials } from "../../test/support/trials.js";
import { buildCluster } from "../cluster/build.js";
import { applyChange, type Change } from "../cluster/change.js";
import { type Cluster, TCP, UDP } from "../cluster/cluster.js";
import { generateCoverageFlows } from "../cluster/coverage-flows.js";
import { exposeServices } from "../cluster/expose.js";
import { flowAt } from "../cluster/flows.js";
import { type GenerateOptions, generateCluster, MIXED } from "../cluster/generate.js";
import { DEFAULT_NETWORK } from "../cluster/network.js";
import { InvalidChangeError } from "../errors.js";
import { measureTable } from "./iptables/blob.js";
import { IptablesProgram } from "./iptables/program.js";
import type { PlaneId, PlaneOptions, UpdateCost, UpdateMode } from "./plane.js";
import { PLANES, planeById } from "./registry.js";

const constant = (services: number, count: number, extra: Partial<GenerateOptions> = {}) =>
  generateCluster({ services, seed: 3, endpoints: { kind: "constant", count }, ...extra });

const mixed = generateCluster({
  services: 150,
  seed: 8,
  ...MIXED,
  endpoints: { kind: "lognormal", median: 3, sigma: 1, max: 20 },
  affinityShare: 0.2,
  localShare: 0.25,
});

interface Asked {
  readonly mode?: UpdateMode;
  readonly options?: PlaneOptions;
}

function cost(id: PlaneId, cluster: Cluster, change: Change, { mode, options }: Asked = {}): UpdateCost {
  return planeById(id).compile(cluster, options).update(change, mode);
}

const join = (servicePort: number): Change => ({ kind: "join", servicePort });
/** The endpoint at a position of a service-port leaves. */
const leave = (cluster: Cluster, servicePort: number, position = 0): Change => ({
  kind: "leave",
  servicePort,
  endpoint: cluster.endpointStart[servicePort]! + position,
});

/** One service with a TCP port and a UDP port, and two pods on this node behind both at one target port. */
const TWO_PORTS = buildCluster(
  [
    {
      name: "shop/dns",
      clusterIp: 0x0a600001,
      ports: [TCP, UDP].map((protocol) => ({
        name: `dns-${protocol}`,
        protocol,
        port: 53,
        endpoints: [0x0a800001, 0x0a800002].map((address) => ({ address, port: 5353, local: true })),
      })),
    },
  ],
  DEFAULT_NETWORK,
  { kind: "imported", format: "test", parameters: {} },
);

const SIZES = [1, 10, 1000].flatMap((services) =>
  [1, 4, 100].map((endpoints) => [services, endpoints] as const),
);

describe.each(PLANES)("$id", (plane) => {
  it("decides alike when the endpoint that joined has left", () => {
    fc.assert(
      fc.property(fc.nat({ max: mixed.servicePorts - 1 }), fc.nat(), (servicePort, seed) => {
        const joined = applyChange(mixed, join(servicePort));
        const last = joined.endpointStart[servicePort + 1]! - 1;
        const back = applyChange(joined, { kind: "leave", servicePort, endpoint: last });
        const [before, after] = [mixed, back].map((cluster) => plane.compile(cluster, { seed: 1 }).model(1));
        const { words, length } = generateCoverageFlows(mixed, 200, seed);
        for (let flow = 0; flow < length; flow++) {
          const { src, sport, dst, dport, protocol } = flowAt(words, flow);
          const decision = before!.lookup(src, sport, dst, dport, protocol, 0);
          expect(after!.lookup(src, sport, dst, dport, protocol, 0)).toBe(decision);
        }
      }),
      { numRuns: trials(2, 5) },
    );
  });

  it("refuses what can't change, as applyChange does", () => {
    expect(() => cost(plane.id, mixed, join(-1))).toThrow(InvalidChangeError);
    expect(() => cost(plane.id, mixed, { kind: "leave", servicePort: 0, endpoint: -1 })).toThrow(
      InvalidChangeError,
    );
  });

  it("leaves the program as it is and gives the same cost again", () => {
    const program = plane.compile(mixed);
    const bytes = program.bytes();
    const change: Change = { kind: "rollout", servicePort: 3, share: 1 };
    expect(program.update(change)).toEqual(program.update(change));
    expect(program.bytes()).toBe(bytes);
  });

  it.each([
    ["one service", constant(1, 1)],
    ["a thousand services", constant(1000, 4)],
    ["an exposed cluster", constant(40, 3, { types: "nodePort", affinityShare: 0.5 })],
    ["a mixed cluster", mixed],
  ])("tells its memory line by line, adding up to bytes(), for %s", (_, cluster) => {
    for (const options of [
      {},
      { ipvsScheduler: "mh" },
      { ipvsServiceTable: "resizable" },
    ] as PlaneOptions[]) {
      const program = plane.compile(cluster, options);
      const lines = program.memory();
      expect(lines.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(program.bytes());
      expect(lines.every(({ bytes }) => bytes >= 0)).toBe(true);
      expect(new Set(lines.map(({ what }) => what)).size).toBe(lines.length);
    }
  });
});

describe("an update of iptables", () => {
  it.each([
    [10, 35],
    [100, 125],
    [1000, 1025],
    [10_000, 10_025],
  ])(
    "of %i services from four endpoints to five writes %i rules in 16 chains, as was recorded",
    (n, rules) => {
      const joined = cost("iptables", constant(n, 4), join(0));
      expect(joined).toMatchObject({ rules, chains: 16 });
    },
  );

  it.each([
    [10, 149],
    [100, 1409],
    [1000, 14_009],
  ])(
    "of %i services writes as many rules as a first sync does, %i, and those of the new endpoint",
    (n, rules) => {
      expect(cost("iptables", constant(n, 4), join(0), { mode: "full" }).rules).toBe(rules + 3);
    },
  );

  /** Chains and rules that exist once: nat 4 and 1 + 1 + 3 rules, filter 6 and 4 rules. */
  const CHAINS = 10;
  const RULES = 9;
  const blobs = (cluster: Cluster): number => {
    const program = new IptablesProgram(cluster);
    return program.bytes() + measureTable((sink) => program.filterRules(sink), cluster.endpoints).bytes;
  };

  it.each(SIZES)(
    "of %i services with %i endpoints writes N + 1 + 3E rules and 1 + E chains, or all",
    (n, e) => {
      const cluster = constant(n, e);
      const partial = cost("iptables", cluster, join(0));
      expect(partial.rules).toBe(RULES + n + 1 + 3 * (e + 1));
      expect(partial.chains).toBe(CHAINS + 1 + (e + 1));
      const full = cost("iptables", cluster, join(0), { mode: "full" });
      expect(full.rules).toBe(RULES + n * (2 + 3 * e) + 3);
      expect(full.chains).toBe(CHAINS + n * (1 + e) + 1);
      expect(full.bytes).toBe(blobs(applyChange(cluster, join(0))));
    },
  );

  it("declares one chain more when an endpoint leaves, to flush and delete it", () => {
    const cluster = constant(10, 4);
    const { rules, chains } = cost("iptables", cluster, leave(cluster, 5));
    expect({ rules, chains }).toEqual({ rules: RULES + 10 + 1 + 3 * 3, chains: CHAINS + 1 + 3 + 1 });
  });

  it("leaves a chain without a user where it is above 1000 endpoints, and says so", () => {
    const cluster = constant(300, 4);
    const { chains, notes } = cost("iptables", cluster, leave(cluster, 5));
    expect(chains).toBe(CHAINS + 1 + 3);
    expect(notes.join()).toMatch(/without a user, which stay .*: 1$/);
  });

  it("writes the chains of all ports of the service: kube-proxy tracks changes by its name", () => {
    const { rules, chains } = cost("iptables", TWO_PORTS, join(0));
    expect({ rules, chains }).toEqual({ rules: RULES + 2 + (1 + 9) + (1 + 6), chains: CHAINS + 4 + 3 });
  });

  it("grows by exactly one rule per service", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 8 }), (n, e) => {
        const [fewer, more] = [constant(n, e), constant(n + 1, e)].map((cluster) =>
          cost("iptables", cluster, join(0)),
        );
        expect(more!.rules - fewer!.rules).toBe(1);
        expect(more!.chains).toBe(fewer!.chains);
      }),
      { numRuns: trials(6, 20) },
    );
  });

  it("replaces the whole blob even when it is partial, and says so", () => {
    const cluster = constant(100, 4);
    const partial = cost("iptables", cluster, join(7));
    expect(partial.bytes).toBe(blobs(applyChange(cluster, join(7))));
    expect(partial.notes.join()).toMatch(/replaces the nat and filter tables whole/);
  });

  it("keeps other services' comments until a full sync when the thousand-and-first endpoint joins", () => {
    const cluster = constant(250, 4);
    const after = applyChange(cluster, join(0));
    // 249 services keep their comments: 288 bytes in each of three rules an endpoint.
    expect(cost("iptables", cluster, join(0)).bytes).toBe(blobs(after) + 249 * 4 * 3 * 288);
    expect(cost("iptables", cluster, join(0), { mode: "full" }).bytes).toBe(blobs(after));
  });

  it("writes a rollout once, whatever the number of endpoints it replaces", () => {
    const cluster = constant(10, 10);
    const { rules, chains } = cost("iptables", cluster, { kind: "rollout", servicePort: 0, share: 0.5 });
    expect({ rules, chains }).toEqual({ rules: RULES + 10 + 1 + 30, chains: CHAINS + 1 + 10 + 5 });
  });
});

describe("an update of IPVS", () => {
  it.each(SIZES)("of %i services with %i endpoints is one command, or two to let one leave", (n, e) => {
    const cluster = constant(n, e, { localShare: 0 });
    expect(cost("ipvs", cluster, join(0))).toMatchObject({ rules: 0, chains: 0, mapWrites: 1, bytes: 464 });
    expect(cost("ipvs", cluster, leave(cluster, 0))).toMatchObject({ mapWrites: 2, bytes: 0 });
  });

  it("is that for each virtual service: the cluster IP and every node address with the NodePort", () => {
    const cluster = constant(10, 4, { types: "nodePort", localShare: 0 });
    const network = { ...cluster.network, nodeAddresses: [0xac100001, 0xac100002, 0xac100003] };
    expect(cost("ipvs", { ...cluster, network }, join(0)).mapWrites).toBe(1 + 3);
    expect(cost("ipvs", { ...cluster, network }, leave(cluster, 0)).mapWrites).toBe(2 * (1 + 3));
  });

  it.each([
    ["rr", 0, 0],
    ["sh", 2064, 2 * 2064],
    ["dh", 2064, 2064],
    ["mh", 4093 * 8 + 72, 2 * (4093 * 8 + 72)],
  ] as const)(
    "with scheduler %s fills tables of %i bytes for one that joins, %i for one that leaves",
    (ipvsScheduler, joining, leaving) => {
      const cluster = constant(10, 4, { localShare: 0 });
      const options = { ipvsScheduler };
      expect(cost("ipvs", cluster, join(0), { options }).bytes).toBe(464 + joining);
      expect(cost("ipvs", cluster, leave(cluster, 0), { options }).bytes).toBe(leaving);
    },
  );

  it("deletes a destination of UDP at once: no connection to wait for", () => {
    const cluster = constant(3, 4, { localShare: 0 });
    const udp = { ...cluster, protocol: cluster.protocol.map(() => UDP) };
    expect(cost("ipvs", udp, leave(udp, 0)).mapWrites).toBe(1);
    expect(cost("ipvs", udp, leave(udp, 0), { options: { ipvsScheduler: "sh" } }).bytes).toBe(2064);
  });

  it("is three commands for each endpoint that a rollout replaces", () => {
    const cluster = constant(3, 20, { localShare: 0 });
    expect(cost("ipvs", cluster, { kind: "rollout", servicePort: 1, share: 0.1 }).mapWrites).toBe(2 * 3);
  });

  it("deletes an element of KUBE-LOOP-BACK only when no other service-port has that endpoint", () => {
    const tcp = { ...TWO_PORTS, protocol: Uint8Array.of(TCP, TCP), port: Uint16Array.of(53, 54) };
    expect(cost("ipvs", tcp, leave(tcp, 0)).mapWrites).toBe(2);
    expect(cost("ipvs", TWO_PORTS, leave(TWO_PORTS, 0)).mapWrites).toBe(2 + 1);
  });

  it("exchanges all destinations when the last local endpoint leaves and policy Local falls back", () => {
    const endpointLocal = Uint8Array.of(1, 0, 0, 0, 0);
    const exposed = constant(1, 5, { types: "nodePort", internalLocalShare: 1, localShare: 0 });
    // At the cluster IP one out in two commands, four in; at the NodePort one out; its element of KUBE-LOOP-BACK out.
    expect(cost("ipvs", { ...exposed, endpointLocal }, leave(exposed, 0)).mapWrites).toBe(2 + 4 + 2 + 1);
    const inside = constant(1, 5, { internalLocalShare: 1, localShare: 0 });
    expect(cost("ipvs", { ...inside, endpointLocal }, leave(inside, 0)).mapWrites).toBe(2 + 1);
  });
});

/** Each endpoint has a chain up to 1.35. */
const OLD = { options: { kubeProxy: "1.35" } } as const;

describe("an update of nftables up to 1.35", () => {
  it.each(SIZES)(
    "of %i services with %i endpoints writes that service's 2 + 2E rules in 1 + E chains",
    (n, e) => {
      const cluster = constant(n, e);
      const joined = cost("nftables", cluster, join(0), OLD);
      expect(joined).toMatchObject({ rules: 2 + 2 * (e + 1), chains: 1 + (e + 1), mapWrites: e + 1 });
      if (e === 1) return;
      const left = cost("nftables", cluster, leave(cluster, 0), OLD);
      // The chain of the one that left is flushed.
      expect(left).toMatchObject({ rules: 2 + 2 * (e - 1), chains: 1 + (e - 1) + 1, mapWrites: e - 1 });
    },
  );

  it("writes a rule an endpoint more in both chains under affinity", () => {
    const cluster = constant(5, 4, { affinityShare: 1 });
    expect(cost("nftables", cluster, join(0), OLD).rules).toBe(2 + 5 + 3 * 5);
  });

  it("writes what policy Local adds: a chain of this node's endpoints, and short circuits in front of it", () => {
    const cluster = constant(1, 4, { types: "nodePort", externalLocalShare: 1 });
    const remote = { ...cluster, endpointLocal: new Uint8Array(4) };
    // Service chain 2, external chain 3, five endpoint chains of 2.
    expect(cost("nftables", remote, join(0), OLD)).toMatchObject({
      rules: 2 + 3 + 10,
      chains: 2 + 5,
      mapWrites: 5,
    });
    const mixture = { ...cluster, endpointLocal: Uint8Array.of(1, 1, 0, 0) };
    // The external chain goes on to the local chain, which has numgen only: no cluster IP leads there.
    expect(cost("nftables", mixture, join(0), OLD)).toMatchObject({
      rules: 2 + 4 + 1 + 10,
      chains: 3 + 5,
      mapWrites: 5 + 2,
    });
    const both = { ...mixture, internalLocal: Uint8Array.of(1) };
    // The cluster IP leads to the local chain, and the masquerade test is there instead.
    expect(cost("nftables", both, join(0), OLD).rules).toBe(1 + 4 + 2 + 10);
  });

  it("counts bytes of chains, blobs and the anonymous map as the kernel's slabs give them", () => {
    const bytes = (e: number) => cost("nftables", constant(9, e), join(0), OLD).bytes;
    // Chain 128 and blob 256; set of 256 + 8 · 16 buckets in 512; an endpoint: chain 128, blob 256, element 64.
    expect(bytes(8)).toBe(128 + 256 + 512 + 9 * (128 + 256 + 64));
    // The first endpoint brings an element of 96 bytes into service-ips: set of 256 + 8 in 512.
    expect(bytes(0)).toBe(128 + 256 + 512 + (128 + 256 + 64) + 96);
  });

  it("touches elements of named maps when the first endpoint joins and when the last leaves", () => {
    const none = constant(5, 0);
    expect(cost("nftables", none, join(0), OLD).mapWrites).toBe(1 + 2);
    const one = constant(5, 1);
    expect(cost("nftables", one, leave(one, 0), OLD)).toMatchObject({ rules: 0, chains: 2, mapWrites: 2 });
  });

  it("writes a rollout once", () => {
    const cluster = constant(10, 10);
    const { rules, chains } = cost("nftables", cluster, { kind: "rollout", servicePort: 0, share: 0.5 }, OLD);
    expect({ rules, chains }).toEqual({ rules: 2 + 20, chains: 1 + 10 + 5 });
  });
});

describe("an update of nftables since 1.36", () => {
  const of = (kubeProxy: "1.36" | "1.37") => ({ options: { kubeProxy } });

  it.each([
    [10, 4],
    [100, 4],
    [1000, 4],
    [10_000, 4],
    [10, 1],
  ])("of %i services with %i endpoints is one rule of one chain, with all endpoints in its map", (n, e) => {
    const cluster = constant(n, e, { localShare: 0 });
    for (const kubeProxy of ["1.36", "1.37"] as const) {
      expect(cost("nftables", cluster, join(0), of(kubeProxy))).toMatchObject({
        rules: 1,
        chains: 1,
        mapWrites: e + 1,
      });
    }
  });

  it("writes a single endpoint without a map since 1.37", () => {
    const cluster = constant(10, 2, { localShare: 0 });
    const left = (kubeProxy: "1.36" | "1.37") =>
      cost("nftables", cluster, leave(cluster, 0), of(kubeProxy)).mapWrites;
    expect([left("1.36"), left("1.37")]).toEqual([1, 0]);
  });

  it("writes one element more when an endpoint of this node leaves, unless another service-port has it too", () => {
    const remote = constant(3, 4, { localShare: 0 });
    const local = { ...remote, endpointLocal: new Uint8Array(12).fill(1) };
    const left = (cluster: Cluster) => cost("nftables", cluster, leave(cluster, 0), of("1.37")).mapWrites;
    expect(left(local) - left(remote)).toBe(1);
    const shared = { ...local, endpointAddress: local.endpointAddress.slice() };
    shared.endpointAddress[4] = shared.endpointAddress[0]!;
    expect(left(shared) - left(remote)).toBe(0);
  });

  it("brings a service's first endpoints with a chain, an element and another's deletion", () => {
    const none = constant(5, 0);
    expect(cost("nftables", none, join(0), of("1.37"))).toMatchObject({ rules: 1, chains: 1, mapWrites: 2 });
  });

  it("writes chains of endpoints under affinity alone", () => {
    const cluster = constant(5, 4, { affinityShare: 1, localShare: 0 });
    expect(cost("nftables", cluster, join(0), of("1.37"))).toMatchObject({
      rules: 5 + 1 + 2 * 5,
      chains: 1 + 5,
      mapWrites: 5,
    });
  });
});

describe("an update of Cilium's maps", () => {
  it.each(SIZES)("of %i services with %i endpoints is 3 writes, or E + 2 when the first leaves", (n, e) => {
    const cluster = constant(n, e);
    expect(cost("ebpf", cluster, join(0))).toMatchObject({
      rules: 0,
      chains: 0,
      mapWrites: 3,
      bytes: 72 + 160,
    });
    // E - 1 slots move down, the master counts one less; the last slot and the backend are deleted.
    expect(cost("ebpf", cluster, leave(cluster, 0))).toMatchObject({ mapWrites: e + 2, bytes: 80 * e });
    expect(cost("ebpf", cluster, leave(cluster, 0, e - 1))).toMatchObject({ mapWrites: 3, bytes: 80 });
  });

  it("does not depend on the number of services", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 9 }), (n, e) => {
        for (const id of ["ebpf", "ebpf-maglev"] as const) {
          const [one, many] = [constant(1, e), constant(n, e)];
          const options = { maglevTableSize: 251 };
          expect(cost(id, many, join(0), { options })).toEqual(cost(id, one, join(0), { options }));
          expect(cost(id, many, leave(many, 0), { options })).toEqual(
            cost(id, one, leave(one, 0), { options }),
          );
        }
      }),
      { numRuns: trials(6, 20) },
    );
  });

  it("is a slot and a master for each frontend, and one backend", () => {
    const cluster = constant(4, 4, { types: "nodePort" });
    expect(cost("ebpf", cluster, join(0)).mapWrites).toBe(1 + 3 * 2);
    // A table for the node's address alone: neither the cluster IP nor address 0 is reached from outside.
    expect(cost("ebpf-maglev", cluster, join(0)).mapWrites).toBe(1 + 3 * 2 + 1);
  });

  it("under Maglev is a table of 4M bytes and an outer element more, and none for a cluster IP", () => {
    expect(cost("ebpf-maglev", constant(10, 4), join(0))).toEqual(cost("ebpf", constant(10, 4), join(0)));
    const cluster = exposeServices(constant(10, 4));
    const [random, maglev] = (["ebpf", "ebpf-maglev"] as const).map((id) => cost(id, cluster, join(0)));
    expect(maglev!.mapWrites - random!.mapWrites).toBe(1);
    expect(maglev!.bytes - random!.bytes).toBe(4 * 16381 + 64);
  });

  it("writes lb_affinity_match too under affinity", () => {
    expect(cost("ebpf", constant(2, 4, { affinityShare: 1 }), join(0)).mapWrites).toBe(3 + 1);
  });

  it("of a rollout is the sum over its endpoints: those that join, then those that leave", () => {
    const cluster = constant(2, 10);
    const change: Change = { kind: "rollout", servicePort: 1, share: 1 };
    // Ten times the first of n = 20, 19 … 11 leaves: n - 1 slots, the master, two deletes.
    const leaving = Array.from({ length: 10 }, (_, gone) => 20 - gone + 2);
    expect(cost("ebpf", cluster, change).mapWrites).toBe(10 * 3 + leaving.reduce((sum, n) => sum + n, 0));
  });

  it("says so when the map has no room for one more slot", () => {
    const options = { ebpfMapEntries: 10 * (1 + 4 + 1) };
    const refusal = /E2BIG/;
    expect(cost("ebpf", constant(10, 4), join(0), { options }).notes.join()).toMatch(refusal);
    expect(cost("ebpf", constant(9, 4), join(0), { options }).notes.join()).not.toMatch(refusal);
  });
});

describe("memory, by the published formulas", () => {
  const line = (id: PlaneId, cluster: Cluster, what: RegExp, options: PlaneOptions = {}): number =>
    planeById(id)
      .compile(cluster, options)
      .memory()
      .filter((part) => what.test(part.what))
      .reduce((sum, { bytes }) => sum + bytes, 0);

  it.each([
    [20, 4, 1248 + 1792 * 4],
    [300, 4, 1248 + 928 * 4],
  ])(
    "iptables: KUBE-SERVICES, SVC and SEP of %i services with %i endpoints are %i bytes per service, all exact",
    (n, e, bytes) => {
      const lines = planeById("iptables").compile(constant(n, e)).memory();
      // The last rule of KUBE-SERVICES, with comment and addrtype (480), and the chain's head and tail come once.
      const own = lines.filter(
        ({ what, known }) => known === "exact" && /^KUBE-(SERVICES|SVC|SEP)/.test(what),
      );
      expect(own.reduce((sum, part) => sum + part.bytes, 0)).toBe(n * bytes + 480 + 176 + 152);
    },
  );

  it("iptables: affinity costs a rule of 704 bytes an endpoint, and 264 more in its DNAT rule", () => {
    const bytesOf = (affinityShare: number, what: RegExp) =>
      line("iptables", constant(5, 4, { affinityShare }), what);
    expect(bytesOf(1, /^KUBE-SVC/) - bytesOf(0, /^KUBE-SVC/)).toBe(5 * 4 * 704);
    expect(bytesOf(1, /^KUBE-SEP/) - bytesOf(0, /^KUBE-SEP/)).toBe(5 * 4 * 264);
  });

  it("IPVS: 440 bytes per virtual service and 464 per destination", () => {
    expect(line("ipvs", constant(50, 4), /ip_vs_service/)).toBe(50 * 440);
    expect(line("ipvs", constant(50, 4), /ip_vs_dest/)).toBe(50 * 4 * 464);
  });

  it("IPVS of IPv6: as much for virtual services and destinations, and elements of sets 4, 5 and 9 words long", () => {
    const [four, six] = ([4, 6] as const).map((family) => constant(1, 0, { family }));
    expect(line("ipvs", six!, /ip_vs_/)).toBe(line("ipvs", four!, /ip_vs_/));
    // KUBE-CLUSTER-IP and KUBE-IPVS-IPS: an array of two elements each, behind 1,024 buckets.
    expect(line("ipvs", six!, /ipset/) - line("ipvs", four!, /ipset/)).toBe(2 * 4 * (5 - 2 + 4 - 1));
  });

  it("Cilium of IPv6: 96(1 + E) + 88E + 88 bytes a ClusterIP service-port, and 96 for the address's wildcard", () => {
    const six = constant(50, 4, { family: 6 });
    expect(line("ebpf", six, /^lb6_.*in use/)).toBe(50 * (96 * (1 + 4) + 88 * 4 + 88 + 96));
    expect(line("ebpf", six, /^lb6_.*buckets/)).toBe(4 * (2 ** 20 + 896));
  });

  it("Calico of IPv6: nodes of 80 bytes in its trie for 56, and backends of 88 for 72", () => {
    const [four, six] = ([4, 6] as const).map((family) => constant(50, 4, { family }));
    expect(line("calico-ebpf", four!, /nat_fe: entries/)).toBe(50 * 56);
    expect(line("calico-ebpf", six!, /nat_fe: entries/)).toBe(50 * 80);
    expect(line("calico-ebpf", six!, /nat_be: elements/)).toBe(50 * 4 * 88);
    // Slab objects of 96 bytes, and as many nodes as in IPv4.
    expect(line("calico-ebpf", six!, /nat_fe/) * 64).toBe(line("calico-ebpf", four!, /nat_fe/) * 96);
  });

  it("Cilium: 88(1 + E) + 80E + 72 bytes a ClusterIP service-port, and 88 for the address's wildcard", () => {
    expect(line("ebpf", constant(50, 4), /in use/)).toBe(50 * (88 * (1 + 4) + 80 * 4 + 72 + 88));
    expect(line("ebpf", constant(50, 4), /buckets/)).toBe(4 * (2 ** 20 + 896));
    expect(line("ebpf-maglev", constant(50, 4), /a table a frontend/)).toBe(0);
    expect(line("ebpf-maglev", exposeServices(constant(50, 4)), /a table a frontend/)).toBe(50 * 4 * 16381);
  });
});
