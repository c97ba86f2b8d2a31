/** What a scenario gives to the measuring child: operations to time, and how to check them. */

import type { Cluster } from "../cluster/cluster.js";
import type { FamilyChoice } from "../cluster/family.js";
import type { Entry, Popular } from "../cluster/flows.js";
import type { PlaneDescriptor } from "../planes/descriptor.js";
import type { Plane, PlaneId, PlaneOptions, Work } from "../planes/plane.js";
import type { Counted, Measured } from "./replicate/measured.js";

/** Everything a child needs to know: plain JSON. */
export interface Job {
  readonly scenario: string;
  readonly plane: PlaneId;
  /** Module of the catalog that both are in (`Catalog.module`); absent: this package's. */
  readonly catalogModule?: string;
  readonly services: number;
  /** Seed of the cluster: the same for all replicates. */
  readonly clusterSeed: number;
  /** Seed of this replicate: trace, hash seeds, rule order, random picks. */
  readonly seed: number;
  /** A cluster file to read instead of generating; grown to `services`. */
  readonly clusterFile: string | null;
  /** What a scenario varies in addition to N and E; empty where it varies nothing. */
  readonly variant: string;
  /** Endpoints of each service of a generated cluster. */
  readonly endpointsPerService: number;
  /** Share of services with ClientIP affinity in a generated cluster. */
  readonly affinityShare: number;
  /** How cluster IPs of a generated cluster are drawn; absent: at random. */
  readonly vips?: "random" | "sequential";
  readonly entry: Entry;
  /** Of the cluster's addresses; absent: IPv4, or what the given cluster has. */
  readonly family?: FamilyChoice;
  readonly options: PlaneOptions;
  /** Zipf exponent of service popularity; 0 = uniform. */
  readonly zipf: number;
  /** Where the popular services of a Zipf trace stand in a rule list. */
  readonly popular: Popular;
  /** Share of flows that no service answers. */
  readonly misses: number;
  readonly warmupMs: number;
  readonly measureMs: number;
  /** Time for single operations, where they can be timed at all. */
  readonly singlesMs: number;
  /** A test hook: this share of each batch is done once more, timed and not reported. 0 but for tests of `compare`. */
  readonly slowdown: number;
}

/** The timed operations of one replicate. */
export interface Subject {
  /** Operations in the trace; a multiple of the batch size. */
  readonly operations: number;
  /**
   * Back to a known state before a batch; untimed and O(1).
   *
   * @param block Number of the batch, which seeds the state.
   */
  reset(block: number): void;
  /** What happens between batches while they are timed, itself untimed; answers stay as they were. */
  beforeBatch?(): void;
  /**
   * Runs operations in a dependency chain. Reads no clock: its caller does.
   *
   * @param start First operation of the trace.
   * @param count How many.
   * @returns Their checksum, which `explain` has to give too.
   */
  run(start: number, count: number): number;
  /**
   * The same loop around an operation that does nothing: its time is the timer overhead.
   *
   * @param start As for `run`.
   * @param count As for `run`.
   * @returns A checksum, so that V8 can't leave the loop out.
   */
  runNoop(start: number, count: number): number;
  /**
   * The same operations by the second implementation, counted and not timed.
   *
   * @param start As for `run`.
   * @param count As for `run`.
   * @param total Is added their work.
   * @returns The checksum that `run` must give for them.
   */
  explain(start: number, count: number, total: Work): number;
}

/** A subject before its batch size is known. */
export interface Prepared {
  readonly programBytes: number;
  readonly facts: Readonly<Record<string, number | string>>;
  /** Answers that break the decision contract among the first flows of the trace: must be 0. */
  readonly disagreements: number;
  /** A batch holds so many operations, or a multiple: both families of a dual-stack node. 1 where it is absent. */
  readonly multiple?: number;
  /**
   * Builds the timed operations.
   *
   * @param batch Operations of a batch.
   * @returns A subject whose batches each see the whole cluster.
   */
  subject(batch: number): Subject;
  /**
   * Builds a short subject to find the batch size with.
   *
   * @returns One that is thrown away afterwards.
   */
  calibration(): Subject;
}

/** Builds the timed operations of a job. */
export type Prepare = (job: Job, cluster: Cluster, plane: Plane) => Prepared;

/** One point of a scenario's grid, for a plane. */
export interface Size {
  readonly services: number;
  /** Endpoints of each service; null: the run's. */
  readonly endpoints: number | null;
  readonly variant: string;
}

/** What results.json keeps of a scenario in addition to its label and question, so that charts and tables need no scenario. */
export interface ScenarioReport {
  /** Of its cells: nanoseconds of one operation, or exact counts. */
  readonly unit: "ns" | "counts";
  /** What its x axis counts. */
  readonly axis: "services" | "endpoints";
  /** Whether its packets walk a rule list, wherever their service is in it: captions say where that is. */
  readonly positionMatters: boolean;
  /** What is timed, as a subtitle says it: by lane or `lane/variant`. `{entry}` is where flows enter. */
  readonly captions: Readonly<Record<string, string>>;
  /** The words of a chart of its own, drawn where no chart of src/charts shows it. */
  readonly chart?: { readonly title: string; readonly neutralTitle: string };
}

/** What is timed or counted of every plane, as one file in bench/ defines it. */
export interface Scenario {
  readonly id: string;
  readonly label: string;
  /** What its numbers answer, as `lbscale list scenarios` prints it. */
  readonly question: string;
  readonly report: ScenarioReport;
  /**
   * What it measures of a plane, where that is not one point for each N of the run.
   *
   * @param asked Numbers of services that the user asked for; null: none.
   * @param plane What the plane can do.
   * @returns The points; none where the scenario does not concern the plane.
   */
  readonly sizes?: (asked: readonly number[] | null, plane: PlaneDescriptor) => readonly Size[];
  /**
   * What the generated cluster of a variant has that other clusters of the run lack, and where its flows enter.
   *
   * @param variant One of those in `sizes`.
   * @returns Fields of the job that differ.
   */
  readonly clusterOf?: (variant: string) => Partial<Pick<Job, "affinityShare" | "vips" | "entry" | "family">>;
  /** Its variants are generated clusters: it measures none that is given. */
  readonly generatedOnly?: true;
  /** Why it can't measure a dual-stack node, in words; absent: it can. */
  readonly oneFamily?: string;
  /**
   * Measures one replicate, in its worker process. What is counted is counted once; what is timed, in every replicate.
   *
   * @param job What to measure, for how long, and with which seeds.
   * @param cluster The cluster of the job, generated or read.
   * @param plane The plane of the job.
   * @returns Times in nanoseconds with their counts, or counts alone.
   */
  measure(job: Job, cluster: Cluster, plane: Plane): Promise<Measured | Counted>;
}
