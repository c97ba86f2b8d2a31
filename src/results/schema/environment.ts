/** Of results.json: the machine of a run. */

import { z } from "zod";

export const environment = z.object({
  cpu: z.string(),
  cores: z.number().int(),
  /** Bytes per cache level as the system reports them, e.g. { L1d: 32768, L2: 1048576, L3: 33554432 }. */
  caches: z.record(z.string(), z.number()),
  memoryBytes: z.number(),
  os: z.string(),
  kernel: z.string(),
  architecture: z.string(),
  virtualisation: z.string(),
  governor: z.string(),
  /** `on`, `off` or `unknown`. */
  turbo: z.string(),
  smt: z.string(),
  pinnedCpu: z.number().int().nullable(),
  node: z.string(),
  v8: z.string(),
  execArgv: z.array(z.string()),
  packages: z.record(z.string(), z.string()),
  gitCommit: z.string().nullable(),
  loadBefore: z.array(z.number()),
  loadAfter: z.array(z.number()),
  /** Smallest step of the timer that was seen, nanoseconds. */
  timerResolutionNs: z.number(),
  /** Share of the processors' time that the hypervisor gave to others, in the worst session of a run that was resumed;
   * null where it is unknown. */
  stealShare: z.number().nullable(),
  /** What makes this machine unfit for measuring, in words that say what to do. */
  unfit: z.array(z.string()),
});
