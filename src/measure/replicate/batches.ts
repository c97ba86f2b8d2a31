/** Timing in batches: how many operations fill one, the tinybench task, and the same loop around nothing. */

import { type PerformanceEntry, PerformanceObserver, performance } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import { Bench, hrtimeNow } from "tinybench";
import { noWork } from "../../planes/plane.js";
import { median } from "../../stats/quantile.js";
import type { Job, Prepared, Subject } from "../scenario.js";
import { nowNs } from "./clock.js";
import type { MeanWork } from "./measured.js";

/** A batch lasts about this long: far above the timer's step, and at most a millisecond. */
const BATCH_NS = 500_000;
/** However short an operation is (a later packet at the socket level is no work): tables of connections must hold a batch. */
const MOST_OPERATIONS = 1 << 16;
const CALIBRATION_NS = 4_000_000;
/** Of the empty loop before each batch: a microsecond, in which 16 KB of the trace are read. */
const EMPTY_OPERATIONS = 1000;
/** Enough for V8 to compile it. */
const EMPTY_WARM_RUNS = 200;
const HEAP_BATCHES = 8;
/** Batches at least, and those before them; fewer where something happens between them that may take long. */
const LEAST_BATCHES = { warm: 16, timed: 20 };
const LEAST_DISTURBED = { warm: 2, timed: 5 };
/** What V8 itself may allocate in a batch (feedback, a promoted closure): a lookup that allocates exceeds it at once. */
const HEAP_NOISE_BYTES = 128;

/** Finds how many operations fill a batch, on a subject of its own that is thrown away. */
export function calibrate(prepared: Prepared): number {
  let batch = 1;
  const subject = prepared.calibration();
  let perOperation = Number.POSITIVE_INFINITY;
  const deadline = nowNs() + CALIBRATION_NS;
  let position = 0;
  do {
    if (position + batch > subject.operations) position = 0;
    subject.reset(0);
    const started = nowNs();
    subject.run(position, batch);
    // The least: others hold a compilation or a collection.
    perOperation = Math.min(perOperation, (nowNs() - started) / batch);
    position += batch;
    batch = Math.min(subject.operations, batch * 2, Math.max(1, Math.ceil(BATCH_NS / perOperation)));
  } while (nowNs() < deadline);
  return Math.max(1, Math.min(MOST_OPERATIONS, Math.round(BATCH_NS / perOperation)));
}

export interface Timed {
  /** Nanoseconds per operation, in measured order. */
  readonly samples: number[];
  /**
   * The same loop around nothing, nanoseconds per operation: median of one before each batch. A core whose other thread
   * another tenant keeps busy shows in it, and that comes and goes within a replicate.
   */
  readonly floorNs: number;
  /** Checksum of each timed batch, in order: batch i ran block i mod blocks. */
  readonly checksums: number[];
  /** Garbage collections while samples were timed. */
  readonly collections: number;
}

