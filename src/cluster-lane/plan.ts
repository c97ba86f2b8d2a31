/** A run as it is planned for one cluster: what it makes, and how long it takes. */

import { FAMILY_NAMES, type Family, type FamilyChoice } from "../cluster/family.js";
import { countOf, formatCount } from "../text.js";
import type { Protocol } from "./bounds.js";
import { CHANGES } from "./changes/changes.js";
import type { ClusterState } from "./inspect/preflight.js";
import type { RunSetting } from "./objects.js";
import type { ClusterLaneOptions } from "./options.js";

/** What is measured, whatever the cluster. */
export interface ClusterJob {
  readonly options: ClusterLaneOptions;
  readonly runId: string;
  /** Ascending. */
  readonly services: readonly number[];
  readonly endpoints: number;
  readonly rounds: number;
  readonly seed: number;
  readonly scenarios: readonly ClusterScenario[];
  /** Of the Services; null: what the cluster gives a Service that asks for none. */
  readonly family: FamilyChoice | null;
}

/** What the cluster lane measures: the first two by the same connections, the others by changes. */
export const CLUSTER_SCENARIOS = ["connect", "established", "programming", "sync"] as const;
export type ClusterScenario = (typeof CLUSTER_SCENARIOS)[number];

type Scenarios = Pick<ClusterJob, "scenarios">;
/** Whether probes open connections at each N. */
export const connects = ({ scenarios }: Scenarios): boolean =>
  scenarios.some((id) => id === "connect" || id === "established");
/** Whether pods wait for changes. */
export const watches = ({ scenarios }: Scenarios): boolean =>
  scenarios.some((id) => id === "programming" || id === "sync");

/** Target pods: one more than a Service has endpoints, so that a wrong answer can be told from a right one. */
const LEAST_TARGETS = 4;
const DEFAULT_DURATION_SECONDS = 20;
/**
 * Between connections of a probe. 2,000 a second of TCP, which a reset ends. A UDP flow stays in the node's connection
 * table for 30 s (nf_conntrack_udp_timeout), of which a small node has 65,536 entries: 500 a second take 15,000.
 */
const INTERVAL_US = { tcp: 500, udp: 2000 } as const;
/**
 * Connections that are not counted, before the first round: at 1,000 Services what made them kept two cores busy for 6 to 12 s,
 * and the first tenth of a minute had a p99 up to twice that of the others.
 */
const WARM_UP_MS = 6000;
/** A new Service and a replaced endpoint, of a plane that syncs once a second. */
const CHANGE_SECONDS = 7;
/** How often the Services up to one N are made while it is watched when the last of them answers. */
export const SYNCS = 3;
/** How long a probe waits until the plane has programmed one N. */
const SETTLE_MS = 300_000;

export const targetsOf = ({ endpoints }: Pick<ClusterJob, "endpoints">): number =>
  Math.max(LEAST_TARGETS, endpoints + 1);

export const namespaceOf = ({ options, runId }: Pick<ClusterJob, "options" | "runId">): string =>
  options.namespace ?? `lbscale-${runId}`;

/** What is removed again: the whole namespace, or in it what has the run's label. */
export const placeOf = (job: Pick<ClusterJob, "options" | "runId">) => ({
  runId: job.runId,
  namespace: namespaceOf(job),
  own: job.options.namespace === undefined,
});

/** What all objects of a run are made from: its options, with defaults for those that were not given. */
export function settingOf(
  job: ClusterJob,
  { image, families }: Pick<ClusterState, "image" | "families">,
): RunSetting {
  const { options, endpoints } = job;
  return {
    ...placeOf(job),
    endpoints,
    image,
    families,
    targets: targetsOf(job),
    nodeSelector: options.nodeSelector ?? {},
    tolerations: options.tolerations ?? [],
    protocols: protocolsOf(job),
  };
}

export const protocolsOf = ({ options }: Pick<ClusterJob, "options">): readonly Protocol[] =>
  options.protocols ?? ["tcp"];

