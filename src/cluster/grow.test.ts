import { describe, expect, it } from "vitest";
import fc from "../../test/support/properties.js";
import { InvalidClusterError } from "../errors.js";
import { buildCluster, type ServiceRecord } from "./build.js";
import { type Cluster, inCidr, LOAD_BALANCER, type Network, parseCidr, TCP } from "./cluster.js";
import { clusterDigest } from "./digest.js";
import { generateCluster, MIXED } from "./generate.js";
import { growCluster } from "./grow.js";
import { parseCluster, writeCluster } from "./json.js";
import { DEFAULT_NETWORK, LOAD_BALANCER_CIDR } from "./network.js";

const anyTemplate = fc
  .record({
    services: fc.integer({ min: 1, max: 40 }),
    seed: fc.nat(1000),
    vips: fc.constantFrom("random", "sequential"),
  })
  .map(({ services, seed, vips }) =>
    generateCluster({
      ...MIXED,
      services,
      seed,
      vips: vips as "random" | "sequential",
      endpoints: { kind: "lognormal", median: 3, sigma: 1, max: 20 },
    }),
  );
const anyGrowth = fc.tuple(anyTemplate, fc.integer({ min: 1, max: 300 }));

/** What the planes read of one service, as values. */
function serviceOf(cluster: Cluster, s: number) {
  const rows = (start: Uint32Array, owner: number) =>
    Array.from({ length: start[owner + 1]! - start[owner]! }, (_, i) => start[owner]! + i);
  return {
    shape: {
      type: cluster.serviceType[s],
      affinitySeconds: cluster.affinitySeconds[s],
      policies: [cluster.internalLocal[s], cluster.externalLocal[s]],
      externalKinds: rows(cluster.externalStart, s).map((x) => cluster.externalKind[x]),
      ranges: rows(cluster.rangeStart, s).map((r) => [cluster.rangeBase[r], cluster.rangePrefixLength[r]]),
      ports: rows(cluster.portStart, s).map((p) => ({
        name: cluster.portName(p),
        protocol: cluster.protocol[p],
        port: cluster.port[p],
        endpoints: rows(cluster.endpointStart, p).map((e) => [
          cluster.endpointPort[e],
          cluster.endpointLocal[e],
        ]),
      })),
    },
    addresses: {
      name: cluster.serviceName(s),
      clusterIp: cluster.clusterIp[s],
      externals: rows(cluster.externalStart, s).map((x) => cluster.externalAddress[x]),
      nodePorts: rows(cluster.portStart, s).map((p) => cluster.nodePort[p]),
      endpoints: rows(cluster.portStart, s).map((p) =>
        rows(cluster.endpointStart, p).map((e) => cluster.endpointAddress[e]!),
      ),
    },
  };
}

function everyService(cluster: Cluster): number[] {
  return Array.from({ length: cluster.services }, (_, s) => s);
}

function isDistinct(values: Iterable<unknown>): boolean {
  const list = [...values];
  return new Set(list).size === list.length;
}

function template(records: Partial<ServiceRecord>[], network: Network = DEFAULT_NETWORK): Cluster {
  const complete = records.map((record, s) => ({
    name: `shop/svc-${s}`,
    clusterIp: network.serviceCidr.base + 1 + s,
    ports: [{ protocol: TCP, port: 80, endpoints: [] }],
    ...record,
  }));
  return buildCluster(complete, network, {
    kind: "imported",
    format: "kubernetes",
    parameters: { objects: 1 },
  });
}

