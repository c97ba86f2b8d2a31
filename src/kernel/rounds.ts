/** Connection times through every cell: programs are loaded once, then probed in many short, interleaved rounds. */

import os from "node:os";
import type { Cluster } from "../cluster/cluster.js";
import { type Entry, generateTrace } from "../cluster/flows.js";
import { nowNs } from "../measure/replicate/clock.js";
import { Chase } from "../measure/replicate/pointer-chase.js";
import { replicateSeed } from "../measure/schedule.js";
import type { Ran } from "../measure/spawn.js";
import { addWork, type Flow, type Model, noWork } from "../planes/plane.js";
import { median } from "../stats/quantile.js";
import { reportKnownTables, runPinned, timeKnownTables } from "./known-latency.js";
import type { LoadedPlane, TestbedConfig } from "./loaded-plane.js";
import { readMemory } from "./memory.js";
import { compileProgram } from "./native.js";
import { OUT_OF_TIME } from "./out-of-time.js";
import { entryOf } from "./plane.js";
import { pinFolder } from "./planes/ebpf.js";
import { probeFlows, REACHED, type Result } from "./probe.js";
import { endpointFlows, flowsOf } from "./round-flows.js";
import type { ConnectReport, ConnectTask } from "./tasks.js";
import type { Host } from "./testbed/host.js";
import { compileNatives, loadPlaneInto, probeOptionsOf } from "./testbed/testbed.js";
import { KernelError, toolPath } from "./testbed/tools.js";
import { measureUpdates, Updater } from "./update.js";
import { DecisionVerifier } from "./verify.js";

/** A lost packet costs a second: it is kept as the sample that it is, and waited for. */
const TIMEOUT_MS = 5000;

/** Of the time for all: what is loaded is to be measured. */
const SHARE_OF_LOADING = 0.6;

/** What lies outside of this lane. */
export interface HostCallbacks {
  readonly clusterOf: (services: number, entry: Entry) => Promise<Cluster>;
  /** Measures one replicate of a model in a process of its own. */
  readonly runModel: (model: ConnectTask["models"][number], seed: number) => Promise<Ran>;
}

/** A loaded cell. */
interface LoadedCell {
  readonly loaded: LoadedPlane;
  readonly config: TestbedConfig;
  /** null: a baseline. Counts what the same flow visits. */
  readonly model: Model | null;
}

/** Loads every cell, then probes them in the order of the schedule. Reports each as it is done. */
export async function measureRounds(
  host: Host,
  task: ConnectTask,
  { clusterOf, runModel }: HostCallbacks,
  report: (report: ConnectReport) => void,
): Promise<void> {
  const began = performance.now();
  const natives = await compileNatives(
    host,
    task.cells.map(({ plane }) => plane),
    task.family,
  );
  const meters = {
    stopwatch: await compileProgram("stopwatch", host.folder),
    tablesize: await compileProgram("tablesize", host.folder),
  };
  const clusters = new Map<string, Cluster>();
  const loadedCells: (LoadedCell | null)[] = task.cells.map(() => null);
  const isLate = timer(task.budgetMs === null ? null : task.budgetMs * SHARE_OF_LOADING, began);
  // The smallest first: where time is short, the largest are left out, of every plane alike.
  const bySize = [...task.cells.entries()].sort(([, a], [, b]) => a.services - b.services);
  for (const [cell, { plane, services }] of bySize) {
    if (isLate()) {
      report({ kind: "failed", cell, reason: OUT_OF_TIME });
      continue;
    }
    const entry = entryOf(plane);
    const kind = `${services} ${entry}`;
    const cluster = clusters.get(kind) ?? (await clusterOf(services, entry));
    clusters.set(kind, cluster);
    const options = { seed: task.seed };
    const config = { host, natives, cluster, options, name: `${plane}-${services}` };
    try {
      const loaded = await loadPlaneInto(plane, config);
      if (task.cpu !== null) await loaded.testbed.pinServer(task.cpu);
      const program = loaded.program;
      const memory = await readMemory(loaded, config, meters.tablesize);
      loadedCells[cell] = { loaded, config, model: program?.model(task.seed) ?? null };
      const facts = program?.facts() ?? {};
      report({
        kind: "loaded",
        cell,
        loadMs: loaded.loadMs,
        programBytes: program?.bytes() ?? null,
        facts: { ...facts, kernel: os.release() },
      });
      if (memory) report({ kind: "memory", cell, ...memory });
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      report({ kind: "failed", cell, reason: error.message });
    }
  }
  // Before the first lookup is timed: how far its times can be believed.
  if (
    task.schedule.flat().length > 0 &&
    loadedCells.some((loadedCell) => loadedCell?.loaded.plane.lookupProgram != null)
  )
    await reportKnownTables(report, () => timeKnownTables(host, task));
  const chase = new Chase();
  const isUp = timer(task.budgetMs, began);
  await measureBlocks(loadedCells, { ...task, isUp }, { runModel, chase }, report);
  const updaterOf = ({ loaded, config }: LoadedCell) =>
    new Updater(loaded, config, meters.stopwatch, task.seed);
  await measureUpdates(loadedCells, { ...task, isUp }, { updaterOf, chase }, report);
}

