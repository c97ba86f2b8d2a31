/** From a lane's plan to a result without measurements. */

import type { Profile } from "../measure/catalog.js";
import type { Size } from "../measure/scenario.js";
import { withDefaults } from "../planes/options.js";
import { type Cell, type Environment, type Results, SCHEMA_VERSION } from "../results/schema.js";
import { VERSION } from "../version.js";
import type { BenchmarkCatalog } from "./catalog.js";
import { describeRun } from "./describe.js";
import type { Plan } from "./lanes/lane.js";
import { InvalidRunSpecError, type RunSpec } from "./spec.js";

/** Half an interval as a share of the median, where a cell is precise enough. */
const TARGET_HALF_WIDTH = 0.05;

/** The profile of a kernel run's settings, and of a specification that names none. */
export const DEFAULT_PROFILE = "default";

/**
 * Finds a profile.
 *
 * @throws InvalidRunSpecError that lists the profiles where none has this id.
 */
export function profileById({ profiles }: Pick<BenchmarkCatalog, "profiles">, id: string): Profile {
  const profile = profiles.find((candidate) => candidate.id === id);
  if (!profile) {
    throw new InvalidRunSpecError(
      `unknown profile "${id}": choose from ${profiles.map((known) => known.id).join(", ")}`,
    );
  }
  return profile;
}

/** Settings of a run, which decide its replicates. */
export function settingsOf(spec: RunSpec, profile: Profile): Results["run"]["settings"] {
  return {
    endpointsPerService: spec.endpoints ?? profile.endpointsPerService,
    zipf: spec.zipf ?? 0,
    popular: spec.popular ?? "random",
    misses: spec.misses ?? 0,
    // Only where it is not IPv4: settings of older runs, which know no other, then equal.
    ...(spec.family !== undefined && spec.family !== 4 && { family: spec.family }),
    warmupMs: spec.warmupMs ?? profile.warmupMs,
    measureMs: spec.measureMs ?? profile.measureMs,
    singlesMs: profile.singlesMs,
    ...(spec.slowdown !== undefined && { slowdown: spec.slowdown }),
    planes: withDefaults(spec.planeOptions ?? {}),
  };
}

/** What describes a run in addition to its plan. */
export interface RunOrigin {
  readonly seed: number;
  /** How to repeat the run, without paths. */
  readonly command: string;
  /** The imported cluster that is measured, with what its import left out and assumed; null: clusters are generated. */
  readonly imported: { readonly notes: readonly string[] } | null;
  readonly environment: Environment;
  readonly now: Date;
  /** Whose planes and scenarios the run describes. */
  readonly catalog: BenchmarkCatalog;
}

/** A result without measurements. */
export function assembleRun(plan: Plan, origin: RunOrigin): Results {
  const { seed, command, imported, environment, now, catalog } = origin;
  const { cells, schedule, settings, profile, entry, replicates, looks, level, budgetSeconds } = plan;
  return {
    schemaVersion: SCHEMA_VERSION,
    tool: { name: "lbscale", version: VERSION },
    run: {
      id: `${now.toISOString().slice(0, 19).replaceAll(":", "")}-${profile}`,
      startedAt: now.toISOString(),
      finishedAt: null,
      profile,
      seed,
      command,
      complete: false,
      entry,
      replicates,
      looks,
      targetHalfWidth: TARGET_HALF_WIDTH,
      level,
      budgetSeconds,
      settings,
      schedule,
    },
    environment,
    cluster: {
      source: imported ? "imported" : "synthetic",
      // An imported cluster has its own endpoints and addresses.
      parameters: imported ? {} : { endpointsPerService: settings.endpointsPerService, clusterSeed: seed },
      ...(imported && imported.notes.length > 0 && { notes: [...imported.notes] }),
      digests: {},
    },
    equivalence: { services: 0, flows: 0, planes: [], disagreements: 0, documented: {} },
    ...describeRun(cells, catalog, entry),
    cells,
    fits: [],
    crossovers: [],
    orderEffect: null,
    findings: [],
  };
}

/** A cell without measurements. `endpoints`: of each service, where the size says none. */
export function emptyCell(
  what: Pick<Cell, "plane" | "lane" | "scenario">,
  size: Size,
  endpoints: number,
): Cell {
  return {
    ...what,
    services: size.services,
    variant: size.variant,
    endpoints: size.endpoints ?? endpoints,
    unit: "ns",
    replicates: [],
    estimate: null,
    adjusted: null,
    percentiles: null,
    percentilesReason: null,
    outliers: null,
    unsteady: 0,
    counts: null,
    stopped: null,
    lookedAt: 0,
    disturbed: [],
    work: null,
    programBytes: null,
    facts: {},
    warnings: [],
  };
}
