/** What the kernel lane measures: its table of contents. */

import type { KernelCatalog, KernelScenario } from "../src/kernel/catalog.js";
import { type KernelPlaneId, PROXY_PLANES } from "../src/kernel/plane.js";
import type { KernelLane } from "../src/kernel/testbed/sandbox.js";

/**
 * From the same rounds come connect(), a request over it and the BPF lookup alone; from before them loading the rules, and
 * what these take of memory; and after them endpoints join and leave.
 */
const SCENARIOS: readonly KernelScenario[] = ["connect", "established", "lookup", "sync", "memory", "update"];

/** How often an endpoint joins and leaves in each cell: the fewest that give an interval. */
const UPDATES = 6;
/** Of `update`: iptables written whole, as kube-proxy does once an hour, next to what it writes each time. */
const FULL_SYNC = "full";

/** Baselines load nothing, and only BPF programs can be run without a network. */
function measures(scenario: KernelScenario, plane: KernelPlaneId): boolean {
  if (["sync", "memory", "update"].includes(scenario)) return PROXY_PLANES.includes(plane);
  return scenario !== "lookup" || plane === "ebpf" || plane === "ebpf-maglev";
}

/** Models that are timed in the same blocks, in this kernel's lane. Maglev's tables take a model seconds to build at each replicate. */
function isCompared(lane: KernelLane, plane: KernelPlaneId, services: number): boolean {
  if (lane === "guest") return false;
  return plane === "iptables" || plane === "ebpf" || (plane === "ebpf-maglev" && services <= 1000);
}

/** N of a plane. nft takes minutes to load 20,000 services, and so does everything in the guest. */
function sizes(lane: KernelLane, plane: KernelPlaneId): readonly number[] {
  const common = [1, 100, 1000, 5000, 10_000];
  return plane === "nftables" || lane === "guest" ? common : [...common, 20_000];
}

/** N at which services change, of those that are loaded: two seconds a time for iptables at 10,000. */
const UPDATE_SIZES = [1, 100, 1000, 10_000];
/** A full sync of iptables-nft at 5,000 services took more than two minutes. */
const MAX_FULL_SYNC = 1000;

/** Variants of `update` that are measured of a plane at an N; `asked`: these N were asked for by name. */
function updateVariants(
  lane: KernelLane,
  plane: KernelPlaneId,
  services: number,
  asked: boolean,
): readonly string[] {
  if (!measures("update", plane) || !(asked || UPDATE_SIZES.includes(services))) return [];
  const inFull = plane.startsWith("iptables") && lane === "kernel" && services <= MAX_FULL_SYNC;
  return ["", ...(inFull ? [FULL_SYNC] : [])];
}

export const KERNEL: KernelCatalog = {
  scenarios: SCENARIOS,
  updates: UPDATES,
  fullSync: FULL_SYNC,
  measures,
  isCompared,
  sizes,
  updateVariants,
};
