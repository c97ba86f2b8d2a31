/** Advice beyond measurements: limits that a cluster comes near, dates of removal, and what a switch changes for users. */

import type { Cluster } from "../cluster/cluster.js";
import type { Capacity } from "../planes/descriptor.js";
import type { PlaneId, PlaneOptions, Program } from "../planes/plane.js";
import { planeById } from "../planes/registry.js";
import { countOf, formatCount, plainText } from "../text.js";
import { type ChangedAnswer, changedAnswers } from "./changed-answers.js";

/** A limit is reported from this share of it on. */
const NEAR = 0.5;

/** Beyond the numbers: limits, dates, and behaviour that differs from iptables'. */
export interface Circumstances {
  readonly capacities: readonly Capacity[];
  readonly notices: readonly string[];
  /** What the plane answers differently from iptables in this cluster. */
  readonly changes: readonly ChangedAnswer[];
  /** Documented differences that concern nothing that this cluster has. */
  readonly unconcerned: number;
}

interface NamedCircumstances extends Circumstances {
  readonly name: string;
}

/** What is true of a plane and a cluster; `program` holds the cluster, undefined where the plane can't. */
export function circumstancesOf(
  plane: PlaneId,
  cluster: Cluster,
  program: Program | undefined,
  options: PlaneOptions,
): Circumstances {
  return {
    capacities: program?.capacities?.() ?? [],
    notices: planeById(plane).descriptor.notices ?? [],
    ...changedAnswers(cluster, plane, options),
  };
}

/** Limits that the cluster is beyond or near, and the addresses that are left in its service ranges. */
export function formatLimits(
  planes: readonly NamedCircumstances[],
  { services, range, addresses }: ServiceRange,
): string[] {
  const said = planes.flatMap(({ name, capacities }) =>
    capacities
      .filter(({ used, most }) => used > NEAR * most)
      .map(({ what, used, most, remedy, whenFull }) => {
        const beyond = used > most;
        const limit = `${name}: ${formatCount(used)} ${what}, of ${formatCount(most)} ${beyond ? "by default: they do not fit" : "at most"}${beyond || remedy === null ? "" : " by default"}${beyond ? `; ${remedy ?? "there is no setting for it"}` : ""}.`;
        return beyond && whenFull !== undefined ? `${limit} ${whenFull}.` : limit;
      }),
  );
  const full =
    services > NEAR * addresses
      ? [
          `Service ${range.includes(",") ? "ranges" : "range"} ${range}: ${countOf(services, "Service")} of ${formatCount(addresses)} addresses; add a ServiceCIDR before it is full.`,
        ]
      : [];
  return [...said, ...full];
}

/** How many addresses of the service ranges are taken. */
export interface ServiceRange {
  readonly services: number;
  readonly range: string;
  readonly addresses: number;
}

/** Dates and requirements, once each; then what a switch from iptables changes. */
export function formatSwitching(planes: readonly NamedCircumstances[]): string[] {
  const notices = new Map<string, string[]>();
  for (const { name, notices: said } of planes)
    for (const notice of said) notices.set(notice, [...(notices.get(notice) ?? []), name]);
  return [
    ...[...notices].map(([notice, names]) => `${names.join(", ")}: ${notice}.`),
    ...grouped(planes).flatMap(([names, { changes, unconcerned }]) => [
      `Switching from iptables to ${names.join(" or ")} changes ${countOf(changes.length, "answer")} here${unconcerned > 0 ? `; ${countOf(unconcerned, "further difference concerns", "further differences concern")} what this cluster does not have` : ""}:`,
      ...changes.map(changeText),
    ]),
  ];
}

function changeText({ from, to, before, after, because }: ChangedAnswer): string {
  return `- ${from} → ${plainText(to, 200)}: ${after}; iptables: ${before}. Why: ${because}`;
}

/** Planes with the same changes share a paragraph. */
function grouped(planes: readonly NamedCircumstances[]): [names: string[], circumstances: Circumstances][] {
  const groups = new Map<string, [string[], Circumstances]>();
  for (const plane of planes) {
    if (plane.changes.length === 0) continue;
    const key = JSON.stringify([plane.changes, plane.unconcerned]);
    const group = groups.get(key) ?? [[], plane];
    group[0].push(plane.name);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Sizes up to which other guides recommend or test iptables; lbscale has not verified them. */
const THRESHOLDS = [
  { services: 1000, who: "EKS's guide to scaling" },
  { services: 3000, who: "Huawei's CCE" },
  { services: 10_000, who: "what Kubernetes is tested with (sig-scalability)" },
] as const;

/** Published numbers of Services next to this cluster's. */
export function formatThresholds(services: number): string[] {
  const passed = THRESHOLDS.filter((threshold) => services > threshold.services);
  const words = THRESHOLDS.map(({ services: n, who }) => `${formatCount(n)} (${who})`).join(", ");
  const place =
    passed.length === 0
      ? "yours is below all of them"
      : `yours is beyond ${formatCount(passed.at(-1)!.services)}`;
  return [
    `Published thresholds, in Services, from which iptables is advised against or not tested: ${words}; ${place}.`,
  ];
}
