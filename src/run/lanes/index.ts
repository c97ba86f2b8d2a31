/** All lanes: to add one, add its file and a line here. Loaded one by one, because most runs need just one. */

import type { LaneId } from "../bounds.js";
import type { Lane } from "./lane.js";

const LOADERS: Readonly<Record<LaneId, () => Promise<Lane>>> = {
  model: async () => (await import("./model.js")).modelLane,
  kernel: async () => (await import("./kernel.js")).kernelLane,
  guest: async () => (await import("./kernel.js")).guestLane,
  cluster: async () => (await import("./cluster.js")).clusterLane,
};

/** Loads one lane's code. */
export function loadLane(id: LaneId): Promise<Lane> {
  return LOADERS[id]();
}
