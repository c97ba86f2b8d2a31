/** What pages of published runs say of how a run was measured. */

import { planeLabel } from "../../src/results/descriptors.js";
import { idleWords } from "../../src/results/live/idle-states.js";
import { liveNodes, livePlane } from "../../src/results/live/live-nodes.js";
import type { LabelledRun } from "../../src/results/runs/merge.js";
import type { Results } from "../../src/results/schema.js";
import { findCell, selectCells } from "../../src/results/select.js";
import { countOf, escapeMarkdown, plainText } from "../../src/text.js";

const COMMIT_DIGITS = 12;
/** What `git describe --dirty` appends; a digest of the changes may follow. */
const DIRTY = "-dirty";
const CAUSES = "../../docs/measurement.md#why-model-and-kernel-differ";

/** The article whose claims the gallery answers, and its chart (`src/reference/latency.ts`). */
export const ARTICLE_WORDS: readonly string[] = [
  "An article shows latency against the number of Services, and says why iptables slows down and eBPF does not:",
  "[What is Kube-Proxy and why move from iptables to eBPF?](https://isovalent.com/blog/post/why-replace-iptables-with-ebpf/)",
  "(Jeremy Colvin, Isovalent; no date found). Its chart is taken to be the one of",
  "[Cilium 1.6's announcement](https://cilium.io/blog/2019/08/20/cilium-16/) of 20 August 2019: HTTP requests through a NodePort",
  "at 1 to 2,768 Services (`lbscale reference cilium-1.6`), which the profile `article` measures at the same N. Not all of the",
  "article's text could be read, so its claims are quoted as this project was asked to check them, and in that order.",
];

/** What its chart measured again shows, next to ours. */
export const ARTICLE_CHART_WORDS: readonly string[] = [
  "Left: the chart in its own form, measured again at its N and through NodePorts ([article](article/)). Right: this project's",
  "chart, at cluster IPs and up to 30,000 Services ([default](default/)). Both time lookups in models, not HTTP requests: compare",
  "how they grow, not microseconds (`lbscale reference cilium-1.6 --against results/article`).",
];

/**
 * @param runs The runs that are published as one.
 * @returns What repeats them: a command for each, in the folder that it is called after, and the report of all.
 */
export function commandOf(runs: readonly LabelledRun[]): string {
  return [
    ...runs.map(({ label, results: { run } }) =>
      isOfShell(run.command) ? `${run.command} --out ${label}` : run.command,
    ),
    `lbscale report ${runs.map(({ label }) => label).join(" ")}`,
  ].join(" && ");
}

/** A program that used the library has a call instead. */
function isOfShell(command: string): boolean {
  return command.startsWith("lbscale ");
}

/**
 * @param results A run's, or several runs' as one.
 * @returns When, where and with what it was measured, as Markdown.
 */
export function measuredWords({ run, environment, tool }: Results): string {
  const { cpu, cores, virtualisation, os, kernel, node, gitCommit } = environment;
  return (
    `Measured ${run.startedAt.slice(0, 10)} on ${escapeMarkdown(cpu)} (${cores} cores, ${virtualisation}), ` +
    `${os} ${kernel}, Node ${node}, by lbscale ${tool.version}${commitWords(gitCommit)}, with \`${run.command}\`.`
  );
}

/** Whether a run was measured with code that is in no commit, so that nobody can measure it again. */
export function isDirty({ environment }: Pick<Results, "environment">): boolean {
  return environment.gitCommit?.includes(DIRTY) ?? false;
}

/** Several commits where several runs were published as one. */
function commitWords(commits: string | null): string {
  if (commits === null) return "";
  const each = commits.split(", ").map((commit) => {
    const [clean = "", changes] = commit.split(DIRTY);
    const hash = clean.slice(0, COMMIT_DIGITS);
    return changes === undefined ? hash : `${hash}${DIRTY} (with changes that are in no commit)`;
  });
  return ` at commit ${each.join(" and ")}`;
}

/**
 * @param results A run's, or several runs' as one.
 * @returns Whose connections or lookups were timed, and what a reader has to know of them.
 */
export function laneWords(results: Results): string {
  const { cells, run } = results;
  if (findCell(cells, { lane: "cluster" })) return clusterWords(results);
  if (findCell(cells, { lane: "kernel" })) {
    return kernelWords(results);
  }
  return `Model lane: models of the data planes, not the kernel.${run.entry === "nodePort" ? NODE_PORT_WORDS : ""}`;
}

function kernelWords(results: Results): string {
  const labels = [...new Set(results.cells.map(({ plane }) => planeLabel(results, plane)))];
  const has = (word: string) => labels.some((label) => label.includes(word));
  return [
    "Kernel lane: connections through the kernel; each one was checked. “kube-proxy” with a version is the program itself;",
    "planes without one are rules and maps that lbscale loads.",
    ...(has("layout of") ? ["“layout of” names the kube-proxy whose rules these are."] : []),
    ...(has("eBPF hash") ? ["“eBPF hash” balances at the socket, “eBPF per packet” at the interface."] : []),
    ...(has("eBPF")
      ? [
          "BPF programs are lbscale's own, on maps laid out as Cilium's and Calico's: neither project's datapath runs.",
        ]
      : []),
  ].join(" ");
}

/** What sets NodePorts apart: see src/planes/ipvs/tables/virtual-services.ts, and the causes that were tested. */
const NODE_PORT_WORDS =
  " Through NodePorts, N counts half of what IPVS has: each Service is two virtual services, its cluster IP and the node's address with the NodePort." +
  ` The iptables model is too fast: a rule of KUBE-NODEPORTS that fails at its port took the kernel 3.6 to 3.8 times as long as the model where [this was tested](${CAUSES}).`;

function clusterWords(results: Results): string {
  const { cells, cluster } = results;
  const nodes = liveNodes(results);
  const idle = idleWords(selectCells(cells, { lane: "cluster" }));
  const planes = [...new Set(cells.map(({ plane }) => plane))].flatMap((plane) => {
    const live = livePlane(cells, plane);
    return live === null
      ? []
      : [`${planeLabel(results, plane)} (${live.program} ${live.version ?? "unknown"})`];
  });
  return [
    `Cluster lane: connections through the data plane of a live cluster of Kubernetes ${plainText(String(cluster.parameters.kubernetes ?? "unknown"), 20)}${nodes === null ? "" : `, ${countOf(nodes.count, "node")} of ${nodes.all("os")}`}; each answer named its endpoint.`,
    ...(planes.length === 0 ? [] : [`Planes, as detected or as named by hand: ${planes.join(", ")}.`]),
    "The API does not show which backend the iptables of a node has.",
    ...(idle === null ? [] : [`States of idle CPUs, by share of idle time: ${idle}.`]),
  ]
    .map((sentence) => escapeMarkdown(sentence, sentence.length))
    .join(" ");
}
