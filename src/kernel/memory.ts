/** What the kernel itself says that a loaded program takes. */

import { readFileSync } from "node:fs";
import { pinFolder } from "./planes/ebpf.js";
import type { Setting, Station } from "./workbench.js";

/** `exact`: the kernel says how large it is; `slab`: what its allocator held more of after loading, whoever asked for it. */
export type MemoryKind = "exact" | "slab";

export interface KernelMemory {
  readonly kind: MemoryKind;
  /** Rules, tables and maps of services; their sum is the program's memory. */
  readonly bytes: Readonly<Record<string, number>>;
  /** Beside them: state that connections fill, and what only this lab has. */
  readonly besides: Readonly<Record<string, number>>;
}

/** Maps that hold connections and clients: as large with one service as with a thousand. */
const STATE_MAPS = ["ct4", "lb4_affinity", "reverse_sk"];
/** The lab's own: settings, and what BPF_PROG_TEST_RUN looks up. */
const LAB_MAPS = /^lookup_targets$|rodata$|bss$/;

/** Reads it off the kernel; null for a floor. `slabBytes`: how much more slab there is since before the program was loaded. */
export async function readMemory(
  { plane, lab, program, slabBytes }: Station,
  { host, natives }: Pick<Setting, "host" | "natives">,
  tablesize: string,
): Promise<KernelMemory | null> {
  if (program === null) return null;
  if (plane.id === "iptables") {
    const output = await lab.exec("node", tablesize, ["nat", "filter"]);
    const lines = output.toString().trim().split("\n");
    const tables = lines.map((line) => line.split(" "));
    return {
      kind: "exact",
      bytes: Object.fromEntries(tables.map(([table = "", bytes]) => [`${table} table`, Number(bytes)])),
      besides: {},
    };
  }
  if (natives.loader !== null && plane.id.startsWith("ebpf")) {
    const output = await lab.exec("node", natives.loader, ["memory", pinFolder({ host, lab })]);
    const bytes: Record<string, number> = {};
    const besides: Record<string, number> = {};
    for (const line of output.toString().trim().split("\n")) {
      const [map = "", size] = line.split(" ");
      if (LAB_MAPS.test(map)) continue;
      const group = STATE_MAPS.includes(map) ? besides : bytes;
      group[`map ${map}`] = Number(size);
    }
    return { kind: "exact", bytes, besides };
  }
  return { kind: "slab", bytes: { "slab difference": slabBytes }, besides: {} };
}

/**
 * Bytes of objects in use in the kernel's general caches (kmalloc): rules, chains, elements, servers. Not what they ask the
 * page allocator for, which is more than 8 KiB at a time: tables of buckets.
 */
export function kmallocBytes(): number {
  let bytes = 0;
  for (const line of readFileSync("/proc/slabinfo", "utf8").split("\n")) {
    const [name = "", active, , size] = line.split(/\s+/);
    if (name.startsWith("kmalloc-")) bytes += Number(active) * Number(size);
  }
  return bytes;
}
