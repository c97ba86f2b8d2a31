/** The part of `npm run evidence:causes` that runs inside the sandbox: each round measures everything once, in random order. */

import { readFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Cluster } from "../../src/cluster/cluster.js";
import { OUTSIDE_CLIENTS_CIDR } from "../../src/cluster/network.js";
import { probeFlows, REACHED, type Result } from "../../src/kernel/probe.js";
import { timeBpfLookups } from "../../src/kernel/rounds.js";
import { prepareHost, releaseHost } from "../../src/kernel/testbed/host.js";
import { compileNatives, loadPlaneInto } from "../../src/kernel/testbed/testbed.js";
import { KernelError, runTool, toolPath } from "../../src/kernel/testbed/tools.js";
import type { Testbed } from "../../src/kernel/testbed/topology.js";
import { CHILD_FLAGS } from "../../src/measure/environment.js";
import { benchCluster } from "../../src/measure/replicate/bench-cluster.js";
import { Chase } from "../../src/measure/replicate/pointer-chase.js";
import { childPrefix, runReplicate, TIMEOUT_MS } from "../../src/measure/spawn.js";
import { Random } from "../../src/random.js";
import { median } from "../../src/stats/quantile.js";
import {
  type CausesReport,
  type CausesTask,
  LISTS,
  type List,
  LOOKUPS,
  type Lookup,
  PAGES,
  type Pages,
  PLACES,
  restoreText,
} from "./subjects.js";

const CLIENT = OUTSIDE_CLIENTS_CIDR.base + 1;
const CONNECTIONS = 500;
const CALL_RUNS = 20_000;
const MODEL = fileURLToPath(new URL("model.js", import.meta.url));
const WORKER = fileURLToPath(new URL("../../src/measure/worker.js", import.meta.url));
const CALLS = fileURLToPath(new URL("../../../scripts/causes/calls.c", import.meta.url));

const { folder, rounds, cpu, seed } = JSON.parse(readFileSync(0, "utf8")) as CausesTask & {
  readonly folder: string;
};
const report = (line: CausesReport): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};
const common = {
  clusterFile: null,
  clusterSeed: seed,
  endpointsPerService: 4,
  entry: "clusterIp",
  affinityShare: 0,
  family: 4,
} as const;
const host = await prepareHost(folder, true);
const natives = await compileNatives(host, ["ebpf", "calico-ebpf"], 4);
const chase = new Chase();
/** 64 MiB, more than the last-level cache that one core can use in today's processors. */
const swept = new Int32Array((64 * 2 ** 20) / 4).fill(1);
type Measure = () => Promise<void>;
try {
  const arms = [
    ...(await Promise.all(LISTS.map(kernelList))).flat(),
    ...(await Promise.all(LOOKUPS.map(kernelLookup))),
    ...(["4 KiB", "2 MiB"] as const).flatMap((pages) => [
      ...LISTS.map((_, i) => () => modelList(i, pages)),
      ...LOOKUPS.map((lookup) => () => modelLookup(lookup, pages)),
    ]),
    await calls(),
    ...(await Promise.all(PLACES.map(place))),
  ];
  const random = Random.fromSeed(seed, "causes");
  for (let round = 0; round < rounds; round++)
    for (const i of random.shuffle(Uint32Array.from(arms, (_, i) => i))) await arms[i]!();
} finally {
  await releaseHost(host);
}
process.exit(0);

/** connect() to an endpoint, through a node where the source address decides how often a packet walks the list. */
async function kernelList(list: List, i: number): Promise<Measure[]> {
  const cluster = await benchCluster({ ...common, services: 1 });
  const { testbed } = await loadPlaneInto("direct-conntrack", {
    host,
    natives,
    cluster,
    options: {},
    name: `list-${i}`,
  });
  await testbed.pinServer(cpu);
  const sources = new Map([0, 1, list.walks].map((walks) => [walks, CLIENT + walks]));
  await testbed.exec("node", toolPath("iptables-legacy-restore"), [], { input: restoreText(list, sources) });
  return [...sources].map(([walks, src]) => async () => {
    const results = await connect(testbed, cluster, src);
    report({ arm: `kernel ${list.name} ${walks}`, value: median(results.map((each) => each.connectNs)) });
  });
}

/** How much of a connection depends on the server's core, which may sleep until a packet arrives. */
async function place(where: (typeof PLACES)[number]): Promise<Measure> {
  const cluster = await benchCluster({ ...common, services: 1 });
  const name = `place-${PLACES.indexOf(where)}`;
  const { testbed } = await loadPlaneInto("direct-conntrack", { host, natives, cluster, options: {}, name });
  await testbed.pinServer({ "the client's core": cpu, "another core": otherCore(), "any core": null }[where]);
  return async () => {
    const results = await connect(testbed, cluster, CLIENT);
    report({ arm: `connect ${where}`, value: median(results.map((each) => each.connectNs)) });
    report({ arm: `exchange ${where}`, value: median(results.map((each) => each.exchangeNs)) });
  };
}

