/** Several runs as one, for charts with one series per run: clusters, modes and lanes next to each other. */

import { InputError } from "../../errors.js";
import { plainText } from "../../text.js";
import { planeReport } from "../descriptors.js";
import { liveNodes, livePlane, namedByVersion } from "../live/live-nodes.js";
import type { Cell, Results } from "../schema.js";

/** A run and what it is called, such as its folder's name. */
export interface LabelledRun {
  readonly label: string;
  readonly results: Results;
}

/** Runs that can't stand in one chart. */
class IncomparableRunsError extends InputError {
  override readonly name = "IncomparableRunsError";
}

/** Okabe and Ito's colours, dark enough as lines and as words on white, and light enough on black. */
const COLOURS = [
  { light: "#0072B2", lightLabel: "#0072B2", dark: "#56B4E9" },
  { light: "#D55E00", lightLabel: "#B34F00", dark: "#E69F00" },
  { light: "#009E73", lightLabel: "#007A59", dark: "#2FC89B" },
  { light: "#CC79A7", lightLabel: "#A8487F", dark: "#E59CC4" },
  { light: "#6A3D9A", lightLabel: "#6A3D9A", dark: "#B79CE0" },
  { light: "#5F5F5F", lightLabel: "#5F5F5F", dark: "#BDBDBD" },
  { light: "#000000", lightLabel: "#000000", dark: "#FFFFFF" },
  { light: "#A6761D", lightLabel: "#7F5A14", dark: "#D9B44A" },
] as const;
const MARKERS = ["circle", "rectRot", "triangle", "rect", "star", "crossRot", "cross"] as const;

/** What is measured alike in every lane but the model's, which computes what the others time. */
const ALIKE = ["connect", "established"];

/** What a time means: cells of one statistic may stand in one chart. */
const statisticOf = ({ lane, scenario, variant }: Cell): string =>
  `${lane !== "model" && ALIKE.includes(scenario) && variant === "" ? "kernels" : lane} ${scenario} ${variant}`;

const isBaseline = (results: Results, plane: string): boolean =>
  planeReport(results, plane).role === "baseline";

/**
 * The cells that all runs measured, each plane under its own and its run's name. Baselines stay out: a series is a plane.
 *
 * @throws IncomparableRunsError where no statistic is common to all.
 */
export function mergeRuns(runs: readonly LabelledRun[]): Results {
  const [first] = runs;
  if (first === undefined) throw new IncomparableRunsError("no run is given: name one run's folder at least");
  const measured = runs.map(({ label, results }) => ({
    label,
    results,
    cells: results.cells.filter((cell) => cell.estimate !== null && !isBaseline(results, cell.plane)),
  }));
  const statistics = measured.map(({ cells }) => new Set(cells.map(statisticOf)));
  const common = new Set(
    [...statistics[0]!].filter((statistic) => statistics.every((each) => each.has(statistic))),
  );
  if (common.size === 0) {
    const each = measured.map(
      ({ label, cells }) => `${label} measured ${[...new Set(cells.map(nameOf))].join(", ") || "nothing"}`,
    );
    throw new IncomparableRunsError(
      `these runs have nothing in common that is measured alike: ${each.join("; ")}: give runs of one scenario`,
    );
  }
  const planes: NonNullable<Results["planes"]> = {};
  const cells = measured.flatMap(({ label, results, cells }) =>
    cells
      .filter((cell) => common.has(statisticOf(cell)))
      .map((cell): Cell => {
        const plane = `${cell.plane}@${label}`;
        const live = livePlane(results.cells, cell.plane);
        const described = planeReport(results, cell.plane);
        const report = live === null ? described : namedByVersion(described, live);
        // A run that is called like its plane needs no second word.
        const name = (own: string) => (label === cell.plane ? own : `${own}, ${label}`);
        const order = Object.keys(planes).length;
        planes[plane] ??= {
          ...report,
          label: name(report.label),
          shortLabel: name(report.shortLabel),
          columnLabel: name(report.label),
          colours: COLOURS[order % COLOURS.length] ?? report.colours,
          marker: MARKERS[order % MARKERS.length] ?? report.marker,
          order,
          claims: [],
          stockMaps: undefined,
        };
        // One chart is of one lane: that of the first run, which the label of a series leaves.
        const own = first.results.cells.find((other) => statisticOf(other) === statisticOf(cell));
        return { ...cell, plane, lane: own?.lane ?? cell.lane };
      }),
  );
  const differences = differingConditions(runs);
  if (cells[0]) cells[0] = { ...cells[0], warnings: [...cells[0].warnings, ...differences] };
  const { environment } = first.results;
  const isOneMachine = runs.every(({ results }) => results.environment.cpu === environment.cpu);
  return {
    ...first.results,
    environment: {
      ...environment,
      cpu: isOneMachine ? environment.cpu : "several machines",
      gitCommit: commitsOf(runs),
    },
    planes,
    cells,
    fits: [],
    crossovers: [],
    findings: [],
    orderEffect: null,
    scenarios: Object.assign({}, ...runs.map(({ results }) => results.scenarios)),
    run: { ...first.results.run, complete: runs.every(({ results }) => results.run.complete) },
  };
}

