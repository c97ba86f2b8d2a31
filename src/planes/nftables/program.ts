/** kube-proxy's nftables maps and chains for a cluster. */

import { applyChange, type Change } from "../../cluster/change.js";
import type { Cluster } from "../../cluster/cluster.js";
import { Random } from "../../random.js";
import type {
  ConnectionOptions,
  Connections,
  IncrementalModel,
  MemoryLine,
  Model,
  PlaneOptions,
  Program,
  UpdateCost,
} from "../plane.js";
import type { Int32Vector } from "../shared/int32-vector.js";
import {
  KUBE_PROXY_RELEASES,
  type KubeProxySettings,
  kubeProxySettings,
  nodePortAddresses,
} from "../shared/kube-proxy.js";
import { conntrackOf, NetfilterConnections } from "../shared/netfilter-connections.js";
import { LiveNftables } from "./incremental.js";
import { ELEMENT_WORDS as MAP_ELEMENT_WORDS } from "./layout.js";
import { chainBytes, loadChains } from "./memory.js";
import { NftablesModel } from "./model.js";
import type { ChainWriter } from "./rules/chain-writer.js";
import { hasEndpointChains, listMaps, type MapContents } from "./rules/frontends.js";
import type { Tables } from "./rules/tables.js";
import {
  AddressSet,
  ELEMENT_WORDS,
  HairpinSet,
  NodePortTable,
  rhashBuckets,
  ServiceTable,
} from "./structures/rhashtable.js";
import { updateCost } from "./update.js";
import { type NftLayout, nftLayout } from "./version.js";

/** Slab memory of a kernel that holds them, measured, ±15 %: chains, rules, blobs, names and verdict maps. */
const BYTES_PER_SERVICE_PORT = 1200;
const BYTES_PER_ENDPOINT = 950;

export class NftablesProgram implements Program {
  readonly plane = "nftables";
  readonly cluster: Cluster;
  readonly maps: MapContents;

  readonly settings: KubeProxySettings;
  readonly layout: NftLayout;

  readonly #options: PlaneOptions;

  constructor(cluster: Cluster, options: PlaneOptions = {}) {
    this.cluster = cluster;
    this.#options = options;
    this.settings = kubeProxySettings(options, cluster.network);
    this.layout = nftLayout(this.settings);
    this.maps = listMaps(cluster, this.layout);
  }

  bytes(): number {
    return this.memory().reduce((sum, line) => sum + line.bytes, 0);
  }

  memory(): readonly MemoryLine[] {
    const { maps, cluster, layout } = this;
    const tables: [string, number][] = [
      ["map service-ips", maps.serviceIps.length / 5],
      ["map service-nodeports", maps.nodePorts.length / 3],
      ["map firewall-ips", maps.firewallIps.length / 4],
      ["map no-endpoint-services", maps.noEndpointServices.length / 5],
      ["map no-endpoint-nodeports", maps.noEndpointNodePorts.length / 4],
      ["set cluster-ips", cluster.services],
      ...(layout.hasEndpointChains
        ? []
        : [["set hairpin-connections", maps.hairpins.length / 4] satisfies [string, number]]),
    ];
    const derived = (what: string, bytes: number): MemoryLine => ({ what, bytes, known: "derived" });
    return [
      ...tables.map(([what, n]) => derived(what, n * ELEMENT_WORDS * 4 + rhashBuckets(n) * 8)),
      derived("chains of service-ports (±15 %)", cluster.servicePorts * BYTES_PER_SERVICE_PORT),
      ...this.#endpointMemory(),
      ...this.#resizableMaps(),
    ];
  }

