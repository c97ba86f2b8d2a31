/** One change as text for `nft -f`: the transaction that kube-proxy writes (proxier.go, syncProxyRules). */

import { type Cluster, protocolName } from "../../cluster/cluster.js";
import { extractService } from "../../cluster/extract-service.js";
import { addressText } from "../../cluster/family.js";
import { refuseUnsafeNames } from "../../cluster/safe-names.js";
import { DEFAULT_SETTINGS, type KubeProxySettings } from "../shared/kube-proxy.js";
import { familyWords } from "./rules/family-words.js";
import { listMaps } from "./rules/frontends.js";
import { type Hairpin, hairpinChanges } from "./rules/hairpins.js";
import { ServiceText } from "./rules/service-text.js";
import { mapElements } from "./ruleset.js";
import { nftLayout } from "./version.js";

/** A transaction, and what it leaves without a user: `chain …` and `set …` of the table. */
export interface NftChange {
  readonly text: string;
  readonly stale: readonly string[];
}

/**
 * The chains of the changed service, of all its ports, rewritten, and the elements of named maps that differ. What lost its
 * user is flushed here and deleted by a later sync, which is given it as `leftover`. Throws NotRepresentableError for names that
 * Kubernetes does not allow.
 */
export function nftChange(
  before: Cluster,
  after: Cluster,
  service: number,
  leftover: readonly string[] = [],
  settings: KubeProxySettings = DEFAULT_SETTINGS,
): NftChange {
  const [was, is] = [extractService(before, service), extractService(after, service)];
  refuseUnsafeNames(is);
  const [old, now] = [writeService(was, settings), writeService(is, settings)];
  const { table } = familyWords(after.network);
  const lines: string[] = [];
  const has = new Set([...now.chains, ...now.sets]);
  const staleChains = old.chains.filter((name) => !has.has(name));
  const stale = [
    ...staleChains.map((name) => `chain ${name}`),
    ...old.sets.filter((name) => !has.has(name)).map((name) => `set ${name}`),
  ];
  for (const name of now.chains) lines.push(`add chain ${table} ${name}`);
  for (const name of now.chains) lines.push(`flush chain ${table} ${name}`);
  lines.push(`table ${table} {\n${[...now.text.chunks()].join("")}}`);
  lines.push(...elementLines(elementsOf(was, settings), elementsOf(is, settings), table));
  lines.push(...hairpinLines(before, after, service, settings));
  for (const name of staleChains) lines.push(`flush chain ${table} ${name}`);
  for (const object of leftover) {
    const [kind = "", name = ""] = object.split(" ");
    if (!has.has(name)) lines.push(`delete ${kind} ${table} ${name}`);
  }
  return { text: `${lines.join("\n")}\n`, stale };
}

function writeService(cluster: Cluster, settings: KubeProxySettings) {
  const text = new ServiceText(settings);
  for (let p = 0; p < cluster.servicePorts; p++) text.servicePort(cluster, p);
  return { text, chains: text.chains, sets: text.sets };
}

/** Container and key of every element, with what it leads to where it is a map's. */
function elementsOf(cluster: Cluster, settings: KubeProxySettings): Map<string, string> {
  const elements = new Map<string, string>();
  for (const [container, services] of mapElements({
    cluster,
    maps: listMaps(cluster, nftLayout(settings)),
  })) {
    if (container === "hairpin-connections") continue;
    for (const element of services.flat()) {
      const [key = "", verdict = ""] = element.split(" : ");
      elements.set(`${container} { ${key}`, verdict);
    }
  }
  return elements;
}

/** Only the first endpoint that joins and the last that leaves change a verdict. */
function elementLines(
  was: ReadonlyMap<string, string>,
  is: ReadonlyMap<string, string>,
  table: string,
): string[] {
  const lines: string[] = [];
  for (const [key, verdict] of was) {
    if (is.get(key) !== verdict) lines.push(`delete element ${table} ${key} }`);
  }
  for (const [key, verdict] of is) {
    if (was.get(key) !== verdict) lines.push(`add element ${table} ${key}${verdict && ` : ${verdict}`} }`);
  }
  return lines;
}

/** This node's endpoints that came or went: service-ports share the set's elements. */
function hairpinLines(
  before: Cluster,
  after: Cluster,
  service: number,
  settings: KubeProxySettings,
): Set<string> {
  const { table } = familyWords(after.network);
  const lines = new Set<string>();
  const line = (verb: string, { address, protocol, port }: Hairpin): void => {
    const ip = addressText(after.network, address >>> 0);
    const element = `${ip} . ${ip} . ${protocolName(protocol)} . ${port}`;
    lines.add(`${verb} element ${table} hairpin-connections { ${element} }`);
  };
  for (let p = after.portStart[service]!; p < after.portStart[service + 1]!; p++) {
    const { added, deleted } = hairpinChanges(before, after, p, nftLayout(settings));
    for (const hairpin of deleted) line("delete", hairpin);
    for (const hairpin of added) line("add", hairpin);
  }
  return lines;
}
