import type { Plane } from "../plane.js";
import { EbpfProgram } from "./program.js";

/** Cilium's kube-proxy replacement with its default, random selection. */
export const ebpf: Plane = {
  id: "ebpf",
  label: "eBPF (Cilium, random)",
  compile: (cluster, options) => new EbpfProgram(cluster, options ?? {}, "random"),
};

/** Cilium's kube-proxy replacement with consistent hashing. */
export const ebpfMaglev: Plane = {
  id: "ebpf-maglev",
  label: "eBPF (Cilium, Maglev)",
  compile: (cluster, options) => new EbpfProgram(cluster, options ?? {}, "maglev"),
};
