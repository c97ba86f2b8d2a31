/** Numbers of backends and frontends in the maps of one or both families of a node. */

import { referencedRows } from "../maps/slots.js";
import type { EbpfProgram } from "../program.js";

/** How many backends and frontends have numbers already. */
export interface Given {
  readonly backends: number;
  readonly frontends: number;
}

export const NOTHING_GIVEN: Given = { backends: 0, frontends: 0 };

/** The numbers of a program in the maps. */
export interface Numbers {
  /** A row of each backend; its id is its place behind those that are given. */
  readonly rows: readonly number[];
  readonly idOf: (row: number) => number;
  readonly given: Given;
}

/** Ids of backends: one for each address, port and protocol that some frontend sends to, shared by services. */
export function backendIds({ cluster, states }: EbpfProgram, given: Given = NOTHING_GIVEN): Numbers {
  const ids = new Map<string, number>();
  const idOfRow = new Map<number, number>();
  const rows: number[] = [];
  for (let p = 0; p < cluster.servicePorts; p++) {
    for (const row of referencedRows(cluster, p, states)) {
      const name = `${cluster.endpointAddress[row]} ${cluster.endpointPort[row]} ${cluster.protocol[p]}`;
      const id = ids.get(name) ?? ids.size + 1;
      if (!ids.has(name)) rows.push(row);
      ids.set(name, id);
      idOfRow.set(row, id);
    }
  }
  return { rows, idOf: (row) => given.backends + idOfRow.get(row)!, given };
}
