/**
 * A node that starts gets all rules at once: kube-proxy's commands for `nft -f`, in one transaction as it hands them over,
 * and in stages. Each load is into a namespace of its own, which never had a rule.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster } from "../../cluster/cluster.js";
import { NftablesProgram } from "../../planes/nftables/program.js";
import { syncCommands } from "../../planes/nftables/rules/commands.js";
import { type TransactionWalk, transactionWalks } from "../../planes/nftables/rules/full-sync.js";
import { setWalks } from "../../planes/nftables/rules/set-walks.js";
import { loadPlane } from "../../planes/registry-loader.js";
import { compileProgram } from "../native.js";
import { OUT_OF_TIME } from "../out-of-time.js";
import type { Host } from "../testbed/host.js";
import { thenCleanUp } from "../testbed/then-clean-up.js";
import { KernelError, runTool, TimeLimitError, toolPath } from "../testbed/tools.js";
import type { ColdStartCell, ColdStartReport, ColdStartTask } from "./tasks.js";

/** Loads every visit's rules, as long as there is time. */
export async function measureColdStarts(
  host: Host,
  task: ColdStartTask,
  clusterOf: (services: number) => Promise<Cluster>,
  report: (report: ColdStartReport) => void,
): Promise<void> {
  const stopwatch = await compileProgram("stopwatch", host.folder);
  const nft = (await runTool(toolPath("nft"), ["--version"])).toString().trim();
  const began = performance.now();
  for (const { cell, block, place } of task.visits) {
    const where = { cell, block, place };
    const leftMs = task.budgetMs === null ? task.limitMs : task.budgetMs - (performance.now() - began);
    if (leftMs <= 0) {
      report({ kind: "gap", ...where, reason: OUT_OF_TIME, spentMs: 0 });
      continue;
    }
    const started = performance.now();
    const limitMs = Math.min(task.limitMs, leftMs);
    try {
      const loading = task.cells[cell]!;
      const program = await programOf(loading, await clusterOf(loading.services), task.seed);
      const loaded = await load(host, stopwatch, { program, stage: loading.stage, cpu: task.cpu, limitMs });
      const wallMs = Math.round(performance.now() - started);
      report({ kind: "loaded", ...where, ...loaded, nft, wallMs });
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      const spentMs = performance.now() - started;
      const { message } = spentMs < limitMs ? error : new TimeLimitError(limitMs, leftMs < task.limitMs);
      report({ kind: "gap", ...where, reason: message, spentMs });
    }
  }
}

async function programOf({ plane }: ColdStartCell, cluster: Cluster, seed: number): Promise<NftablesProgram> {
  const program = (await loadPlane(plane)).compile(cluster, { seed });
  if (!(program instanceof NftablesProgram)) throw new TypeError(`${plane} has no nftables rules`);
  return program;
}

/** Transactions as text for `nft -f`: the table itself comes with the first services, as kube-proxy writes it. */
export function stagesOf(program: NftablesProgram, stage: number | null): string[] {
  const { base, services } = syncCommands(program);
  const size = Math.min(stage ?? services.length, services.length);
  const stages: string[] = [];
  for (let first = 0; first < services.length; first += size) {
    const commands = services.slice(first, first + size).flat();
    stages.push(`${first === 0 ? base : ""}${commands.join("\n")}\n`);
  }
  return stages;
}

interface Loading {
  readonly program: NftablesProgram;
  readonly stage: number | null;
  readonly cpu: number | null;
  readonly limitMs: number;
}

async function load(host: Host, stopwatch: string, { program, stage, cpu, limitMs }: Loading) {
  const ip = toolPath("ip");
  const namespace = `${host.id}-cold`;
  const pin = cpu === null ? [] : [toolPath("taskset"), "-c", String(cpu)];
  const input = join(host.folder, "transaction.nft");
  const began = performance.now();
  const total = { ns: 0, toolNs: 0, kernelNs: 0, longestNs: 0, transactions: 0 };
  const load = async (): Promise<void> => {
    for (const text of stagesOf(program, stage)) {
      writeFileSync(input, text, { mode: 0o600 });
      const timeoutMs = Math.max(1, Math.ceil(limitMs - (performance.now() - began)));
      const command = [...pin, stopwatch, "-c", input, toolPath("nft"), "-f", "-"];
      const output = await runTool(ip, ["netns", "exec", namespace, ...command], { timeoutMs });
      const [toolNs = Number.NaN, kernelNs = Number.NaN, ns = Number.NaN] = output
        .toString()
        .trim()
        .split("\n")
        .map(Number);
      total.ns += ns;
      total.toolNs += toolNs;
      total.kernelNs += kernelNs;
      total.longestNs = Math.max(total.longestNs, ns);
      total.transactions++;
    }
  };
  await runTool(ip, ["netns", "add", namespace]);
  await thenCleanUp(load, [() => runTool(ip, ["netns", "delete", namespace])]);
  const walks = transactionWalks(setWalks(program), stage ?? Number.POSITIVE_INFINITY);
  const sum = (what: keyof TransactionWalk) => walks.reduce((total, walk) => total + walk[what], 0);
  return { ...total, setsPassed: sum("sets"), entriesPassed: sum("entries") };
}
