/**
 * kube-proxy at work on the model's IPVS tables: the destinations of the service-port's virtual services are compared
 * with those it wants, and the differences written as IP_VS_CMD_NEW_DEST, SET_DEST and DEL_DEST would.
 */

import { servesPolicyCluster, servesPolicyLocal, TCP } from "../../cluster/cluster.js";
import { type EndpointUpdate, idsOf, type LiveCluster } from "../../cluster/endpoint-updates.js";
import type { IncrementalModel } from "../plane.js";
import { DEST_ENDPOINT, DEST_NEXT, DEST_WEIGHT, NULL, SERVICE_DESTINATIONS, SLAB_WORDS } from "./layout.js";
import { addDestination, type Memory, unlinkDestination } from "./memory.js";
import type { IpvsModel } from "./model.js";
import type { Scheduler } from "./schedulers/scheduler.js";
import type { KubeSets } from "./tables/kube-sets.js";
import { portKey } from "./tables/set-entries.js";
import { fallsBack, type VirtualServices } from "./tables/virtual-services.js";
import { standsAlone } from "./update.js";

/** A model with the parts that a control plane writes to. */
export interface Loaded {
  readonly model: IpvsModel;
  readonly memory: Memory;
  readonly scheduler: Scheduler;
  readonly sets: KubeSets;
}

export class LiveIpvs implements IncrementalModel {
  readonly model: IpvsModel;
  readonly appliesRolloutStepwise = false;
  readonly written = { rules: 0, chains: 0, mapWrites: 0 };
  readonly #memory: Memory;
  readonly #scheduler: Scheduler;
  readonly #sets: KubeSets;
  readonly #virtual: VirtualServices;
  /** Service-port → its virtual services. */
  readonly #rows = new Map<number, number[]>();
  /**
   * Virtual service and endpoint → a destination that was deleted: one that comes back gets its record back
   * (ip_vs_trash_get_dest).
   */
  readonly #trash = new Map<string, number>();
  #free: number;

  constructor({ model, memory, scheduler, sets }: Loaded, virtual: VirtualServices) {
    this.model = model;
    this.#memory = memory;
    this.#scheduler = scheduler;
    this.#sets = sets;
    this.#virtual = virtual;
    this.#free = memory.spareStart;
    for (let v = 0; v < virtual.count; v++) {
      const rows = this.#rows.get(virtual.servicePort[v]!);
      if (rows) rows.push(v);
      else this.#rows.set(virtual.servicePort[v]!, [v]);
    }
  }

  apply(edit: EndpointUpdate): void {
    const { servicePort, after } = edit;
    this.#writeLoopBack(edit);
    const { cluster } = after;
    const first = cluster.endpointStart[servicePort]!;
    const ids = idsOf(after, servicePort);
    const serving = (serves: (local: number) => boolean) =>
      [...ids.keys()].filter((position) => serves(cluster.endpointLocal[first + position]!));
    const local = serving(servesPolicyLocal);
    for (const v of this.#rows.get(servicePort) ?? []) {
      const localOnly = this.#isLocal(after, v) && !fallsBack(cluster, servicePort, local.length);
      this.#syncEndpoints(after, v, localOnly ? local : serving(servesPolicyCluster));
    }
  }

  #isLocal({ cluster }: LiveCluster, v: number): boolean {
    const s = cluster.service[this.#virtual.servicePort[v]!]!;
    const internal = this.#virtual.address[v] === (cluster.clusterIp[s]! | 0);
    return (internal ? cluster.internalLocal : cluster.externalLocal)[s] === 1;
  }

  /** `wanted`: positions of the endpoints among the service-port's. */
  #syncEndpoints({ cluster, ids }: LiveCluster, v: number, wanted: readonly number[]): void {
    const { words, services } = this.#memory;
    const p = this.#virtual.servicePort[v]!;
    const first = cluster.endpointStart[p]!;
    const service = services[v]!;
    const head = service + SERVICE_DESTINATIONS;
    const present = new Map<number, number>();
    for (let dest = words[head]!; dest !== head; dest = words[dest + DEST_NEXT]!) {
      present.set(words[dest + DEST_ENDPOINT]!, dest);
    }
    for (const position of wanted) {
      const endpoint = ids[first + position]!;
      if (present.delete(endpoint)) continue;
      const dest = this.#record(v, endpoint);
      addDestination(words, service, dest, {
        address: cluster.endpointAddress[first + position]!,
        port: cluster.endpointPort[first + position]!,
        endpoint,
        weight: 1,
      });
      this.#scheduler.onDestinationsChanged(service, NULL);
      this.written.mapWrites++;
    }
    for (const [endpoint, dest] of present) {
      // Graceful termination: weight 0, then gone when its connections are; UDP and SCTP don't wait.
      if (cluster.protocol[p] === TCP) {
        words[dest + DEST_WEIGHT] = 0;
        this.#scheduler.onWeightChanged(service);
        this.written.mapWrites++;
      }
      unlinkDestination(words, service, dest);
      this.#scheduler.onDestinationsChanged(service, dest);
      this.#trash.set(`${v} ${endpoint}`, dest);
      this.written.mapWrites++;
    }
  }

  #record(v: number, endpoint: number): number {
    const key = `${v} ${endpoint}`;
    const old = this.#trash.get(key);
    if (old !== undefined) {
      this.#trash.delete(key);
      return old;
    }
    const dest = this.#free;
    this.#free += SLAB_WORDS;
    if (this.#free > this.#memory.words.length)
      throw new RangeError("there is no room for another destination");
    return dest;
  }

  /** ipset KUBE-LOOP-BACK: this node's endpoints, once each. */
  #writeLoopBack({ servicePort, before, after }: EndpointUpdate): void {
    const element = ({ cluster }: LiveCluster, row: number): Int32Array => {
      const address = cluster.endpointAddress[row]!;
      const key = portKey(cluster.endpointPort[row]!, cluster.protocol[servicePort]!);
      return Int32Array.of(address, key, address);
    };
    const localRows = (live: LiveCluster): Map<number, number> => {
      const { cluster, ids } = live;
      const rows = new Map<number, number>();
      for (
        let row = cluster.endpointStart[servicePort]!;
        row < cluster.endpointStart[servicePort + 1]!;
        row++
      ) {
        if (servesPolicyLocal(cluster.endpointLocal[row]!)) rows.set(ids[row]!, row);
      }
      return rows;
    };
    const [was, is] = [localRows(before), localRows(after)];
    for (const [id, row] of is) {
      if (was.has(id)) continue;
      this.#sets.loopBack.add(element(after, row));
      this.written.mapWrites++;
    }
    for (const [id, row] of was) {
      if (is.has(id) || !standsAlone(before.cluster, servicePort, row)) continue;
      this.#sets.loopBack.remove(element(before, row));
      this.written.mapWrites++;
    }
  }
}
