/** Importing: the format is detected from the content. To add one: a line in recognise.ts, its reader, and a line in READERS. */

import { oneLine } from "../cluster/checks.js";
import type { Cluster } from "../cluster/cluster.js";
import { type Family, familiesOf, familyOf } from "../cluster/family.js";
import { describeNetwork } from "../cluster/infer-network.js";
import { type Cidr6, maskIpv6 } from "../cluster/ipv6.js";
import { MAX_NOTE_LENGTH, MAX_NOTES, parseClusterFile } from "../cluster/json.js";
import { blockOf, numbersOf, type RawAddress, type RawCidr, rangesOf } from "../cluster/raw-addresses.js";
import { InvalidInputError } from "../errors.js";
import { type FamilyImport, importKubernetes } from "../kubernetes/import.js";
import { describeImport } from "../kubernetes/import-report.js";
import type { NodeList } from "../planes/iptables/rules/saved-rules.js";
import { countOf } from "../text.js";
import { ALTERNATIVES } from "./alternatives.js";
import { importCilium } from "./cilium/index.js";
import { hasElision, isTemplate, withPlainQuotes } from "./clean-up/pastes.js";
import { isJoined } from "./clean-up/terminal.js";
import type { KnownNode } from "./families.js";
import { importIptables } from "./iptables/index.js";
import { importIpvs } from "./ipvs/index.js";
import type { TextKind } from "./line-kinds.js";
import { importNftables } from "./nftables/index.js";
import { type RecognisedText, recognise, type SurroundingLines } from "./recognise.js";

/** A cluster from outside, and what became of the input. */
export interface Imported {
  readonly cluster: Cluster;
  /** The IPv6 part of a dual-stack cluster, whose IPv4 part `cluster` is; absent where one family was asked for. */
  readonly ipv6?: Cluster;
  /** What was read, left out and made up, as lines for a person. */
  readonly report: readonly string[];
  /** The node's own rules as they stand, where the input is iptables-save. */
  readonly nodeList?: NodeList;
  /** The same of `ipv6`. */
  readonly ipv6NodeList?: NodeList;
}

/** What the user knows and no input says. */
export interface ImportOptions {
  /** Addresses of the node, the first is its InternalIP. */
  readonly nodeAddresses?: readonly RawAddress[];
  /** kube-proxy's `--cluster-cidr`, a range of each family. */
  readonly podRange?: RawCidr | readonly RawCidr[] | undefined;
  /** Which part of a dual-stack cluster: both by default. */
  readonly family?: Family | undefined;
  /** Name of the node, for objects that tell several: by default the first that an endpoint names. */
  readonly node?: string | undefined;
}

/**
 * Reads a cluster in any known format.
 *
 * @param texts One text, or those of one node that belong together: iptables-save of both families; nft of both
 *   families, or parts of a table; ipvsadm -Sn, ipset save and iptables-save; parts of cilium bpf lb list.
 * @param options What the user knows and no text says.
 * @returns The cluster, lines that say what was read, left out and assumed, and of iptables-save the node's own rules.
 * @throws InvalidInputError in one line when a text has no known format, holds what can't be, or two do not belong together.
 * @example
 * ```ts
 * import { readFileSync } from "node:fs";
 * import { importCluster } from "lbscale";
 *
 * // Of a node: iptables-save, nft list ruleset, or what kubectl get services,endpointslices -o yaml prints.
 * const { cluster, report } = importCluster(readFileSync("test/data/online-boutique.yaml", "utf8"));
 * console.log(cluster.services, report.join("\n"));
 * ```
 */
export function importCluster(texts: string | readonly string[], options: ImportOptions = {}): Imported {
  const { cluster, ipv6, ...imported } = ofFamily(readTexts(texts, options), options.family);
  const notes = imported.report.slice(0, MAX_NOTES).map((line) => oneLine(line, MAX_NOTE_LENGTH));
  const withNotes = (one: Cluster): Cluster =>
    one.source.kind === "imported" ? { ...one, source: { ...one.source, notes } } : one;
  return { ...imported, cluster: withNotes(cluster), ...(ipv6 && { ipv6: withNotes(ipv6) }) };
}

