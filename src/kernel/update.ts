/**
 * One endpoint joins a loaded service and leaves again, in the kernel, by the tool that a node would use. After each change
 * connections are made: a node that decides wrongly has no update time.
 */

import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { TCP } from "../cluster/cluster.js";
import {
  type EndpointUpdate,
  type LiveCluster,
  liveCluster,
  resolveChange,
} from "../cluster/endpoint-updates.js";
import { type Entry, generateTrace } from "../cluster/flows.js";
import { nowNs } from "../measure/replicate/clock.js";
import type { Chase } from "../measure/replicate/pointer-chase.js";
import type { Flow, UpdateMode } from "../planes/plane.js";
import { Random } from "../random.js";
import type { LoadedPlane, TestbedConfig } from "./loaded-plane.js";
import { entryOf } from "./plane.js";
import { type Changer, changerOf } from "./planes/changes.js";
import { probeFlows, REACHED } from "./probe.js";
import { flowsOf } from "./round-flows.js";
import type { ConnectReport, ConnectTask, KernelUpdate } from "./tasks.js";
import { probeOptionsOf } from "./testbed/testbed.js";
import { KernelError, toolPath } from "./testbed/tools.js";
import { DecisionVerifier } from "./verify.js";

/** Services that change, one after another: their memory is not always what was touched last. */
const SERVICES = 8;
/** Connections for each endpoint that could be chosen: one is never drawn in e^-16 of such checks. */
const CONNECTIONS_AN_ENDPOINT = 16;
/** Flows to other services, which must be left as they were. */
const OTHER_FLOWS = 50;
const TIMEOUT_MS = 5000;

type Update = Pick<KernelUpdate, "toolNs" | "callsNs" | "floorNs">;

/** Times joins and leaves at `SERVICES` services of one loaded plane, in nanoseconds. */
export class Updater {
  readonly #loaded: LoadedPlane;
  readonly #config: TestbedConfig;
  readonly #stopwatch: string;
  readonly #changer: Changer;
  readonly #base: LiveCluster;
  readonly #ports: Uint32Array;
  readonly #verifier: DecisionVerifier;
  readonly #entry: Entry;

  /** `stopwatch`: the compiled native/stopwatch.c. Throws TypeError for a baseline, which has no program to change. */
  constructor(loaded: LoadedPlane, config: TestbedConfig, stopwatch: string, seed: number) {
    const changer = changerOf(loaded, config);
    if (changer === null) throw new TypeError(`${loaded.plane.id} has nothing to change`);
    const { cluster } = loaded;
    this.#loaded = loaded;
    this.#config = config;
    this.#stopwatch = stopwatch;
    this.#changer = changer;
    this.#base = liveCluster(cluster);
    const ports = Uint32Array.from({ length: cluster.servicePorts }, (_, p) => p).filter(
      (p) => cluster.protocol[p] === TCP && cluster.endpointStart[p] !== cluster.endpointStart[p + 1],
    );
    this.#ports = Random.fromSeed(seed, "changes").shuffle(ports).subarray(0, SERVICES);
    this.#verifier = new DecisionVerifier(loaded);
    this.#entry = entryOf(loaded.plane.id);
  }

  /** One endpoint joins and leaves. Throws KernelError when a tool refuses, or the node then decides wrongly. */
  async measure(mode: UpdateMode, repetition: number, cpu: number | null): Promise<Update> {
    const servicePort = this.#ports[repetition % this.#ports.length]!;
    const there = resolveChange(this.#base, { kind: "join", servicePort }, this.#base.cluster.endpoints);
    const back: EndpointUpdate = { servicePort, before: there.after, after: there.before };
    const overhead = await this.#time([], cpu);
    const joined = await this.#change(there, mode, repetition, cpu);
    const left = await this.#change(back, mode, repetition, cpu);
    return {
      toolNs: [joined.toolNs, left.toolNs],
      callsNs: joined.callsNs === null || left.callsNs === null ? null : [joined.callsNs, left.callsNs],
      floorNs: overhead.toolNs,
    };
  }

  async #change(edit: EndpointUpdate, mode: UpdateMode, seed: number, cpu: number | null) {
    const timed = await this.#time(this.#changer.input(edit, mode), cpu);
    await this.#check(edit, seed);
    return timed;
  }

