/** Calico's eBPF data plane: map contents for a cluster, and their capacities. */

import type { Change } from "../../cluster/change.js";
import type { Cluster } from "../../cluster/cluster.js";
import { familyOf } from "../../cluster/family.js";
import { MapFullError } from "../../errors.js";
import { Random } from "../../random.js";
import { formatCount } from "../../text.js";
import type { Capacity } from "../descriptor.js";
import type {
  ConnectionOptions,
  Connections,
  IncrementalModel,
  MemoryLine,
  PlaneOptions,
  Program,
  UpdateCost,
} from "../plane.js";
import { LpmTrie } from "../shared/lpm/trie.js";
import { CalicoConnections } from "./connections.js";
import { STOCK_BACKENDS, STOCK_FRONTENDS } from "./descriptor.js";
import { LiveCalico } from "./incremental.js";
import { FE_AFFINITY, FE_COUNT, FE_FLAGS, FE_FRONTEND, FE_ID, FE_LOCAL } from "./layout.js";
import { BackendMap, destinationOf } from "./maps/backends.js";
import { ConntrackMap } from "./maps/conntrack.js";
import { countsOf, ENTRY_WORDS, listEntries, type MapEntries, ordinalsOf } from "./maps/entries.js";
import { asksForMaglev, MAGLEV_PLACES, maglevTable, STOCK_TABLES } from "./maps/maglev.js";
import { nodeWordsOf, routeCapacity, routesOf } from "./maps/routes.js";
import { mapMemory } from "./memory.js";
import { CalicoModel } from "./model.js";
import { updateCost } from "./update.js";

const powerOfTwo = (count: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, count)));

export class CalicoProgram implements Program {
  readonly plane = "calico-ebpf";
  readonly cluster: Cluster;
  readonly entries: MapEntries;
  /** Capacities of the two maps: stock, or what the cluster needs. */
  readonly frontendCapacity: number;
  readonly backendCapacity: number;
  /** Whether Services with external addresses ask for Maglev, and the service-ports that have a table. */
  readonly maglev: boolean;
  readonly maglevPorts: readonly number[];
  #nodes: number | undefined;
  #routes: Pick<LpmTrie, "entries" | "nodes"> | undefined;

  constructor(cluster: Cluster, options: PlaneOptions) {
    this.cluster = cluster;
    this.maglev = options.calicoMaglev ?? false;
    this.entries = listEntries(cluster, this.maglev);
    this.maglevPorts = this.maglev ? portsWithTable(cluster) : [];
    const needed = this.#frontends;
    const asked = options.calicoMapEntries;
    if (asked !== undefined && asked < needed) {
      throw new MapFullError(
        `Calico's frontend map holds ${asked} entries and this cluster needs ${needed}: the kernel refuses (ENOSPC); raise bpfMapSizeNATFrontend (calicoMapEntries) to at least ${needed}`,
      );
    }
    this.frontendCapacity = asked ?? Math.max(STOCK_FRONTENDS, powerOfTwo(needed));
    this.backendCapacity = Math.max(STOCK_BACKENDS, powerOfTwo(cluster.endpoints));
  }

  get routeCapacity(): number {
    return routeCapacity(this.cluster);
  }

  /** Entries that cali_v4_mglv holds: stock, or as many as the tables have. */
  get maglevCapacity(): number {
    return MAGLEV_PLACES * Math.max(STOCK_TABLES, this.maglevPorts.length);
  }