  /** What nft from 1.1.2 on adds to what was measured with 1.0.6: larger sets, and their bucket tables. */
  #resizableMaps(): MemoryLine[] {
    const { cluster, layout } = this;
    if (layout.hasSizedMaps) return [];
    const bytes = chainBytes(cluster, layout) - chainBytes(cluster, { ...layout, hasSizedMaps: true });
    return [{ what: "resizable tables of anonymous maps", bytes, known: "derived" }];
  }

  /** Chains of endpoints, or (since 1.36) only those that affinity needs, and the others' addresses in maps. */
  #endpointMemory(): MemoryLine[] {
    const { cluster, layout } = this;
    let inChains = 0;
    let inMaps = 0;
    for (let p = 0; p < cluster.servicePorts; p++) {
      const count = cluster.endpointStart[p + 1]! - cluster.endpointStart[p]!;
      if (hasEndpointChains(cluster, p, layout)) inChains += count;
      else if (count > 1 || !layout.dnatsSingleEndpoint) inMaps += count;
    }
    const bytes = inMaps * MAP_ELEMENT_WORDS * 4;
    return [
      { what: "chains of endpoints (±15 %)", bytes: inChains * BYTES_PER_ENDPOINT, known: "derived" },
      ...(layout.hasEndpointChains
        ? []
        : [{ what: "addresses in services' maps", bytes, known: "derived" } satisfies MemoryLine]),
    ];
  }

  /** The program after a change. */
  changed(change: Change): NftablesProgram {
    return new NftablesProgram(applyChange(this.cluster, change), this.#options);
  }

  update(change: Change): UpdateCost {
    return updateCost(this.cluster, change, this.layout);
  }

  facts(): Readonly<Record<string, number | string>> {
    const serviceIps = this.maps.serviceIps.length / 5;
    return {
      kubeProxy: KUBE_PROXY_RELEASES[this.settings.version],
      serviceIps,
      buckets: rhashBuckets(serviceIps),
      bytes: "chains and rules as measured, ±15 %",
    };
  }

  connections(seed: number, options: ConnectionOptions, otherFamily?: Connections): Connections {
    return new NetfilterConnections(this.model(seed), this.cluster, conntrackOf(options, seed, otherFamily));
  }

  model(seed: number): Model {
    return this.#load(seed, 0).model;
  }

  live(seed: number, capacity: number): IncrementalModel {
    const { model, writer } = this.#load(seed, capacity - this.cluster.endpoints);
    return new LiveNftables(model, writer, this.layout);
  }

  /** `spare`: endpoints that may join later. */
  #load(seed: number, spare: number): { model: NftablesModel; writer: ChainWriter } {
    const random = Random.fromSeed(seed, "nftables");
    const mapSeed = random.nextInt32();
    const { memory: chains, writer } = loadChains(this.cluster, this.settings, mapSeed, spare);
    const { maps, cluster } = this;
    // Any service may lose its last endpoint, or get its first.
    const room = (elements: number, most: number) => (spare === 0 ? 0 : most - elements);
    const frontends = cluster.servicePorts + countExternal(cluster);
    const serviceIpCount = maps.serviceIps.length / 5;
    const serviceIps = new ServiceTable(serviceIpCount, random.nextInt32(), room(serviceIpCount, frontends));
    each(maps.serviceIps, 5, (w, at) => {
      const p = w[at + 3]!;
      const internal = cluster.internalLocal[cluster.service[p]!] === 1 ? chains.local : chains.service;
      serviceIps.insert(w[at]!, w[at + 1]!, w[at + 2]!, (w[at + 4] === 1 ? chains.external : internal)[p]!);
    });
    const nodePorts = new NodePortTable(
      maps.nodePorts.length / 3,
      random.nextInt32(),
      room(maps.nodePorts.length / 3, cluster.servicePorts),
    );
    each(maps.nodePorts, 3, (w, at) => nodePorts.insert(w[at]!, w[at + 1]!, chains.external[w[at + 2]!]!));
    const noEndpointNodePorts = new NodePortTable(
      maps.noEndpointNodePorts.length / 4,
      random.nextInt32(),
      room(maps.noEndpointNodePorts.length / 4, cluster.servicePorts),
    );
    each(maps.noEndpointNodePorts, 4, (w, at) => noEndpointNodePorts.insert(w[at]!, w[at + 1]!, w[at + 2]!));
    const clusterIps = new AddressSet(cluster.services, random.nextInt32());
    for (let s = 0; s < cluster.services; s++) clusterIps.insert(cluster.clusterIp[s]! | 0);
    const addresses = nodePortAddresses(cluster.network, this.settings.nodePortAddresses ?? "primary");
    const nodePortIps = addresses && new AddressSet(addresses.length, random.nextInt32());
    for (const address of addresses ?? []) nodePortIps?.insert(address | 0);
    const hairpins = new HairpinSet(maps.hairpins.length / 4, random.nextInt32(), spare);
    each(maps.hairpins, 4, (w, at) => hairpins.insert(w[at]!, w[at + 1]!, w[at + 2]!));
    const tables: Tables = {
      nodePortIps,
      hairpins,
      serviceIps,
      nodePorts,
      noEndpointNodePorts,
      clusterIps,
      firewallIps: verdictTable(maps.firewallIps, 4, random.nextInt32(), 0),
      noEndpointServices: verdictTable(
        maps.noEndpointServices,
        5,
        random.nextInt32(),
        room(maps.noEndpointServices.length / 5, frontends),
      ),
    };
    return {
      model: new NftablesModel({ cluster, settings: this.settings, tables, chains, mapSeed }, seed),
      writer,
    };
  }
}

/** Addresses of services in addition to their cluster IPs, once for each port. */
function countExternal({ externalStart, portStart, services }: Cluster): number {
  let count = 0;
  for (let s = 0; s < services; s++) {
    count += (externalStart[s + 1]! - externalStart[s]!) * (portStart[s + 1]! - portStart[s]!);
  }
  return count;
}

function verdictTable(contents: Int32Vector, words: number, seed: number, spare: number): ServiceTable {
  const table = new ServiceTable(contents.length / words, seed, spare);
  each(contents, words, (w, at) => table.insert(w[at]!, w[at + 1]!, w[at + 2]!, w[at + 3]!));
  return table;
}

function each(contents: Int32Vector, words: number, visit: (words: Int32Array, at: number) => void): void {
  const view = contents.view();
  for (let at = 0; at < view.length; at += words) visit(view, at);
}
