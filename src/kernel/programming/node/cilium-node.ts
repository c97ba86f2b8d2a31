/** Cilium's control plane on the node: it reads the list/watch server, and writes maps that it pins. */

import { setTimeout } from "node:timers/promises";
import { CLUSTER_NODE } from "../../../kubernetes/list-watch/cluster-objects.js";
import type { ObjectChange } from "../../../kubernetes/list-watch/parse.js";
import { Random } from "../../../random.js";
import { Cilium, type CiliumWrites } from "../../cilium/driver.js";
import { KernelError } from "../../testbed/tools.js";
import type { EndpointChange } from "../changes.js";
import { wallClockNs } from "../sync-clock.js";
import type { ChangeReply, ProgramOnNode, SettleReply, StartReply } from "../tasks.js";
import type { ToolTimes } from "../tool-times.js";
import { processUsage } from "./process-usage.js";
import type { ProgrammedNode } from "./programmed-node.js";
import type { Preparation, ServedCluster } from "./served-cluster.js";

type CiliumProgram = Extract<ProgramOnNode, { kind: "cilium" }>;

/** A node that Cilium's control plane programs. */
export class CiliumNode implements ProgrammedNode {
  readonly #program: CiliumProgram;
  readonly #cluster: ServedCluster;
  readonly #limitMs: number;
  readonly #random: Random;
  #cilium: Cilium | undefined;
  /** Of Services and EndpointSlices, from the first on. */
  #events: number;

  constructor({ limitMs, seed }: Preparation, program: CiliumProgram, cluster: ServedCluster) {
    this.#program = program;
    this.#cluster = cluster;
    this.#limitMs = limitMs;
    this.#random = Random.fromSeed(seed, "times of changes");
    this.#events = cluster.objects;
  }

  async start(): Promise<StartReply> {
    const { binary, waitMs, bpffs } = this.#program;
    const { nodeAddresses } = this.#cluster;
    const server = await this.#cluster.server.listen();
    const startNs = wallClockNs()();
    this.#cilium = new Cilium({
      binary,
      node: CLUSTER_NODE,
      addresses: nodeAddresses,
      algorithm: "random",
      realMaps: true,
      timeoutMs: this.#limitMs,
      follows: { server, bpffs, waitMs },
    });
    await this.#cilium.ready();
    return { startNs };
  }

  async settle(): Promise<SettleReply> {
    const writes = await this.#writes();
    return {
      syncedNs: writes.writtenNs,
      ...processUsage(this.#cilium!.pid),
      tools: operationTimes(writes),
      maps: writes.memlock,
    };
  }

  async change(service: number, kind: EndpointChange): Promise<ChangeReply> {
    const changes = this.#cluster.change(service, kind);
    const moved = changes.map(({ joined, left }) => ({ joined, left }));
    return { ...(await this.#send(changes.map(({ change }) => change))), moved };
  }

  async resize(service: number, endpoints: number): Promise<void> {
    await this.#send(this.#cluster.resize(service, endpoints));
  }

  async rollOut(service: number): Promise<ChangeReply> {
    return { ...(await this.#send(this.#cluster.rollOut(service))), moved: [] };
  }

  /**
   * Makes changes, and waits until they are written. Cilium takes what it has gathered at each tick of a
   * clock (stream.Buffer), and the last changes were written at one: the next come at a time that has nothing
   * to do with it, as a cluster's do.
   */
  async #send(changes: readonly ObjectChange[]) {
    await setTimeout(this.#random.below(this.#program.waitMs + 1));
    const sentNs = wallClockNs()();
    for (const change of changes) this.#cluster.server.apply(change);
    this.#events += changes.length;
    const writes = await this.#writes();
    return {
      sentNs,
      syncedNs: writes.writtenNs,
      syncs: null,
      operations: writes.operations,
      tools: operationTimes(writes),
    };
  }

  /** What it has written since the last time. */
  async #writes(): Promise<CiliumWrites> {
    const writes = await this.#cilium!.after(this.#events);
    const [refused] = Object.entries(writes.refused);
    if (refused !== undefined) {
      const count = Object.keys(writes.refused).length;
      throw new KernelError(
        `Cilium's control plane could not write ${count} frontends, ${refused[0]} the first: ${refused[1]}`,
      );
    }
    return writes;
  }
}

/** Its operations on maps as other programs' tools are: it reads nothing back. */
function operationTimes({ operations, operationsNs }: CiliumWrites): ToolTimes {
  const times = { listingNs: 0, writingNs: operationsNs, writingSystemNs: null, otherNs: 0 };
  return { ...times, peakBytes: 0, calls: operations };
}
