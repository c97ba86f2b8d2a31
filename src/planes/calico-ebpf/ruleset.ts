/** The program's map entries as bytes, as bpftool would load and dump them. */

import type { Cluster } from "../../cluster/cluster.js";
import { IPV6_BITS } from "../../cluster/ipv6.js";
import { entry, type MapEntry, writeAddress, writeIpv6 } from "../ebpf/dump/map-bytes.js";
import { ANY_NODE, FRONTEND_BITS } from "./layout.js";
import { ENTRY_WORDS, ordinalsOf } from "./maps/entries.js";
import { maglevTable } from "./maps/maglev.js";
import type { CalicoProgram } from "./program.js";

export type { MapEntry } from "../ebpf/dump/map-bytes.js";

const ALL_ONES = (1n << BigInt(IPV6_BITS)) - 1n;

/** cali_v4_nat_fe or cali_v6_nat_fe: a length, then address, port, protocol and source. */
export function* frontendEntries({ cluster, entries }: CalicoProgram): Iterable<MapEntry> {
  const words = entries.frontends.view();
  const plan = cluster.network.ipv6;
  for (let at = 0; at < words.length; at += ENTRY_WORDS) {
    const [address = 0, ports = 0, last = 0, length = 0] = words.subarray(at, at + 4);
    yield entry(plan ? 40 : 16, 20, (key, value) => {
      if (plan) {
        // The source's block of numbers as the range that it stands for.
        const base = (((ports & 0xff) << 24) | (last >>> 8)) >>> 0;
        const source = plan.cidr6({ base, prefixLength: length - FRONTEND_BITS });
        const wide = IPV6_BITS + FRONTEND_BITS - 32;
        key.setUint32(0, wide + source.prefixLength, true);
        writeIpv6(key, 4, address === ANY_NODE ? ALL_ONES : plan.address(address >>> 0));
        key.setInt32(20, ports);
        writeIpv6(key, 23, source.base);
      } else {
        key.setUint32(0, length, true);
        for (const word of [0, 1, 2]) key.setInt32(4 + 4 * word, words[at + word]!);
      }
      for (const field of [0, 1, 2, 3, 4]) value.setInt32(4 * field, words[at + 4 + field]!, true);
    });
  }
}

/** cali_v4_nat_be or cali_v6_nat_be: a service's id and an ordinal, then an address and a port. */
export function* backendEntries({ cluster }: CalicoProgram): Iterable<MapEntry> {
  for (let p = 0; p < cluster.servicePorts; p++) {
    yield* destinations(cluster, p, ordinalsOf(cluster, p).rows);
  }
}

/** cali_v4_mglv or cali_v6_mglv: a service's id and a place of its Maglev table, then an address and a port. */
export function* maglevEntries({ cluster, maglevPorts }: CalicoProgram): Iterable<MapEntry> {
  for (const p of maglevPorts) yield* destinations(cluster, p, maglevTable(cluster, p));
}

function* destinations(cluster: Cluster, p: number, rows: ArrayLike<number>): Iterable<MapEntry> {
  const plan = cluster.network.ipv6;
  for (let ordinal = 0; ordinal < rows.length; ordinal++) {
    const row = rows[ordinal]!;
    yield entry(8, plan ? 20 : 8, (key, value) => {
      key.setUint32(0, p, true);
      key.setUint32(4, ordinal, true);
      writeAddress(value, 0, cluster.endpointAddress[row]!, plan);
      value.setUint16(plan ? 16 : 4, cluster.endpointPort[row]!, true);
    });
  }
}
