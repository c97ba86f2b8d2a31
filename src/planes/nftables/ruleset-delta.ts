/** One change as text for `nft -f`: the transaction that kube-proxy writes (proxier.go, syncProxyRules). */

import type { Cluster } from "../../cluster/cluster.js";
import { extractService } from "../../cluster/extract-service.js";
import { refuseUnsafeNames } from "../../cluster/safe-names.js";
import { listMaps } from "./frontends.js";
import { mapElements, TABLE } from "./ruleset.js";
import { ServiceText } from "./service-text.js";

/** A transaction, and what it leaves without a user: `chain …` and `set …` of the table. */
export interface NftChange {
  readonly text: string;
  readonly stale: readonly string[];
}

/**
 * The chains of the changed service, of all its ports, written anew, and the elements of named maps that differ. What lost its
 * user is flushed here and deleted by a later sync, which is given it as `leftover`. Throws NotRepresentableError for names that
 * Kubernetes does not allow.
 */
export function nftChange(
  before: Cluster,
  after: Cluster,
  service: number,
  leftover: readonly string[] = [],
): NftChange {
  const [was, is] = [extractService(before, service), extractService(after, service)];
  refuseUnsafeNames(is);
  const [old, now] = [writeService(was), writeService(is)];
  const lines: string[] = [];
  const has = new Set([...now.chains, ...now.sets]);
  const staleChains = old.chains.filter((name) => !has.has(name));
  const stale = [
    ...staleChains.map((name) => `chain ${name}`),
    ...old.sets.filter((name) => !has.has(name)).map((name) => `set ${name}`),
  ];
  for (const name of now.chains) lines.push(`add chain ${TABLE} ${name}`);
  for (const name of now.chains) lines.push(`flush chain ${TABLE} ${name}`);
  lines.push(`table ${TABLE} {\n${[...now.text.chunks()].join("")}}`);
  lines.push(...elementLines(elementsOf(was), elementsOf(is)));
  for (const name of staleChains) lines.push(`flush chain ${TABLE} ${name}`);
  for (const object of leftover) {
    const [kind = "", name = ""] = object.split(" ");
    if (!has.has(name)) lines.push(`delete ${kind} ${TABLE} ${name}`);
  }
  return { text: `${lines.join("\n")}\n`, stale };
}

function writeService(cluster: Cluster) {
  const text = new ServiceText();
  for (let p = 0; p < cluster.servicePorts; p++) text.servicePort(cluster, p);
  return { text, chains: text.chains, sets: text.sets };
}

/** Container and key of every element, with what it leads to where it is a map's. */
function elementsOf(cluster: Cluster): Map<string, string> {
  const elements = new Map<string, string>();
  for (const [container, services] of mapElements({ cluster, maps: listMaps(cluster) })) {
    for (const element of services.flat()) {
      const [key = "", verdict = ""] = element.split(" : ");
      elements.set(`${container} { ${key}`, verdict);
    }
  }
  return elements;
}

/** Only the first endpoint that joins and the last that leaves change a verdict. */
function elementLines(was: ReadonlyMap<string, string>, is: ReadonlyMap<string, string>): string[] {
  const lines: string[] = [];
  for (const [key, verdict] of was) {
    if (is.get(key) !== verdict) lines.push(`delete element ${TABLE} ${key} }`);
  }
  for (const [key, verdict] of is) {
    if (was.get(key) !== verdict) lines.push(`add element ${TABLE} ${key}${verdict && ` : ${verdict}`} }`);
  }
  return lines;
}
