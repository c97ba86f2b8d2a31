/** What a data plane is in the real kernel: it loads a compiled program into a testbed's node. */

import type { PlaneId, Program } from "../planes/plane.js";
import { KERNEL_PLANE_INFO, type KernelPlaneId, type KernelPlaneInfo } from "./planes/info.js";
import type { Host } from "./testbed/host.js";
import type { Role, Testbed } from "./testbed/topology.js";

export type { KernelPlaneId } from "./planes/info.js";

const INFO: Readonly<Record<KernelPlaneId, KernelPlaneInfo>> = KERNEL_PLANE_INFO;

/** Ids of the planes of the kernel lane, in the order in which they are shown. */
export const KERNEL_PLANE_IDS = Object.keys(INFO).filter(isKernelPlaneId);

/** What runs in the guest: planes that this kernel may lack, and what they are compared with there. */
export const GUEST_PLANE_IDS = KERNEL_PLANE_IDS.filter((id) => INFO[id].guest !== null);

/** All but the baselines. */
export const PROXY_PLANES = KERNEL_PLANE_IDS.filter((id) => INFO[id].kind === "proxy");

/** Whether a text is the id of a plane of the kernel lane. */
export function isKernelPlaneId(id: string): id is KernelPlaneId {
  return Object.hasOwn(INFO, id);
}

/** What the kernel lane measures of a plane, before its code is loaded. */
export function kernelPlaneInfo(id: KernelPlaneId): KernelPlaneInfo {
  return INFO[id];
}

/** Whether a plane's program is one for BPF. */
export function usesBpf(id: KernelPlaneId): boolean {
  return INFO[id].bpf;
}

/** Where connections to a plane enter. */
export function entryOf(id: KernelPlaneId): KernelPlaneInfo["entry"] {
  return INFO[id].entry;
}

/** Whether a plane may run in the guest where this machine's kernel lacks it. */
export function hasGuestFallback(id: KernelPlaneId): boolean {
  return INFO[id].guest === "fallback";
}

/** Whether a plane is a node without any rules: the baseline of every round of its size. */
export function isBareBaseline(id: string): boolean {
  return isKernelPlaneId(id) && INFO[id].bare;
}

/** That plane. */
export const BARE_BASELINE: KernelPlaneId = KERNEL_PLANE_IDS.find(isBareBaseline)!;

/** The baseline of planes that track connections: a node that does nothing else. */
export const TRACKED_BASELINE: KernelPlaneId = KERNEL_PLANE_IDS.find(
  (id) => INFO[id].kind === "baseline" && !INFO[id].bare,
)!;

/** BPF objects of the same sockets and packets, by whose maps and lookups they have. */
export interface Balancers {
  readonly cilium: string;
  readonly calico: string;
}

/** Compiled once a sandbox. */
export interface Natives {
  readonly probe: string;
  readonly server: string;
  /** null where no eBPF plane is asked for. */
  readonly loader: string | null;
  readonly balancer: Balancers | null;
}

export interface Loading {
  readonly host: Host;
  readonly natives: Natives;
  readonly testbed: Testbed;
  /** How many connections a plane of eBPF tracks; undefined: as many as Cilium's agent does by default. */
  readonly connections?: number | undefined;
}

/** A table of connections next to nf_conntrack's. */
export interface OwnConnections {
  /** How many a testbed's node has in it. */
  readonly count: (testbed: Testbed) => Promise<number>;
  /** Leaves it empty, and the program as it was. */
  readonly drop: (testbed: Testbed) => Promise<void>;
}

export interface KernelPlane {
  readonly id: KernelPlaneId;
  /** The model's plane whose program is loaded; null: a baseline, connections go to an endpoint itself. */
  readonly program: PlaneId | null;
  /** Hosts where connections that this plane decides about can start. */
  readonly sources: readonly Role[];
  /** Whether the choice depends on the source port, which the probe then keeps. */
  readonly keepPorts: boolean;
  /** Whether only processes of the run's cgroup are decided about. */
  readonly atSocket: boolean;
  /** Whether what the socket's program leaves alone meets the same maps packet by packet: there the source is known. */
  readonly alsoPerPacket: boolean;
  /** Whether addresses of services become the node's own. */
  readonly ownsVirtualAddresses: boolean;
  /** Whether packets to a service without endpoints are dropped where the contract says reject. */
  readonly dropsWithoutBackends: boolean;
  /** Where the kernel says what the loaded program takes of memory. */
  readonly memory: "table" | "maps" | "slabs";
  /** Name of the BPF program that does one lookup and nothing else; null if there is none. */
  readonly lookupProgram: string | null;
  /** Its connections, where conntrack's table is not the only one; undefined: it is, or there is none. */
  readonly connections?: OwnConnections;
  /** Loads the program. */
  load(loading: Loading, program: Program | null): Promise<void>;
}
