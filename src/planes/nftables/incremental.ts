/**
 * kube-proxy at work on the model's nftables table: one transaction writes the chains of the changed service, of all its
 * ports, rewritten, and the elements of named maps that differ. Chains without a user are deleted at once here; kube-proxy
 * flushes them and lets a later sync delete them.
 */

import type { Cluster } from "../../cluster/cluster.js";
import { type EndpointUpdate, idsOf, type LiveCluster } from "../../cluster/endpoint-updates.js";
import { extractService } from "../../cluster/extract-service.js";
import type { IncrementalModel } from "../plane.js";
import type { Int32Vector } from "../shared/int32-vector.js";
import type { NftablesModel } from "./model.js";
import type { ChainWriter } from "./rules/chain-writer.js";
import { chainsOf, hasEndpointChains, isReached, listMaps } from "./rules/frontends.js";
import { hairpinChanges } from "./rules/hairpins.js";
import type { NftLayout } from "./version.js";

export class LiveNftables implements IncrementalModel {
  readonly model: NftablesModel;
  readonly appliesRolloutStepwise = false;
  readonly written = { rules: 0, chains: 0, mapWrites: 0 };
  readonly #writer: ChainWriter;
  readonly #layout: NftLayout;

  constructor(model: NftablesModel, writer: ChainWriter, layout: NftLayout) {
    this.model = model;
    this.#layout = layout;
    this.#writer = writer;
  }

  apply({ servicePort, before, after }: EndpointUpdate): void {
    const writer = this.#writer;
    Object.assign(writer.written, { rules: 0, chains: 0, elements: 0 });
    const { cluster, ids } = after;
    const service = cluster.service[servicePort]!;
    const [firstPort, endPort] = [cluster.portStart[service]!, cluster.portStart[service + 1]!];
    for (let p = firstPort; p < endPort; p++) writer.write(cluster, ids, p);
    this.#writeMaps(before, after, service);
    for (let p = firstPort; p < endPort; p++) {
      const [was, is] = [chainsOf(before.cluster, p), chainsOf(cluster, p)];
      if (was.usesExternal && !is.usesExternal) writer.drop("external", p);
      if (was.usesService && !is.usesService) writer.drop("service", p);
      if (was.usesLocal && !is.usesLocal) writer.drop("local", p);
    }
    this.#writeHairpins(before, after, servicePort);
    if (hasEndpointChains(cluster, servicePort, this.#layout)) {
      const kept = endpointsWithChains(after, servicePort);
      for (const id of endpointsWithChains(before, servicePort)) if (!kept.has(id)) writer.dropEndpoint(id);
    }
    this.written.rules += writer.written.rules;
    this.written.chains += writer.written.chains;
    this.written.mapWrites += writer.written.elements;
  }

  /** Only the first endpoint that joins and the last that leaves change a verdict. */
  #writeMaps(before: LiveCluster, after: LiveCluster, service: number): void {
    const [old, now] = [before, after].map(({ cluster }) => extractService(cluster, service));
    if (verdicts(old!) === verdicts(now!)) return;
    const firstPort = after.cluster.portStart[service]!;
    const [was, is] = [this.#elements(old!, firstPort), this.#elements(now!, firstPort)];
    for (const [key, element] of was) {
      if (is.get(key)?.value === element.value) continue;
      element.remove();
      this.written.mapWrites++;
    }
    for (const [key, element] of is) {
      if (was.get(key)?.value === element.value) continue;
      element.insert();
      this.written.mapWrites++;
    }
  }

  /** This node's endpoints, once each whichever service-ports they stand behind. */
  #writeHairpins(before: LiveCluster, after: LiveCluster, servicePort: number): void {
    const { hairpins } = this.model.tables;
    const changes = hairpinChanges(before.cluster, after.cluster, servicePort, this.#layout);
    for (const { address, protocol, port } of changes.deleted) hairpins.remove(address, protocol, port);
    for (const { address, protocol, port } of changes.added) hairpins.insert(address, protocol, port);
    this.written.mapWrites += changes.deleted.length + changes.added.length;
  }

  /** Elements of the named maps that can change, for one service; `value` is what the map's element leads to, in words. */
  #elements(cluster: Cluster, firstPort: number): Map<string, Element> {
    const { tables, chains } = this.model;
    const maps = listMaps(cluster, this.#layout);
    const elements = new Map<string, Element>();
    const each = (name: string, contents: Int32Vector, words: number, make: (w: Int32Array) => Element) => {
      const view = contents.view();
      for (let at = 0; at < view.length; at += words) {
        const w = view.subarray(at, at + words);
        const keyWords = name.endsWith("nodeports") ? 2 : 3;
        elements.set(`${name} ${w.subarray(0, keyWords).join()}`, make(w));
      }
    };
    each("service-ips", maps.serviceIps, 5, (w) => {
      const p = firstPort + w[3]!;
      const internal = cluster.internalLocal[0] === 1 ? chains.local : chains.service;
      return {
        value: `${w[3]} ${w[4]}`,
        insert: () =>
          tables.serviceIps.insert(w[0]!, w[1]!, w[2]!, (w[4] === 1 ? chains.external : internal)[p]!),
        remove: () => tables.serviceIps.remove(w[0]!, w[1]!, w[2]!),
      };
    });
    each("service-nodeports", maps.nodePorts, 3, (w) => ({
      value: `${w[2]}`,
      insert: () => tables.nodePorts.insert(w[0]!, w[1]!, chains.external[firstPort + w[2]!]!),
      remove: () => tables.nodePorts.remove(w[0]!, w[1]!),
    }));
    each("no-endpoint-services", maps.noEndpointServices, 5, (w) => ({
      value: `${w[3]}`,
      insert: () => tables.noEndpointServices.insert(w[0]!, w[1]!, w[2]!, w[3]!),
      remove: () => tables.noEndpointServices.remove(w[0]!, w[1]!, w[2]!),
    }));
    each("no-endpoint-nodeports", maps.noEndpointNodePorts, 4, (w) => ({
      value: `${w[2]}`,
      insert: () => tables.noEndpointNodePorts.insert(w[0]!, w[1]!, w[2]!),
      remove: () => tables.noEndpointNodePorts.remove(w[0]!, w[1]!),
    }));
    return elements;
  }
}

interface Element {
  readonly value: string;
  insert(): void;
  remove(): void;
}

/** Which service-ports of a cluster have endpoints, and endpoints of this node. */
function verdicts(cluster: Cluster): string {
  return Array.from({ length: cluster.servicePorts }, (_, p) => {
    const { count, localCount } = chainsOf(cluster, p);
    return `${count > 0} ${localCount > 0}`;
  }).join();
}

function endpointsWithChains(live: LiveCluster, p: number): Set<number> {
  const { cluster } = live;
  const chains = chainsOf(cluster, p);
  const first = cluster.endpointStart[p]!;
  return new Set(idsOf(live, p).filter((_, position) => isReached(cluster, first + position, chains)));
}
