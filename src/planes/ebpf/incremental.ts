/**
 * Cilium's agent at work on the model's maps: for an endpoint that joins or leaves it writes the backend, the slots that
 * move, the master that counts them and, with Maglev, a table of its own for each frontend. Nothing else is touched.
 */

import { type Cluster, servesPolicyLocal } from "../../cluster/cluster.js";
import type { EndpointUpdate } from "../../cluster/endpoint-updates.js";
import type { IncrementalModel } from "../plane.js";
import {
  AFFINITY_MASK,
  BACKEND_ADDRESS,
  BACKEND_LOCAL,
  BACKEND_PORT,
  OUTER_INNER,
  portSlot,
  protocolScope,
  ROUTABLE,
  SERVICE_BACKEND,
  SERVICE_COUNT,
  SERVICE_FLAGS,
} from "./layout.js";
import { backendPortWord, masterCount, masterFlags } from "./maps/entries.js";
import { type Frontend, frontendsOf } from "./maps/frontends.js";
import { backendName, fillMaglevTable } from "./maps/maglev.js";
import type { MaglevMaps } from "./maps/maps.js";
import { referencedRows, slotsOf, stateOf } from "./maps/slots.js";
import { type CiliumModel, MaglevModel } from "./model.js";

export class LiveEbpf implements IncrementalModel {
  readonly model: CiliumModel;
  readonly appliesRolloutStepwise = true;
  readonly written = { rules: 0, chains: 0, mapWrites: 0 };
  readonly #maglev: MaglevMaps | null;
  /** Service-port → index of its first frontend. */
  readonly #firstFrontend: Int32Array;
  /** Where in the tables no frontend's lies: the next inner array. */
  #freeTable: number;
  readonly #taken: Uint8Array;

  /** `frontendPort`: service-port behind each frontend. A Maglev model has room for one table more than it needs. */
  constructor(model: CiliumModel, frontendPort: Int32Array) {
    this.model = model;
    this.#maglev = model instanceof MaglevModel ? model.maglev : null;
    this.#firstFrontend = new Int32Array(model.context.cluster.servicePorts);
    for (let f = frontendPort.length - 1; f >= 0; f--) this.#firstFrontend[frontendPort[f]!] = f;
    const tableSize = this.#maglev?.tableSize ?? 0;
    this.#freeTable = this.#maglev === null ? 0 : this.#maglev.tables.length - tableSize;
    this.#taken = new Uint8Array(tableSize);
  }

  apply({ servicePort, before, after }: EndpointUpdate): void {
    const { backends } = this.model.maps;
    const { cluster } = after;
    const old = referencedRows(before.cluster, servicePort).map((row) => before.ids[row]!);
    const rows = referencedRows(cluster, servicePort);
    const [was, is] = [new Set(old), new Set(rows.map((row) => after.ids[row]!))];
    // Backends come before the slots that name them, and go after.
    const stateBefore = new Map(
      referencedRows(before.cluster, servicePort).map((row) => [
        before.ids[row]!,
        stateOf(before.cluster, row),
      ]),
    );
    for (const row of rows) {
      const id = after.ids[row]!;
      const state = stateOf(cluster, row);
      if (stateBefore.get(id) === state) continue;
      if (was.has(id)) backends.remove(id + 1);
      const element = backends.insert(id + 1);
      backends.words[element + BACKEND_ADDRESS] = cluster.endpointAddress[row]!;
      backends.words[element + BACKEND_PORT] = backendPortWord(cluster, servicePort, row);
      backends.words[element + BACKEND_LOCAL] = Number(servesPolicyLocal(cluster.endpointLocal[row]!));
      this.model.removedBackends.delete(id + 1);
      this.written.mapWrites++;
    }
    for (const [index, frontend] of frontendsOf(cluster, servicePort).entries()) {
      const { rows, count } = slotsOf(cluster, servicePort, frontend.localOnly);
      const slots = rows.map((row) => after.ids[row]!);
      const was = slotsOf(before.cluster, servicePort, frontend.localOnly);
      const slotsBefore = was.rows.map((row) => before.ids[row]!);
      const revNat = this.#firstFrontend[servicePort]! + index + 1;
      if (same(slots, slotsBefore) && count === was.count) continue;
      this.#writeSlots(cluster, servicePort, frontend, revNat, slotsBefore, { slots, count });
      if ((frontend.flags & ROUTABLE) !== 0 && !same(slots.slice(0, count), slotsBefore.slice(0, was.count)))
        this.#writeTable(cluster, servicePort, revNat, rows.slice(0, count), slots);
    }
    for (const id of old) {
      if (is.has(id)) continue;
      backends.remove(id + 1);
      this.model.removedBackends.add(id + 1);
      this.written.mapWrites++;
    }
  }

  /** The slots that differ, then the master if the count does, then those that are too many. */
  #writeSlots(
    cluster: Cluster,
    p: number,
    { address, port, scope, flags }: Frontend,
    revNat: number,
    before: readonly number[],
    { slots: now, count }: { readonly slots: readonly number[]; readonly count: number },
  ): void {
    const { services } = this.model.maps;
    const { words } = services;
    const third = protocolScope(cluster.protocol[p]!, scope);
    const write = (slot: number, value: number, countWord: number, bits: number): void => {
      const element = services.update(address | 0, portSlot(port, slot), third);
      words[element + SERVICE_BACKEND] = value;
      words[element + SERVICE_COUNT] = countWord;
      words[element + SERVICE_FLAGS] = bits;
      this.written.mapWrites++;
    };
    for (let i = 0; i < now.length; i++) if (now[i] !== before[i]) write(i + 1, now[i]! + 1, 0, 0);
    if (now.length !== before.length) {
      const seconds = cluster.affinitySeconds[cluster.service[p]!]!;
      write(0, seconds & AFFINITY_MASK, masterCount(count, revNat), masterFlags(flags, seconds, revNat));
    }
    for (let i = now.length; i < before.length; i++) {
      services.remove(address | 0, portSlot(port, i + 1), third);
      this.written.mapWrites++;
    }
  }

  /** A new inner array, filled, takes the old one's place in lb4_maglev. */
  #writeTable(
    cluster: Cluster,
    p: number,
    revNat: number,
    rows: readonly number[],
    ids: readonly number[],
  ): void {
    if (this.#maglev === null) return;
    const { outer, tables, tableSize } = this.#maglev;
    const start = this.#freeTable;
    const members = rows
      .map((row, i) => ({ id: ids[i]! + 1, name: backendName(cluster, row, cluster.protocol[p]!) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    fillMaglevTable(
      members.map(({ name }) => name),
      members.map(({ id }) => id),
      tables.subarray(start, start + tableSize),
      this.#taken,
    );
    this.#freeTable = outer.words[outer.find(revNat) + OUTER_INNER]!;
    const element = outer.update(revNat);
    outer.words[element + OUTER_INNER] = start;
    this.written.mapWrites++;
  }
}

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);