/** One family of what was read, or all. */
function ofFamily(imported: Imported, family: Family | undefined): Imported {
  if (family === undefined) return imported;
  const { cluster, ipv6, nodeList, ipv6NodeList, ...rest } = imported;
  const found = [cluster, ipv6].find((one) => one !== undefined && familyOf(one.network) === family);
  if (found === undefined)
    throw new InvalidInputError(
      `the input holds no Service of IPv${family}: ask for the other family, or for none`,
      ["family"],
    );
  const list = found === cluster ? nodeList : ipv6NodeList;
  return { ...rest, cluster: found, ...(list && { nodeList: list }) };
}

function readTexts(texts: string | readonly string[], options: ImportOptions): Imported {
  const found = (typeof texts === "string" ? [texts] : texts).map(recognise);
  const imported = readRecognised(found, options);
  const notes = found.flatMap(({ isScreen, around }) => [
    ...(isScreen ? [SCREEN] : []),
    ...(around ? [describeSurroundings(around)] : []),
  ]);
  return notes.length === 0 ? imported : { ...imported, report: [...imported.report, ...notes] };
}

function describeSurroundings({ above, below, line }: SurroundingLines): string {
  const where = [
    above > 0 ? `${countOf(above, "line")} above` : "",
    below > 0 ? `${above > 0 ? below : countOf(below, "line")} below` : "",
  ];
  return `left out: ${where.filter((part) => part !== "").join(" and ")} what was read ("${oneLine(line, 60)}")`;
}

const SCREEN =
  "this is one screen of watch: lines and ends of lines that did not fit are missing, so give the command's own output";