  /** Runs the tool on what it is to read, which lies in a file: kube-proxy too hands it over whole. */
  async #time(input: Iterable<string | Uint8Array>, cpu: number | null) {
    const path = join(this.#config.host.folder, `${this.#loaded.testbed.name}-change`);
    const file = openSync(path, "w", 0o600);
    for (const chunk of input) writeSync(file, Buffer.from(chunk));
    closeSync(file);
    const pin = cpu === null ? [] : [toolPath("taskset"), "-c", String(cpu)];
    const [program, ...args] = [...pin, this.#stopwatch, path, ...this.#changer.command];
    const output = await this.#loaded.testbed.exec("node", program!, args);
    const numbers = output.toString().trim().split("\n").map(Number);
    const [toolNs = Number.NaN, callsNs = null] = numbers.reverse();
    return { toolNs, callsNs };
  }

  /** The changed service reaches each of its endpoints and no other; other services decide as before. */
  async #check({ servicePort, after }: EndpointUpdate, seed: number): Promise<void> {
    const { cluster } = after;
    const expected = new Set<string>();
    for (let e = cluster.endpointStart[servicePort]!; e < cluster.endpointStart[servicePort + 1]!; e++) {
      expected.add(`${cluster.endpointAddress[e]}:${cluster.endpointPort[e]}`);
    }
    const reached = new Set<string>();
    const flows = this.#flowsTo(servicePort, expected.size * CONNECTIONS_AN_ENDPOINT);
    const others = this.#flowsToOthers(servicePort, seed);
    // Closed connections are remembered, with the endpoint they had.
    await this.#loaded.testbed.exec("node", toolPath("conntrack"), ["-F"]);
    const results = await probeFlows(this.#loaded.testbed, "client", [...flows, ...others], {
      ...probeOptionsOf(this.#loaded, this.#config),
      cpu: null,
      timeoutMs: TIMEOUT_MS,
    });
    for (const [i, result] of results.entries()) {
      if (i >= flows.length) {
        if (!this.#verifier.accepts(others[i - flows.length]!, result))
          this.#fail("another Service changed too");
      } else if (result.outcome !== REACHED) this.#fail("a connection to it reached nothing");
      else reached.add(`${result.address}:${result.port}`);
    }
    for (const endpoint of reached)
      if (!expected.has(endpoint)) this.#fail("it leads to an endpoint that left");
    if (reached.size < expected.size) this.#fail("it doesn't lead to an endpoint that joined");
  }

  #fail(what: string): never {
    throw new KernelError(`after a change of a Service ${this.#loaded.plane.id} decides wrongly: ${what}`);
  }

  /** New connections of many clients: Maglev chooses by their addresses and ports. */
  #flowsTo(servicePort: number, flows: number): Flow[] {
    const { cluster } = this.#base;
    const order = Uint32Array.of(servicePort);
    return flowsOf(generateTrace(cluster, { flows, seed: 0, order, entry: this.#entry }));
  }

  #flowsToOthers(servicePort: number, seed: number): Flow[] {
    const trace = generateTrace(this.#base.cluster, { flows: OTHER_FLOWS, seed, entry: this.#entry });
    return flowsOf(trace).filter((_, i) => trace.target[i] !== servicePort);
  }
}

/**
 * After the rounds, so that they meet rules as they were loaded: endpoints join and leave in every cell, interleaved. Where a
 * change fails, every update of its cell that still lacks a block is reported as failed: what the change left behind is not
 * known, and nothing more is measured there.
 */
export async function measureUpdates<Cell extends object>(
  loadedCells: readonly (Cell | null)[],
  { updates, updateSchedule, done: { updates: had }, cpu, isUp }: UpdatesTask,
  {
    updaterOf,
    chase,
  }: { readonly updaterOf: (cell: Cell) => Pick<Updater, "measure">; readonly chase: Pick<Chase, "time"> },
  report: (report: ConnectReport) => void,
): Promise<void> {
  const updaters = new Map<Cell, Pick<Updater, "measure">>();
  const failed = new Set<number>();
  const done = new Set(had.map(String));
  const isLeft = (update: number) =>
    updateSchedule.some((places, block) => places.includes(update) && !done.has(String([block, update])));
  for (const [block, places] of updateSchedule.entries()) {
    for (const [place, update] of places.entries()) {
      if (isUp()) return;
      const { cell, mode } = updates[update]!;
      const loadedCell = loadedCells[cell];
      if (!loadedCell || failed.has(cell) || done.has(String([block, update]))) continue;
      const updater = updaters.get(loadedCell) ?? updaterOf(loadedCell);
      updaters.set(loadedCell, updater);
      const started = nowNs();
      try {
        const chaseBefore = chase.time(nowNs);
        const measured = await updater.measure(mode, block, cpu);
        const chaseNs = Math.sqrt(chaseBefore * chase.time(nowNs));
        const wallMs = Math.round((nowNs() - started) / 1e6);
        report({ kind: "update", update, block, place, wallMs, chaseNs, ...measured });
        done.add(String([block, update]));
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        failed.add(cell);
        for (const [other, { cell: its }] of updates.entries())
          if (its === cell && isLeft(other))
            report({ kind: "update failed", update: other, reason: error.message });
      }
    }
  }
}

type UpdatesTask = Pick<ConnectTask, "updates" | "updateSchedule" | "done" | "cpu"> & {
  readonly isUp: () => boolean;
};
