/**
 * The process inside the sandbox of a kube-proxy: one network namespace that is the node, with the list/watch server on
 * its loopback. Requests come in on stdin and are answered on stdout, one after the other.
 */

import { readFileSync } from "node:fs";
import { connect, isIPv6 } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { type ObjectChange, parseObjects } from "../../kubernetes/list-watch/parse.js";
import { ApiServer } from "../../kubernetes/list-watch/server.js";
import { parseMessage } from "../../measure/message.js";
import { connectedDestinations, isConnected } from "../planes/ipvs-connections.js";
import { prepareHost } from "../testbed/host.js";
import { KernelError, MissingToolError, runTool, toolPath } from "../testbed/tools.js";
import { HEALTH_URL, METRICS_URL } from "./config.js";
import { get } from "./http.js";
import { parseMetrics, type SyncState, syncState } from "./metrics.js";
import { wordsOf } from "./netlink-requests.js";
import { deviceNames, NetlinkTap } from "./netlink-tap.js";
import { KubeProxyProcess } from "./process.js";
import {
  type CheckedOptions,
  type ListedRules,
  type LoadableRules,
  NETLINK_PROGRAM,
  OBJECTS_FILE,
  type Reply,
  requestSchema,
  type Sync,
} from "./protocol.js";
import { ModelReader, readRules, runLocally } from "./reload.js";
import { SettledSync } from "./settled-sync.js";
import { nameOfProcess, TICKS_PER_SECOND, toolWork } from "./tool-work.js";
import { Wrappers } from "./wrappers.js";

/** The interface with the node's addresses; both of its ends are here. */
const NODE_DEVICE = "node0";
const PEER_DEVICE = "node1";

const POLL_MS = 10;
/** Reading kube-proxy's metrics takes its time too, in a guest a good part of its only processor: wait nine times as long. */
const PAUSES_PER_READING = 9;
/** On a busy machine it is the machine that makes a reading long. */
const MAX_POLL_MS = 500;
/** All versions ask for ServiceCIDRs, in a guest on a busy machine late. */
const RANGES_WAIT_MS = 30_000;
/** The Node arrives once more on its own, and on a busy machine late: that makes it write all rules once more. */
const SETTLED_MS = 500;
/** A change that kube-proxy does not look at (another proxy's Service) is over when nothing has happened for this long. */
const UNNOTICED_MS = 1500;

/** What its tools have to work, in clock ticks, to count as at work: it looks after its chains all 30 s, which takes none. */
const WORK_TICKS = TICKS_PER_SECOND;
/** A connection is in IPVS's table with its first packet. */
const CONNECTION_MS = 10_000;
/** How often it is said what a sync waits for. */
const SAID_MS = 10_000;
/** How often it is said that there is work: whoever is silent for long is taken to hang (`SILENCE_MS`). */
const BEAT_MS = 10_000;

class Node {
  readonly #folder: string;
  readonly #options: CheckedOptions;
  readonly #server: ApiServer;
  readonly #wrappers: Wrappers;
  readonly #model: ModelReader;
  #tap: NetlinkTap | undefined;
  #proxy: KubeProxyProcess | undefined;

