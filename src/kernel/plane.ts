/** What a data plane is in the real kernel: it loads a compiled program into a lab's node. */

import type { PlaneId, Program } from "../planes/plane.js";
import type { Host } from "./host.js";
import type { Role, Testbed } from "./topology.js";

export const KERNEL_PLANE_IDS = [
  "direct",
  "direct-conntrack",
  "ebpf",
  "ebpf-tc",
  "ebpf-maglev",
  "nftables",
  "iptables-nft",
  "iptables",
  "ipvs",
] as const;
export type KernelPlaneId = (typeof KERNEL_PLANE_IDS)[number];

/** What runs in the guest: IPVS, and what it is compared with there. */
export const GUEST_PLANE_IDS = [
  "direct",
  "direct-conntrack",
  "iptables",
  "ipvs",
] as const satisfies KernelPlaneId[];

/** Planes whose program is one for BPF. */
export function isEbpf(id: KernelPlaneId): boolean {
  return id.startsWith("ebpf");
}

/** All but the floors. */
export const PROXY_PLANES = KERNEL_PLANE_IDS.filter((id) => !id.startsWith("direct"));

/** Compiled once a sandbox. */
export interface Natives {
  readonly probe: string;
  readonly server: string;
  /** null where no eBPF plane is asked for. */
  readonly loader: string | null;
  readonly balancer: string | null;
}

export interface Loading {
  readonly host: Host;
  readonly natives: Natives;
  readonly lab: Testbed;
}

export interface KernelPlane {
  readonly id: KernelPlaneId;
  /** The model's plane whose program is loaded; null: a floor, connections go to an endpoint itself. */
  readonly program: PlaneId | null;
  /** Hosts where connections that this plane decides about can start. */
  readonly sources: readonly Role[];
  /** Whether the choice depends on the source port, which the probe then keeps. */
  readonly keepPorts: boolean;
  /** Whether only processes of the run's cgroup are decided about. */
  readonly atSocket: boolean;
  /** Whether addresses of services become the node's own. */
  readonly ownsVirtualAddresses: boolean;
  /** Loads the program. */
  load(loading: Loading, program: Program | null): Promise<void>;
}