/** What is begun is finished; nothing is begun once the time is used up. */
async function measureBlocks(
  loadedCells: (LoadedCell | null)[],
  task: ConnectTask & { readonly isUp: () => boolean },
  { runModel, chase }: Pick<HostCallbacks, "runModel"> & { readonly chase: Chase },
  report: (report: ConnectReport) => void,
): Promise<void> {
  const done = new Set(task.done.rounds.map(String));
  for (const [block, cells] of task.schedule.entries()) {
    for (const [place, cell] of cells.entries()) {
      if (task.isUp()) return;
      const loadedCell = loadedCells[cell];
      if (!loadedCell || done.has(String([block, cell]))) continue;
      const seed = replicateSeed(task.seed, block, cell);
      const round = await measureRound(loadedCell, task, seed, chase);
      report({ kind: "round", cell, block, place, seed, ...round });
      await dropOwnConnections(loadedCells, cell, report);
      const lookup = await timeBpfLookups(loadedCell, chase, task);
      if (lookup) report({ kind: "lookup", cell, block, place, ...lookup });
    }
    // In the same block, because the machine's memory speed drifts.
    for (const [cell, model] of task.models.entries()) {
      if (task.isUp()) return;
      if (done.has(String([block, -1 - cell]))) continue;
      const seed = replicateSeed(task.seed, block, cells.length + cell);
      const place = cells.length + cell;
      report({ kind: "model", cell, block, place, seed, ran: await runModel(model, seed) });
    }
  }
}

/** Whether the time is used up. */
function timer(budgetMs: number | null, began: number): () => boolean {
  return () => budgetMs !== null && performance.now() - began > budgetMs;
}

/** One round: as many new connections, to random services. Throws KernelError on a decision that breaks the contract. */
async function measureRound(
  { loaded, config, model }: LoadedCell,
  task: ConnectTask,
  seed: number,
  chase: Chase,
) {
  const started = nowNs();
  const trace = generateTrace(loaded.cluster, {
    flows: task.connections,
    batch: task.connections,
    seed,
    entry: entryOf(loaded.plane.id),
    ...(loaded.program?.order && { order: loaded.program.order }),
  });
  const flows = loaded.program === null ? endpointFlows(loaded.cluster, trace, seed) : flowsOf(trace);
  const earlierConnections = await loaded.plane.connections?.count(loaded.testbed);
  // Closed connections stay in the table for ten seconds: without this it fills, and packets are dropped.
  await loaded.testbed.exec("node", toolPath("conntrack"), ["-F", "-f", `ipv${loaded.testbed.family}`]);
  const chaseBefore = chase.time(nowNs);
  const results = await probeFlows(loaded.testbed, "client", flows, {
    ...probeOptionsOf(loaded, config),
    cpu: task.cpu,
    timeoutMs: TIMEOUT_MS,
  });
  const chaseNs = Math.sqrt(chaseBefore * chase.time(nowNs));
  check(loaded, flows, results);
  return {
    wallMs: Math.round((nowNs() - started) / 1e6),
    connectNs: results.map(({ connectNs }) => connectNs),
    exchangeNs: results.map(({ exchangeNs }) => exchangeNs),
    ...countWork(model, flows),
    chaseNs,
    ...(earlierConnections !== undefined && { earlierConnections }),
  };
}

