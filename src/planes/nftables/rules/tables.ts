/** The sets and verdict maps of a program. */

import type { AddressSet, HairpinSet, NodePortTable, ServiceTable } from "../structures/rhashtable.js";

export interface Tables {
  readonly serviceIps: ServiceTable;
  readonly nodePorts: NodePortTable;
  readonly firewallIps: ServiceTable;
  readonly noEndpointServices: ServiceTable;
  readonly noEndpointNodePorts: NodePortTable;
  readonly clusterIps: AddressSet;
  /** Where NodePorts answer; null: at every local address but loopback. */
  readonly nodePortIps: AddressSet | null;
  /** Empty, and never asked, up to 1.35. */
  readonly hairpins: HairpinSet;
}
