/** The sets and verdict maps of a program. */

import type { AddressSet, NodePortTable, ServiceTable } from "./rhashtable.js";

export interface Tables {
  readonly serviceIps: ServiceTable;
  readonly nodePorts: NodePortTable;
  readonly firewallIps: ServiceTable;
  readonly noEndpointServices: ServiceTable;
  readonly noEndpointNodePorts: NodePortTable;
  readonly clusterIps: AddressSet;
}