  /** @param backend What its iptables tools use. */
  constructor(folder: string, options: CheckedOptions, backend: "legacy" | "nft") {
    this.#folder = folder;
    this.#options = options;
    const objects = parseObjects(readFileSync(join(folder, OBJECTS_FILE), "utf8"));
    const { maxEndpointsPerSlice } = options;
    this.#server = new ApiServer(
      (function* () {
        for (const { object } of objects) yield object;
      })(),
      { rangesWaitMs: RANGES_WAIT_MS, ...(maxEndpointsPerSlice !== undefined && { maxEndpointsPerSlice }) },
    );
    this.#wrappers = new Wrappers(folder, backend, options.mode === "ipvs");
    this.#model = new ModelReader(options.mode, this.#wrappers);
  }

  async start(): Promise<Sync> {
    await prepareHost(this.#folder, false);
    await this.#addAddresses();
    this.#proxy = new KubeProxyProcess(this.#folder, this.#options, await this.#server.listen());
    if (this.#options.mode === "ipvs")
      this.#tap = await NetlinkTap.start(join(this.#folder, NETLINK_PROGRAM));
    const startedAt = performance.now();
    this.#proxy.start(this.#wrappers.bin);
    return this.#synced(this.#proxy, startedAt, undefined);
  }

  async apply(changes: readonly ObjectChange[]): Promise<Sync> {
    const before = await this.#state();
    // What came since is kube-proxy's too, but what was read may be a tool's, for rules().
    const late = (await this.#handed()).commands;
    const startedAt = performance.now();
    // A change of a slice can be one of several: large slices are split.
    const version = this.#server.resourceVersion;
    for (const change of changes) this.#server.apply(change);
    const events = this.#server.resourceVersion - version;
    const settled = before && new SettledSync(before, events, startedAt);
    const expected = (before?.changes ?? 0) + events;
    const sync = await this.#synced(this.#proxy!, startedAt, { expected, settled });
    return { ...sync, commands: [...late, ...sync.commands] };
  }

  /** Destinations of all connections in IPVS's table, in the words of `ipvsadm -R`, with one more over TCP in it. */
  async connect(address: string, port: number): Promise<string[]> {
    const socket = connect({ host: address, port }).on("error", () => {});
    const until = performance.now() + CONNECTION_MS;
    try {
      while (performance.now() < until) {
        const found = connectedDestinations(await runLocally(toolPath("ipvsadm"), ["-L", "-c", "-n"]));
        if (isConnected(found, address, port)) return found;
        await setTimeout(POLL_MS);
      }
      throw new KernelError(`IPVS has no connection to ${address}:${port}`);
    } finally {
      socket.destroy();
    }
  }

  /** What IPVS mode did besides handing over text; nothing in other modes. */
  async #handed(): Promise<Pick<Sync, "commands" | "reads">> {
    const calls = this.#wrappers.takeSetCalls();
    // Arguments end with a zero each.
    const commands = calls.map((line) => ({ line, bytes: Buffer.byteLength(line) + 1 }));
    if (this.#tap === undefined) return { commands };
    const words = wordsOf(await this.#tap.take(), deviceNames());
    return { commands: [...commands, ...words.commands], reads: words.reads };
  }

  rules(): Promise<ListedRules> {
    return readRules(this.#options.mode, this.#wrappers, runLocally);
  }

  load(rules: LoadableRules): Promise<ListedRules> {
    return this.#model.read(rules);
  }

  /** Addresses on an interface other than loopback, which kube-proxy does not take for the node's. */
  async #addAddresses(): Promise<void> {
    const ip = toolPath("ip");
    await runTool(ip, ["link", "add", NODE_DEVICE, "type", "veth", "peer", "name", PEER_DEVICE]);
    for (const device of ["lo", NODE_DEVICE, PEER_DEVICE]) await runTool(ip, ["link", "set", device, "up"]);
    for (const address of this.#options.addresses) {
      const args = isIPv6(address)
        ? [`${address}/128`, "dev", NODE_DEVICE, "nodad"]
        : [`${address}/32`, "dev", NODE_DEVICE];
      await runTool(ip, ["addr", "add", ...args]);
    }
  }

  /** Waits until kube-proxy has received and written these changes (undefined: its objects). */
  async #synced(
    proxy: KubeProxyProcess,
    startedAt: number,
    changes: { expected: number; settled: SettledSync | undefined } | undefined,
  ): Promise<Sync> {
    let previous: SyncState | undefined;
    let syncedAt = startedAt;
    let [workedAt, worked, saidAt] = [startedAt, 0, startedAt];
    for (;;) {
      const now = performance.now();
      const { ticks, running } = toolWork(proxy.pid);
      if (ticks >= worked + WORK_TICKS) {
        [workedAt, worked] = [now, ticks];
        if (running !== undefined && now - saidAt > SAID_MS) {
          const seconds = Math.round(running.ticks / TICKS_PER_SECOND);
          say({ waiting: `${nameOfProcess(running)} is at work, ${seconds} s of processor time so far` });
          saidAt = now;
        }
      }
      proxy.requireRunning();
      if (now - workedAt > this.#options.timeoutMs) {
        const seconds = this.#options.timeoutMs / 1000;
        const how =
          startedAt === workedAt ? `within ${seconds} s` : `for ${seconds} s after its tools last worked`;
        throw new KernelError(`kube-proxy did not sync ${how}; give it more time: ${proxy.lastWords()}`, [
          "timeoutMs",
        ]);
      }
      const state = await this.#state();
      if (state !== undefined && state.failures > 0)
        throw new KernelError(`kube-proxy could not write its rules: ${proxy.lastWords()}`);
      const isComplete =
        changes === undefined || (state?.changes ?? 0) >= changes.expected || now - startedAt > UNNOTICED_MS;
      if (state !== undefined && previous?.lastSync !== state.lastSync) syncedAt = now;
      const isWritten = state && (changes?.settled?.isWritten(state, now) ?? state.isSynced);
      if (isWritten && isComplete && (changes !== undefined || (await isHealthy()))) {
        // Twice the same: a sync that was queued between the two readings would show.
        const isSettled = changes !== undefined || now - syncedAt >= SETTLED_MS;
        if (isSettled && previous?.isSynced && previous.changes === state.changes)
          return {
            writes: this.#wrappers.take(),
            ...(await this.#handed()),
            elapsedMs: syncedAt - startedAt,
          };
      }
      previous = state;
      await setTimeout(
        Math.min(MAX_POLL_MS, Math.max(POLL_MS, PAUSES_PER_READING * (performance.now() - now))),
      );
    }
  }

  async #state(): Promise<SyncState | undefined> {
    const text = await get(METRICS_URL);
    return text === undefined ? undefined : syncState(parseMetrics(text));
  }
}

async function isHealthy(): Promise<boolean> {
  return (await get(HEALTH_URL)) !== undefined;
}

let node: Node | undefined;

/** Since Linux 6.17 a kernel may have no legacy tables. */
async function backendOf({ backend }: CheckedOptions): Promise<"legacy" | "nft"> {
  if (backend !== "fast") return backend;
  const hasLegacy = await runTool(toolPath("xtables-legacy-multi"), ["iptables", "-t", "nat", "-S"]).then(
    () => true,
    () => false,
  );
  return hasLegacy ? "legacy" : "nft";
}

function say(reply: Reply): void {
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

async function answer(line: string): Promise<unknown> {
  const request = parseMessage(requestSchema, line, "lbscale");
  if (request.call === "start") {
    node = new Node(request.folder, request.options, await backendOf(request.options));
    return node.start();
  }
  if (node === undefined) throw new KernelError("kube-proxy has not been started");
  if (request.call === "apply") return node.apply(request.changes);
  if (request.call === "connect") return node.connect(request.address, request.port);
  return request.call === "load" ? node.load(request.rules) : node.rules();
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply: Reply;
  const beat = setInterval(() => say({ waiting: null }), BEAT_MS);
  try {
    reply = { value: await answer(line) };
  } catch (error) {
    reply = {
      error: error instanceof Error ? error.message : String(error),
      lacksProgram: error instanceof MissingToolError,
      settings: error instanceof KernelError ? error.settings : [],
    };
  } finally {
    clearInterval(beat);
  }
  say(reply);
}
// The end of the requests is the end of the sandbox: the kernel kills everything else in it.
process.exit(0);
