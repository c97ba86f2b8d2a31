/** The program's map entries as bytes, as bpftool would load and dump them. */

import { ENTRY_WORDS, ordinalsOf } from "./maps/entries.js";
import type { CalicoProgram } from "./program.js";

export interface MapEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

function entry(
  keyBytes: number,
  valueBytes: number,
  fill: (key: DataView, value: DataView) => void,
): MapEntry {
  const key = new Uint8Array(keyBytes);
  const value = new Uint8Array(valueBytes);
  fill(new DataView(key.buffer), new DataView(value.buffer));
  return { key, value };
}

/** cali_v4_nat_fe: a length, then address, port, protocol and source. */
export function* frontendEntries({ entries }: CalicoProgram): Iterable<MapEntry> {
  const words = entries.frontends.view();
  for (let at = 0; at < words.length; at += ENTRY_WORDS) {
    yield entry(16, 20, (key, value) => {
      key.setUint32(0, words[at + 3]!, true);
      for (const word of [0, 1, 2]) key.setInt32(4 + 4 * word, words[at + word]!);
      for (const field of [0, 1, 2, 3, 4]) value.setInt32(4 * field, words[at + 4 + field]!, true);
    });
  }
}

/** cali_v4_nat_be: a service's id and an ordinal, then an address and a port. */
export function* backendEntries({ cluster }: CalicoProgram): Iterable<MapEntry> {
  for (let p = 0; p < cluster.servicePorts; p++) {
    for (const [ordinal, row] of ordinalsOf(cluster, p).rows.entries()) {
      yield entry(8, 8, (key, value) => {
        key.setUint32(0, p, true);
        key.setUint32(4, ordinal, true);
        value.setUint32(0, cluster.endpointAddress[row]!);
        value.setUint16(4, cluster.endpointPort[row]!, true);
      });
    }
  }
}
