/**
 * The process inside the node's network namespace: the list/watch server on its loopback, and the kube-proxy that programs
 * it. Requests come in on stdin and are answered on stdout, one after the other.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { formatCidr } from "../../cluster/cluster.js";
import { CLUSTER_NODE, clusterObjects } from "../../kubernetes/list-watch/cluster-objects.js";
import { kubeconfig } from "../../kubernetes/list-watch/kubeconfig.js";
import type { ApiObject, ObjectChange } from "../../kubernetes/list-watch/parse.js";
import { ENDPOINT_SLICE } from "../../kubernetes/list-watch/resources.js";
import { ApiServer } from "../../kubernetes/list-watch/server.js";
import { benchCluster } from "../../measure/replicate/bench-cluster.js";
import { Random } from "../../random.js";
import { HEALTH_URL, kubeProxyConfiguration, METRICS_URL } from "../kube-proxy/config.js";
import { get } from "../kube-proxy/http.js";
import { LOG_FILE, optionsSchema } from "../kube-proxy/protocol.js";
import { KernelError } from "../testbed/tools.js";
import { changeSlice, type EndpointChange, FreshAddresses, resizeSlice, rollOut } from "./changes.js";
import { readSyncClock, type SyncClock, wallClockNs } from "./sync-clock.js";
import { type ChangeReply, type NodeRequest, nodeRequestSchema, type SettleReply } from "./tasks.js";
import { TIMES_FILE, timedTools } from "./timed-tools.js";
import { parseToolTimes, type ToolTimes, toolTimesWithin } from "./tool-times.js";

type Preparation = Extract<NodeRequest, { call: "prepare" }>;

/** Ends of syncs are read off its metrics, to the microsecond: asking rarely costs nothing but patience. */
const POLL_MS = 25;
/** ServiceCIDRs and the Node arrive on their own, and each makes it write all rules once more. */
const SETTLED_MS = 500;
const SERVICE_LABEL = "kubernetes.io/service-name";

class ProxiedNode {
  readonly #request: Preparation;
  readonly #server: ApiServer;
  readonly #slices: ReadonlyMap<number, ApiObject>;
  readonly #fresh: FreshAddresses;
  readonly #random: Random;
  readonly #podRange: string;
  #proxy: ChildProcess | undefined;
  #end: string | undefined;
  #startNs = 0;

  private constructor(
    request: Preparation,
    { objects, slices, podRange, fresh }: Awaited<ReturnType<typeof served>>,
  ) {
    this.#request = request;
    this.#server = new ApiServer(objects);
    this.#slices = slices;
    this.#podRange = podRange;
    this.#fresh = fresh;
    this.#random = Random.fromSeed(request.seed, "endpoints that change");
  }

  static async prepare(request: Preparation): Promise<ProxiedNode> {
    return new ProxiedNode(request, await served(request));
  }

