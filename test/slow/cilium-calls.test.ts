/**
 * The system calls and the maps of Cilium's control plane, by other tools than its own: needs Linux, root,
 * strace and bpftool.
 */

import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { addressText } from "../../src/cluster/family.js";
import { type GenerateOptions, generateCluster } from "../../src/cluster/generate.js";
import { ciliumPath, installedCilium } from "../../src/kernel/cilium/binary.js";
import { Cilium } from "../../src/kernel/cilium/driver.js";
import { toolPath } from "../../src/kernel/testbed/tools.js";
import { CLUSTER_NODE, clusterObjects } from "../../src/kubernetes/list-watch/cluster-objects.js";
import { EbpfProgram } from "../../src/planes/ebpf/program.js";

const has = (tool: string) => spawnSync("sh", ["-c", `command -v ${tool}`]).status === 0;
const works =
  os.platform() === "linux" && process.getuid?.() === 0 && installedCilium() !== undefined && has("bpftool");

interface ShownMap {
  readonly name: string;
  readonly type: string;
  readonly flags: number;
  readonly bytes_key: number;
  readonly bytes_value: number;
  readonly max_entries: number;
}

/** Runs Cilium's control plane on a Service of five endpoints; `wrap` makes the program that is started. */
async function withService(
  types: GenerateOptions["types"],
  wrap: (binary: string) => string,
  look: (cilium: Cilium, join: () => ReturnType<Cilium["apply"]>, program: EbpfProgram) => Promise<void>,
): Promise<void> {
  const of = (count: number) =>
    generateCluster({
      services: 1,
      seed: 1,
      endpoints: { kind: "constant", count },
      ...(types && { types }),
    });
  const [cluster, joined] = [of(5), of(6)];
  const cilium = new Cilium({
    binary: wrap(ciliumPath()),
    node: CLUSTER_NODE,
    addresses: cluster.network.nodeAddresses.map((address) => addressText(cluster.network, address)),
    algorithm: "random",
    timeoutMs: 120_000,
    realMaps: true,
  });
  try {
    await cilium.apply(Array.from(clusterObjects(cluster), (object) => ({ type: "ADDED", object })));
    const slices = Array.from(clusterObjects(joined), (object) => ({ type: "MODIFIED", object }) as const);
    const change = slices.filter(({ object }) => JSON.stringify(object).includes('"EndpointSlice"'));
    await look(cilium, () => cilium.apply(change), new EbpfProgram(cluster, {}, "random"));
  } finally {
    await cilium.stop();
  }
}

test.skipIf(!works || !has("strace")).each([
  ["clusterIp", 15],
  ["nodePort", 43],
] as const)(
  "strace sees the operations that update counts where a sixth endpoint joins: %s",
  async (types, operations) => {
    const folder = mkdtempSync(join(os.tmpdir(), "lbscale-strace-"));
    const trace = join(folder, "trace");
    const wrapper = join(folder, "cilium");
    const calls = () =>
      readFileSync(trace, "utf8").match(/bpf\(BPF_MAP_(?:UPDATE|DELETE)_ELEM/g)?.length ?? 0;
    try {
      await withService(
        types,
        (binary) => {
          writeFileSync(wrapper, `#!/bin/sh\nexec strace -f -qq -e trace=bpf -o ${trace} ${binary} "$@"\n`);
          chmodSync(wrapper, 0o755);
          return wrapper;
        },
        async (_, joins, program) => {
          const before = calls();
          const { journal } = await joins();
          expect(calls() - before).toBe(operations);
          expect(journal).toHaveLength(operations);
          expect(program.update({ kind: "join", servicePort: 0 }).operations).toBe(operations);
        },
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

test.skipIf(!works)("bpftool shows maps of the sizes and flags that the model has", async () => {
  await withService(
    "clusterIp",
    (binary) => binary,
    async ({ pid }) => {
      const ids = readdirSync(`/proc/${pid}/fdinfo`).flatMap((fd) => {
        const [, id] = /^map_id:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8")) ?? [];
        return id === undefined ? [] : [id];
      });
      const own = ids.map(
        (id) =>
          JSON.parse(
            execFileSync(toolPath("bpftool"), ["-j", "map", "show", "id", id], { encoding: "utf8" }),
          ) as ShownMap,
      );
      // The kernel keeps the beginning of a name. Flags: 1 is BPF_F_NO_PREALLOC, 128 read-only for programs.
      const shown = own.map(({ name, type, flags, bytes_key, bytes_value, max_entries }) =>
        [name.slice(0, 14), type, flags, bytes_key, bytes_value, max_entries].join(" "),
      );
      expect(shown).toEqual(
        expect.arrayContaining([
          "cilium_lb4_ser hash 129 12 12 65536",
          "cilium_lb4_bac hash 1 4 12 65536",
          "cilium_lb4_rev hash 1 2 6 65536",
          "cilium_lb4_sou lpm_trie 129 12 1 65536",
          "cilium_lb4_mag hash_of_maps 129 2 4 65536",
          "cilium_lb_affi hash 129 8 1 65536",
          "cilium_lb4_aff lru_hash 0 16 16 65536",
          "cilium_lb4_rev lru_hash 0 16 8 262144",
        ]),
      );
    },
  );
});
