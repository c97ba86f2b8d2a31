/** All planes of the kernel lane: to add one, add a line here and one in info.ts. */

import type { KernelPlane, KernelPlaneId } from "../plane.js";
import { calicoEbpf, calicoSocket } from "./calico.js";
import { ebpf, ebpfMaglev, ebpfTc } from "./ebpf.js";
import { ipvs } from "./ipvs.js";
import { direct, directConntrack, iptables, iptablesNft, nftables } from "./netfilter.js";

export const KERNEL_PLANES: Readonly<Record<KernelPlaneId, KernelPlane>> = {
  direct,
  "direct-conntrack": directConntrack,
  ebpf,
  "ebpf-tc": ebpfTc,
  "ebpf-maglev": ebpfMaglev,
  "calico-ebpf": calicoEbpf,
  "calico-ebpf-socket": calicoSocket,
  nftables,
  "iptables-nft": iptablesNft,
  iptables,
  ipvs,
};
