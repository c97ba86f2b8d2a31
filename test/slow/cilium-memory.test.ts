/** Memory of Cilium's maps in this kernel, by its own account: needs Linux, root and scripts/install-cilium-lb.sh. */

import os from "node:os";
import { expect, test } from "vitest";
import { addressText } from "../../src/cluster/family.js";
import { generateCluster } from "../../src/cluster/generate.js";
import { ciliumPath, installedCilium } from "../../src/kernel/cilium/binary.js";
import { Cilium } from "../../src/kernel/cilium/driver.js";
import { CLUSTER_NODE, clusterObjects } from "../../src/kubernetes/list-watch/cluster-objects.js";
import { EbpfProgram } from "../../src/planes/ebpf/program.js";

const works = os.platform() === "linux" && process.getuid?.() === 0 && installedCilium() !== undefined;

test.runIf(process.env.CI === "true")("Cilium's maps can be made where CI is set", () => {
  expect(works).toBe(true);
});

// 10,922 clean Services of four endpoints fill a map of 65,536 entries but for four.
test.skipIf(!works).each([
  [0, false, 4],
  [1000, false, 4],
  [10_000, false, 4],
  [10_922, false, 4],
  [1000, true, 4],
  [1000, false, 6],
  [1000, true, 6],
] as const)(
  "takes the kernel as many bytes as the model says: %i Services, preallocated: %s, of IPv%i",
  async (services, preallocated, family) => {
    const cluster = generateCluster({ services, seed: 1, family });
    const program = new EbpfProgram(cluster, { ebpfPrealloc: preallocated }, "random");
    const cilium = new Cilium({
      binary: ciliumPath(),
      node: CLUSTER_NODE,
      addresses: cluster.network.nodeAddresses.map((address) => addressText(cluster.network, address)),
      algorithm: "random",
      timeoutMs: 300_000,
      realMaps: true,
      preallocated,
    });
    try {
      const added = Array.from(clusterObjects(cluster), (object) => ({ type: "ADDED", object }) as const);
      const { memlock } = await cilium.apply(added);
      // The agent makes Maglev's outer map under algorithm random too.
      const names = ["services_v2", "backends_v3", "reverse_nat", "maglev"];
      for (const map of names.map((name) => `lb${family}_${name}`)) {
        const lines = program.memory().filter(({ what }) => what.startsWith(map));
        // The rest of slab objects is in no account; preallocated maps have an element and a pointer more per CPU.
        const modelled = lines
          .filter(({ known }) => known === "exact" || preallocated)
          .reduce((sum, { bytes }) => sum + bytes, 0);
        const beyondModel = memlockOf(memlock, map) - modelled;
        if (!preallocated) expect([map, beyondModel]).toEqual([map, 0]);
        expect(beyondModel).toBeGreaterThanOrEqual(0);
        expect(beyondModel).toBeLessThan(200 * os.cpus().length);
      }
    } finally {
      await cilium.stop();
    }
  },
);

test.skipIf(!works).each([4, 6] as const)(
  "takes the kernel as many bytes for source ranges of IPv%i as the model says",
  async (family) => {
    const cluster = generateCluster({ services: 400, seed: 2, types: "mixed", sourceRangeShare: 1, family });
    const program = new EbpfProgram(cluster, {}, "random");
    expect(program.sourceRanges.length).toBeGreaterThan(50);
    const cilium = new Cilium({
      binary: ciliumPath(),
      node: CLUSTER_NODE,
      addresses: cluster.network.nodeAddresses.map((address) => addressText(cluster.network, address)),
      algorithm: "random",
      timeoutMs: 300_000,
      realMaps: true,
    });
    try {
      const added = Array.from(clusterObjects(cluster), (object) => ({ type: "ADDED", object }) as const);
      const { memlock } = await cilium.apply(added);
      const [line] = program.memory().filter(({ what }) => what === `lb${family}_source_range: entries`);
      expect(memlockOf(memlock, `lb${family}_source_range`)).toBe(line!.bytes);
    } finally {
      await cilium.stop();
    }
  },
);

/** The kernel keeps 15 characters of a name, after which come type and sizes. */
function memlockOf(memlock: Readonly<Record<string, number>>, map: string): number {
  const name = `cilium_${map}`.slice(0, 15);
  const sizes = {
    lb4_services_v2: "12 12",
    lb4_backends_v3: "4 12",
    lb4_reverse_nat: "2 6",
    lb4_source_range: "12 1",
    lb4_maglev: "2 4",
    lb6_services_v2: "24 12",
    lb6_backends_v3: "4 24",
    lb6_reverse_nat: "2 18",
    lb6_source_range: "24 1",
    lb6_maglev: "2 4",
  }[map]!;
  const found = Object.entries(memlock).filter(
    ([key]) => key.startsWith(`${name} `) && key.endsWith(` ${sizes}`),
  );
  expect([map, found.length]).toEqual([map, 1]);
  return found[0]![1];
}
