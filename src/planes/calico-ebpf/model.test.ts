import { describe, expect, it } from "vitest";
import { type Cluster, TCP } from "../../cluster/cluster.js";
import { flowAt, generateTrace } from "../../cluster/flows.js";
import { generateCluster } from "../../cluster/generate.js";
import { type Flow, PASS } from "../plane.js";
import type { LpmTrie } from "../shared/lpm/trie.js";
import { calicoEbpf } from "./index.js";
import { LOOKUP_BITS, portWord } from "./layout.js";

const clean = (services: number, endpoints = 4, extra = {}) =>
  generateCluster({ services, seed: 3, endpoints: { kind: "constant", count: endpoints }, ...extra });

describe("a walk down the frontend trie", () => {
  const meanVisited = (cluster: Cluster, entry: "clusterIp" | "nodePort" = "clusterIp") => {
    const model = calicoEbpf.compile(cluster).model(1);
    const { words, length } = generateTrace(cluster, { flows: 2000, seed: 5, entry });
    let nodes = 0;
    // The last probe of a hit is the backend's.
    for (let flow = 0; flow < length; flow++) nodes += model.explain(flowAt(words, flow), 0).work.hashProbes;
    return nodes / length - 1;
  };

  it("visits about log₂ N nodes, one more for each doubling, whether addresses are random or sequential", () => {
    for (const vips of ["random", "sequential"] as const) {
      const at = [256, 4096, 65_536].map((services) => meanVisited(clean(services, 1, { vips })));
      for (const [i, steps] of [8, 12, 16].entries()) {
        // The leaf, and the root of a random trie is reached at bits that all addresses share.
        expect(at[i]! - steps).toBeGreaterThan(-0.5);
        expect(at[i]! - steps).toBeLessThan(2.5);
      }
    }
  });

  it("branches over the low byte of a NodePort first", () => {
    const cluster = clean(2000, 1, { types: "nodePort" });
    const trie = calicoEbpf.compile(cluster).model(1) as unknown as { maps: { frontends: LpmTrie } };
    const node = cluster.network.nodeAddresses[0]! | 0;
    const bits = trie.maps.frontends
      .path(node, portWord(cluster.nodePort[0]!, TCP, 0), 0, LOOKUP_BITS)
      .map((at) => trie.maps.frontends.words[at + 4]!);
    expect(bits.filter((bit) => bit >= 32 && bit < 40).length).toBeGreaterThanOrEqual(7);
  });

  it("is described node by node, with the bit that decides", () => {
    const cluster = clean(50, 2);
    const { words } = generateTrace(cluster, { flows: 1, seed: 1 });
    const path: string[] = [];
    const { work } = calicoEbpf.compile(cluster).model(1).explain(flowAt(words, 0), 0, path);
    expect(path[0]).toMatch(/^cali_v4_nat_fe\[.*\]: \/56 found, nodes visited: \d+$/);
    const visited = path.filter((line) => line.includes("├"));
    expect(visited.at(-1)).toMatch(/entry \/56/);
    expect(visited.length + 1).toBeLessThanOrEqual(work.hashProbes);
    expect(visited[0]).toMatch(/intermediate \/\d+ [01…]*: equal, bit \d+ is [01]/);
  });

  it("costs a pod that calls no service a failed walk and a walk of the routes", () => {
    const cluster = clean(50, 2);
    const elsewhere: Flow = {
      src: cluster.network.clientCidr.base + 1,
      sport: 1,
      dst: 0xcb007101,
      dport: 80,
      protocol: TCP,
    };
    const { decision, work } = calicoEbpf.compile(cluster).model(1).explain(elsewhere, 0);
    expect([decision, work.mapLookups]).toEqual([PASS, 2]);
  });
});
