/** Cilium's kube-proxy replacement: map contents for a cluster, and their capacities. */

import type { Change } from "../../cluster/change.js";
import { type Cluster, servesPolicyLocal } from "../../cluster/cluster.js";
import { type Family, familyOf } from "../../cluster/family.js";
import { InvalidOptionError, MapFullError, PlaneLimitError } from "../../errors.js";
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
import { DEFAULT_CT_ENTRIES, TcConnections } from "./connections.js";
import { DEFAULT_MAP_ENTRIES, MAX_FRONTENDS, WHEN_FULL } from "./descriptor.js";
import { LiveEbpf } from "./incremental.js";
import {
  BACKEND_ADDRESS,
  BACKEND_LOCAL,
  BACKEND_PORT,
  elementSizes,
  OUTER_INNER,
  OUTER_WORDS,
  SERVICE_BACKEND,
  SERVICE_COUNT,
  SERVICE_FLAGS,
  SLAB_WORDS,
} from "./layout.js";
import { countBackends } from "./maps/backends.js";
import { backendPortWord, ENTRY_WORDS, listEntries, type MapEntries } from "./maps/entries.js";
import { BackendMap, OuterMap, powerOfTwo, ServiceMap } from "./maps/htab.js";
import { Ipcache } from "./maps/ipcache.js";
import { ConnectionMap, ReverseSocketMap } from "./maps/lru.js";
import { backendName, fillMaglevTable } from "./maps/maglev.js";
import type { MaglevMaps, Maps } from "./maps/maps.js";
import { type RangeEntry, rangeEntries, rangeTrie } from "./maps/ranges.js";
import type { EndpointStates } from "./maps/slots.js";
import { mapMemory } from "./memory.js";
import { type CiliumModel, EbpfModel, MaglevModel } from "./model.js";
import { DEFAULT_MAGLEV_SIZE, MAGLEV_SIZES } from "./options.js";
import { DEFAULT_SOCKETS, SocketConnections } from "./socket-connections.js";
import { updateCost } from "./update.js";

export class EbpfProgram implements Program {
  readonly plane: "ebpf" | "ebpf-maglev";
  readonly cluster: Cluster;
  readonly entries: MapEntries;
  readonly states: EndpointStates | undefined;
  /** Capacity of each load-balancing map. */
  readonly mapEntries: number;
  readonly preallocated: boolean;
  readonly #maglevSize: number | null;

  /** `states` of a cluster that holds endpoints which are not in use too: what stands in the maps, not what is measured. */
  constructor(
    cluster: Cluster,
    options: PlaneOptions,
    algorithm: "random" | "maglev",
    states?: EndpointStates,
  ) {
    this.states = states;
    this.plane = algorithm === "maglev" ? "ebpf-maglev" : "ebpf";
    this.cluster = cluster;
    this.entries = listEntries(cluster, states);
    this.#maglevSize = algorithm === "maglev" ? (options.maglevTableSize ?? DEFAULT_MAGLEV_SIZE) : null;
    this.mapEntries = this.#capacity(options.ebpfMapEntries);
    this.preallocated = options.ebpfPrealloc ?? false;
    this.#refuse();
  }

