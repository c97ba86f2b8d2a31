/**
 * What kube-proxy hands to `nft -f -` for changes: one transaction, one command per line
 * (pkg/proxy/nftables/proxier.go, syncProxyRules).
 */

import type { Change } from "../../../cluster/change.js";
import { type Cluster, protocolName } from "../../../cluster/cluster.js";
import { extractService } from "../../../cluster/extract-service.js";
import { addressText, rangeText } from "../../../cluster/family.js";
import { refuseUnsafeNames } from "../../../cluster/safe-names.js";
import { type ChangedServices, changedService } from "../../shared/changed-services.js";
import { ingressSources, sourceRangesOf } from "../../shared/kube-proxy.js";
import type { NftablesProgram } from "../program.js";
import { mapElements } from "../ruleset.js";
import { familyWords } from "./family-words.js";
import { listMaps } from "./frontends.js";
import { ServiceText, type ServiceWords } from "./service-text.js";

/** As knftables writes its transactions: words apart by spaces, commas too. */
const HANDED: ServiceWords = {
  setMark: "mark set mark or 0x00004000",
  comma: " , ",
  dnatPair: (ip) => `dnat ${ip} addr . port`,
  sources: handedSources,
  chain: (table, name, rules) => [
    `add chain ${table} ${name}`,
    `flush chain ${table} ${name}`,
    ...rules.map((rule) => `add rule ${table} ${name} ${rule}`),
  ],
  affinitySet: (table, { name, seconds, addressType }) => [
    `add set ${table} ${name} { type ${addressType} ; flags dynamic,timeout ; timeout ${seconds}s ; }`,
  ],
};

/** As the Service lists them, twice where it does: nft sorts and joins. Always a set. */
function handedSources(cluster: Cluster, s: number): string {
  const { network } = cluster;
  const ranges = sourceRangesOf(cluster, s).map((range) => rangeText(network, range));
  const own = ingressSources(cluster, s).map((address) => addressText(network, address));
  return `{ ${[...ranges, ...own].join(" , ")} }`;
}

/** What changed between two programs. */
export interface NftablesChanges {
  readonly before: NftablesProgram;
  readonly after: NftablesProgram;
  readonly services: ChangedServices;
}

/** A transaction in lines, and what becomes of chains. */
export interface HandedTransaction {
  readonly lines: readonly string[];
  /** Chains that lost their user, which the transaction flushes, and those that it writes. */
  readonly stale: readonly string[];
  readonly written: ReadonlySet<string>;
}

/**
 * What kube-proxy hands over, byte for byte but for the order of lines: chains of the changed services, elements that differ,
 * what lost its user. Chains that earlier changes left are not among it: each sync flushes them again, and one deletes them
 * when a second has gone by. Throws NotRepresentableError for names that Kubernetes does not allow.
 */
export function nftHandedTransaction({ before, after, services }: NftablesChanges): HandedTransaction {
  // Of both: what lost its user is named after the Service that had it.
  for (const { cluster } of [before, after]) refuseUnsafeNames(cluster);
  const { table } = familyWords(after.cluster.network);
  const old = writeServices(before, services.before);
  const now = writeServices(after, services.after);
  const stale = [...old.chains].filter((name) => !now.chains.has(name));
  const lines = [
    ...now.lines,
    ...elementLines(old.elements, now.elements, table),
    ...setLines(hairpinsOf(before), hairpinsOf(after), `${table} hairpin-connections`),
    ...stale.map((name) => `flush chain ${table} ${name}`),
    ...[...old.sets].filter((name) => !now.sets.has(name)).map((name) => `delete set ${table} ${name}`),
  ];
  return { lines, stale, written: now.chains };
}

/** The transaction for a change that finds no chains of earlier ones. */
export function* nftUpdateText(program: NftablesProgram, change: Change): Iterable<string> {
  const services = changedService(program.cluster.service[change.servicePort]!);
  const { lines } = nftHandedTransaction({ before: program, after: program.changed(change), services });
  for (const line of lines) yield `${line}\n`;
}

/** Their chains and sets, and the elements of named maps that lead to them. */
function writeServices({ cluster, settings, layout }: NftablesProgram, services: ReadonlySet<number>) {
  const text = new ServiceText(settings, HANDED);
  const elements = new Map<string, { readonly whole: string; readonly verdict: string }>();
  for (const s of services) {
    const one = extractService(cluster, s);
    for (let p = 0; p < one.servicePorts; p++) text.servicePort(one, p);
    for (const [container, members] of mapElements({ cluster: one, maps: listMaps(one, layout) })) {
      if (container === "hairpin-connections") continue;
      for (const whole of members.flat()) {
        const [given = "", verdict = ""] = whole.split(" : ");
        // An element is deleted by its key alone.
        const [key] = given.split(" comment ");
        elements.set(`${container} { ${key}`, { whole: `${container} { ${whole}`, verdict });
      }
    }
  }
  const lines = [...text.chunks()].join("").split("\n").slice(0, -1);
  return { lines, chains: new Set(text.chains), sets: new Set(text.sets), elements };
}

type Elements = ReturnType<typeof writeServices>["elements"];

/** An element can't be given another verdict: it is deleted and added (nftElementStorage.ensureElem). */
function elementLines(old: Elements, now: Elements, table: string): string[] {
  const lines: string[] = [];
  for (const [key, { verdict }] of old)
    if (now.get(key)?.verdict !== verdict) lines.push(`delete element ${table} ${key} }`);
  for (const [key, { whole, verdict }] of now)
    if (old.get(key)?.verdict !== verdict) lines.push(`add element ${table} ${whole} }`);
  return lines;
}

/** Services share these elements: one goes when the last of its users does. */
function hairpinsOf({ cluster, maps }: NftablesProgram): ReadonlySet<string> {
  const found = new Set<string>();
  const words = maps.hairpins.view();
  for (let at = 0; at < words.length; at += 4) {
    const ip = addressText(cluster.network, words[at]! >>> 0);
    found.add(`${ip} . ${ip} . ${protocolName(words[at + 1]!)} . ${words[at + 2]}`);
  }
  return found;
}

function setLines(old: ReadonlySet<string>, now: ReadonlySet<string>, set: string): string[] {
  return [
    ...[...now].filter((key) => !old.has(key)).map((key) => `add element ${set} { ${key} }`),
    ...[...old].filter((key) => !now.has(key)).map((key) => `delete element ${set} { ${key} }`),
  ];
}
