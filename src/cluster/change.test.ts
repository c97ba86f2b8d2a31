import { describe, expect, it } from "vitest";
import fc from "../../test/support/properties.js";
import { InvalidChangeError } from "../errors.js";
import { applyChange, type Change } from "./change.js";
import { inCidr } from "./cluster.js";
import { clusterDigest } from "./digest.js";
import { extractService, rebaseChange } from "./extract-service.js";
import { generateCluster, MIXED } from "./generate.js";

const four = generateCluster({ services: 3, seed: 1 });
const mixed = generateCluster({ services: 60, seed: 2, ...MIXED, affinityShare: 0.3, sourceRangeShare: 1 });

describe("applyChange", () => {
  it("appends an endpoint that joins, at a pod address that nobody has", () => {
    const after = applyChange(four, { kind: "join", servicePort: 1 });
    expect(after.endpoints).toBe(13);
    expect([...after.endpointStart]).toEqual([0, 4, 9, 13]);
    expect(inCidr(four.network.podCidr, after.endpointAddress[8]!)).toBe(true);
    expect(four.endpointAddress).not.toContain(after.endpointAddress[8]);
    expect(after.endpointPort[8]).toBe(four.endpointPort[4]);
    expect(after.source.parameters.changes).toEqual([{ kind: "join", servicePort: 1, seed: 1 }]);
  });

  it("closes the gap of an endpoint that leaves", () => {
    const after = applyChange(four, { kind: "leave", servicePort: 1, endpoint: 5 });
    expect([...after.endpointStart]).toEqual([0, 4, 7, 11]);
    expect([...after.endpointAddress]).toEqual([...four.endpointAddress].filter((_, row) => row !== 5));
  });

  it.each([
    [0.1, 1],
    [0.5, 2],
    [1, 4],
  ])("replaces, in a rollout of share %f of four endpoints, %i by new addresses", (share, replaced) => {
    const after = applyChange(four, { kind: "rollout", servicePort: 2, share });
    const kept = [...after.endpointAddress].filter((address) => four.endpointAddress.includes(address));
    expect(after.endpoints).toBe(12);
    expect(kept.length).toBe(12 - replaced);
    expect(new Set(after.endpointAddress).size).toBe(12);
  });

  it("gives the cluster back when the one that joined leaves again", () => {
    fc.assert(
      fc.property(fc.nat({ max: mixed.servicePorts - 1 }), (servicePort) => {
        const joined = applyChange(mixed, { kind: "join", servicePort });
        const endpoint = joined.endpointStart[servicePort + 1]! - 1;
        const left = applyChange(joined, { kind: "leave", servicePort, endpoint });
        expect(clusterDigest(left)).toBe(clusterDigest(mixed));
      }),
    );
  });

  it("does not touch the cluster it is given", () => {
    const digest = clusterDigest(four);
    applyChange(four, { kind: "rollout", servicePort: 0, share: 1 });
    expect(clusterDigest(four)).toBe(digest);
  });

  it.each<[string, Change, RegExp]>([
    ["another service-port", { kind: "join", servicePort: 3 }, /from 0 to 2/],
    ["an endpoint of another", { kind: "leave", servicePort: 1, endpoint: 3 }, /whose endpoints are 4 to 7/],
    ["a share of nothing", { kind: "rollout", servicePort: 1, share: 0 }, /above 0, at most 1/],
    ["a share above one", { kind: "rollout", servicePort: 1, share: 1.1 }, /above 0, at most 1/],
  ])("refuses %s", (_, change, message) => {
    expect(() => applyChange(four, change)).toThrow(InvalidChangeError);
    expect(() => applyChange(four, change)).toThrow(message);
  });

  it("refuses to take an endpoint from a service-port that has none", () => {
    const empty = generateCluster({ services: 1, seed: 1, emptyShare: 1 });
    expect(() => applyChange(empty, { kind: "rollout", servicePort: 0, share: 1 })).toThrow(
      /has no endpoint/,
    );
    expect(applyChange(empty, { kind: "join", servicePort: 0 }).endpoints).toBe(1);
  });

  it("refuses to join where the pod range is full", () => {
    const network = { ...four.network, podCidr: { base: 0x0a800000, prefixLength: 29 } };
    expect(() => applyChange({ ...four, network }, { kind: "join", servicePort: 0 })).toThrow(/no room/);
  });
});

describe("extractService", () => {
  it("has the rows of its service, so that a change applied within is the same as cut out after", () => {
    fc.assert(
      fc.property(fc.nat({ max: mixed.servicePorts - 1 }), fc.nat(), (servicePort, pick) => {
        const first = mixed.endpointStart[servicePort]!;
        const count = mixed.endpointStart[servicePort + 1]! - first;
        fc.pre(count > 0);
        const change: Change = { kind: "leave", servicePort, endpoint: first + (pick % count) };
        const service = mixed.service[servicePort]!;
        const within = applyChange(extractService(mixed, service), rebaseChange(mixed, change));
        const after = extractService(applyChange(mixed, change), service);
        expect(clusterDigest(within)).toBe(clusterDigest(after));
        expect(within.serviceName(0)).toBe(mixed.serviceName(service));
      }),
    );
  });
});
