/** Names of lanes and bounds of numbers in a specification. Light: the command line's help needs them too. */

import { LANE_IDS, type LaneId } from "../results/runs/lane-ids.js";

export { LANE_IDS, type LaneId };

/** The least and the most of each number of a specification. */
export const BOUNDS = {
  services: [1, 1_000_000],
  replicates: [1, 1000],
  milliseconds: [1, 60_000],
  endpoints: [0, 10_000],
  zipf: [0, 3],
  connections: [10, 20_000],
  seconds: [1, 86_400],
  seed: [0, Number.MAX_SAFE_INTEGER],
} as const satisfies Record<string, readonly [number, number]>;

/** A plane as results may name it: without the path of a user's own build, which goes by its name. */
export function withoutFolder(plane: string): string {
  return plane.replace(/^([^@]*)@.*[/\\]/, "$1@FOLDER/");
}

/**
 * Which lanes use a field of a specification. In others it is refused: it would be recorded and ignored. `spec.ts` has the
 * same fields, as the compiler checks; `cluster` accompanies a specification.
 */
const USED_BY = {
  lane: LANE_IDS,
  profile: ["model", "kernel", "guest"],
  planes: ["model", "kernel", "guest"],
  services: LANE_IDS,
  scenarios: LANE_IDS,
  replicates: LANE_IDS,
  warmupMs: ["model"],
  measureMs: ["model"],
  slowdown: ["model"],
  endpoints: LANE_IDS,
  zipf: ["model"],
  popular: ["model"],
  misses: ["model"],
  family: LANE_IDS,
  planeOptions: ["model"],
  budgetSeconds: LANE_IDS,
  durationSeconds: ["kernel", "cluster"],
  nft: ["kernel"],
  connections: ["kernel", "guest"],
  clusterLane: ["cluster"],
  seed: LANE_IDS,
  cluster: ["model"],
} as const satisfies Record<string, readonly LaneId[]>;

/** A field of a specification, or `cluster`, which accompanies one. */
export type Field = keyof typeof USED_BY;
/** All of them, in the order of a specification. */
export const FIELDS = Object.keys(USED_BY).filter((key): key is Field => key in USED_BY);

/** Lanes that use a field of a specification. */
export function lanesUsing(field: Field): readonly LaneId[] {
  return USED_BY[field];
}
