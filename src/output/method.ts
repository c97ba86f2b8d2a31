/** How and where a run was measured, in words: for the page and for the notes of slides. */

import { againstKernel } from "../analysis/model-vs-kernel.js";
import { joinParts, resultsHash } from "../charts/caption-text.js";
import { datapathNote, outsideNote, planeLabel } from "../results/descriptors.js";
import type { Cell, Results } from "../results/schema.js";
import { selectCells } from "../results/select.js";
import { maxOf, minOf } from "../stats/extent.js";
import { countOf, formatBytes, formatCount, formatNs, plainText } from "../text.js";
import { clusterFacts, clusterSentences, isLive } from "./cluster-method.js";

/** Where a run's numbers were measured: in models, in the kernel, on a cluster. Whose programs ran there, captions say. */
export function measuredIn(cells: Results["cells"]): string {
  const lanes = new Set(cells.map(({ lane }) => lane));
  const places = [
    ...(lanes.has("kernel") ? ["the kernel"] : []),
    ...(lanes.has("cluster") ? ["a cluster"] : []),
  ];
  if (places.length === 0) return "models of the data planes, not the kernel";
  return `measured in ${places.join(" and in ")}, ${lanes.has("model") ? "with models labelled as such" : "no models"}`;
}

/** How many planes were measured, and at which N: `6 data planes at 1 to 30,000 Services`. */
export function planesAndSizes(cells: Results["cells"]): string {
  const services = cells.map((cell) => cell.services);
  const [least, most] = [minOf(services), maxOf(services)];
  const planes = countOf(new Set(cells.map(({ plane }) => plane)).size, "data plane");
  return least === most
    ? `${planes} at ${countOf(most, "Service")}`
    : `${planes} at ${formatCount(least)} to ${countOf(most, "Service")}`;
}

/** Versions of nft that a run modelled; what runs of before 0.3 did, which do not say. */
function formatNftVersion({ run }: Results): string {
  const versions = [...new Set(Object.values(run.settings.nft ?? {}))];
  return versions.length === 0
    ? "up to 1.1.1"
    : versions.map((version) => plainText(version, 20)).join(" and ");
}

/** The method in a few sentences. */
export function formatMethod(results: Results): string[] {
  const { run, equivalence, cells } = results;
  const { settings } = run;
  const models = selectCells(cells, { lane: "model" }).length > 0;
  const { least, most } = run.replicates;
  // Nothing of what follows was done in a live cluster.
  if (cells.every(isLive)) return [...clusterSentences(results), ...intervalSentences(results)];
  return [
    ...(models
      ? [
          `Models of the data planes, not the kernel: programs are laid out like the kernel's (Linux 6.18, IPVS 6.1; Cilium's maps as Helm's chart has them, not preallocated, anonymous maps of nftables as nft ${formatNftVersion(results)} makes them) and are walked in this process. They show how cost grows with the number of Services and why, not how many microseconds a connection takes on a node.`,
        ]
      : []),
    ...(equivalence.flows === 0
      ? []
      : [
          `Before anything was timed, ${equivalence.planes.map((plane) => planeLabel(results, plane)).join(", ")} answered the same ${formatCount(equivalence.flows)} flows; ${equivalence.disagreements === 0 ? "no decision broke the contract" : `${formatCount(equivalence.disagreements)} decisions broke the contract`}.`,
        ]),
    `Each number is the median over ${least === most ? formatCount(least) : `${formatCount(least)} to ${formatCount(most)}`} fresh processes, in a seeded, interleaved order; each process warms up for ${formatCount(settings.warmupMs)} ms and times batches of dependent lookups for ${formatCount(settings.measureMs)} ms. The checksum of every batch is compared with a second implementation that counts the work.`,
    ...(againstKernel(results).length === 0
      ? []
      : [
          "Models were timed in the same blocks as the kernel. What may make their times differ from the kernel's is in docs/measurement.md, “Why model and kernel differ”.",
        ]),
    ...(cells.some(({ disturbed }) => disturbed.length > 0)
      ? [
          `A process whose empty loop shows that another tenant of the machine used the core was measured again (${formatCount(cells.reduce((sum, { disturbed }) => sum + disturbed.length, 0))} times).`,
        ]
      : []),
    run.replicates.least >= 6
      ? "Intervals are 95 % bootstrap intervals over processes, wide enough for every look of sequential stopping."
      : "With fewer than six processes per cell, intervals are ranges from the smallest to the largest process.",
    ...clusterSentences(results),
  ];
}

/** What the intervals of a live cluster are. */
function intervalSentences({ cells }: Results): string[] {
  const kinds = new Set(cells.flatMap(({ estimate }) => (estimate ? [estimate.kind] : [])));
  return [
    ...(kinds.has("ci95") ? ["Intervals are 95 % bootstrap intervals over rounds or changes."] : []),
    ...(kinds.has("range") ? ["Where there are fewer than six, they are ranges of what was seen."] : []),
  ];
}

