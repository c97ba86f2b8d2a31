/**
 * The article's claims, one by one, with what the published runs say: the first part of results/README.md. Verdicts are
 * written here; their evidence is findings of the runs, which exist only where their intervals support them. A verdict
 * whose evidence is missing in every run is left out, so that none outlives it.
 */

import type { Results } from "../src/results/schema.js";
import { escapeMarkdown } from "../src/text.js";

/** A published run: its folder's name, its results, and the charts that it shows. */
export interface PublishedRun {
  readonly name: string;
  readonly results: Results;
  readonly charts: readonly string[];
}

interface Claim {
  readonly claim: string;
  readonly verdict: string;
  /** Ids of findings. All must be there, but for those of `more`. */
  readonly evidence: readonly string[];
  readonly more: readonly string[];
  /** The first of these charts that a run shows. */
  readonly charts: readonly string[];
}

/** In the article's order. */
const CLAIMS: readonly Claim[] = [
  {
    claim: "iptables' rules are sequential: latency grows with the number of Services",
    verdict: "True of the first packet of a connection, and of no other.",
    evidence: ["iptables-slope"],
    more: ["iptables-growth", "iptables-factor", "kernel-connect", "kernel-established"],
    charts: ["columns", "scaling"],
  },
  {
    claim: "IPVS' hash table keeps it flat",
    verdict:
      "No, but far flatter than a list. Its table has 256 buckets up to Linux 7.0, whose chains grow with N: an entry more for every 512 virtual services.",
    evidence: ["ipvs-chains"],
    more: ["guest-connect"],
    charts: ["work"],
  },
  {
    claim: "eBPF's hash tables are almost O(log n)",
    verdict:
      "No. Cilium's hash tables do the same work at any N, O(1); what grows is the time, where tables leave the caches. The data plane that is O(log n) is Calico's, whose frontends are a trie.",
    evidence: ["work-constant", "hash-time-rise", "trie-logarithm"],
    more: ["cache-regimes", "trie-addresses"],
    charts: ["logarithm"],
  },
  {
    claim: "hash tables keep the load stable",
    verdict: "True of lookups. Keepalive hides most of the difference, because later packets try no list.",
    evidence: ["load"],
    more: ["established", "connect"],
    charts: ["load"],
  },
  {
    claim: "IPs change all the time, and hash tables take it",
    verdict:
      "True of the tables. What programs them may still be slow: up to 1.36 kube-proxy's nftables mode lists its table before each change.",
    evidence: ["update"],
    more: ["kernel-programming", "kernel-update", "churn", "balance"],
    charts: ["kernel-programming", "update"],
  },
];

/**
 * @param runs Published runs, the preferred ones first: evidence comes from the first that has it.
 * @returns Markdown, a section per claim; links are relative to the folder of the runs.
 */
export function articleAnswer(runs: readonly PublishedRun[]): string {
  return CLAIMS.flatMap(({ claim, verdict, evidence, more, charts }) => {
    const lines = evidence.map((id) => evidenceOf(runs, id));
    const isAnswered = !lines.includes(undefined);
    return [
      `## “${claim}”`,
      "",
      isAnswered ? `**${verdict}**` : "No run below has measured what an answer needs.",
      "",
      ...[...lines, ...more.map((id) => evidenceOf(runs, id))].filter((line) => line !== undefined),
      "",
      ...(isAnswered ? chartOf(runs, charts) : []),
    ];
  }).join("\n");
}

function evidenceOf(runs: readonly PublishedRun[], id: string): string | undefined {
  for (const { name, results } of runs) {
    const found = results.findings.find((finding) => finding.id === id);
    if (found) return `- ${escapeMarkdown(found.sentence, 500)} ([${laneOf(results)}](${name}/))`;
  }
  return undefined;
}

function laneOf({ cells }: Results): string {
  if (cells.some(({ lane }) => lane === "cluster")) return "a cluster";
  return cells.some(({ lane }) => lane === "kernel") ? "kernel lane" : "model";
}

function chartOf(runs: readonly PublishedRun[], ids: readonly string[]): string[] {
  for (const id of ids) {
    const run = runs.find(({ charts }) => charts.includes(id));
    if (run) return [`![${id}](${run.name}/charts/${id}.svg)`, ""];
  }
  return [];
}
