/** What a control plane writes for a change, counted, and models that follow changes. */

import type { EndpointUpdate } from "../../cluster/endpoint-updates.js";
import type { Model } from "./model.js";

/** Whether kube-proxy writes its whole table or what changed and what it can't leave out. */
export type UpdateMode = "partial" | "full";

/** What a control plane writes for one change, exact. */
export interface UpdateCost {
  /** Rules of iptables or nft. */
  readonly rules: number;
  /** Chains declared or flushed. */
  readonly chains: number;
  /** Map or set elements written or deleted, and netlink commands of IPVS. */
  readonly mapWrites: number;
  /** Calls that the control plane makes, those that change nothing included; absent where they are not modelled. */
  readonly operations?: number;
  /**
   * Bytes handed to the kernel as its structures count them: the blobs of iptables, elements, chains and tables
   * elsewhere. Deleting hands over none. The text that kube-proxy hands to its tools is `Plane.updateText`.
   */
  readonly bytes: number;
  /** What is rewritten although it did not change, and other notes, in words. */
  readonly notes: readonly string[];
}

/** A model and the control plane that changes it in place, or by a new table, as the kernel does. No system call, no netlink. */
export interface IncrementalModel {
  /** Decides with endpoint numbers (src/cluster/endpoint-updates.ts). `explain` counts; it has no words for what has changed. */
  readonly model: Model;
  /** Whether the control plane writes a rolling restart endpoint by endpoint, instead of all at once. */
  readonly appliesRolloutStepwise: boolean;
  /** What all changes together have written. */
  readonly written: WriteCounts;
  /**
   * Writes a change into the model, and counts it in `written`.
   *
   * @param edit The change with numbers for its endpoints; it must begin where the last one ended.
   * @param mode As for `Program.update`.
   */
  apply(edit: EndpointUpdate, mode?: UpdateMode): void;
}

/** Counts as in `UpdateCost`. */
export interface WriteCounts {
  rules: number;
  chains: number;
  mapWrites: number;
}
