/** A testbed with a plane's program in it, and what it was made from. */

import type { Cluster } from "../cluster/cluster.js";
import type { PlaneOptions, Program } from "../planes/plane.js";
import type { KernelPlane, Natives } from "./plane.js";
import type { Host } from "./testbed/host.js";
import type { Testbed } from "./testbed/topology.js";

/** A plane at work. */
export interface LoadedPlane {
  readonly plane: KernelPlane;
  readonly testbed: Testbed;
  readonly cluster: Cluster;
  /** null: a baseline, which has no program. */
  readonly program: Program | null;
  /** From the program to rules or maps in the kernel, milliseconds. */
  readonly loadMs: number;
  /** How much more of the kernel's slabs is in use than before loading. */
  readonly slabBytes: number;
}

export interface TestbedConfig {
  readonly host: Host;
  readonly natives: Natives;
  readonly cluster: Cluster;
  readonly options: PlaneOptions;
  /** Distinguishes this testbed's namespaces from others. */
  readonly name: string;
  /** See `Loading`. */
  readonly connections?: number;
}
