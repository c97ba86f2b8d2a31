/** Both families of a node for planes whose rules or maps are of one family: nothing is shared, but for connections. */

import type { Cluster } from "../../cluster/cluster.js";
import type {
  BothFamilies,
  ConnectionOptions,
  Connections,
  MemoryLine,
  Model,
  Pair,
  Plane,
  PlaneOptions,
  Program,
} from "../plane.js";

export class SeparateFamilies implements BothFamilies {
  readonly parts: Pair<Program>;
  readonly #hasOneTable: boolean;

  constructor(plane: Plane, [ipv4, ipv6]: Pair<Cluster>, options: PlaneOptions) {
    this.parts = [plane.compile(ipv4, options), plane.compile(ipv6, options)];
    this.#hasOneTable = plane.descriptor.can.oneConnectionTable === true;
  }

  sharedMemory(): readonly MemoryLine[] {
    return [];
  }

  models(seed: number): Pair<Model> {
    return [this.parts[0].model(seed), this.parts[1].model(seed)];
  }

  connections(seed: number, options: ConnectionOptions): Pair<Connections> {
    const [ipv4, ipv6] = this.parts;
    if (!this.#hasOneTable) return [ipv4.connections(seed, options), ipv6.connections(seed, options)];
    const first = ipv4.connections(seed, options);
    return [first, ipv6.connections(seed, options, first)];
  }
}
