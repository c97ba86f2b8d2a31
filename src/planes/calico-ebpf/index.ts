import type { Plane } from "../plane.js";
import { CALICO_EBPF } from "./descriptor.js";
import { CalicoProgram } from "./program.js";

/** Calico's eBPF data plane, whose frontends are in a trie. */
export const calicoEbpf: Plane = {
  id: CALICO_EBPF.id,
  label: CALICO_EBPF.name,
  descriptor: CALICO_EBPF,
  compile: (cluster, options) => new CalicoProgram(cluster, options ?? {}),
};
