import { describe, expect, it } from "vitest";
import fc from "../../test/support/properties.js";
import { type Cluster, cidrSize, inCidr, LOAD_BALANCER, NODE_PORT, UDP } from "./cluster.js";
import { clusterDigest } from "./digest.js";
import { type GenerateOptions, generateCluster, MIXED } from "./generate.js";
import { LOAD_BALANCER_CIDR } from "./network.js";

const anyOptions: fc.Arbitrary<GenerateOptions> = fc.record({
  services: fc.integer({ min: 1, max: 3000 }),
  seed: fc.nat(),
  types: fc.constantFrom("clusterIp", "mixed"),
  ports: fc.constantFrom("single", "mixed"),
  protocols: fc.constantFrom("tcp", "mixed"),
  vips: fc.constantFrom("random", "sequential"),
  emptyShare: fc.constantFrom(0, 0.3),
  endpoints: fc.constantFrom(
    { kind: "constant", count: 4 },
    { kind: "perftests" },
    { kind: "lognormal", median: 3, sigma: 1.2, max: 250 },
  ),
});

function distinct(values: Iterable<number>): boolean {
  const list = [...values];
  return new Set(list).size === list.length;
}

/** Addresses of each service's pods, once per service. */
function podAddresses(cluster: Cluster): number[] {
  return Array.from({ length: cluster.services }, (_, s) => {
    const p = cluster.portStart[s]!;
    return [...cluster.endpointAddress.subarray(cluster.endpointStart[p]!, cluster.endpointStart[p + 1]!)];
  }).flat();
}

describe("generateCluster", () => {
  it("gives unique addresses inside their ranges", () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        const cluster = generateCluster(options);
        const { serviceCidr, podCidr, clientCidr } = cluster.network;
        expect(distinct(cluster.clusterIp)).toBe(true);
        expect(cluster.clusterIp.every((ip) => inCidr(serviceCidr, ip))).toBe(true);
        const pods = podAddresses(cluster);
        expect(distinct(pods)).toBe(true);
        expect(pods.every((ip) => inCidr(podCidr, ip) && !inCidr(clientCidr, ip))).toBe(true);
        expect(distinct(cluster.externalAddress)).toBe(true);
        expect(cluster.externalAddress.every((ip) => inCidr(LOAD_BALANCER_CIDR, ip))).toBe(true);
        expect(distinct(cluster.nodePort.filter((port) => port !== 0))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it("gives distinct ports within a service", () => {
    const cluster = generateCluster({ services: 2000, seed: 5, ...MIXED });
    for (let s = 0; s < cluster.services; s++) {
      expect(distinct(cluster.port.subarray(cluster.portStart[s]!, cluster.portStart[s + 1]!))).toBe(true);
    }
  });

  it("gives the same bytes for the same seed on every machine", () => {
    expect(clusterDigest(generateCluster({ services: 1000, seed: 1 }))).toMatchInlineSnapshot(
      `"c4844e5a175e5fadec913bb7813219f9f528457869f126a96dc875df441ffade"`,
    );
    expect(clusterDigest(generateCluster({ services: 1000, seed: 1, ...MIXED }))).toMatchInlineSnapshot(
      `"d72582e98a09e166135933843dbd4e286f1717773ed35e52264b75596346d4f2"`,
    );
    expect(clusterDigest(generateCluster({ services: 1000, seed: 2 }))).not.toBe(
      clusterDigest(generateCluster({ services: 1000, seed: 1 })),
    );
  });

  it("gives each service four endpoints unless asked otherwise", () => {
    const cluster = generateCluster({ services: 50, seed: 1 });
    expect(cluster.endpoints).toBe(200);
  });

  it("mixes types, protocols, policies and empty services in the shares it promises", () => {
    const cluster = generateCluster({ services: 20_000, seed: 9, ...MIXED, types: "clusterIp" });
    const share = (
      column: { filter(f: (v: number) => boolean): { length: number } },
      f: (v: number) => boolean,
    ) => column.filter(f).length / 20_000;
    expect(share(cluster.affinitySeconds, (v) => v > 0)).toBeCloseTo(0.02, 2);
    expect(share(cluster.internalLocal, (v) => v > 0)).toBeCloseTo(0.01, 2);
    expect(cluster.protocol.filter((v) => v === UDP).length / cluster.servicePorts).toBeCloseTo(0.06, 2);
    const empty = Array.from({ length: cluster.servicePorts }, (_, p) => p).filter(
      (p) => cluster.endpointStart[p] === cluster.endpointStart[p + 1],
    );
    expect(empty.length / cluster.servicePorts).toBeCloseTo(0.02, 2);
  });

  it("gives out at most the 2768 NodePorts there are, so their share falls with N", () => {
    const cluster = generateCluster({
      services: 100_000,
      seed: 1,
      ...MIXED,
      endpoints: { kind: "constant", count: 1 },
    });
    const exposed = cluster.nodePort.filter((port) => port !== 0).length;
    expect(exposed).toBeLessThanOrEqual(2768);
    expect(exposed).toBeGreaterThan(2000);
    expect(cluster.serviceType.includes(NODE_PORT) && cluster.serviceType.includes(LOAD_BALANCER)).toBe(true);
  });

  it.each([
    [
      "services",
      { services: cidrSize({ base: 0, prefixLength: 12 }) },
      /10\.96\.0\.0\/12 has room for 1048574/,
    ],
    ["endpoints", { services: 100_000, endpoints: { kind: "constant", count: 100 } }, /10\.128\.0\.0\/9/],
    ["NodePorts", { services: 2769, types: "nodePort" }, /use at most 2768/],
  ] as const)("refuses %s that do not fit", (_what, options, message) => {
    expect(() => generateCluster({ seed: 1, ...options })).toThrow(message);
  });

  it("fills the service range to its last address", () => {
    const cluster = generateCluster({
      services: 1_048_574,
      seed: 1,
      endpoints: { kind: "constant", count: 0 },
    });
    expect(new Set(cluster.clusterIp).size).toBe(1_048_574);
  });
});