function readRecognised(found: readonly RecognisedText[], options: ImportOptions): Imported {
  const recognised = found.map(({ kind, text }) => {
    const group = groupOf(kind);
    return { kind, text: WITH_QUOTES.has(group) ? withPlainQuotes(text) : text };
  });
  for (const { kind } of recognised) {
    const instead = ALTERNATIVES[kind];
    if (instead !== undefined) throw new InvalidInputError(instead);
  }
  if (recognised.some(({ kind, text }) => LINED.has(kind) && !/^\s*[[{]/.test(text) && isJoined(text)))
    throw new InvalidInputError(JOINED);
  if (recognised.some(({ kind, text }) => groupOf(kind) !== "kubernetes" && hasElision(text)))
    throw new InvalidInputError('lines are left out of this ("..."): give the whole output');
  refuseUnused(recognised, options);
  const { nodeAddresses = [] } = options;
  const known: KnownNode = {
    ipv4: {
      nodeAddresses: numbersOf(nodeAddresses, {}),
      podCidr: rangesOf(options.podRange).flatMap((range) => blockOf(range, {}) ?? [])[0],
    },
    ipv6: {
      nodeAddresses: nodeAddresses.filter((address) => typeof address === "bigint"),
      podCidr: rangesOf(options.podRange).flatMap(cidr6Of)[0],
    },
  };
  const kinds = new Set(recognised.map(({ kind }) => groupOf(kind)));
  const all = recognised.map(({ text }) => text);
  if (kinds.has("ipvs")) {
    if ([...kinds].every((kind) => kind === "ipvs" || kind === "iptables"))
      return importIpvs(recognised, known);
  } else if (kinds.size === 1) {
    const [kind] = kinds;
    if (kind === "iptables") return importIptables(recognised, known);
    if (kind === "nft") return importNftables(all, known);
    if (kind === "cilium") return importCilium(recognised, known);
    if (all.length === 1) return readOne(recognised[0]!, options);
    if (kind === "kubernetes") {
      const isJson = all.every((text) => /^\s*[[{]/.test(text));
      return readKubernetes(all.join(isJson ? "\n" : "\n---\n"), options);
    }
  }
  throw new InvalidInputError(
    `the files do not belong together (${recognised.map(({ kind }) => kind).join(", ")}): give one node's ipvsadm -Sn, ipset save and iptables-save, its nft tables, or the parts of its cilium bpf lb list`,
  );
}

/** Kinds whose lines mean something, but for their JSON. */
const LINED: ReadonlySet<TextKind> = new Set([
  "iptables-save",
  "iptables -S",
  "nft",
  "ipvsadm -S",
  "ipvsadm -L",
  "ipset save",
  "cilium",
  "cilium lb part",
]);
const JOINED =
  "its lines are joined into one, as by echo $(…) without quotation marks: give the output with its line ends";

function cidr6Of({ base, prefixLength }: RawCidr): Cidr6[] {
  return typeof base === "bigint" ? [{ base: maskIpv6(base, prefixLength), prefixLength }] : [];
}

type Group = "iptables" | "nft" | "ipvs" | "cilium" | "lbscale" | "kubernetes";

/** What a page's signs are known in: names hold none of them. */
const WITH_QUOTES: ReadonlySet<Group> = new Set<Group>(["iptables", "nft", "ipvs"]);

function groupOf(kind: TextKind): Group {
  switch (kind) {
    case "iptables-save":
    case "iptables -S":
      return "iptables";
    case "nft":
    case "nft-json":
      return "nft";
    case "ipvsadm -S":
    case "ipvsadm -L":
    case "ipset save":
      return "ipvs";
    case "cilium":
    case "cilium lb part":
      return "cilium";
    case "lbscale":
      return kind;
    default:
      return "kubernetes";
  }
}

/** An option that the format has no use for is refused, not ignored. */
function refuseUnused(recognised: readonly RecognisedText[], options: ImportOptions): void {
  const groups = new Set(recognised.map(({ kind }) => groupOf(kind)));
  if (options.node !== undefined && !groups.has("kubernetes"))
    throw new InvalidInputError(
      "a node is chosen in Kubernetes objects, and this input is of one node already: name none",
      ["node"],
    );
  const isGiven = rangesOf(options.podRange).length > 0 || (options.nodeAddresses ?? []).length > 0;
  if (isGiven && groups.has("lbscale"))
    throw new InvalidInputError(
      "a cluster that lbscale wrote holds its network: give no pod range and no addresses of the node",
      ["podRange", "nodeAddresses"],
    );
}

function readOne({ kind, text }: RecognisedText, options: ImportOptions): Imported {
  if (kind === "lbscale") {
    const [cluster, ipv6] = familiesOf(parseClusterFile(text));
    const report = cluster.source.kind === "imported" ? (cluster.source.notes ?? []) : [];
    return { cluster, ...(ipv6 && { ipv6 }), report };
  }
  return readKubernetes(text, options);
}

function readKubernetes(text: string, { node, podRange, nodeAddresses }: ImportOptions): Imported {
  const { ipv6, ...first } = readObjects(text, { node, podRange, nodeAddresses });
  const describe = ({ cluster, report, known }: FamilyImport) => [
    ...describeImport(report),
    ...describeNetwork(cluster.network, known),
  ];
  if (!ipv6) return { cluster: first.cluster, report: describe(first) };
  const lines = describe(first);
  const more = describe(ipv6).filter((line) => !lines.includes(line));
  const report = [...lines, ...more.map((line) => `IPv6: ${line}`)];
  return { cluster: first.cluster, ipv6: ipv6.cluster, report };
}

/** `importKubernetes`, whose refusals name what is wrong with a text that was never meant to be read as it is. */
function readObjects(
  text: string,
  options: Parameters<typeof importKubernetes>[1],
): ReturnType<typeof importKubernetes> {
  try {
    return importKubernetes(text, options);
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    if (isTemplate(text)) throw new InvalidInputError(TEMPLATE);
    if (!/^\s*[[{]/.test(text) && isJoined(text)) throw new InvalidInputError(JOINED);
    throw error;
  }
}

const TEMPLATE =
  "this is a template, which has no values yet: give what it renders to (helm template CHART, kustomize build, envsubst), or kubectl get services,endpointslices -A -o json";
