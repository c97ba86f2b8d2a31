import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { flowAt, generateTrace } from "../src/cluster/flows.js";
import { benchCluster } from "../src/measure/replicate/bench-cluster.js";
import { CALICO_EBPF } from "../src/planes/calico-ebpf/descriptor.js";
import { EBPF, EBPF_MAGLEV } from "../src/planes/ebpf/descriptor.js";
import { planeById } from "../src/planes/registry.js";
import { addresses } from "./addresses.js";

const clusterOf = (variant: string, services = 1000) =>
  benchCluster({
    clusterFile: null,
    services,
    clusterSeed: 1,
    endpointsPerService: 4,
    affinityShare: 0,
    entry: "clusterIp",
    ...addresses.clusterOf!(variant),
    family: 4,
  });

/** Nodes and entries, the mean of a trace. */
async function visited(plane: string, variant: string, services?: number): Promise<number> {
  const cluster = await clusterOf(variant, services);
  const { words, length } = generateTrace(cluster, {
    flows: 2000,
    seed: 1,
    entry: addresses.clusterOf!(variant).entry!,
  });
  const model = planeById(plane).compile(cluster).model(1);
  let nodes = 0;
  for (let flow = 0; flow < length; flow++) nodes += model.explain(flowAt(words, flow), 0).work.hashProbes;
  return nodes / length;
}

describe("addresses", () => {
  it("gives Services addresses at random, one after another, or a NodePort each", async () => {
    const gaps = async (variant: string) => {
      const sorted = (await clusterOf(variant)).clusterIp.slice().sort();
      return new Set(sorted.slice(1).map((address, i) => address - sorted[i]!)).size;
    };
    expect(await gaps("sequential addresses")).toBe(1);
    expect(await gaps("random addresses")).toBeGreaterThan(100);
    expect((await clusterOf("NodePorts")).nodePort.every((port) => port > 0)).toBe(true);
    expect(addresses.clusterOf!("NodePorts").entry).toBe("nodePort");
  });

  it("has exact counts that differ in a trie by kind of address, and hardly in a hash table", async () => {
    for (const variant of ["sequential addresses", "NodePorts"]) {
      expect(
        Math.abs((await visited("ebpf", variant)) - (await visited("ebpf", "random addresses"))),
      ).toBeLessThan(0.5);
    }
    const [random, ports] = [
      await visited("calico-ebpf", "random addresses"),
      await visited("calico-ebpf", "NodePorts"),
    ];
    expect(ports - random).toBeGreaterThan(1);
  });

  it("have the depths of a trie that its README quotes", async () => {
    const page = readFileSync(new URL("../src/planes/calico-ebpf/README.md", import.meta.url), "utf8");
    const rows = page.split("\n").filter((line) => /^\| +[\d,]+ \| +[\d.]+ \| +[\d.]+ \|/.test(line));
    expect(rows).toHaveLength(5);
    for (const row of rows) {
      const [services, ...quoted] = row
        .split("|")
        .slice(1, -1)
        .map((field) => field.replace(",", "").trim());
      for (const [i, variant] of ["random addresses", "sequential addresses", "NodePorts"].entries()) {
        if (quoted[i] === "") continue;
        const counted = await visited("calico-ebpf", variant, Number(services));
        // Of another trace than the scenario's.
        expect(Math.abs(counted - Number(quoted[i])), `${services} ${variant}: ${counted}`).toBeLessThan(
          0.15,
        );
      }
    }
  });

  it("are measured by every plane, up to the NodePorts that there are, and by outside clients at NodePorts alone", () => {
    const sizes = (plane: typeof EBPF) =>
      addresses.sizes!(null, plane).map(({ variant, services }) => `${variant} ${services}`);
    expect(sizes(CALICO_EBPF)).toContain("random addresses 30000");
    expect(
      sizes(CALICO_EBPF)
        .filter((size) => size.startsWith("NodePorts"))
        .at(-1),
    ).toBe("NodePorts 2768");
    expect(sizes(EBPF)).toContain("sequential addresses 10000");
    expect(sizes(EBPF_MAGLEV)).toEqual(["NodePorts 100", "NodePorts 1000"]);
  });
});
