/** How many backends Cilium's agent keeps: Services share them, and those that no frontend sends to are not written. */

import { type Cluster, SCTP, TCP, UDP } from "../../../cluster/cluster.js";

const PROTOCOLS = [TCP, UDP, SCTP];

/**
 * Entries of lb4_backends_v3: one for each address, port and protocol that has a slot.
 *
 * @param cluster whose rows `slots` are
 * @param slots the endpoints in all frontends' slots, a row as often as it stands in one
 * @returns the number of different ones; O(E log E) for E endpoints
 */
export function countBackends(cluster: Cluster, slots: Int32Array): number {
  const { endpointStart, endpointAddress, endpointPort, protocol } = cluster;
  const hasSlot = new Uint8Array(cluster.endpoints);
  for (const row of slots) hasSlot[row] = 1;
  // 32 bits of address, 16 of port, 2 of protocol: a float64 holds 53.
  const keys = new Float64Array(cluster.endpoints);
  let found = 0;
  for (let p = 0; p < cluster.servicePorts; p++) {
    const kind = PROTOCOLS.indexOf(protocol[p]!);
    for (let row = endpointStart[p]!; row < endpointStart[p + 1]!; row++)
      if (hasSlot[row] === 1)
        keys[found++] = (endpointAddress[row]! * 2 ** 16 + endpointPort[row]!) * 4 + kind;
  }
  const sorted = keys.subarray(0, found).sort();
  let different = 0;
  for (let i = 0; i < found; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) different++;
  return different;
}