/** Times of the rounds at one N. */
export function timingOf(job: ClusterJob) {
  const { options, rounds } = job;
  const protocols = protocolsOf(job);
  const own = options.rate === undefined ? null : Math.round(1e6 / options.rate);
  const interval = (protocol: Protocol) =>
    protocols.includes(protocol) ? (own ?? INTERVAL_US[protocol]) : 0;
  const durationMs = (options.durationSeconds ?? DEFAULT_DURATION_SECONDS) * 1000;
  return {
    roundMs: Math.max(1, Math.round(durationMs / rounds)),
    intervalUs: { tcp: interval("tcp"), udp: interval("udp") },
    warmUpMs: WARM_UP_MS,
    settleMs: SETTLE_MS,
    deadlineSeconds: Math.ceil(((durationMs + WARM_UP_MS) * protocols.length + SETTLE_MS) / 1000) + 120,
  };
}

/** Connections within the pod, of each protocol, before all others (`LOOPBACK_CONNECTIONS` of native/cluster-probe/). */
const LOOPBACK_CONNECTIONS = 400;

/** The least time in which a probe measures something. */
export function leastMs({
  roundMs,
  warmUpMs,
  intervalUs,
}: Pick<ReturnType<typeof timingOf>, "roundMs" | "warmUpMs" | "intervalUs">): number {
  const intervals = Object.values(intervalUs).filter((us) => us > 0);
  const before = intervals.map((us) => warmUpMs + (LOOPBACK_CONNECTIONS * us) / 1000);
  return before.reduce((sum, ms) => sum + ms, roundMs);
}

/**
 * Creating the Services up to the N at `index`, seconds. Measured with Kubernetes 1.36: 1,000 with their slices in 6 s and
 * 5,000 in 75 s, because the API server lists all addresses for each new one.
 */
export function makingSeconds({ services }: Pick<ClusterJob, "services">, index: number): number {
  const seconds = (count = 0) => 0.004 * count + 2.2e-6 * count ** 2;
  return seconds(services[index]) - seconds(services[index - 1]);
}

/** Removing them again: measured as `makingSeconds`. */
function removingSeconds({ services }: Pick<ClusterJob, "services">, index: number): number {
  const seconds = (count = 0) => 0.004 * count + 1.7e-6 * count ** 2;
  return seconds(services[index]) - seconds(services[index - 1]);
}

/** Seconds that a run takes from the N at index `from` on: a Job takes 8 s to start and end, 1,000 Services 15 s to remove. */
export function secondsOf(job: ClusterJob, from = 0): number {
  const { roundMs, warmUpMs } = timingOf(job);
  const protocols = protocolsOf(job).length;
  const largest = job.services.at(-1) ?? 1;
  const each = job.services
    .slice(from)
    .map(
      (_, i) =>
        makingSeconds(job, from + i) +
        (job.scenarios.includes("sync") ? repeatingSeconds(job, from + i) : 0) +
        (connects(job) ? ((roundMs * job.rounds + warmUpMs) * protocols) / 1000 + 8 : 0) +
        (job.scenarios.includes("programming") ? CHANGES * CHANGE_SECONDS : 0),
    );
  return each.reduce((sum, seconds) => sum + seconds, 0) + 0.015 * largest + (from === 0 ? 15 : 5);
}

const repeatingSeconds = (job: ClusterJob, index: number): number =>
  (SYNCS - 1) * (makingSeconds(job, index) + removingSeconds(job, index) + 4);

/** How much of an N was done: rounds that each probe ended, and changes and syncs that were made. */
export interface DoneAt {
  readonly rounds: Readonly<Record<Protocol, number>>;
  readonly programming: number;
  readonly sync: number;
}

/** Where the time of a run was over. */
export interface OutOfTime {
  /** The first N of which something is lacking. */
  readonly services: number;
  readonly done: DoneAt;
}

/** What was done at one N; null: nothing. */
export function doneOf(
  measured: {
    readonly probed: readonly {
      readonly log: { readonly rounds: readonly { readonly protocol: Protocol }[] };
    }[];
    readonly changed: { readonly made: Pick<DoneAt, "programming" | "sync"> } | null;
  } | null,
): DoneAt {
  const rounds = (protocol: Protocol): number => {
    const counts = (measured?.probed ?? []).map(
      ({ log }) => log.rounds.filter((round) => round.protocol === protocol).length,
    );
    return counts.length === 0 ? 0 : Math.min(...counts);
  };
  const made = measured?.changed?.made ?? { programming: 0, sync: 0 };
  return { rounds: { tcp: rounds("tcp"), udp: rounds("udp") }, ...made };
}