  async start(): Promise<{ startNs: number }> {
    const { folder, binary, mode, backend, timed, nft, limitMs } = this.#request;
    const bin = timedTools(folder, backend, timed, nft);
    const kubeconfigFile = join(folder, "kubeconfig");
    writeFileSync(kubeconfigFile, kubeconfig(await this.#server.listen()));
    const options = { binary, mode, backend, node: CLUSTER_NODE, addresses: [], podRange: this.#podRange };
    const configFile = join(folder, "config.json");
    const checked = optionsSchema.parse({ ...options, timeoutMs: limitMs });
    writeFileSync(configFile, kubeProxyConfiguration(checked, kubeconfigFile));
    const log = openSync(join(folder, LOG_FILE), "a");
    this.#startNs = wallClockNs()();
    this.#proxy = spawn(binary, ["--config", configFile], {
      stdio: ["ignore", log, log],
      env: { PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin`, LC_ALL: "C", HOME: folder },
    });
    closeSync(log);
    this.#proxy.once("error", (error) => {
      this.#end = error.message;
    });
    this.#proxy.once("exit", (code, signal) => {
      this.#end ??= `it ended with ${signal ?? `code ${code}`}`;
    });
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
          usage = this.#usage();
        }
        if (previous?.syncs !== clock.syncs || previous.changes !== clock.changes)
          quietSince = performance.now();
        else if (performance.now() - quietSince >= SETTLED_MS)
          return { syncedNs: first.syncedNs, ...usage, tools: this.#tools(this.#startNs, first.syncedNs) };
      }
      previous = clock;
      await setTimeout(POLL_MS);
    }
  }

  async change(service: number, kind: EndpointChange): Promise<ChangeReply> {
    const clock = wallClockNs();
    const made = changeSlice(this.#slice(service), kind, {
      random: this.#random,
      fresh: this.#fresh,
      now: new Date(),
    });
    const synced = await this.#send([made.change], clock);
    return { ...synced, joined: made.joined, left: made.left };
  }

  async resize(service: number, endpoints: number): Promise<void> {
    const change = resizeSlice(this.#slice(service), endpoints, this.#fresh, new Date());
    await this.#send([change], wallClockNs());
  }

  async rollOut(service: number): Promise<ChangeReply> {
    const changes = rollOut(this.#slice(service), this.#fresh, new Date());
    return { ...(await this.#send(changes, wallClockNs())), joined: null, left: null };
  }

  /** Makes changes, and waits until a sync that has all of them has ended. */
  async #send(changes: readonly ObjectChange[], clock: () => number) {
    const before = await this.#clock();
    const expected = (before?.changes ?? 0) + changes.length;
    const sentNs = clock();
    for (const change of changes) this.#server.apply(change);
    for (;;) {
      await setTimeout(POLL_MS);
      const now = await this.#clock();
      if (now === undefined || !now.isSynced || now.changes < expected || now.syncedNs < sentNs) continue;
      return {
        sentNs,
        syncedNs: now.syncedNs,
        syncs: now.syncs - (before?.syncs ?? 0),
        tools: this.#tools(sentNs, now.syncedNs),
      };
    }
  }

  #slice(service: number): ApiObject {
    const first = this.#slices.get(service);
    if (first === undefined) throw new RangeError(`service ${service} was not named as one that changes`);
    return this.#server.get(ENDPOINT_SLICE, first.metadata) ?? first;
  }

  async #clock(): Promise<SyncClock | undefined> {
    if (this.#end !== undefined) throw new KernelError(`kube-proxy: ${this.#end}: ${this.#lastWords()}`);
    const text = await get(METRICS_URL);
    if (text === undefined) return undefined;
    const clock = readSyncClock(text);
    if (clock.failures > 0)
      throw new KernelError(`kube-proxy could not write its rules: ${this.#lastWords()}`);
    return clock;
  }

  async #isHealthy(): Promise<boolean> {
    return (await get(HEALTH_URL)) !== undefined;
  }

  #tools(fromNs: number, toNs: number): ToolTimes {
    const path = join(this.#request.folder, TIMES_FILE);
    const calls = existsSync(path) ? parseToolTimes(readFileSync(path, "utf8")) : [];
    return toolTimesWithin(calls, fromNs, toNs);
  }

  /** Processor time with that of the tools that have ended, and the most memory that it has had at a time. */
  #usage(): { cpuNs: number; peakBytes: number } {
    const process = `/proc/${this.#proxy?.pid}`;
    const fields = readFileSync(`${process}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    // utime, stime, cutime and cstime (proc(5)), in hundredths of a second.
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`${process}/status`, "utf8"))?.[1];
    return { cpuNs: ticks * 1e7, peakBytes: Number(peak ?? 0) * 1024 };
  }

  #lastWords(): string {
    const lines = readFileSync(join(this.#request.folder, LOG_FILE), "utf8").trim().split("\n");
    const errors = lines.filter(
      (line) => /^[EF]\d{4} |^[Ee]rror/.test(line) && !line.includes(" metrics.go:"),
    );
    return (errors.at(-1) ?? lines.at(-1) ?? "").slice(0, 400) || "it logged nothing";
  }
}

/** What the server serves, and the slices of the services that will change. */
async function served({ services, endpointsPerService, seed, changing }: Preparation) {
  const cluster = await benchCluster({
    ...{ clusterFile: null, services, clusterSeed: seed, endpointsPerService },
    ...{ entry: "clusterIp", affinityShare: 0 },
  });
  const numbers = new Map(changing.map((service) => [cluster.serviceName(service), service]));
  const slices = new Map<number, ApiObject>();
  const objects = [...clusterObjects(cluster)];
  for (const object of objects) {
    if (object.kind !== ENDPOINT_SLICE.kind) continue;
    const { namespace = "default", labels } = object.metadata;
    const service = numbers.get(`${namespace}/${labels?.[SERVICE_LABEL] ?? ""}`);
    if (service !== undefined && !slices.has(service)) slices.set(service, object);
  }
  const { podCidr, clientCidr } = cluster.network;
  // Below the clients' part of the pod range, where endpoints that are numbered upwards never come.
  const fresh = new FreshAddresses(clientCidr.base - 2 ** 16);
  return { objects, slices, podRange: formatCidr(podCidr), fresh };
}

let node: ProxiedNode | undefined;

async function answer(line: string): Promise<unknown> {
  const request = nodeRequestSchema.parse(JSON.parse(line));
  if (request.call === "prepare") {
    node = await ProxiedNode.prepare(request);
    return null;
  }
  if (node === undefined) throw new KernelError("the node has not been prepared");
  switch (request.call) {
    case "start":
      return node.start();
    case "settle":
      return node.settle();
    case "change":
      return node.change(request.service, request.kind);
    case "resize":
      return node.resize(request.service, request.endpoints);
    case "roll out":
      return node.rollOut(request.service);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply: { value: unknown } | { error: string };
  try {
    reply = { value: (await answer(line)) ?? null };
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
process.exit(0);
