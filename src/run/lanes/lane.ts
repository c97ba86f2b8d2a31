/** What a lane is: it plans cells and measures them. Folders, checkpoints and conclusions are the session's. */

import type { ClusterSettings } from "../../cluster-lane/options.js";
import type { Cell, Results } from "../../results/schema.js";
import type { BenchmarkCatalog } from "../catalog.js";
import type { RunEvent } from "../events.js";
import type { LaneRules } from "../options.js";
import type { RunSpec } from "../spec.js";
import type { RunClock } from "./budget.js";

type Run = Results["run"];

/** What a lane decides before anything is measured. */
export interface Plan
  extends Pick<Run, "profile" | "entry" | "replicates" | "looks" | "level" | "budgetSeconds" | "settings"> {
  /** Empty cells. */
  readonly cells: Cell[];
  /** Indices into `cells`, block by block. */
  readonly schedule: number[][];
  /** Paths of users' own programs, by the plane that they are: results don't say where these are. */
  readonly ownBuilds?: ReadonlyMap<string, string>;
}

/** What a lane may use to plan. */
export interface PlanContext {
  readonly catalog: BenchmarkCatalog;
  /** Services of an imported cluster; null: clusters are generated. */
  readonly clusterServices: number | null;
  readonly onProgress: (event: RunEvent) => void;
  /** Ends what is being tried, such as a guest that boots; what the plan then says is not used. */
  readonly signal?: AbortSignal | undefined;
}

/** What a lane may use to measure. */
export interface RunContext {
  /** What was asked for; null: a run that is resumed, which holds it. */
  readonly spec: RunSpec | null;
  /** Of a run of the cluster lane that is resumed: where its cluster is, which results don't say. */
  readonly clusterLane?: ClusterSettings | undefined;
  readonly catalog: BenchmarkCatalog;
  /** Path of an imported cluster, for processes that measure; null: clusters are generated. */
  readonly clusterFile: string | null;
  /** See `Plan`; undefined: there are none, or the run is resumed. */
  readonly ownBuilds?: ReadonlyMap<string, string> | undefined;
  /** The CPU that timed processes are pinned to; null: none. */
  readonly cpu: number | null;
  /** Aborted when the run is to stop: what was measured stays. */
  readonly signal: AbortSignal;
  readonly onProgress: (event: RunEvent) => void;
  /** Called after each replicate, to save what is there. */
  readonly onReplicate: () => void;
  /** What all sessions of the run have left of its time budget. Lane model counts what its replicates took instead. */
  readonly clock: RunClock;
}

/** A way to measure: models, this machine's kernel, a guest's. */
export interface Lane {
  readonly id: string;
  /** Whether an interrupted run can be finished. */
  readonly resumable: boolean;
  /** Whether models are checked against the contract before the run; other lanes check every connection. */
  readonly certifiesModels: boolean;
  /** Whether it measures clusters that are generated or imported here, whose bytes a run records. */
  readonly generatesClusters: boolean;
  /**
   * Decides what is measured, in which order, with which settings.
   *
   * @throws InputError for planes, scenarios and profiles that don't exist, and where nothing is left to measure.
   */
  plan(spec: RunSpec, context: PlanContext): Promise<Plan>;
  /** Measures what `run` does not hold yet, and adds it to its cells. Returns early once the signal is aborted. */
  measure(run: Results, context: RunContext): Promise<void>;
}

/** A lane before its code is loaded. */
export interface LaneEntry extends LaneRules {
  /** Loads its code, and nothing of the others. */
  load(): Promise<Lane>;
}
