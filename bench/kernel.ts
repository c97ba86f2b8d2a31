/** What the kernel lane measures: its table of contents. */

import type { KernelPlaneId } from "../src/kernel/plane.js";

/** All three come from the same rounds: connect() of each, a request over it, and loading the rules before. */
export const KERNEL_SCENARIOS = ["connect", "established", "sync"] as const;

/** N of a plane. nft takes minutes to load 20,000 services. */
export function kernelSizes(plane: KernelPlaneId): readonly number[] {
  const common = [1, 100, 1000, 5000, 10_000];
  return plane === "nftables" ? common : [...common, 20_000];
}
