/** kube-proxy on the node: started on rules that it has to write, and asked by its metrics when it has. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { CLUSTER_NODE } from "../../../kubernetes/list-watch/cluster-objects.js";
import type { ObjectChange } from "../../../kubernetes/list-watch/parse.js";
import { HEALTH_URL, METRICS_URL } from "../../kube-proxy/config.js";
import { get } from "../../kube-proxy/http.js";
import { KubeProxyProcess } from "../../kube-proxy/process.js";
import { optionsSchema } from "../../kube-proxy/protocol.js";
import { KernelError } from "../../testbed/tools.js";
import type { EndpointChange } from "../changes.js";
import { readSyncClock, type SyncClock, wallClockNs } from "../sync-clock.js";
import type { ChangeReply, ProgramOnNode, SettleReply, StartReply } from "../tasks.js";
import { TIMES_FILE, timedTools } from "../timed-tools.js";
import { parseToolTimes, type ToolTimes, toolTimesWithin } from "../tool-times.js";
import { processUsage } from "./process-usage.js";
import type { ProgrammedNode } from "./programmed-node.js";
import type { Preparation, ServedCluster } from "./served-cluster.js";

type KubeProxyProgram = Extract<ProgramOnNode, { kind: "kube-proxy" }>;

/** Ends of syncs are read off its metrics, to the microsecond: asking rarely costs nothing but patience. */
const POLL_MS = 25;
/** ServiceCIDRs and the Node arrive on their own, and each makes it write all rules once more. */
const SETTLED_MS = 500;

/** A node that kube-proxy programs. */
export class ProxiedNode implements ProgrammedNode {
  readonly #folder: string;
  readonly #program: KubeProxyProgram;
  readonly #limitMs: number;
  readonly #cluster: ServedCluster;
  #proxy: KubeProxyProcess | undefined;
  #startNs = 0;

  constructor({ folder, limitMs }: Preparation, program: KubeProxyProgram, cluster: ServedCluster) {
    this.#folder = folder;
    this.#program = program;
    this.#limitMs = limitMs;
    this.#cluster = cluster;
  }

  async start(): Promise<StartReply> {
    const folder = this.#folder;
    const { binary, mode, backend, timed, nft } = this.#program;
    const bin = timedTools(folder, backend, timed, nft);
    const options = {
      binary,
      mode,
      backend,
      node: CLUSTER_NODE,
      addresses: [],
      podRange: this.#cluster.podRange,
    };
    const checked = optionsSchema.parse({ ...options, timeoutMs: this.#limitMs });
    this.#proxy = new KubeProxyProcess(folder, checked, await this.#cluster.server.listen());
    this.#startNs = wallClockNs()();
    this.#proxy.start(bin);
    return { startNs: this.#startNs };
  }

  /** Waits until all is written and nothing has been written for a while. */
  async settle(): Promise<SettleReply> {
    let first: SyncClock | undefined;
    let previous: SyncClock | undefined;
    let quietSince = performance.now();
    let usage = { cpuNs: 0, peakBytes: 0 };
    for (;;) {
      const clock = await this.#clock();
      if (clock?.isSynced && (first !== undefined || (await this.#isHealthy()))) {
        if (first === undefined) {
          first = clock;
          usage = processUsage(this.#proxy!.pid);
        }
        if (previous?.syncs !== clock.syncs || previous.changes !== clock.changes)
          quietSince = performance.now();
        else if (performance.now() - quietSince >= SETTLED_MS) {
          const { syncedNs } = first;
          return { syncedNs, ...usage, tools: this.#tools(this.#startNs, syncedNs), maps: null };
        }
      }
      previous = clock;
      await setTimeout(POLL_MS);
    }
  }

  async change(service: number, kind: EndpointChange): Promise<ChangeReply> {
    let moved: ChangeReply["moved"] = [];
    const made = await this.#send(() => {
      const changes = this.#cluster.change(service, kind);
      moved = changes.map(({ joined, left }) => ({ joined, left }));
      return changes.map(({ change }) => change);
    });
    return { ...made, moved };
  }

  async resize(service: number, endpoints: number): Promise<void> {
    await this.#send(() => this.#cluster.resize(service, endpoints));
  }

  async rollOut(service: number): Promise<ChangeReply> {
    return { ...(await this.#send(() => this.#cluster.rollOut(service))), moved: [] };
  }

  /**
   * Makes changes, and waits until a sync that has all of them has ended. They carry the time at which they
   * are worked out, from which kube-proxy counts, so that is done last.
   */
  async #send(work: () => readonly ObjectChange[]) {
    const before = await this.#clock();
    const clock = wallClockNs();
    const changes = work();
    const expected = (before?.changes ?? 0) + changes.length;
    const sentNs = clock();
    for (const change of changes) this.#cluster.server.apply(change);
    for (;;) {
      await setTimeout(POLL_MS);
      const now = await this.#clock();
      if (now === undefined || !now.isSynced || now.changes < expected || now.allSyncedNs < sentNs) continue;
      return {
        sentNs,
        syncedNs: now.syncedNs,
        syncs: now.syncs - (before?.syncs ?? 0),
        operations: null,
        tools: this.#tools(sentNs, now.syncedNs),
      };
    }
  }

  async #clock(): Promise<SyncClock | undefined> {
    this.#proxy?.requireRunning();
    const text = await get(METRICS_URL);
    if (text === undefined) return undefined;
    const clock = readSyncClock(text, this.#cluster.family);
    if (clock.failures > 0)
      throw new KernelError(`kube-proxy could not write its rules: ${this.#proxy!.lastWords()}`);
    return clock;
  }

  async #isHealthy(): Promise<boolean> {
    return (await get(HEALTH_URL)) !== undefined;
  }

  #tools(fromNs: number, toNs: number): ToolTimes {
    const path = join(this.#folder, TIMES_FILE);
    const calls = existsSync(path) ? parseToolTimes(readFileSync(path, "utf8")) : [];
    return toolTimesWithin(calls, fromNs, toNs);
  }
}
