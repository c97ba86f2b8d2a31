/** An explanation as text. */

import type { HookWork } from "../planes/plane.js";
import type { NoPrediction, Prediction } from "../results/predict.js";
import type { Results } from "../results/schema.js";
import { formatCount, formatNs, plainText } from "../text.js";
import { describeCertainty } from "./certainty.js";
import type { PlaneExplanation, ServiceExplanation, SizedCost } from "./explain.js";

/** Rows of a table, heading first, as the command line aligns them. */
export type TextTable = readonly (readonly string[])[];

/** One plane's part: its heading, the steps, the place in the list, and a table of sizes. */
export interface PlaneText {
  readonly heading: string;
  readonly steps: readonly string[];
  readonly place: string;
  readonly table: TextTable;
  readonly notes: readonly string[];
}

/** What was explained, and how to read it. */
export function explanationHeading(explanation: ServiceExplanation): string[] {
  const { service, endpoints, affinity, cluster, flow, seed, otherPorts } = explanation;
  return [
    `${plainText(service, 120)}: ${count(endpoints, "endpoint")}${affinity ? ", ClientIP affinity" : ""}, in a cluster of ${count(cluster.services, "Service")}, ${count(cluster.servicePorts, "port")} and ${count(cluster.endpoints, "endpoint")}`,
    `A pod on this node opens a connection: ${flow} (order of rules, hashes and picks from seed ${seed})`,
    ...(otherPorts.length > 0
      ? [`Its other ports: ${otherPorts.map((port) => plainText(port, 60)).join(", ")}`]
      : []),
  ];
}

/** Where the predicted times come from, and what they are not. */
export function predictionSource({ run, environment }: Results, name: string): string {
  return (
    `Predicted times: read off ${name} (${plainText(environment.cpu, 60)}, ${run.startedAt.slice(0, 10)}, ` +
    `${run.settings.endpointsPerService} endpoints per Service${run.entry === "nodePort" ? ", NodePorts" : ""}; rules of ${rulesOf(run)}) at this number of service-ports, with 95 % intervals of its replicates. ` +
    "They are times of the model on that machine, not of a kernel and not of yours; only counts are exact."
  );
}

/** Whose rules a run's times are of. */
export function rulesOf({ settings }: Results["run"]): string {
  const versions = (all: Readonly<Record<string, string>> = {}) =>
    [...new Set(Object.values(all))].map((version) => plainText(version, 20)).join(", ");
  const [releases, nft] = [versions(settings.kubeProxy), versions(settings.nft)];
  const rules = releases === "" ? "a kube-proxy of unknown version" : `kube-proxy ${releases}`;
  return nft === "" ? rules : `${rules}, loaded by nft ${nft}`;
}

/** One plane in words. */
export function formatPlane({
  label,
  kubeProxy,
  nft,
  decision,
  unknown,
  path,
  hooks,
  position,
  ownList,
  sizes,
}: PlaneExplanation): PlaneText {
  const listed = sizes.some(({ rules }) => rules !== null);
  const routed = sizes.some(({ work }) => work?.routingNodes !== undefined);
  const predicted = sizes.some(({ prediction }) => prediction !== null);
  const heading = [
    "services",
    ...(listed ? ["rules: this order", "best", "mean", "worst"] : ["rules"]),
    "map lookups",
    "hash probes",
    ...(routed ? ["routing nodes"] : []),
    ...(predicted ? [`predicted${listed && !ownList ? " (mean place)" : ""}`, "95 % interval"] : []),
  ];
  const walked = sizes.filter(({ work, rules }) => work !== null || rules !== null);
  return {
    heading: `${label}${kubeProxy === null ? "" : `, kube-proxy ${kubeProxy}`}${nft === null ? "" : `, nft ${nft}`}: ${decision === "" ? "not walked" : describeCertainty(decision, unknown)}`,
    steps: path.map((step) => plainText(step, 300)),
    place: position
      ? `place: rule ${formatCount(position.rule)} of ${formatCount(position.lastRule)} in ${ownList ? "the node's own KUBE-SERVICES, in its own order" : "KUBE-SERVICES (kube-proxy's order is random, and may change at every sync)"}, endpoint ${position.pick} of ${position.lastPick}`
      : "",
    table: [heading, ...walked.map((size) => row(size, { listed, routed, predicted }))],
    notes: [
      ...formatHooks(hooks),
      ...(ownList
        ? [
            "×1 walks the node's own list, rules of other programs included; larger clusters: what kube-proxy would write now, at the mean position",
          ]
        : []),
      ...notesOf(sizes),
    ],
  };
}

/** Columns that not every plane has. */
interface Columns {
  readonly listed: boolean;
  readonly routed: boolean;
  readonly predicted: boolean;
}

function row(
  { factor, services, work, rules, prediction }: SizedCost,
  { listed, routed, predicted }: Columns,
): string[] {
  const range = rules ? [rules.best, rules.mean, rules.worst].map(formatCount) : ["", "", ""];
  return [
    `${formatCount(services)} (×${factor})`,
    work ? formatCount(work.rulesVisited + work.filterRulesVisited) : "–",
    ...(listed ? range : []),
    work ? formatCount(work.mapLookups) : "–",
    work ? formatCount(work.hashProbes) : "–",
    ...(routed ? [work?.routingNodes === undefined ? "–" : formatCount(work.routingNodes)] : []),
    ...(predicted ? formatPrediction(prediction) : []),
  ];
}

function formatPrediction(prediction: Prediction | NoPrediction | null): string[] {
  if (!prediction || "unavailable" in prediction) return ["–", ""];
  return [formatNs(prediction.medianNs), predictedInterval(prediction)];
}

/** `[90 ns, 110 ns]`, marked as a range where it is not a 95 % interval; empty where there is no interval. */
export function predictedInterval({ intervalNs, kind }: Partial<Prediction>): string {
  if (!intervalNs) return "";
  const said = `[${intervalNs.map(formatNs).join(", ")}]`;
  return kind === "range" ? `range ${said}` : said;
}

/** `by hook, rules evaluated / lookups in sets and maps: filter input (-110) 1 / 1; …`, for the cluster's own size. */
function formatHooks(hooks: readonly HookWork[]): string[] {
  if (hooks.length === 0) return [];
  const each = hooks.map(({ hook, rules, lookups }) => `${hook} ${rules} / ${lookups}`);
  const sum = (part: "rules" | "lookups") => hooks.reduce((total, hook) => total + hook[part], 0);
  return [
    `by hook, rules evaluated / lookups in sets and maps: ${each.join("; ")}; in all ${sum("rules")} / ${sum("lookups")}`,
  ];
}

/** Reasons for what is missing, once each. */
function notesOf(sizes: readonly SizedCost[]): string[] {
  const notes = sizes.flatMap(({ factor, unavailable, prediction }) => [
    ...(unavailable === null ? [] : [`×${factor}: ${plainText(unavailable, 200)}`]),
    ...(prediction && "unavailable" in prediction ? [`no prediction: ${prediction.unavailable}`] : []),
  ]);
  return [...new Set(notes)];
}

function count(value: number, what: string): string {
  return `${formatCount(value)} ${what}${value === 1 ? "" : "s"}`;
}
