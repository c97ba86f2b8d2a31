/** What the kernel lane measures, as data and rules of a catalog: the lane itself knows no scenario's sizes. */

import type { ScenarioDescription } from "../results/schema.js";
import type { KernelPlaneId } from "./plane.js";
import type { KernelLane } from "./testbed/sandbox.js";

/** A scenario of the kernel lane, by what its numbers come from. */
export type KernelScenario =
  | "connect"
  | "established"
  | "lookup"
  | "sync"
  | "memory"
  | "update"
  | "programming"
  | "cold-start"
  | "proxy-memory";

/** How much of the kernel lane is measured: what a profile of that name means there. */
export interface KernelProfile {
  readonly id: string;
  /** Planes that lbscale writes itself. */
  readonly planes: readonly KernelPlaneId[];
  /** Real programs, by the ids of src/kernel/planes/real-programs.ts; those that are not installed are left out. */
  readonly programs: readonly string[];
  /** The most services of any plane. */
  readonly mostServices: number;
  /** Rounds of connections, and connections of each. */
  readonly rounds: number;
  readonly connections: number;
  /** How often an endpoint joins and leaves in each cell of `update`. */
  readonly updates: number;
  /** Endpoints that change under a real program, and over how many fresh starts of it. */
  readonly changes: number;
  readonly starts: number;
  /** Endpoints of the rollout that follows; 0: none. */
  readonly rollout: number;
  /** How often a new node's rules are loaded, and the most services of those; 0: only where they are asked for by name. */
  readonly coldStarts: number;
  readonly coldStartServices: number;
  /** Time for one start of a real program and its changes, seconds. */
  readonly cellSeconds: number;
  /** Time for the whole run, seconds; null: as long as it takes. */
  readonly runSeconds: number | null;
}

/** Which cells the kernel lane measures. */
export interface KernelCatalog {
  /** In the order in which they are shown. */
  readonly scenarios: readonly KernelScenario[];
  readonly profiles: readonly KernelProfile[];
  /** How scenarios that no model has are shown. */
  readonly reports: Readonly<Record<string, ScenarioDescription>>;
  /** The variant of `update` that writes the whole table. */
  readonly fullSync: string;
  /**
   * Whether a scenario is measured of a plane.
   *
   * @param scenario Of the kernel lane.
   * @param plane Of the kernel lane; real programs have `programVariants`.
   * @returns False where such a cell is left out of every run.
   */
  measures(scenario: KernelScenario, plane: KernelPlaneId): boolean;
  /**
   * What is measured of a real program.
   *
   * @param scenario Of the kernel lane.
   * @param plane Id of the program, such as `kube-proxy-nftables@1.37`.
   * @returns Variants of the scenario; none where it is not measured.
   */
  programVariants(scenario: KernelScenario, plane: string): readonly string[];
  /** Numbers of services of a real program, where none were asked for. */
  readonly programSizes: readonly number[];
  /** Of `cold-start`: planes whose rules are loaded, services, and those of a transaction by variant (null: all at once). */
  readonly coldStarts: {
    readonly planes: readonly string[];
    readonly sizes: readonly number[];
    readonly stages: Readonly<Record<string, number | null>>;
  };
  /**
   * Whether the plane's model is timed in the same blocks.
   *
   * @param lane The machine's kernel, or the guest's.
   * @param plane Of the kernel lane.
   * @param services Of the cell.
   * @returns False in the guest, where no model has the plane, and where such a model takes too long.
   */
  isCompared(lane: KernelLane, plane: KernelPlaneId, services: number): boolean;
  /**
   * Sizes of a plane, where none were asked for.
   *
   * @param lane The machine's kernel, or the guest's.
   * @param plane Of the kernel lane.
   * @returns Numbers of services, ascending.
   */
  sizes(lane: KernelLane, plane: KernelPlaneId): readonly number[];
  /**
   * What `update` measures at one size.
   *
   * @param lane The machine's kernel, or the guest's.
   * @param plane Of the kernel lane.
   * @param services Of the cell.
   * @param asked Whether the user asked for this size by name: it is then measured even where runs leave it out.
   * @returns Variants of `update`; none where it is not measured.
   */
  updateVariants(lane: KernelLane, plane: KernelPlaneId, services: number, asked: boolean): readonly string[];
}