/** Whether the time was too short for all that was asked for at one N. */
export function isCut({ rounds, programming, sync }: DoneAt, job: ClusterJob): boolean {
  const { scenarios } = job;
  return (
    (connects(job) && protocolsOf(job).some((protocol) => rounds[protocol] < job.rounds)) ||
    (scenarios.includes("programming") && programming < CHANGES) ||
    (scenarios.includes("sync") && sync < SYNCS)
  );
}

/** Pods that wait for changes are there for the whole run, and end by themselves where nobody ends them. */
export const watcherSeconds = (job: ClusterJob): number => Math.ceil(4 * secondsOf(job)) + 1800;

/** Lines for a person who is to agree. */
export function formatPlan(job: ClusterJob, state: ClusterState): string[] {
  const largest = job.services.at(-1) ?? 1;
  const probes = [...state.probes.values()].reduce((sum, count) => sum + count, 0);
  const { plane, otherServices, freeAddresses } = state;
  const version = plane.version === null ? "" : ` ${plane.version}`;
  const configMaps = countOf(state.probes.size + (connects(job) ? job.services.length : 0), "ConfigMap");
  const words = plane.program === plane.id ? plane.id : `${plane.program}${version}, ${plane.id}`;
  return [
    `Kubernetes ${state.version}, ${state.nodes.length} of ${state.allNodes} nodes usable; data plane: ${words} (${plane.source})`,
    `makes ${job.options.namespace === undefined ? "a namespace of its own, and in it" : `in namespace ${namespaceOf(job)}:`} ${targetsOf(job)} target pods, ${countOf(largest, "Service")} of ${nameOfFamilies(state.families)} with ${state.families.length > 1 ? "an EndpointSlice of each family" : "an EndpointSlice each"}, ${connects(job) ? "a probe pod on" : "watched from"} ${countOf(probes, "node")} at each of N = ${job.services.map(formatCount).join(", ")}`,
    `also: ${[`${configMaps} with programs and tasks`, ...(state.pulls ? ["a pod on each of these nodes that has the image pulled"] : []), ...(watches(job) ? describeChanges(job) : [])].join("; ")}`,
    `the cluster has ${formatCount(otherServices)} ${otherServices === 1 ? "Service" : "Services"} already${freeAddresses === null ? "; free addresses are not known" : ` and ${formatCount(freeAddresses)} free addresses`}`,
    `runs in ${state.image}; takes about ${formatMinutes(secondsOf(job))}, ${job.options.keep ? "and stays" : "then all of it is removed"}`,
  ];
}

/** What changes take: pods that watch them, and Services in addition to the N. */
function describeChanges(job: ClusterJob): string[] {
  const { replaced, created, removed } = changeCounts(job);
  return [
    "a pod on each of these nodes that watches changes",
    replaced > 0 && "a Service whose endpoint is replaced",
    created > 0 && `${countOf(created, "new Service")}, one after the other`,
    `${countOf(removed, "Service")} removed at once, which find free addresses`,
  ].filter((part) => part !== false);
}

/** While changes of `programming` are made: the Service whose endpoint is replaced, and a new one or one for its address. */
const CHANGING = 2;

/** The most Services that a run has at once. */
export const servicesAtOnce = ({ scenarios, services }: Pick<ClusterJob, "scenarios" | "services">): number =>
  (services.at(-1) ?? 1) + (scenarios.includes("programming") ? CHANGING : 0);

/** How many Services a run makes in addition to the N, for changes. */
export function changeCounts({ scenarios, services }: Pick<ClusterJob, "scenarios" | "services">) {
  const programs = scenarios.includes("programming");
  const created = programs ? CHANGES * services.length : 0;
  const syncs = scenarios.includes("sync") ? SYNCS * services.length : 0;
  // Each of these is watched at an address that another Service had a moment before.
  return { replaced: programs ? 1 : 0, created, removed: created + syncs };
}

function formatMinutes(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

const nameOfFamilies = (families: readonly Family[]): string =>
  families.map((family) => FAMILY_NAMES[family]).join(" and ");
