/** Calico's eBPF data plane in small: native/balancer.bpf.c with the maps and lookups of native/calico.h. */

import { CalicoProgram } from "../../planes/calico-ebpf/program.js";
import type { KernelPlane } from "../plane.js";
import { SNAT_ADDRESS } from "../testbed/topology.js";
import { calicoMaps } from "./calico-maps.js";
import { attachToInterfaces, ebpfTc, loadObject } from "./ebpf.js";

/** Per packet, as `ebpf-tc`: the source decides too. */
export const calicoEbpf: KernelPlane = {
  ...ebpfTc,
  id: "calico-ebpf",
  program: "calico-ebpf",
  lookupProgram: "lookup_random",
  load: async (loading, program) => {
    if (!(program instanceof CalicoProgram)) throw new TypeError("not a program of Calico's");
    await loadObject(loading, "calico", calicoMaps(program, { snatAddress: SNAT_ADDRESS }), null);
    await attachToInterfaces(loading);
  },
};