/** Runs the subject under tinybench; one call is one batch and reports the time of a single operation. */
export async function timeBatches(subject: Subject, batch: number, job: Job): Promise<Timed> {
  const blocks = Math.floor(subject.operations / batch);
  const emptyOperations = Math.min(subject.operations, EMPTY_OPERATIONS);
  const samples: number[] = [];
  const floors: number[] = [];
  const checksums: number[] = [];
  // A test hook: more work than is reported, to see whether `compare` finds it.
  const unreported = Math.round(batch * job.slowdown);
  let next = 0;

  for (let i = 0; i < EMPTY_WARM_RUNS; i++) subject.runNoop(0, emptyOperations);
  // 1. Once before anything is timed, so that no collection falls into a sample.
  globalThis.gc?.();
  // A change of the cluster between two batches allocates; a collection there falls into no sample.
  const timed: { startMs: number; endMs: number }[] = [];
  const collected: PerformanceEntry[] = [];
  const observer = new PerformanceObserver((list) => collected.push(...list.getEntries()));

  // 2. One task, timed inside so that resetting stays outside.
  const least = subject.beforeBatch ? LEAST_DISTURBED : LEAST_BATCHES;
  const bench = new Bench({
    now: hrtimeNow,
    warmupTime: job.warmupMs,
    warmupIterations: least.warm,
    time: job.measureMs,
    iterations: least.timed,
    throws: true,
    retainSamples: true,
  });
  let warm = false;
  bench.add(
    job.scenario,
    () => {
      const block = next % blocks;
      next++;
      const disturbed = hrtimeNow();
      subject.beforeBatch?.();
      const disturbedMs = subject.beforeBatch ? hrtimeNow() - disturbed : 0;
      subject.reset(block);
      const emptied = hrtimeNow();
      subject.runNoop(0, emptyOperations);
      const emptyMs = hrtimeNow() - emptied;
      const startMs = performance.now();
      const started = hrtimeNow();
      const checksum = subject.run(block * batch, batch);
      if (unreported > 0) subject.run(block * batch, unreported);
      const elapsedMs = hrtimeNow() - started;
      if (warm) {
        timed.push({ startMs, endMs: performance.now() });
        samples.push((elapsedMs * 1e6) / batch);
        floors.push((emptyMs * 1e6) / emptyOperations);
        checksums.push(checksum);
      }
      return { overriddenDuration: elapsedMs / batch, overriddenIterationCost: elapsedMs + disturbedMs };
    },
    {
      async: false,
      beforeAll: (mode) => {
        // 3. Warm-up is over: start the trace again.
        warm = mode === "run";
        next = 0;
        if (warm) observer.observe({ entryTypes: ["gc"] });
      },
    },
  );
  bench.runSync();

  // 4. Node queues an entry for each collection as a native immediate (src/node_perf.cc), which run before ours; a timer may
  // fire before them.
  await setImmediate();
  collected.push(...observer.takeRecords());
  observer.disconnect();
  const collections = collected.filter(({ startTime }) =>
    timed.some(({ startMs, endMs }) => startTime >= startMs && startTime <= endMs),
  ).length;
  return { samples, floorNs: median(floors), checksums, collections };
}

/**
 * Bytes by which the heap grows for each operation, in the median batch: V8 may allocate a kilobyte of its own in any one of
 * them. What reading the heap's size itself allocates is taken off.
 */
export function heapBytesPerOperation(subject: Subject, batch: number): number {
  const blocks = Math.min(HEAP_BATCHES, Math.floor(subject.operations / batch));
  const used = () => process.memoryUsage().heapUsed;
  used();
  const reading = -used() + used();
  const growths: number[] = [];
  for (let block = 0; block < blocks; block++) {
    // Resetting is not timed, and may allocate.
    subject.reset(block);
    const before = used();
    subject.run(block * batch, batch);
    growths.push(used() - before - reading);
  }
  return Math.max(0, median(growths) - HEAP_NOISE_BYTES) / batch;
}

/** Recomputes every timed batch with `explain` and returns the mean work of an operation. Throws where they differ. */
export function checkBatches(subject: Subject, batch: number, checksums: readonly number[]): MeanWork {
  const blocks = Math.floor(subject.operations / batch);
  const total = noWork();
  const used = Math.min(blocks, checksums.length);
  for (let block = 0; block < used; block++) {
    subject.reset(block);
    const expected = subject.explain(block * batch, batch, total);
    for (let i = block; i < checksums.length; i += blocks) {
      if (checksums[i] !== expected) {
        throw new Error(
          `batch ${i} decided differently from explain: the timed loop is not what it claims to be`,
        );
      }
    }
  }
  const operations = used * batch;
  return {
    rulesVisited: total.rulesVisited / operations,
    mapLookups: total.mapLookups / operations,
    hashProbes: total.hashProbes / operations,
    entriesWritten: total.entriesWritten / operations,
    stateProbes: total.stateProbes / operations,
  };
}
