/** Calico's eBPF data plane in small: native/bpf/balancer.bpf.c with the maps and lookups of native/bpf/calico.h. */

import { CalicoProgram } from "../../planes/calico-ebpf/program.js";
import type { Program } from "../../planes/plane.js";
import type { KernelPlane, Loading } from "../plane.js";
import { calicoMaps } from "./calico-maps.js";
import { attachToInterfaces, ebpfTc, loadObject, mapOptions, pinFolder } from "./ebpf.js";

/** Per packet, as `ebpf-tc`: the source decides too. */
export const calicoEbpf: KernelPlane = {
  ...ebpfTc,
  id: "calico-ebpf",
  program: "calico-ebpf",
  lookupProgram: "lookup_random",
  load: (loading, program) => load(loading, program, null),
};

/**
 * With connect-time load balancing: `connect()` looks up the same maps with source 0.0.0.0, and its packets
 * are looked up, and not found, once more.
 */
export const calicoSocket: KernelPlane = {
  ...calicoEbpf,
  id: "calico-ebpf-socket",
  keepPorts: false,
  atSocket: true,
  alsoPerPacket: true,
  // The maps are those of the other plane, where this lookup is timed.
  lookupProgram: null,
  load: (loading, program) => load(loading, program, loading.host.cgroupOf(loading.testbed.name)),
};

async function load(loading: Loading, program: Program | null, cgroup: string | null): Promise<void> {
  if (!(program instanceof CalicoProgram)) throw new TypeError("not a program of Calico's");
  await loadObject(loading, "calico", calicoMaps(program, mapOptions(loading)), cgroup);
  await attachToInterfaces({ ...loading, folder: pinFolder(loading) });
}