/**
 * At once after its round, because planes and sizes share the buckets of such a table. Where connections stay, nothing more is
 * measured in the cell.
 */
export async function dropOwnConnections<Cell extends { readonly loaded: LoadedPlane }>(
  loadedCells: (Cell | null)[],
  cell: number,
  report: (report: ConnectReport) => void,
): Promise<void> {
  const { plane, testbed } = loadedCells[cell]!.loaded;
  try {
    await plane.connections?.drop(testbed);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    report({ kind: "failed", cell, reason: error.message });
    loadedCells[cell] = null;
  }
}

const LOOKUP_SAMPLES = 7;
/** The kernel reports whole nanoseconds of their mean. */
const LOOKUPS_A_SAMPLE = 20_000;
/**
 * Before the first of them, untimed: a model's lookups are warm as well. 20,000 lookups in the maps of 10,000 Services reach each
 * of their cache lines less than once, and found most of them in memory: docs/measurement.md.
 */
const WARM_LOOKUPS = 200_000;

/** Times the BPF lookup alone, next to its twin that looks nothing up; null for planes without one. */
export async function timeBpfLookups(
  { loaded, config }: Pick<LoadedCell, "loaded" | "config">,
  chase: Chase,
  { cpu, warm = WARM_LOOKUPS }: { readonly cpu: number | null; readonly warm?: number },
) {
  const name = loaded.plane.lookupProgram;
  const { loader } = config.natives;
  if (name === null || loader === null) return null;
  const chaseBefore = chase.time(nowNs);
  const samples = await runPinned(
    [
      ...[loader, "run", pinFolder({ host: config.host, testbed: loaded.testbed }), name, "lookup_nothing"],
      ...[warm, LOOKUP_SAMPLES, LOOKUPS_A_SAMPLE].map(String),
    ],
    cpu,
  );
  return {
    netNs: samples.map(([overhead, whole]) => whole! - overhead!),
    floorNs: median(samples.map(([overhead]) => overhead!)),
    chaseNs: Math.sqrt(chaseBefore * chase.time(nowNs)),
  };
}

/** What the model does for the same flows: entries visited by each, and the mean work. */
function countWork(model: Model | null, flows: readonly Flow[]) {
  const total = noWork();
  const visited = flows.map((flow) => {
    if (model === null) return 0;
    const { work } = model.explain({ ...flow, src: flow.src | 0, dst: flow.dst | 0 }, 0);
    addWork(total, work);
    return work.rulesVisited + work.hashProbes;
  });
  const mean = (sum: number) => sum / flows.length;
  return {
    visited,
    work: {
      rulesVisited: mean(total.rulesVisited),
      mapLookups: mean(total.mapLookups),
      hashProbes: mean(total.hashProbes),
    },
  };
}

function check(loaded: LoadedPlane, flows: readonly Flow[], results: readonly Result[]): void {
  const verifier = loaded.program === null ? null : new DecisionVerifier(loaded);
  for (const [i, flow] of flows.entries()) {
    const result = results[i]!;
    const reached = result.outcome === REACHED && result.address === flow.dst && result.port === flow.dport;
    if (verifier ? verifier.accepts(flow, result) : reached) continue;
    verifier?.record(flow, result);
    const example = verifier?.examples[0];
    const words = example
      ? `${example.flow} should be ${example.expected} and was ${example.decided}`
      : "no answer";
    throw new KernelError(
      `a decision of ${loaded.plane.id} breaks the contract (${words}): nothing is measured`,
    );
  }
}
