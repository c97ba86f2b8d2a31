/** Measures one replicate: runs in a process of its own, once. */

import { PerformanceObserver } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { Bench, hrtimeNow } from "tinybench";
import type { Cluster } from "../cluster/cluster.js";
import type { Plane, Work } from "../planes/plane.js";
import { chaseNs } from "./chase.js";
import type { Job, Prepared, Scenario, Subject } from "./scenario.js";

/** What a child reports: plain JSON. Times in nanoseconds. */
export interface Measured {
  readonly batch: number;
  readonly samples: number[];
  readonly floorNs: number;
  readonly chaseNs: number;
  readonly timerResolutionNs: number;
  readonly checkedBatches: number;
  readonly collections: number;
  readonly heapBytesPerLookup: number;
  readonly buildMs: number;
  readonly peakRssBytes: number;
  readonly endpoints: number;
  readonly programBytes: number;
  readonly facts: Readonly<Record<string, number | string>>;
  readonly work: { rulesVisited: number; mapLookups: number; hashProbes: number };
}

/** A batch lasts about this long: far above the timer's step, and at most a millisecond. */
const BATCH_NS = 500_000;
const CALIBRATION_NS = 6_000_000;
const FLOOR_BATCHES = 25;
/** Kept of each replicate, spread evenly over the measured order. */
const MAX_SAMPLES = 200;

const nowNs = (): number => hrtimeNow() * 1e6;

/** Builds, checks, warms up and times. Throws when a decision is wrong or a checksum differs: then there is no latency. */
export async function measureReplicate(
  scenario: Scenario,
  job: Job,
  cluster: Cluster,
  plane: Plane,
): Promise<Measured> {
  const started = nowNs();
  const prepared = scenario.prepare(job, cluster, plane);
  const buildMs = (nowNs() - started) / 1e6;
  if (prepared.disagreements > 0) {
    throw new Error(
      `${prepared.disagreements} decisions of ${job.plane} break the contract: nothing was timed`,
    );
  }
  const timerResolutionNs = timerResolution();
  const batch = calibrate(prepared);
  const subject = prepared.subject(batch);

  const { samples, checksums, collections, heapBytesPerLookup } = await timeBatches(subject, batch, job);
  const floorNs = timeFloor(subject, batch);
  const work = checkBatches(subject, batch, checksums);
  return {
    batch,
    samples: thin(samples),
    floorNs,
    chaseNs: chaseNs(nowNs),
    timerResolutionNs,
    checkedBatches: checksums.length,
    collections,
    heapBytesPerLookup,
    buildMs,
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    endpoints: cluster.endpoints / cluster.servicePorts,
    programBytes: prepared.programBytes,
    facts: prepared.facts,
    work,
  };
}

/** Smallest step between two readings of the clock, nanoseconds. */
function timerResolution(): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 2000; i++) {
    const first = nowNs();
    let second = nowNs();
    while (second === first) second = nowNs();
    smallest = Math.min(smallest, second - first);
  }
  return smallest;
}

/** Finds how many operations fill a batch, on a subject of its own that is thrown away. */
function calibrate(prepared: Prepared): number {
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
  return Math.max(1, Math.round(BATCH_NS / perOperation));
}

interface Timed {
  /** Nanoseconds per operation, in measured order. */
  readonly samples: number[];
  /** Checksum of each timed batch, in order: batch i ran block i mod blocks. */
  readonly checksums: number[];
  readonly collections: number;
  readonly heapBytesPerLookup: number;
}

async function timeBatches(subject: Subject, batch: number, job: Job): Promise<Timed> {
  const blocks = Math.floor(subject.operations / batch);
  const samples: number[] = [];
  const checksums: number[] = [];
  let next = 0;

  // 1. Once before anything is timed, so that no collection falls into a sample.
  globalThis.gc?.();
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });

  // 2. One tinybench task; one call is one batch, and reports the time of a single operation.
  const bench = new Bench({
    now: hrtimeNow,
    warmupTime: job.warmupMs,
    time: job.measureMs,
    iterations: 20,
    throws: true,
    retainSamples: true,
  });
  let warm = false;
  let heapBefore = 0;
  bench.add(
    job.scenario,
    () => {
      const block = next % blocks;
      next++;
      subject.reset(block);
      const started = hrtimeNow();
      const checksum = subject.run(block * batch, batch);
      const elapsedMs = hrtimeNow() - started;
      if (warm) {
        samples.push((elapsedMs * 1e6) / batch);
        checksums.push(checksum);
      }
      return { overriddenDuration: elapsedMs / batch, overriddenIterationCost: elapsedMs };
    },
    {
      async: false,
      beforeAll: (mode) => {
        // 3. Warm-up is over: start the trace again and watch the heap.
        warm = mode === "run";
        next = 0;
        if (!warm) return;
        observer.observe({ entryTypes: ["gc"] });
        heapBefore = process.memoryUsage().heapUsed;
      },
    },
  );
  bench.runSync();
  const heapGrowth = process.memoryUsage().heapUsed - heapBefore;

  // 4. Observers report in a later turn of the event loop.
  await setTimeout(0);
  collections += observer.takeRecords().length;
  observer.disconnect();
  return {
    samples,
    checksums,
    collections,
    heapBytesPerLookup: Math.max(0, heapGrowth) / (samples.length * batch),
  };
}

/** Median of the empty loop, nanoseconds per operation. After the samples: it must not share their caches' warmth. */
function timeFloor(subject: Subject, batch: number): number {
  const count = Math.min(subject.operations, Math.max(batch, 10_000));
  const times: number[] = [];
  for (let i = 0; i < FLOOR_BATCHES; i++) {
    const started = nowNs();
    subject.runEmpty(0, count);
    times.push((nowNs() - started) / count);
  }
  return times.sort((a, b) => a - b)[FLOOR_BATCHES >> 1]!;
}

/** Recomputes every timed batch with `explain` and returns the mean work of an operation. */
function checkBatches(subject: Subject, batch: number, checksums: readonly number[]): Measured["work"] {
  const blocks = Math.floor(subject.operations / batch);
  const total: Work = { rulesVisited: 0, filterRulesVisited: 0, mapLookups: 0, hashProbes: 0 };
  const used = Math.min(blocks, checksums.length);
  for (let block = 0; block < used; block++) {
    subject.reset(block);
    const expected = subject.explain(block * batch, batch, total);
    for (let i = block; i < checksums.length; i += blocks) {
      if (checksums[i] !== expected) {
        throw new Error(
          `batch ${i} decided otherwise than explain does: the timed loop is not what it claims to be`,
        );
      }
    }
  }
  const operations = used * batch;
  return {
    rulesVisited: total.rulesVisited / operations,
    mapLookups: total.mapLookups / operations,
    hashProbes: total.hashProbes / operations,
  };
}

/** Keeps at most MAX_SAMPLES, evenly spread, at four significant digits. */
function thin(samples: readonly number[]): number[] {
  const step = Math.max(1, samples.length / MAX_SAMPLES);
  const kept: number[] = [];
  for (let i = 0; i < samples.length && kept.length < MAX_SAMPLES; i += step) {
    kept.push(Number(samples[Math.floor(i)]!.toPrecision(4)));
  }
  return kept;
}