/** The commits of all runs, each once; null where one is not known. */
function commitsOf(runs: readonly LabelledRun[]): string | null {
  const commits = runs.map(({ results }) => results.environment.gitCommit);
  return commits.includes(null) ? null : [...new Set(commits)].join(", ");
}

/**
 * Two runs of live clusters for a comparison plane by plane: where each has one plane, and not the same, the second is
 * called as the first.
 *
 * @returns the second run, and what a reader has to know that is not alike; null: these are no two runs of clusters
 * @throws IncomparableRunsError where nothing is measured alike.
 */
export function alignClusters(
  base: Results,
  head: Results,
): { readonly head: Results; readonly differences: readonly string[] } | null {
  if (![base, head].every(({ cells }) => cells.every(({ lane }) => lane === "cluster"))) return null;
  const runs = [
    { label: "BASE", results: base },
    { label: "HEAD", results: head },
  ];
  mergeRuns(runs);
  const [before, after] = runs.map(({ results }) => [
    ...new Set(results.cells.map(({ plane }) => plane).filter((plane) => !isBaseline(results, plane))),
  ]);
  const differences = differingConditions(runs);
  const [from, to] = [before?.[0], after?.[0]];
  if (before?.length !== 1 || after?.length !== 1 || from === undefined || to === undefined || from === to) {
    return { head, differences };
  }
  const renamed = head.cells.map((cell) => (cell.plane === to ? { ...cell, plane: from } : cell));
  const name = (results: Results, plane: string) => planeReport(results, plane).label;
  return {
    head: { ...head, cells: renamed },
    differences: [`plane differs: ${name(base, from)} (BASE), ${name(head, to)} (HEAD)`, ...differences],
  };
}

const nameOf = ({ lane, scenario, variant }: Cell): string =>
  plainText(`${scenario}${variant === "" ? "" : ` (${variant})`} in lane ${lane}`, 60);

/** What a reader has to know that is not alike in these runs, a sentence each. */
export function differingConditions(runs: readonly LabelledRun[]): string[] {
  const facts = runs.map(({ label, results }) => ({ label, facts: conditionsOf(results) }));
  const names = [...new Set(facts.flatMap(({ facts }) => Object.keys(facts)))];
  return names.flatMap((name) => {
    const values = facts
      .map(({ label, facts }) => ({
        label,
        value: facts[name] ?? (OF_SOME_RUNS.has(name) ? null : "unknown"),
      }))
      .filter(({ value }) => value !== null);
    if (new Set(values.map(({ value }) => value)).size === 1) return [];
    return [`${name} differs: ${values.map(({ label, value }) => `${value} (${label})`).join(", ")}`];
  });
}

/** Conditions that a run may not have at all: models load no rules, and of a live cluster nobody says which nft it has. */
const OF_SOME_RUNS: ReadonlySet<string> = new Set(["nft"]);

/** What times depend on, apart from planes and N. */
function conditionsOf({ cells, cluster, environment, run, tool }: Results): Readonly<Record<string, string>> {
  const nodes = liveNodes({ cluster });
  const lane = [...new Set(cells.map((cell) => cell.lane))].join(", ");
  const endpoints = [...new Set(cells.map((cell) => cell.endpoints))].join(", ");
  const nfts = [
    ...new Set(cells.flatMap(({ facts }) => (facts.nft === undefined ? [] : [String(facts.nft)]))),
  ];
  const common = {
    lane,
    ...(nfts.length > 0 && { nft: plainText(nfts.join(", "), 80) }),
    addresses: { 6: "IPv6", dual: "IPv4 and IPv6", 4: "IPv4" }[run.settings.family ?? 4],
    "endpoints of a Service": endpoints,
    lbscale: tool.version,
    date: run.startedAt.slice(0, 10),
  };
  if (nodes === null) {
    return { ...common, kernel: environment.kernel, CPU: environment.cpu, cores: String(environment.cores) };
  }
  const { count, all } = nodes;
  return {
    ...common,
    Kubernetes: plainText(String(cluster.parameters.kubernetes), 40),
    nodes: String(count),
    kernel: all("kernel"),
    "CPUs of a node": all("cpus"),
    architecture: all("architecture"),
    "container runtime": all("runtime"),
    "network plugin": plainText(String(cluster.parameters.network ?? "unknown"), 40),
  };
}