  get #family(): Family {
    return familyOf(this.cluster.network);
  }

  get #serviceEntries(): number {
    return this.entries.services.length / ENTRY_WORDS;
  }

  /** Frontends that have a Maglev table: those that clients outside are sent to. */
  get tableFrontends(): number[] {
    if (this.#maglevSize === null) return [];
    const routable = this.entries.routable.view();
    return [...routable.keys()].filter((frontend) => routable[frontend] === 1);
  }

  /** Entries of lb4_source_range. */
  get sourceRanges(): readonly RangeEntry[] {
    return Array.from(rangeEntries(this.cluster, this.entries.frontendPort.view()));
  }

  get #frontends(): number {
    return this.entries.frontendPort.length;
  }

  /** Entries of the fullest map: all have one size. */
  get #needed(): number {
    return Math.max(this.#serviceEntries, this.cluster.endpoints, this.sourceRanges.length);
  }

  #capacity(asked: number | undefined): number {
    const needed = this.#needed;
    if (asked === undefined) return Math.max(DEFAULT_MAP_ENTRIES, powerOfTwo(needed));
    if (asked >= needed) return asked;
    throw new MapFullError(
      `the eBPF service map holds ${asked} entries and this cluster needs ${needed}: the map is full and refuses (E2BIG); raise bpf-lb-map-max (ebpfMapEntries) to at least ${needed}`,
    );
  }

  #refuse(): void {
    if (this.#maglevSize === null) return;
    if (!(MAGLEV_SIZES as readonly number[]).includes(this.#maglevSize)) {
      throw new InvalidOptionError(
        `Maglev table size ${this.#maglevSize}: Cilium knows ${MAGLEV_SIZES.join(", ")}`,
      );
    }
    if (this.#frontends > MAX_FRONTENDS) {
      throw new PlaneLimitError(
        `${this.#frontends} frontends are more than Cilium, which numbers them with 16 bits, can give Maglev tables: use at most ${MAX_FRONTENDS}`,
      );
    }
  }

  bytes(): number {
    return this.memory().reduce((sum, line) => sum + line.bytes, 0);
  }

  memory(): readonly MemoryLine[] {
    return mapMemory({
      family: this.#family,
      mapEntries: this.mapEntries,
      preallocated: this.preallocated,
      services: this.#serviceEntries,
      backends: countBackends(this.cluster, this.entries.backends.view()),
      frontends: this.#frontends,
      ranges: rangeTrie(this.sourceRanges, this.mapEntries),
      maglev:
        this.#maglevSize === null ? null : { size: this.#maglevSize, tables: this.tableFrontends.length },
    });
  }

  capacities(): readonly Capacity[] {
    const needed = this.#needed;
    return [
      {
        what: "entries of the service map",
        used: needed,
        most: DEFAULT_MAP_ENTRIES,
        remedy: `set bpf-lb-map-max to ${formatCount(powerOfTwo(needed))}`,
        whenFull: WHEN_FULL,
      },
      {
        what: "frontends, which have numbers of 16 bits",
        used: this.#frontends,
        most: MAX_FRONTENDS,
        remedy: null,
      },
    ];
  }

  update(change: Change): UpdateCost {
    return updateCost(this.cluster, change, {
      maglevSize: this.#maglevSize,
      freeEntries: this.mapEntries - this.#serviceEntries,
      states: this.states,
    });
  }

  facts(): Readonly<Record<string, number | string>> {
    return {
      serviceEntries: this.#serviceEntries,
      mapEntries: this.mapEntries,
      backends: countBackends(this.cluster, this.entries.backends.view()),
      ...(this.#maglevSize !== null && {
        maglevTableSize: this.#maglevSize,
        maglevTables: this.tableFrontends.length,
      }),
      ...(this.mapEntries > DEFAULT_MAP_ENTRIES && {
        enlarged: `beyond Cilium's maps of ${DEFAULT_MAP_ENTRIES} entries: enlarged`,
      }),
      ...(this.#frontends > MAX_FRONTENDS && {
        revNat: `beyond Cilium's ${MAX_FRONTENDS} frontends: rev_nat_index has 16 bits`,
      }),
    };
  }

  connections(seed: number, options: ConnectionOptions): Connections {
    const { fill, path = "tc", ebpfStateEntries } = options;
    const mapSeed = Random.fromSeed(seed, "bpf-connections").nextInt32();
    if (path === "tc") {
      const map = new ConnectionMap(ebpfStateEntries ?? DEFAULT_CT_ENTRIES, mapSeed, this.#family);
      return new TcConnections(this.model(seed), map, fill);
    }
    if (this.#maglevSize !== null) {
      throw new InvalidOptionError(
        "Cilium never uses Maglev at the socket level: measure ebpf-maglev with path tc, or ebpf with path socket",
      );
    }
    const map = new ReverseSocketMap(ebpfStateEntries ?? DEFAULT_SOCKETS, mapSeed, this.#family);
    return new SocketConnections(this.#model(seed, 0, true), this.cluster, map, fill);
  }

  live(seed: number): IncrementalModel {
    return new LiveEbpf(this.#model(seed, 1), this.entries.frontendPort.view());
  }

  model(seed: number): CiliumModel {
    return this.#model(seed, 0);
  }

  /** `spareTables`: room for Maglev tables beyond those that frontends have. */
  #model(seed: number, spareTables: number, atSocket = false): CiliumModel {
    const random = Random.fromSeed(seed, "bpf");
    const maps: Maps = {
      services: this.#serviceMap(random.nextInt32()),
      backends: this.#backendMap(random.nextInt32()),
      ranges: rangeTrie(this.sourceRanges, this.mapEntries),
      ipcache: new Ipcache(this.cluster),
    };
    const context = { cluster: this.cluster, frontendPort: this.entries.frontendPort.view(), atSocket };
    if (this.#maglevSize === null) return new EbpfModel(context, maps, seed);
    const tables = this.#maglevMaps(this.#maglevSize, random.nextInt32(), spareTables);
    return new MaglevModel(context, { ...maps, ...tables }, seed);
  }

  /** From one element to the next: preallocated ones are an array, others lie in slabs, in the order of creation. */
  #stride(elementWords: number): number {
    return this.preallocated ? elementWords : SLAB_WORDS;
  }

  #serviceMap(seed: number): ServiceMap {
    const family = this.#family;
    const map = new ServiceMap(this.mapEntries, this.#stride(elementSizes(family).services), seed, family);
    const entries = this.entries.services.view();
    for (let at = 0; at < entries.length; at += ENTRY_WORDS) {
      const element = map.insert(entries[at]!, entries[at + 1]!, entries[at + 2]!);
      map.words[element + SERVICE_BACKEND] = entries[at + 3]!;
      map.words[element + SERVICE_COUNT] = entries[at + 4]!;
      map.words[element + SERVICE_FLAGS] = entries[at + 5]!;
    }
    return map;
  }

  /** One backend an endpoint row, id = index + 1, which a decision is read from. `memory` counts those that Cilium has. */
  #backendMap(seed: number): BackendMap {
    const { cluster } = this;
    const map = new BackendMap(this.mapEntries, this.#stride(elementSizes(this.#family).backends), seed);
    for (let p = 0; p < cluster.servicePorts; p++) {
      for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++) {
        const element = map.insert(e + 1);
        map.words[element + BACKEND_ADDRESS] = cluster.endpointAddress[e]!;
        map.words[element + BACKEND_PORT] = backendPortWord(cluster, p, e);
        map.words[element + BACKEND_LOCAL] = Number(servesPolicyLocal(cluster.endpointLocal[e]!));
      }
    }
    return map;
  }

  /** Cilium's `maglev.tableSize`; null where slots are drawn at random. */
  get maglevSize(): number | null {
    return this.#maglevSize;
  }

  /** Fills the Maglev table of a frontend with backend ids. `taken` is room for as many bytes as the table has places. */
  fillMaglev(frontend: number, table: Int32Array, taken: Uint8Array): void {
    const { cluster, entries } = this;
    const start = entries.backendStart.view();
    const protocol = cluster.protocol[entries.frontendPort.view()[frontend]!]!;
    const first = start[frontend]!;
    const members = [...entries.backends.view().subarray(first, first + entries.counts.view()[frontend]!)]
      .map((endpoint) => ({ id: endpoint + 1, name: backendName(cluster, endpoint, protocol) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const ids = Int32Array.from(members, ({ id }) => id);
    fillMaglevTable(
      members.map(({ name }) => name),
      ids,
      table,
      taken,
    );
  }

  #maglevMaps(size: number, seed: number, spareTables: number): Omit<MaglevMaps, keyof Maps> {
    const outer = new OuterMap(this.mapEntries, this.#stride(OUTER_WORDS), seed);
    const frontends = this.tableFrontends;
    const tables = new Int32Array((frontends.length + spareTables) * size);
    const taken = new Uint8Array(size);
    for (const [table, frontend] of frontends.entries()) {
      this.fillMaglev(frontend, tables.subarray(table * size, (table + 1) * size), taken);
      const element = outer.insert(frontend + 1);
      outer.words[element + OUTER_INNER] = table * size;
    }
    return { outer, tables, tableSize: size };
  }
}
