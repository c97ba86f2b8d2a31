import type { Plane } from "../plane.js";
import { EBPF, EBPF_MAGLEV } from "./descriptor.js";
import { EbpfProgram } from "./program.js";

/** Cilium's kube-proxy replacement with its default, random selection. */
export const ebpf: Plane = {
  id: EBPF.id,
  label: EBPF.name,
  descriptor: EBPF,
  compile: (cluster, options) => new EbpfProgram(cluster, options ?? {}, "random"),
};

/** Cilium's kube-proxy replacement with consistent hashing. */
export const ebpfMaglev: Plane = {
  id: EBPF_MAGLEV.id,
  label: EBPF_MAGLEV.name,
  descriptor: EBPF_MAGLEV,
  compile: (cluster, options) => new EbpfProgram(cluster, options ?? {}, "maglev"),
};
