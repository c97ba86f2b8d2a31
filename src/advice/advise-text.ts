/** Advice as text: a table, what follows from it, and what it assumes. Planes that are equal are reported as equal. */

import { KUBE_PROXY_RELEASES } from "../planes/kube-proxy-versions.js";
import type { UpdateCost } from "../planes/plane.js";
import { outsideNote } from "../results/descriptors.js";
import { EQUIVALENCE_MARGIN, type LookupRatio } from "../results/reading.js";
import type { Results } from "../results/schema.js";
import { maxOf, minOf } from "../stats/extent.js";
import { countOf, formatBytes, formatCount, formatNs, plainText } from "../text.js";
import type { Advice, AdvisedUpdate, PairAdvice, PlaneAdvice, SizedRatio } from "./advise.js";
import { predictedInterval, rulesOf } from "./explain-text.js";
import { formatLimits, formatSwitching, formatThresholds } from "./switching.js";

/** Connections per second to which costs are related: Tigera's published measurement used. */
const CONNECTIONS_A_SECOND = 1000;
/** Published sizes up to this one are shown for smaller clusters too. */
const SMALL = 100;

const ratioDigits = (value: number): string => formatCount(Number(value.toPrecision(value < 10 ? 2 : 3)));
const margin = `${100 * EQUIVALENCE_MARGIN} %`;

/** What the cluster is, and where the times come from. */
export function adviceHeading(advice: Advice): string[] {
  const { cluster, typical, run, measuredHere } = advice;
  return [
    `${countOf(cluster.services, "Service")}${advice.family === 6 ? " of IPv6" : ""}, ${countOf(cluster.servicePorts, "port")}, ${countOf(cluster.endpoints, "endpoint")}`,
    measuredHere
      ? `lookups measured on this cluster: run ${plainText(run.id, 60)}, ${plainText(run.cpu, 60)}`
      : `lookups read off run ${plainText(run.id, 60)} (${plainText(run.cpu, 60)}), which measured another cluster, at ${formatCount(cluster.servicePorts)} service-ports`,
    ...(run.complete ? [] : ["the run was interrupted: what it did not measure is missing here"]),
    `updates: one endpoint joins ${plainText(typical.name, 100)}, which has ${formatCount(typical.endpoints)}, the median of all ports`,
  ];
}

/** Rows of the table, heading first. */
export function adviceTable({ planes, fastest }: Advice): string[][] {
  // Where another plane may be as fast, the lowest median makes none the fastest.
  const isAlone = planes.every(
    ({ againstFastest }) => againstFastest === null || againstFastest.verdict === "slower",
  );
  const update = (counts: AdvisedUpdate | null) => (counts ? written(counts.partial) : "–");
  return [
    [
      "plane",
      "lookup",
      "95 % interval",
      "times the fastest",
      "handed over per added endpoint",
      "bytes to kernel",
      "memory",
    ],
    ...planes.map(({ plane, name, lookup, againstFastest, join, memory }) => [
      name,
      ...("medianNs" in lookup ? [formatNs(lookup.medianNs), predictedInterval(lookup)] : ["–", ""]),
      plane === fastest ? (isAlone ? "fastest" : "lowest") : againstFastest ? ratioText(againstFastest) : "",
      update(join),
      join ? formatBytes(join.partial.bytes) : "–",
      memory ? formatBytes(memory.bytes) : "–",
    ]),
  ];
}

/**
 * What follows from the numbers, one sentence per statement; a statement that they do not support is left out.
 *
 * @param advice What `adviseCluster` returned.
 * @returns One sentence per statement.
 * @example
 * ```ts
 * import { generateCluster } from "lbscale";
 * import { adviseCluster, formatAdvice, readResults } from "lbscale/results";
 *
 * const run = readResults("results/default");
 * const advice = adviseCluster(generateCluster({ services: 100, seed: 1 }), run, ["iptables", "ebpf"]);
 * for (const sentence of formatAdvice(advice)) console.log(sentence);
 * ```
 */
export function formatAdvice(advice: Advice): string[] {
  return [
    ...formatLookups(advice),
    ...formatPublished(advice),
    ...advice.pairs.flatMap(formatCrossovers),
    ...formatUpdates(advice.planes),
    ...formatMemory(advice.planes),
    ...advice.planes.flatMap(formatMissing),
    ...formatLimits(advice.planes, { services: advice.cluster.services, ...advice.serviceRange }),
    ...formatThresholds(advice.cluster.services),
    ...formatSwitching(advice.planes),
  ];
}

