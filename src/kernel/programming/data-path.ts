/** Where connections meet what a program wrote: rules in the node, or Cilium's maps, which lbscale's own BPF program reads. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import type { compileCiliumReader } from "../native.js";
import { BARE_BASELINE, type KernelPlane, type KernelPlaneId, TRACKED_BASELINE } from "../plane.js";
import { attachCiliumReader, ciliumPlane, OWN_READER } from "../planes/cilium/reader.js";
import { KERNEL_PLANES } from "../planes/index.js";
import type { RealProgram } from "../planes/real-programs.js";
import { removeCgroups } from "../testbed/clean.js";
import type { Host } from "../testbed/host.js";
import { runTool, toolPath } from "../testbed/tools.js";
import type { Testbed } from "../testbed/topology.js";
import type { ProgramOnNode } from "./tasks.js";

/** How connections of one visit are decided about. */
export interface DataPath {
  /** A plane that decides alike. */
  readonly plane: KernelPlane;
  /** What its connections are compared with. */
  readonly baseline: KernelPlaneId;
  /** Whose processes are decided about; null: everybody's. */
  readonly cgroup: string | null;
  /** The program as the process in the node starts it. */
  readonly started: ProgramOnNode;
  /** Makes connections follow what the program writes, once that has begun. */
  attach(): Promise<void>;
  /** Versions and settings, as the programs themselves say them. */
  facts(): Promise<Record<string, string>>;
  /** Removes what the visit's namespaces don't take along. */
  remove(): Promise<void>;
}

interface Surroundings {
  readonly host: Host;
  readonly testbed: Testbed;
  /** The compiled native/timed.c; null where no kube-proxy is measured. */
  readonly timed: string | null;
  /** What reads Cilium's maps; null where Cilium is not measured. */
  readonly reader: CiliumReader | null;
}

/** Compiled once a sandbox. */
export type CiliumReader = Awaited<ReturnType<typeof compileCiliumReader>>;

/** The data path of a program in a testbed. */
export function dataPathOf(program: RealProgram, surroundings: Surroundings): DataPath {
  const { host, testbed, timed, reader } = surroundings;
  if (program.kind === "kube-proxy") {
    const { kind, binary, mode, backend } = program;
    if (timed === null) throw new TypeError("nothing to time kube-proxy's tools with");
    return {
      plane: KERNEL_PLANES[mode],
      baseline: TRACKED_BASELINE,
      cgroup: null,
      started: { kind, binary, mode, backend, timed, nft: toolPath("nft") },
      attach: async () => {},
      facts: async () => ({
        kubeProxy: await versionOf(binary),
        nft: await versionOf(toolPath("nft")),
        tables: backend,
        minSyncPeriod: "1 ms",
      }),
      remove: async () => {},
    };
  }
  const { kind, binary, path, waitMs } = program;
  if (reader === null) throw new TypeError("nothing to read Cilium's maps with");
  const cgroup = path === "socket" ? host.cgroupOf(testbed.name) : null;
  return {
    plane: ciliumPlane(path),
    baseline: BARE_BASELINE,
    cgroup,
    started: { kind, binary, waitMs, bpffs: host.bpf },
    attach: () => attachCiliumReader({ host, testbed }, reader, cgroup),
    facts: async () => ({
      cilium: await versionOf(binary),
      reflectorWaitTime: `${waitMs} ms`,
      preallocatedMaps: "no",
      datapath: OWN_READER,
    }),
    remove: async () => {
      // Pinned programs and maps would stay as long as the sandbox, and so would those of its cgroup.
      for (const name of [testbed.name, `${testbed.name}-6`, "tc", "cilium"])
        rmSync(join(host.bpf, name), { recursive: true, force: true });
      if (cgroup !== null) await removeCgroups(join(cgroup, ".."), `${host.id}-${testbed.name}`);
    },
  };
}

async function versionOf(program: string): Promise<string> {
  return (await runTool(program, ["--version"])).toString().trim().split("\n")[0]!;
}
