/**
 * Felix at work on the model's maps: ordinals that shift are written, places of a Maglev table that change
 * hands, then the frontends that count them, then ordinals too many are deleted.
 */

import type { Cluster } from "../../cluster/cluster.js";
import type { EndpointUpdate, LiveCluster } from "../../cluster/endpoint-updates.js";
import type { IncrementalModel } from "../plane.js";
import { FE_AFFINITY, FE_COUNT, FE_FLAGS, FE_FRONTEND, FE_ID, FE_LOCAL, FRONTEND_BITS } from "./layout.js";
import { destinationOf } from "./maps/backends.js";
import { frontendsOf, keyOf, ordinalsOf } from "./maps/entries.js";
import { asksForMaglev, maglevTable } from "./maps/maglev.js";
import type { CalicoModel } from "./model.js";

export class LiveCalico implements IncrementalModel {
  readonly model: CalicoModel;
  readonly appliesRolloutStepwise = true;
  readonly written = { rules: 0, chains: 0, mapWrites: 0 };
  readonly #firstFrontend: Int32Array;
  readonly #maglev: boolean;

  /** `firstFrontend`: number of each service-port's first address, port and protocol. `maglev`: whether Services ask for it. */
  constructor(model: CalicoModel, firstFrontend: Int32Array, maglev: boolean) {
    this.model = model;
    this.#firstFrontend = firstFrontend;
    this.#maglev = maglev;
  }

  apply(update: EndpointUpdate): void {
    const { servicePort, before, after } = update;
    const { cluster } = after;
    const old = membersOf(before, servicePort);
    const now = membersOf(after, servicePort);
    const { removedBackends } = this.model;
    for (const [ordinal, id] of now.ids.entries()) {
      const row = now.rows[ordinal]!;
      this.model.know(id, cluster.endpointAddress[row]! | 0);
      removedBackends.delete(id);
      if (id === old.ids[ordinal]) continue;
      this.model.maps.backends.write(servicePort, ordinal, destinationOf(cluster, row, id));
      this.written.mapWrites++;
    }
    this.#writePlaces(update);
    if (now.ids.length !== old.ids.length || now.local !== old.local) {
      this.#writeFrontends(cluster, servicePort, now.ids.length, now.local);
    }
    for (let ordinal = now.ids.length; ordinal < old.ids.length; ordinal++) {
      this.model.maps.backends.remove(servicePort, ordinal);
      this.written.mapWrites++;
    }
    const here = new Set(now.ids);
    for (const id of old.ids) if (!here.has(id)) removedBackends.add(id);
  }

  #writePlaces({ servicePort, before, after }: EndpointUpdate): void {
    const { maglev } = this.model.maps;
    const { cluster } = after;
    if (maglev === null || !asksForMaglev(cluster, cluster.service[servicePort]!)) return;
    const was = maglevTable(before.cluster, servicePort);
    const is = maglevTable(cluster, servicePort);
    for (const [place, row] of is.entries()) {
      const id = after.ids[row]!;
      if (place < was.length && before.ids[was[place]!] === id) continue;
      maglev.write(servicePort, place, destinationOf(cluster, row, id));
      this.written.mapWrites++;
    }
    for (let place = is.length; place < was.length; place++) {
      maglev.remove(servicePort, place);
      this.written.mapWrites++;
    }
  }

  #writeFrontends(cluster: Cluster, p: number, count: number, local: number): void {
    const { frontends } = this.model.maps;
    let number = this.#firstFrontend[p]! - 1;
    for (const frontend of frontendsOf(cluster, p, this.#maglev)) {
      if (frontend.prefixLength === FRONTEND_BITS) number++;
      if (frontend.drops) continue;
      const node = frontends.update(...keyOf(frontend, cluster.protocol[p]!), frontend.prefixLength);
      const { words } = frontends;
      words[node + FE_ID] = p;
      words[node + FE_COUNT] = count;
      words[node + FE_LOCAL] = local;
      words[node + FE_AFFINITY] = cluster.affinitySeconds[cluster.service[p]!]!;
      words[node + FE_FLAGS] = frontend.flags;
      words[node + FE_FRONTEND] = number;
      this.written.mapWrites++;
    }
  }
}

/** A service-port's endpoints by ordinal: rows of the cluster and numbers that stay. */
function membersOf(
  { cluster, ids }: LiveCluster,
  p: number,
): { rows: readonly number[]; ids: readonly number[]; local: number } {
  const { rows, local } = ordinalsOf(cluster, p);
  return { rows, ids: rows.map((row) => ids[row]!), local };
}