/**
 * What must hold for the numbers to mean something.
 *
 * @param advice What `adviseCluster` returned.
 * @param results The results it was computed from.
 * @returns One sentence per assumption.
 * @example
 * ```ts
 * import { generateCluster } from "lbscale";
 * import { adviceAssumptions, adviseCluster, readResults } from "lbscale/results";
 *
 * const run = readResults("results/default");
 * const advice = adviseCluster(generateCluster({ services: 100, seed: 1 }), run, ["iptables"]);
 * for (const sentence of adviceAssumptions(advice, run)) console.log(sentence);
 * ```
 */
export function adviceAssumptions(advice: Advice, results: Results): string[] {
  const { run } = results;
  const { settings } = run;
  const { least, most } = run.replicates;
  const outside = outsideNote(results, results.cells);
  const replicates = least === most ? String(least) : `${least} to ${most}`;
  return [
    "times are of models in one process, not of a kernel: ratios within the run say more than nanoseconds",
    `only the first packet of a connection is looked up, to a ${run.entry === "nodePort" ? "NodePort" : "cluster IP"}${outside === false ? "" : ` (${outside})`}; later packets follow the state of their connection, which costs each plane something else, and conntrack, NAT and the network are left out`,
    `traffic goes to ${settings.zipf === 0 ? "all Services alike" : `Services by Zipf's law with exponent ${settings.zipf}`}; where few Services take it all, their place in iptables' random order decides`,
    `kube-proxy: times are of the rules of ${rulesOf(run)}; updates and memory, of ${KUBE_PROXY_RELEASES[advice.kubeProxy]}, unless the plane's name has another version`,
    `IPVS: scheduler ${settings.planes.ipvsScheduler}, ${settings.planes.ipvsServiceTable === "fixed" ? "256 buckets (Linux up to 7.0)" : "the resizable table of 2026"}; Maglev's tables have ${formatCount(Number(settings.planes.maglevTableSize ?? 16_381))} places, one for each frontend that clients outside the cluster reach; for pods Cilium chooses at random`,
    ...(advice.measuredHere
      ? ["other numbers of Services are the first of yours, or yours again with addresses of their own"]
      : [
          `the run's Services have one port and ${settings.endpointsPerService} endpoints each; what yours add beyond the number of ports is not in the times`,
        ]),
    `each process has a core's caches to itself, which pods share on a node; intervals are over ${replicates} of them`,
    ...(advice.family === 6
      ? [
          "times hold the larger tables of IPv6, not the 16 bytes of an address that the kernel compares; the control planes' own times were measured with IPv4",
        ]
      : []),
    "updates and memory are exact counts of rules handed over, map entries that differ, and bytes held, not times; how long a control plane takes for them is read off published runs of the real ones, not modelled",
    "features, support and what your team knows are no part of this",
  ];
}

/** Planes whose comparison with the fastest is inconclusive, those that are equal, and those that are slower. */
function formatLookups({ planes, fastest }: Advice): string[] {
  const lead = planes.find(({ plane }) => plane === fastest);
  if (!lead || !("medianNs" in lead.lookup)) return [];
  const { name } = lead;
  const of = (verdict: LookupRatio["verdict"]) =>
    planes.filter(({ againstFastest }) => againstFastest?.verdict === verdict);
  const names = (some: readonly PlaneAdvice[]) => some.map((plane) => plane.name).join(", ");
  const equal = of("equal");
  const unknown = of("inconclusive");
  const base = lead.lookup.medianNs;
  return [
    ...(equal.length > 0 ? [`Equal here: ${names(equal)} and ${name} differ by less than ${margin}.`] : []),
    ...(unknown.length > 0
      ? [
          `Inconclusive against ${name} with these replicates: ${names(unknown)}: neither is known to be faster.`,
        ]
      : []),
    ...of("slower").map(({ name: slower, lookup, againstFastest }) => {
      const more = ("medianNs" in lookup ? lookup.medianNs : Number.NaN) - base;
      const share = (more * CONNECTIONS_A_SECOND) / 1e9;
      return (
        `${slower} takes ${ratioDigits(againstFastest!.ratio)} times ${bracket(againstFastest!)} the lookup of ${name}: ${formatNs(more)} more for each new connection, ` +
        `at ${formatCount(CONNECTIONS_A_SECOND)} per second ${Number((100 * share).toPrecision(2))} % of a core.`
      );
    }),
  ];
}

