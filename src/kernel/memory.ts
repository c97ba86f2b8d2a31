/** What the kernel itself says that a loaded program takes. */

import { existsSync, readFileSync } from "node:fs";
import type { Program } from "../planes/plane.js";
import type { LoadedPlane, TestbedConfig } from "./loaded-plane.js";
import { pinFolder } from "./planes/ebpf.js";
import type { KernelMemory } from "./tasks.js";

/**
 * Each CPU's own free objects count as in use, and other processes allocate too: a difference below this says nothing.
 * Seen: -28 to +140 KB for one service.
 */
const SLAB_NOISE_BYTES = 512 * 1024;

/** Maps that hold connections and clients: as large with one service as with a thousand. */
const STATE_MAPS = /ct[46]|lb[46]_affinity|cali_v[46]_nat_aff|reverse_sk/;
/** The testbed's own: settings, and what BPF_PROG_TEST_RUN looks up. */
const LAB_MAPS = /lookup_targets|rodata$|bss$/;

/**
 * Reads it off the kernel. null where nothing is loaded: baselines. No bytes where a difference of slabs is within their noise.
 * `tablesize`: the compiled native/tablesize.c.
 */
export async function readMemory(
  { plane, testbed, program, slabBytes }: LoadedPlane,
  { host, natives }: Pick<TestbedConfig, "host" | "natives">,
  tablesize: string,
): Promise<KernelMemory | null> {
  if (program === null) return null;
  if (plane.memory === "table") {
    const family = testbed.family === 6 ? ["-6"] : [];
    const output = await testbed.exec("node", tablesize, [...family, "nat", "filter"]);
    return { source: "IPT_SO_GET_INFO", bytes: numbersIn(output, "table"), besides: {} };
  }
  if (plane.memory === "maps" && natives.loader !== null) {
    const maps = numbersIn(
      await testbed.exec("node", natives.loader, ["memory", pinFolder({ host, testbed })]),
      "map",
    );
    const isState = (name: string) => STATE_MAPS.test(name);
    const entries = Object.entries(maps).filter(([name]) => !LAB_MAPS.test(name));
    return {
      source: "memlock",
      modelled: countedBytes(program),
      bytes: Object.fromEntries(entries.filter(([name]) => !isState(name))),
      besides: Object.fromEntries(entries.filter(([name]) => isState(name))),
    };
  }
  if (slabBytes < SLAB_NOISE_BYTES) {
    return {
      source: `slab difference, below its noise of ${SLAB_NOISE_BYTES / 1024} KiB`,
      bytes: {},
      besides: {},
    };
  }
  return { source: "slab difference", bytes: { "slab difference": slabBytes }, besides: {} };
}

/** Of the model's bytes those that the kernel counts in its maps' memlock. */
function countedBytes(program: Program): number {
  const counted = program.memory().filter(({ uncounted }) => !uncounted);
  return counted.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** "name bytes …" a line. */
function numbersIn(output: Buffer, what: string): Record<string, number> {
  const lines = output.toString().trim().split("\n");
  return Object.fromEntries(
    lines.map((line) => {
      const [name = "", bytes] = line.split(" ");
      return [`${what} ${name}`, Number(bytes)];
    }),
  );
}

/**
 * Bytes of objects in use in the kernel's general caches (kmalloc): rules, chains, elements, servers. Not what they ask the
 * page allocator for, which is more than 8 KiB at a time: tables of buckets. 0 where the kernel doesn't tell.
 */
export function kmallocBytes(): number {
  if (!existsSync("/proc/slabinfo")) return 0;
  let bytes = 0;
  for (const line of readFileSync("/proc/slabinfo", "utf8").split("\n")) {
    const [name = "", active, , size] = line.split(/\s+/);
    if (name.startsWith("kmalloc-")) bytes += Number(active) * Number(size);
  }
  return bytes;
}