/** What repeats the run. */
export function methodFacts(results: Results): [string, string][] {
  const { run, cluster } = results;
  return [
    ["Command", run.command],
    ["Seed", String(run.seed)],
    ["Cluster", plainText(cluster.source, 60)],
    ...importFacts(results),
    ...kubeProxyFacts(results),
    ["Flows enter at", entriesOf(results)],
    ...datapathFacts(results),
    [
      "Endpoints of a Service",
      // An imported cluster has its own: the setting of generated ones did not hold.
      cluster.source === "imported"
        ? `${endpointsOf(results)} on average, as in the imported cluster`
        : formatCount(run.settings.endpointsPerService),
    ],
    ["Began", plainText(run.startedAt, 40)],
    ["Ended", run.finishedAt === null ? "not complete" : plainText(run.finishedAt, 40)],
    ...clusterFacts(results),
    ["Results (SHA-256)", `${resultsHash(results)}…`],
    ["lbscale", results.tool.version],
  ];
}

function entriesOf(results: Results): string {
  if (results.run.entry === "nodePort") return "node address and NodePort";
  return joinParts(["cluster addresses", outsideNote(results, results.cells)]);
}

/** Whose program balances connections, where it is not the measured program's own. */
function datapathFacts({ cells }: Results): [string, string][] {
  const note = datapathNote(cells);
  return note === false ? [] : [["Data path", note]];
}

/** What the import of the cluster read, left out and assumed. Empty where the cluster was generated. */
function importFacts({ cluster }: Results): [string, string][] {
  const notes = cluster.notes ?? [];
  return notes.length === 0 ? [] : [["Read, left out and assumed", plainText(notes.join("; "), 4000)]];
}

/** What real programs said of themselves, by what a cell's facts call it. */
const PROGRAMS = {
  kubeProxy: "kube-proxy itself",
  cilium: "Control plane",
  nft: "nft of kube-proxy",
} as const;

/**
 * Whose rules were modelled or loaded, and with which nft: a version, or several with their planes; and which real programs
 * were measured. Empty where the run does not say.
 */
export function kubeProxyFacts(results: Results): [string, string][] {
  const { kubeProxy, nft, kernel } = results.run.settings;
  // Of kube-proxy itself and of Cilium; other cells say whose rules they load.
  const isReal = ({ facts }: Cell) => facts.minSyncPeriod !== undefined || facts.cilium !== undefined;
  const real = results.cells.filter(isReal);
  const loaded = results.cells.filter((cell) => !isReal(cell));
  return [
    ...(kubeProxy === undefined
      ? factRows(loaded, "kubeProxy", "Rules of kube-proxy")
      : versionFacts(results, "Rules of kube-proxy", kubeProxy)),
    ...versionFacts(results, "Loaded by nft", nft),
    ...Object.entries(PROGRAMS).flatMap(([fact, what]) => factRows(real, fact, what)),
    ...(kernel?.nft === undefined
      ? []
      : [["Measured with", plainText(kernel.nft, 80)] satisfies [string, string]]),
  ];
}

/** The values of a fact, each once; empty where no cell has it. */
function factRows(cells: readonly Cell[], fact: string, what: string): [string, string][] {
  const said = new Set(cells.flatMap(({ facts }) => facts[fact] ?? []));
  return said.size === 0 ? [] : [[what, [...said].map((one) => plainText(String(one), 60)).join(", ")]];
}

function versionFacts(
  results: Results,
  what: string,
  versions: Readonly<Record<string, string>> = {},
): [string, string][] {
  const planes = new Map<string, string[]>();
  for (const [plane, version] of Object.entries(versions)) {
    planes.set(version, [...(planes.get(version) ?? []), planeLabel(results, plane)]);
  }
  if (planes.size === 0) return [];
  const words = [...planes].map(([version, labels]) =>
    planes.size === 1 ? plainText(version, 20) : `${plainText(version, 20)} (${labels.join(", ")})`,
  );
  return [[what, words.join(", ")]];
}

/** The machine and its software. */
export function environmentFacts({ environment }: Results): [string, string][] {
  const { caches, packages } = environment;
  return [
    ["Processor", environment.cpu],
    [
      "Cores",
      `${environment.cores}, ${environment.pinnedCpu === null ? "not pinned" : `pinned to CPU ${environment.pinnedCpu}`}`,
    ],
    [
      "Caches",
      Object.entries(caches)
        .map(([level, bytes]) => `${plainText(level, 10)} ${formatBytes(bytes)}`)
        .join(", ") || "unknown",
    ],
    ["Memory", formatBytes(environment.memoryBytes)],
    ["System", `${environment.os} ${environment.kernel}, ${environment.architecture}`],
    ["Virtualisation", environment.virtualisation],
    ["Governor, turbo, SMT", [environment.governor, environment.turbo, environment.smt].join(", ")],
    [
      "Time taken by other guests",
      environment.stealShare === null ? "unknown" : `${(100 * environment.stealShare).toFixed(1)} %`,
    ],
    ["Smallest step of the clock", formatNs(environment.timerResolutionNs)],
    ["Node", `${environment.node} (V8 ${environment.v8}) ${environment.execArgv.join(" ")}`.trim()],
    [
      "Packages",
      Object.entries(packages)
        .map(([name, version]) => `${name} ${version}`)
        .join(", "),
    ],
    ["Git commit", environment.gitCommit ?? "unknown"],
  ];
}

/** Mean endpoints of a service-port over the cells: `1`, or `0.8 to 3`. */
function endpointsOf({ cells }: Results): string {
  const all = cells.map(({ endpoints }) => endpoints);
  const [least, most] = [minOf(all), maxOf(all)].map((value) => Number(value.toPrecision(3)));
  return least === most ? String(least) : `${least} to ${most}`;
}