/** Whole requests as published: what a lookup's difference is a part of. */
function formatPublished({ planes, cluster, published: requests }: Advice): string[] {
  if (requests === null) return [];
  const { reference: published, list, listName, other, otherName } = requests;
  const upTo = Math.max(SMALL, cluster.servicePorts);
  const said = list.points.flatMap(({ services, value }) => {
    const against = other.points.find((point) => point.services === services)?.value;
    if (against === undefined || services > upTo) return [];
    // Each value is read to ± the error, so their difference to twice that.
    const apart = Math.abs(value - against) > 2 * (published.error ?? 0);
    const word = !apart
      ? "equal as far as its chart can be read"
      : value < against
        ? `${listName} ahead`
        : `${otherName} ahead`;
    return [
      `at ${formatCount(services)} ${services === 1 ? "Service" : "Services"} ${value} ${published.unit} (${listName}) and ${against} ${published.unit} (${otherName}), ${word}`,
    ];
  });
  const times = planes.flatMap(({ lookup }) => ("medianNs" in lookup ? [lookup.medianNs] : []));
  const request = minOf(list.points.map(({ value }) => value)) * 1000;
  const share =
    times.length > 1
      ? ` All the difference between the lookups here is ${Number(((100 * (maxOf(times) - minOf(times))) / request).toPrecision(2))} % of such a request.`
      : "";
  return [`Whole requests, as published (${published.title}): ${said.join("; ")}.${share}`];
}

function formatCrossovers({ plane, name, listName, crossovers, smallest, largest }: PairAdvice): string[] {
  const n = (value: number) => formatCount(value < 10 ? Number(value.toFixed(1)) : Math.round(value));
  if (crossovers.length > 0) {
    return crossovers.map(
      ({ services, interval, faster }) =>
        `Crossover: beyond ${n(services)} Services of this kind [${interval.map(n).join(", ")}] ${faster === plane ? name : listName} is faster than ${faster === plane ? listName : name}, below it slower.`,
    );
  }
  if (!smallest || !largest || smallest.services === largest.services) return [];
  const between = `from ${formatCount(smallest.services)} to ${formatCount(largest.services)} Services`;
  const ends = [smallest, largest];
  if (ends.every(({ verdict }) => verdict === "slower")) {
    return [
      `No crossover ${between}: ${listName} is slower than ${name} at both ends, ${ends.map((end) => `${ratioDigits(end.ratio)} times ${bracket(end)}`).join(" and ")}.`,
    ];
  }
  if (ends.every(({ verdict }) => verdict === "faster")) {
    return [`No crossover ${between}: ${listName} is faster than ${name} at both ends.`];
  }
  return [
    `No crossover of ${listName} and ${name} is known ${between}: at the smallest ${listName} is ${verdictText(smallest)}, at the largest ${verdictText(largest)}.`,
  ];
}

const verdictText = (ratio: SizedRatio): string => `${ratio.verdict} (×${ratioDigits(ratio.ratio)})`;

function formatUpdates(planes: readonly PlaneAdvice[]): string[] {
  const counted = planes.filter(({ join }) => join !== null);
  if (counted.length === 0) return [];
  const text = ({ name, join, leave }: PlaneAdvice) =>
    `${name} ${written(join!.partial)}${leave ? ` (leave: ${written(leave.partial)})` : ""}${join!.full ? `, in a full sync ${written(join!.full)}` : ""}`;
  return [
    `Rules and chains handed over, map entries that differ and operations that an agent issues for them, exact, when one endpoint joins: ${counted.map(text).join("; ")}.`,
  ];
}

function formatMemory(planes: readonly PlaneAdvice[]): string[] {
  const held = planes.flatMap(({ name, memory }) => (memory ? [{ name, ...memory }] : []));
  if (held.length === 0) return [];
  const text = ({ name, bytes, exactBytes }: (typeof held)[number]) =>
    `${name} ${formatBytes(bytes)} (${Math.round((100 * exactBytes) / bytes)} % known to the byte, the rest derived from source)`;
  return [`Memory of rules and tables: ${held.map(text).join("; ")}.`];
}

function formatMissing({ name, unavailable, lookup }: PlaneAdvice): string[] {
  if (unavailable !== null) return [`${name} can't hold this cluster: ${plainText(unavailable, 200)}.`];
  return "unavailable" in lookup ? [`No time for ${name}: ${lookup.unavailable}.`] : [];
}

/** `41 rules, 3 chains, 2 map entries`, without zeros, and the operations that an agent issues for them. */
function written({ rules, chains, mapWrites, operations }: UpdateCost): string {
  const parts = [
    rules > 0 ? countOf(rules, "rule") : "",
    chains > 0 ? countOf(chains, "chain") : "",
    mapWrites > 0 ? countOf(mapWrites, "map entry", "map entries") : "",
    operations === undefined ? "" : countOf(operations, "operation"),
  ];
  return parts.filter((part) => part !== "").join(", ");
}

const bracket = ({ interval }: Pick<LookupRatio, "interval">): string =>
  `[${interval.map(ratioDigits).join(", ")}]`;

function ratioText(ratio: LookupRatio): string {
  return ratio.verdict === "equal" || ratio.verdict === "inconclusive"
    ? ratio.verdict
    : `×${ratioDigits(ratio.ratio)} ${bracket(ratio)}`;
}
