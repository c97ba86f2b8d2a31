import type { PlaneOptions } from "../../plane.js";
import { ShortestExpectedDelay } from "./expected-delay.js";
import { DestinationHashing, HASHING_BYTES, HASHING_WORDS, SourceHashing } from "./hashing.js";
import { LeastConnection, WeightedLeastConnection } from "./least-connection.js";
import { MAGLEV_BYTES, MAGLEV_WORDS, Maglev } from "./maglev.js";
import { RoundRobin } from "./round-robin.js";
import { NO_DATA, type SchedulerKind } from "./scheduler.js";
import { WeightedRoundRobin, WRR_MARK_BYTES, WRR_MARK_WORDS } from "./weighted-round-robin.js";

export type SchedulerName = NonNullable<PlaneOptions["ipvsScheduler"]>;

/** kube-proxy's defaultScheduler. */
export const DEFAULT_SCHEDULER: SchedulerName = "rr";

const SLOT_TABLE = { dataWords: HASHING_WORDS, dataBytes: HASHING_BYTES, tableLookups: 1 };
const MARK = { dataWords: WRR_MARK_WORDS, dataBytes: WRR_MARK_BYTES, tableLookups: 0 };
const MAGLEV = { dataWords: MAGLEV_WORDS, dataBytes: MAGLEV_BYTES, tableLookups: 1 };

/** Every scheduler by the name that `ipvsadm -s` knows. */
export const SCHEDULERS: Readonly<Record<SchedulerName, SchedulerKind>> = {
  rr: { ...NO_DATA, create: (words) => new RoundRobin(words) },
  wrr: { ...MARK, create: (words) => new WeightedRoundRobin(words) },
  lc: { ...NO_DATA, create: (words) => new LeastConnection(words) },
  wlc: { ...NO_DATA, create: (words) => new WeightedLeastConnection(words) },
  sed: { ...NO_DATA, create: (words) => new ShortestExpectedDelay(words, false) },
  nq: { ...NO_DATA, create: (words) => new ShortestExpectedDelay(words, true) },
  sh: { ...SLOT_TABLE, create: (words, plan) => new SourceHashing(words, plan) },
  dh: { ...SLOT_TABLE, create: (words, plan) => new DestinationHashing(words, plan) },
  mh: { ...MAGLEV, create: (words, plan) => new Maglev(words, plan) },
};
