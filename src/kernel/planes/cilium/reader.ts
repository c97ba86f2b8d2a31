/**
 * lbscale's own BPF program on the maps that Cilium's control plane has filled: native/bpf/balancer.bpf.c with the layout of
 * native/bpf/cilium.h. Cilium's own programs are not loaded.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Family } from "../../../cluster/family.js";
import type { KernelPlane, Loading } from "../../plane.js";
import { runTool } from "../../testbed/tools.js";
import { SNAT_ADDRESS } from "../../testbed/topology.js";
import { attachToInterfaces, ebpf, ebpfTc, pinFolder } from "../ebpf.js";
import { ARRAY_LEAST, CONNECTIONS, capacities, mapNames, settings } from "../map-input.js";

/** What is said wherever a time is shown that this program has a part in. */
export const OWN_READER = "Cilium's maps are read by lbscale's own BPF program";

/** Where an agent pins its maps, below the BPF file system (pkg/defaults, TCGlobalsPath). */
const PINNED = join("tc", "globals");

/** The plane that decides as a reader of Cilium's maps does. */
export function ciliumPlane(path: "socket" | "packet"): KernelPlane {
  return path === "socket" ? ebpf : ebpfTc;
}

/** Loads the programs of the testbed's families on the maps as they are pinned: into a cgroup, or else into its interfaces. */
export async function attachCiliumReader(
  where: Pick<Loading, "host" | "testbed">,
  { loader, objects }: { readonly loader: string; readonly objects: ReadonlyMap<Family, string> },
  cgroup: string | null,
): Promise<void> {
  const maps = join(where.host.bpf, PINNED);
  for (const { family, cluster } of where.testbed.families) {
    const folder = family === where.testbed.family ? pinFolder(where) : `${pinFolder(where)}-${family}`;
    mkdirSync(folder);
    await runTool(loader, ["load", objects.get(family)!, folder, cgroup ?? "-", maps], {
      input: [
        settings(cluster, { snatAddress: SNAT_ADDRESS }, 0),
        capacities([
          [mapNames(cluster).connections, CONNECTIONS],
          ["lookup_targets", ARRAY_LEAST],
        ]),
      ],
    });
    if (cgroup === null) await attachToInterfaces({ ...where, folder });
  }
}
