/** Names of lanes and bounds of numbers in a specification. Light: the command line's help needs them too. */

/** To add a lane, add its name here and its line in lanes/index.ts. */
export const LANE_IDS = ["model", "kernel", "guest", "cluster"] as const;
/** Where a run measures. */
export type LaneId = (typeof LANE_IDS)[number];

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

/** Fields of a specification that not every lane uses. There they are refused: they would be recorded and ignored. */
const USED_BY: Readonly<Record<string, readonly LaneId[]>> = {
  profile: ["model", "kernel", "guest"],
  planes: ["model", "kernel", "guest"],
  durationSeconds: ["kernel", "cluster"],
  warmupMs: ["model"],
  measureMs: ["model"],
  slowdown: ["model"],
  zipf: ["model"],
  popular: ["model"],
  misses: ["model"],
  family: ["model", "kernel", "guest", "cluster"],
  planeOptions: ["model"],
  cluster: ["model"],
  nft: ["kernel"],
  connections: ["kernel", "guest"],
  clusterLane: ["cluster"],
};

/** Lanes that use a field of a specification; all where it names nothing special. */
export function lanesUsing(field: string): readonly LaneId[] {
  return USED_BY[field] ?? LANE_IDS;
}
