/** Where a run measures. Light: the command line's help needs the names. */

/** To add a lane, add its name here and its line in src/run/lanes/index.ts. */
export const LANE_IDS = ["model", "kernel", "guest", "cluster"] as const;
/** Where a run measures. */
export type LaneId = (typeof LANE_IDS)[number];
