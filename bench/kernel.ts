/** What the kernel lane measures: its table of contents. */

import { DECIDING_PLANES, type KernelPlaneId } from "../src/kernel/plane.js";
import type { KernelLane } from "../src/kernel/sandbox.js";

/** All come from the same rounds: connect(), a request over it, the BPF lookup alone, and loading the rules before. */
export const KERNEL_SCENARIOS = ["connect", "established", "lookup", "sync"] as const;

/** Floors load nothing, and only BPF programs can be run without a network. */
export function isMeasured(scenario: (typeof KERNEL_SCENARIOS)[number], plane: KernelPlaneId): boolean {
  if (scenario === "sync") return DECIDING_PLANES.includes(plane);
  return scenario !== "lookup" || plane === "ebpf" || plane === "ebpf-maglev";
}

/** Models that are timed in the same blocks, in this kernel's lane. Maglev's tables take a model seconds to build at each replicate. */
export function isCompared(lane: KernelLane, plane: KernelPlaneId, services: number): boolean {
  if (lane === "guest") return false;
  return plane === "iptables" || plane === "ebpf" || (plane === "ebpf-maglev" && services <= 1000);
}

/** N of a plane. nft takes minutes to load 20,000 services, and so does everything in the guest. */
export function kernelSizes(lane: KernelLane, plane: KernelPlaneId): readonly number[] {
  const common = [1, 100, 1000, 5000, 10_000];
  return plane === "nftables" || lane === "guest" ? common : [...common, 20_000];
}
