/** Measures one replicate: runs in a process of its own, once. */

import type { Cluster } from "../../cluster/cluster.js";
import { noWork, type Plane, type Program } from "../../planes/plane.js";
import type { Job, Prepare } from "../scenario.js";
import { calibrate, checkBatches, heapBytesPerOperation, timeBatches } from "./batches.js";
import { measureTimer, nowNs } from "./clock.js";
import type { Measured } from "./measured.js";
import { Chase } from "./pointer-chase.js";
import { MAX_SAMPLES, thin } from "./samples.js";
import { timeSingles } from "./singles.js";

/**
 * Latency of operations: builds, checks, warms up and times. Throws when a decision is wrong or a checksum differs: then there is
 * no latency.
 */
export async function measureLatency(
  prepare: Prepare,
  job: Job,
  cluster: Cluster,
  plane: Plane,
): Promise<Measured> {
  // The chase surrounds everything else. Not between building and timing: it would empty the caches that a lookup finds
  // warm (eBPF at 10,000 services rose from 200 to 750 ns).
  const chase = new Chase();
  const chaseBefore = chase.time(nowNs);

  const started = nowNs();
  const prepared = prepare(job, cluster, plane);
  const buildMs = (nowNs() - started) / 1e6;
  if (prepared.disagreements > 0) {
    throw new Error(
      `${prepared.disagreements} decisions of ${job.plane} break the contract: nothing was timed`,
    );
  }
  const timer = measureTimer();
  const { multiple = 1 } = prepared;
  const batch = multiple * Math.ceil(calibrate(prepared) / multiple);
  const subject = prepared.subject(batch);

  const { samples, floorNs, checksums, collections } = await timeBatches(subject, batch, job);
  const singles = timeSingles(subject, batch, samples, timer, job.singlesMs);
  const chaseAfter = chase.time(nowNs);
  return {
    batch,
    samples: keptSamples(samples),
    singles,
    floorNs,
    chaseNs: Math.sqrt(chaseBefore * chaseAfter),
    timer,
    heapBytesPerOperation: heapBytesPerOperation(subject, batch),
    work: checkBatches(subject, batch, checksums),
    checkedBatches: checksums.length,
    collections,
    buildMs,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    endpoints: cluster.endpoints / cluster.servicePorts,
    programBytes: prepared.programBytes,
    facts: prepared.facts,
  };
}

/** An operation that takes long enough to be timed alone. */
export interface TimedOperation {
  /** Times nothing itself: does it once, or `times` times. */
  run(): void;
  readonly times: number;
  /** Between two, untimed. */
  between?(): void;
  /** What it works on, once it has run. */
  program(): Program;
}

/**
 * A warm operation is repeated at least so long and so often before it is timed, because V8 compiles it meanwhile: an IPVS
 * change of 4 µs took 1 µs in the end, and a change of iptables at 1,000 services 1.4 ms instead of 20...
 */
const LEAST_WARM_MS = 300;
const WARM_RUNS = 40;
/** ...unless the repeating takes longer than this. */
const MOST_WARM_MS = 700;
/** And is timed at least so often. */
const LEAST_WARM_SAMPLES = 2;

/**
 * Duration of a long operation, each timed alone for `measureMs` together, and at least once. `cold`: what a node does when
 * it starts; anything else has been done often before.
 */
export function measureDuration(
  job: Job,
  cluster: Cluster,
  operation: TimedOperation,
  state: "cold" | "warm",
): Measured {
  const chase = new Chase();
  const chaseBefore = chase.time(nowNs);
  const timer = measureTimer();
  const samples: number[] = [];
  const timeOne = (): number => {
    operation.between?.();
    const before = nowNs();
    operation.run();
    return nowNs() - before;
  };
  const elapsedMs = (since: number) => (nowNs() - since) / 1e6;
  const warmingUp = nowNs();
  if (state === "warm") {
    const leastMs = Math.max(job.warmupMs, LEAST_WARM_MS);
    for (let runs = 0; runs < WARM_RUNS && elapsedMs(warmingUp) < MOST_WARM_MS; runs++) timeOne();
    while (elapsedMs(warmingUp) < leastMs) timeOne();
  }
  globalThis.gc?.();
  const started = nowNs();
  const least = state === "warm" ? LEAST_WARM_SAMPLES : 1;
  while (samples.length < least || (elapsedMs(started) < job.measureMs && samples.length < MAX_SAMPLES)) {
    samples.push(Number((timeOne() / operation.times).toPrecision(4)));
  }
  const program = operation.program();
  return {
    batch: 1,
    samples,
    singles: null,
    floorNs: timer.floorNs,
    chaseNs: Math.sqrt(chaseBefore * chase.time(nowNs)),
    timer,
    heapBytesPerOperation: 0,
    work: noWork(),
    checkedBatches: 0,
    collections: 0,
    buildMs: samples[0]! / 1e6,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    endpoints: cluster.endpoints / cluster.servicePorts,
    programBytes: program.bytes(),
    facts: program.facts(),
  };
}

/** Four digits of each: a clock of nanoseconds gives no more. */
function keptSamples(samples: readonly number[]): number[] {
  return thin(samples).map((ns) => Number(ns.toPrecision(4)));
}
