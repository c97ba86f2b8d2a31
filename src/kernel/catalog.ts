/** What the kernel lane measures, as data and rules of a catalog: the lane itself knows no scenario's sizes. */

import type { KernelPlaneId } from "./plane.js";
import type { KernelLane } from "./testbed/sandbox.js";

/** A scenario of the kernel lane, by what its numbers come from. */
export type KernelScenario = "connect" | "established" | "lookup" | "sync" | "memory" | "update";

/** Which cells the kernel lane measures. */
export interface KernelCatalog {
  /** In the order in which they are shown. */
  readonly scenarios: readonly KernelScenario[];
  /** How often an endpoint joins and leaves in each cell of `update`. */
  readonly updates: number;
  /** The variant of `update` that writes the whole table. */
  readonly fullSync: string;
  /** Whether a scenario is measured of a plane. */
  measures(scenario: KernelScenario, plane: KernelPlaneId): boolean;
  /** Whether the plane's model is timed in the same blocks. */
  isCompared(lane: KernelLane, plane: KernelPlaneId, services: number): boolean;
  /** Numbers of services of a plane, where none were asked for. */
  sizes(lane: KernelLane, plane: KernelPlaneId): readonly number[];
  /** Variants of `update` at a number of services; `asked`: these numbers were asked for by name. */
  updateVariants(lane: KernelLane, plane: KernelPlaneId, services: number, asked: boolean): readonly string[];
}