describe("growCluster", () => {
  it("keeps the template as its first services", () => {
    fc.assert(
      fc.property(anyGrowth, ([original, services]) => {
        const grown = growCluster(original, services);
        expect(grown.services).toBe(services);
        for (let s = 0; s < Math.min(services, original.services); s++) {
          expect(serviceOf(grown, s)).toEqual(serviceOf(original, s));
        }
      }),
      { numRuns: 40 },
    );
  });

  it("repeats the template's shape", () => {
    fc.assert(
      fc.property(anyGrowth, ([original, services]) => {
        const grown = growCluster(original, services);
        for (const s of everyService(grown)) {
          expect(serviceOf(grown, s).shape).toEqual(serviceOf(original, s % original.services).shape);
          expect(
            [...grown.service.subarray(grown.portStart[s]!, grown.portStart[s + 1]!)].every((o) => o === s),
          ).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("gives every copy unique names and addresses inside their ranges", () => {
    fc.assert(
      fc.property(anyGrowth, ([original, services]) => {
        const grown = growCluster(original, services);
        const { serviceCidr, podCidr, clientCidr } = grown.network;
        const all = everyService(grown).map((s) => serviceOf(grown, s).addresses);
        expect(isDistinct(all.map(({ name }) => name))).toBe(true);
        expect(isDistinct(grown.clusterIp)).toBe(true);
        expect(grown.clusterIp.every((ip) => inCidr(serviceCidr, ip))).toBe(true);
        // Pods stand behind every port of their service, and behind no other service.
        expect(isDistinct(all.flatMap(({ endpoints }) => [...new Set(endpoints.flat())]))).toBe(true);
        expect(grown.endpointAddress.every((ip) => inCidr(podCidr, ip) && !inCidr(clientCidr, ip))).toBe(
          true,
        );
        expect(isDistinct(grown.externalAddress)).toBe(true);
        expect(grown.externalAddress.every((ip) => inCidr(LOAD_BALANCER_CIDR, ip))).toBe(true);
        expect(isDistinct(grown.nodePort.filter((port) => port !== 0))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it("shares pods within a copy as the template does, between ports and between services", () => {
    const pods = [0x0a800005, 0x0a800006].map((address) => ({ address, port: 8080 }));
    const shared = template([
      { ports: ["a", "b"].map((name, i) => ({ name, protocol: TCP, port: 80 + i, endpoints: pods })) },
      { ports: [{ protocol: TCP, port: 80, endpoints: pods.slice(1) }] },
    ]);
    const grown = growCluster(shared, 4);
    const [first, second] = [2, 3].map((s) => serviceOf(grown, s).addresses.endpoints);
    expect(first![0]).toEqual(first![1]);
    expect(second![0]).toEqual(first![0]!.slice(1));
    expect(isDistinct([...pods.map(({ address }) => address), ...first![0]!])).toBe(true);
  });

  it("can be written and read back", () => {
    const grown = growCluster(generateCluster({ services: 30, seed: 2, ...MIXED }), 200);
    expect(clusterDigest(parseCluster([...writeCluster(grown)].join("")))).toBe(clusterDigest(grown));
  });

  it("numbers the copies of a name from 2 on", () => {
    const grown = growCluster(template([{}, {}]), 6);
    expect(everyService(grown).map((s) => grown.serviceName(s))).toEqual([
      "shop/svc-0",
      "shop/svc-1",
      "shop/svc-0-2",
      "shop/svc-1-2",
      "shop/svc-0-3",
      "shop/svc-1-3",
    ]);
  });

  it("keeps names unique and within 63 characters when they are long, or taken already", () => {
    const long = "n".repeat(62);
    const grown = growCluster(
      template([
        { name: `shop/${long}a` },
        { name: `shop/${long}b` },
        { name: "shop/web" },
        { name: "shop/web-2" },
      ]),
      200,
    );
    const names = everyService(grown).map((s) => grown.serviceName(s).slice("shop/".length));
    expect(isDistinct(names)).toBe(true);
    expect(Math.max(...names.map((name) => name.length))).toBe(63);
  });

  it("gives NodePorts while there are any, and keeps the type after that", () => {
    const balancer: Partial<ServiceRecord> = {
      type: LOAD_BALANCER,
      ports: [{ protocol: TCP, port: 80, nodePort: 30_007, endpoints: [] }],
    };
    const grown = growCluster(template([balancer]), 3_000);
    expect(grown.nodePort.filter((port) => port !== 0)).toHaveLength(2768);
    expect(isDistinct(grown.nodePort.filter((port) => port !== 0))).toBe(true);
    expect(grown.nodePort[2_999]).toBe(0);
    expect(grown.serviceType.every((type) => type === LOAD_BALANCER)).toBe(true);
  });

  it("records that it was grown, and stays what it was", () => {
    const grown = growCluster(template([{}, {}]), 5);
    expect(grown.source).toEqual({
      kind: "imported",
      format: "kubernetes",
      parameters: { objects: 1, grownFrom: 2 },
    });
  });

  it("leaves a cluster of that size as it is", () => {
    const original = template([{}, {}]);
    expect(growCluster(original, 2)).toBe(original);
  });

  it("takes no address that a service, a client or the node has", () => {
    const network: Network = {
      serviceCidr: parseCidr("10.0.0.0/29")!,
      podCidr: parseCidr("10.0.0.0/27")!,
      clientCidr: parseCidr("10.0.0.16/28")!,
      nodeAddresses: [parseCidr("10.0.0.9/32")!.base],
    };
    const endpoints = [{ address: parseCidr("10.0.0.8/32")!.base, port: 80 }];
    const small = template([{ ports: [{ protocol: TCP, port: 80, endpoints }] }], network);
    expect([...growCluster(small, 6).endpointAddress.subarray(1)].map((ip) => ip & 255)).toEqual([
      10, 11, 12, 13, 14,
    ]);
  });

  it.each([
    [
      "services",
      { serviceCidr: parseCidr("10.96.0.0/28")! },
      15,
      /10\.96\.0\.0\/28 has no room for more Services/,
    ],
    [
      "endpoints",
      { podCidr: parseCidr("10.200.0.0/24")!, clientCidr: parseCidr("10.200.0.192/26")! },
      200,
      /10\.200\.0\.0\/24 has no room for more endpoints/,
    ],
  ])("refuses more %s than their range holds", (_what, network, services, message) => {
    const small = template(
      [{ ports: [{ protocol: TCP, port: 80, endpoints: [{ address: 0x0ac80001, port: 80 }] }] }],
      { ...DEFAULT_NETWORK, ...network },
    );
    expect(() => growCluster(small, services)).toThrow(message);
    expect(() => growCluster(small, services)).toThrow(InvalidClusterError);
    expect(growCluster(small, services - 11).services).toBe(services - 11);
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses to grow to %d services", (services) => {
    expect(() => growCluster(template([{}]), services)).toThrow(/give a whole number from 1 on/);
  });

  it("grows to a hundred thousand services with four endpoints each", () => {
    const grown = growCluster(generateCluster({ services: 12, seed: 1 }), 100_000);
    expect(grown.endpoints).toBe(400_000);
    expect(new Set(grown.endpointAddress).size).toBe(400_000);
    expect(new Set(grown.clusterIp).size).toBe(100_000);
  });
});
