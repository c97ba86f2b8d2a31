import { describe, expect, it } from "vitest";
import { inCidr } from "./cluster.js";
import { exposeServices } from "./expose.js";
import { FLOW_WORDS, generateTrace } from "./flows.js";
import { generateCluster } from "./generate.js";

const cluster = generateCluster({ services: 100, seed: 1 });

describe("generateTrace", () => {
  it("gives the same bytes for the same seed", () => {
    const trace = (seed: number) => [...generateTrace(cluster, { flows: 50, seed }).words];
    expect(trace(1)).toEqual(trace(1));
    expect(trace(1)).not.toEqual(trace(2));
  });

  it("sends each flow from the clients' range to its target's cluster IP and port", () => {
    const { words, target, length } = generateTrace(cluster, { flows: 200, seed: 1 });
    for (let flow = 0; flow < length; flow++) {
      const at = flow * FLOW_WORDS;
      expect(inCidr(cluster.network.clientCidr, words[at]! >>> 0)).toBe(true);
      expect(words[at + 1]! >>> 0).toBe(cluster.clusterIp[target[flow]!]);
      expect(words[at + 2]! & 0xffff).toBe(cluster.port[target[flow]!]);
    }
  });

  it("spreads each batch over all strata of the given order, however small the batch", () => {
    const order = Uint32Array.from({ length: 100 }, (_, i) => 99 - i);
    const { target } = generateTrace(cluster, { flows: 100, seed: 1, batch: 10, order });
    for (let start = 0; start < 100; start += 10) {
      const strata = [...target.subarray(start, start + 10)].map((p) => Math.floor((99 - p) / 10));
      expect(strata.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
  });

  it("makes the share of misses that was asked for, of both kinds", () => {
    const { words, target, length } = generateTrace(cluster, { flows: 10_000, seed: 1, misses: 0.1 });
    const missed = Array.from({ length }, (_, flow) => flow).filter((flow) => target[flow] === -1);
    expect(missed.length / length).toBeCloseTo(0.1, 1);
    const outside = missed.filter(
      (flow) => !inCidr(cluster.network.serviceCidr, words[flow * FLOW_WORDS + 1]! >>> 0),
    );
    expect(outside.length / missed.length).toBeCloseTo(0.5, 1);
  });

  it("gives the most popular service its Zipf share, 1/H(100, 1) = 19.28 %", () => {
    const { target } = generateTrace(cluster, { flows: 100_000, seed: 1, zipf: 1 });
    const counts = new Array<number>(100).fill(0);
    for (const servicePort of target) counts[servicePort]!++;
    expect(Math.max(...counts) / 100_000).toBeCloseTo(0.1928, 2);
  });

  it("refuses clients outside whose addresses the pod range holds: planes would take them for pods", () => {
    const exposed = exposeServices(cluster);
    const shared = {
      ...exposed,
      network: { ...exposed.network, podCidr: { base: 0x64400000, prefixLength: 10 } },
    };
    const options = { flows: 1, seed: 1, entry: "loadBalancer" } as const;
    expect(() => generateTrace(exposed, options)).not.toThrow();
    expect(() => generateTrace(shared, options)).toThrow(
      /100\.127\.0\.0\/16, which the pod range 100\.64\.0\.0\/10 holds: give another pod range/,
    );
    expect(() => generateTrace(shared, { flows: 1, seed: 1 })).not.toThrow();
  });

  it("refuses to enter by NodePort where there is none", () => {
    expect(() => generateTrace(cluster, { flows: 1, seed: 1, entry: "nodePort" })).toThrow(/nodePort/);
  });
});