  get #frontends(): number {
    return this.entries.frontends.length / ENTRY_WORDS;
  }

  bytes(): number {
    return this.memory().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  memory(): readonly MemoryLine[] {
    this.#nodes ??= this.#frontendTrie(this.#listed()).nodes;
    if (this.#routes === undefined) {
      const { entries, nodes } = routesOf(this.cluster);
      this.#routes = { entries, nodes };
    }
    return mapMemory({
      family: familyOf(this.cluster.network),
      nodeBytes: nodeWordsOf(this.cluster) * 4,
      frontends: this.#frontends,
      nodes: this.#nodes,
      backends: this.cluster.endpoints,
      backendBuckets: powerOfTwo(this.backendCapacity),
      maglevPlaces: this.maglevPorts.length * MAGLEV_PLACES,
      maglevBuckets: powerOfTwo(this.maglevCapacity),
      routes: this.#routes.entries,
      routeNodes: this.#routes.nodes,
    });
  }

  update(change: Change): UpdateCost {
    return updateCost(this.cluster, change, this.maglev);
  }

  capacities(): readonly Capacity[] {
    return [
      {
        what: "entries of the frontend map",
        used: this.#frontends,
        most: STOCK_FRONTENDS,
        remedy: `set bpfMapSizeNATFrontend to ${formatCount(powerOfTwo(this.#frontends))}`,
      },
      ...(this.maglev
        ? [
            {
              what: "Maglev tables",
              used: this.maglevPorts.length,
              most: STOCK_TABLES,
              remedy: `set bpfMaglevMaxServices to ${formatCount(this.maglevPorts.length)}`,
            },
          ]
        : []),
    ];
  }

  facts(): Readonly<Record<string, number | string>> {
    const tables = this.maglevPorts.length;
    const beyond = this.#frontends > STOCK_FRONTENDS || this.cluster.endpoints > STOCK_BACKENDS;
    return {
      frontendEntries: this.#frontends,
      frontendCapacity: this.frontendCapacity,
      backends: this.cluster.endpoints,
      backendCapacity: this.backendCapacity,
      ...(this.maglev && { maglevTableSize: MAGLEV_PLACES, maglevTables: tables }),
      ...(tables > STOCK_TABLES && {
        maglevEnlarged: `beyond Calico's ${STOCK_TABLES} Maglev tables (bpfMaglevMaxServices): enlarged`,
      }),
      ...(beyond && {
        enlarged: `beyond Calico's maps of ${STOCK_FRONTENDS} frontends and ${STOCK_BACKENDS} backends: enlarged`,
      }),
    };
  }

  connections(seed: number, options: ConnectionOptions): Connections {
    const map = new ConntrackMap(
      options.ebpfStateEntries,
      Random.fromSeed(seed, "calico-connections").nextInt32(),
      familyOf(this.cluster.network),
    );
    return new CalicoConnections(this.model(seed), this.cluster, map, options.fill);
  }

  live(seed: number, capacity: number): IncrementalModel {
    return new LiveCalico(this.#model(seed, capacity), this.entries.firstFrontend.view(), this.maglev);
  }

  model(seed: number): CalicoModel {
    return this.#model(seed, this.cluster.endpoints);
  }

  #model(seed: number, capacity: number): CalicoModel {
    const random = Random.fromSeed(seed, "calico");
    const maps = {
      backends: this.#backendMap(random.nextInt32()),
      // Felix writes its maps in the order of a Go map, which is random: neighbours in the trie are not neighbours in memory.
      frontends: this.#frontendTrie(random.shuffle(this.#listed())),
      routes: routesOf(this.cluster),
      maglev: this.maglev ? this.#maglevMap(random.nextInt32()) : null,
    };
    return new CalicoModel(this.cluster, maps, seed, capacity);
  }

  #listed(): Uint32Array {
    return Uint32Array.from({ length: this.#frontends }, (_, entry) => entry);
  }

  #frontendTrie(order: Uint32Array): LpmTrie {
    const trie = new LpmTrie(
      this.frontendCapacity,
      order.length,
      "raise bpfMapSizeNATFrontend",
      nodeWordsOf(this.cluster),
    );
    const entries = this.entries.frontends.view();
    for (const entry of order) {
      const at = entry * ENTRY_WORDS;
      const node = trie.update(entries[at]!, entries[at + 1]!, entries[at + 2]!, entries[at + 3]!);
      const { words } = trie;
      words[node + FE_ID] = entries[at + 4]!;
      words[node + FE_COUNT] = entries[at + 5]!;
      words[node + FE_LOCAL] = entries[at + 6]!;
      words[node + FE_AFFINITY] = entries[at + 7]!;
      words[node + FE_FLAGS] = entries[at + 8]!;
      words[node + FE_FRONTEND] = entries[at + 9]!;
    }
    return trie;
  }

  #backendMap(seed: number): BackendMap {
    const { cluster } = this;
    const map = new BackendMap(this.backendCapacity, cluster.endpoints, seed, "raise bpfMapSizeNATBackend");
    for (let p = 0; p < cluster.servicePorts; p++) {
      for (const [ordinal, row] of ordinalsOf(cluster, p).rows.entries()) {
        map.write(p, ordinal, destinationOf(cluster, row, row));
      }
    }
    return map;
  }

  #maglevMap(seed: number): BackendMap {
    const { cluster, maglevPorts } = this;
    const expected = maglevPorts.length * MAGLEV_PLACES;
    const map = new BackendMap(this.maglevCapacity, expected, seed, "raise bpfMaglevMaxServices");
    for (const p of maglevPorts) {
      for (const [place, row] of maglevTable(cluster, p).entries()) {
        map.write(p, place, destinationOf(cluster, row, row));
      }
    }
    return map;
  }
}

/** Service-ports whose Services ask for Maglev, with at least one endpoint. */
function portsWithTable(cluster: Cluster): number[] {
  const ports: number[] = [];
  for (let p = 0; p < cluster.servicePorts; p++) {
    if (asksForMaglev(cluster, cluster.service[p]!) && countsOf(cluster, p).count > 0) ports.push(p);
  }
  return ports;
}
