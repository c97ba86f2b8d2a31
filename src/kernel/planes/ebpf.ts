/** Cilium's kube-proxy replacement in small: native/bpf/balancer.bpf.c over the model's map contents. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { EbpfProgram } from "../../planes/ebpf/program.js";
import type { Program } from "../../planes/plane.js";
import type { Balancers, KernelPlane, Loading } from "../plane.js";
import { runTool, toolPath } from "../testbed/tools.js";
import { BACKEND_SIDE, CLIENT_SIDE, SNAT_ADDRESS } from "../testbed/topology.js";
import { ebpfMaps } from "./ebpf-maps.js";
import type { MapOptions } from "./map-input.js";

/** Load balancing at the socket: `connect()` itself chooses, and packets already carry the endpoint's address. */
export const ebpf: KernelPlane = {
  id: "ebpf",
  program: "ebpf",
  sources: ["client"],
  keepPorts: false,
  atSocket: true,
  alsoPerPacket: false,
  ownsVirtualAddresses: false,
  dropsWithoutBackends: false,
  memory: "maps",
  lookupProgram: "lookup_random",
  load: (loading, program) => loadMaps(loading, program, loading.host.cgroupOf(loading.testbed.name)),
};

/** Per packet at the node's end of the client's veth, random choice. */
export const ebpfTc: KernelPlane = {
  id: "ebpf-tc",
  program: "ebpf",
  sources: ["client"],
  keepPorts: true,
  atSocket: false,
  alsoPerPacket: false,
  ownsVirtualAddresses: false,
  // Without `bpf-lb-no-backend-response` Cilium's per-packet path drops (DROP_NO_SERVICE).
  dropsWithoutBackends: true,
  memory: "maps",
  // The maps are those of the socket path, where this lookup is timed.
  lookupProgram: null,
  load: loadAtInterfaces,
};

/** The same with Maglev, which Cilium never uses at the socket. */
export const ebpfMaglev: KernelPlane = {
  ...ebpfTc,
  id: "ebpf-maglev",
  program: "ebpf-maglev",
  lookupProgram: "lookup_maglev",
};

/** Folder of the testbed's pinned programs and maps. */
export function pinFolder({ host, testbed }: Pick<Loading, "host" | "testbed">): string {
  return join(host.bpf, testbed.name);
}

async function loadMaps(loading: Loading, program: Program | null, cgroup: string | null): Promise<void> {
  if (!(program instanceof EbpfProgram)) throw new TypeError("not a program of Cilium's");
  await loadObject(loading, "cilium", ebpfMaps(program, mapOptions(loading)), cgroup);
}

/** What maps of a testbed are made with. */
export function mapOptions({ connections }: Loading): MapOptions {
  return { snatAddress: SNAT_ADDRESS, connections };
}

/** Loads an object with these map contents and pins it; at the socket of a cgroup, where one is given. */
export async function loadObject(
  loading: Loading,
  object: keyof Balancers,
  input: Iterable<Uint8Array>,
  cgroup: string | null,
): Promise<void> {
  const { loader, balancer } = loading.natives;
  if (loader === null || balancer === null) throw new TypeError("nothing to load an eBPF program with");
  mkdirSync(pinFolder(loading));
  await runTool(loader, ["load", balancer[object], pinFolder(loading), cgroup ?? "-"], { input });
}

async function loadAtInterfaces(loading: Loading, program: Program | null): Promise<void> {
  await loadMaps(loading, program, null);
  await attachToInterfaces({ ...loading, folder: pinFolder(loading) });
}

/**
 * The pinned programs see what comes from the client, and what comes back from endpoints. Programs of both families may be
 * attached, one after the other: each leaves the other's packets alone.
 */
export async function attachToInterfaces({
  testbed,
  folder,
}: Pick<Loading, "testbed"> & { readonly folder: string }): Promise<void> {
  const tc = toolPath("tc");
  for (const [device, name] of [
    [CLIENT_SIDE, "balance"],
    [BACKEND_SIDE, "restore"],
  ] as const) {
    await testbed.exec("node", tc, ["qdisc", "replace", "dev", device, "clsact"]);
    const pinned = join(folder, name);
    const filter = [
      "filter",
      "add",
      "dev",
      device,
      "ingress",
      "bpf",
      "direct-action",
      "object-pinned",
      pinned,
    ];
    await testbed.exec("node", tc, filter);
  }
}