/** A processor that shares no core with the client's. */
function otherCore(): number {
  const siblings = (of: number) =>
    readFileSync(`/sys/devices/system/cpu/cpu${of}/topology/thread_siblings_list`, "utf8").trim();
  const all = Array.from({ length: os.cpus().length }, (_, i) => i);
  const other = all.find((each) => siblings(each) !== siblings(cpu));
  if (other === undefined) throw new KernelError("this machine has one core: give one with two");
  return other;
}

/** Connections to endpoints, from one source. */
async function connect(testbed: Testbed, cluster: Cluster, src: number): Promise<Result[]> {
  const { endpointAddress: address, endpointPort: port } = cluster;
  await testbed.exec("node", toolPath("conntrack"), ["-F"]);
  const flows = Array.from({ length: CONNECTIONS }, (_, flow) => {
    const endpoint = flow % address.length;
    return { src, sport: 0, dst: address[endpoint]!, dport: port[endpoint]!, protocol: 6 };
  });
  const options = { probe: natives.probe, cpu, cgroup: null, timeoutMs: 5000, keepPorts: false };
  const results = await probeFlows(testbed, "client", flows, options);
  if (results.some(({ outcome }) => outcome !== REACHED)) throw new KernelError("an endpoint did not answer");
  return results;
}

/** Of the last-level cache: the pinned core's own caches are emptied by the chase and the loader's start. */
function sweep(): void {
  for (let i = 0; i < swept.length; i += 16) swept[i]!++;
}

async function modelList(i: number, pages: Pages): Promise<void> {
  const [command, ...args] = [...prefix(pages), process.execPath, ...CHILD_FLAGS, MODEL, String(i)];
  const { ns, hugeShare } = JSON.parse((await runTool(toolPath(command!), args)).toString());
  const { name } = LISTS[i]!;
  for (const [what, each] of Object.entries(ns))
    report({ arm: `model ${pages} ${name} ${what}`, value: Number(each) });
  report({ arm: `huge ${pages} ${name}`, value: Number(hugeShare) });
}

/** The kernel's own run of one lookup of lbscale's BPF program, its twin subtracted: warm, and the first ones after a sweep. */
async function kernelLookup({ plane, services }: Lookup): Promise<Measure> {
  const cluster = await benchCluster({ ...common, services });
  const config = { host, natives, cluster, options: { seed }, name: `${plane}-${services}` };
  const loaded = await loadPlaneInto(plane, config);
  return async () => {
    const warm = await timeBpfLookups({ loaded, config }, chase, { cpu });
    report({ arm: `kernel lookup ${plane} ${services}`, value: median(warm!.netNs) });
    sweep();
    const cold = await timeBpfLookups({ loaded, config }, chase, { cpu, warm: 0 });
    report({ arm: `kernel lookup ${plane} ${services} swept`, value: cold!.netNs[0]! });
  };
}

/** The same lookup as a replicate of the model lane. */
async function modelLookup({ plane, services }: Lookup, pages: Pages): Promise<void> {
  const job = {
    ...common,
    scenario: "lookup",
    plane,
    variant: "",
    services,
    seed,
    options: {},
    zipf: 0,
    misses: 0,
    warmupMs: 20,
    measureMs: 40,
    singlesMs: 1,
    slowdown: 0,
    popular: "random",
  } as const;
  const { measured } = await runReplicate(WORKER, job, prefix(pages), TIMEOUT_MS);
  if (!("samples" in measured)) throw new Error("a lookup is timed");
  report({ arm: `model ${pages} lookup ${plane} ${services}`, value: median(measured.samples) });
}

async function calls(): Promise<Measure> {
  const program = join(folder, "calls");
  await runTool(toolPath("cc"), ["-O2", "-o", program, CALLS, "-lbpf"]);
  return async () => {
    const args = ["-c", String(cpu), program, "1", String(CALL_RUNS)];
    const times = (await runTool(toolPath("taskset"), args)).toString().trim().split(" ").map(Number);
    for (const [i, arm] of ["hash", "array", "call"].entries())
      report({ arm: `calls ${arm}`, value: times[i]! });
  };
}

/** The command prefix of a model's process: pins it to a core, and sets its page size. */
function prefix(pages: Pages): readonly string[] {
  return [...childPrefix(cpu), "env", `GLIBC_TUNABLES=glibc.malloc.hugetlb=${PAGES[pages]}`];
}
