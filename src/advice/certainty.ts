/** How certain a decision is: unknown where it depends on a condition that lbscale does not understand. */

import { type Cluster, inCidr } from "../cluster/cluster.js";
import { addressText } from "../cluster/family.js";
import { assumesNodeAddress } from "../cluster/infer-network.js";
import { omissionsFor } from "../cluster/omissions.js";
import { serviceCidrsOf } from "../cluster/service-ranges.js";
import type { Flow } from "../planes/plane.js";
import { countOf, plainText } from "../text.js";

/**
 * What an import left out of kube-proxy's own rules or sets because it did not understand it, and that a flow may meet. Empty
 * where nothing: the decision rests on none of it.
 */
export function omissionsMet(cluster: Cluster, flow: Flow): string[] {
  const { source } = cluster;
  const met = omissionsFor(cluster, flow);
  if (met !== undefined) return met.map((what) => `left out on import: ${what}`);
  // A cluster file of an older version does not say who may meet it.
  const count = source.kind === "imported" ? source.parameters.notUnderstood : 0;
  return typeof count === "number" && count > 0
    ? [`${countOf(count, "rule or set entry", "rules or set entries")} that the import left out`]
    : [];
}

/**
 * For a flow that no rule matches: its destination, if it may be an address of the node, which would lead to a NodePort.
 * undefined where the input has the node's addresses, or no NodePort matches.
 */
export function unknownNodeOf(cluster: Cluster, flow: Flow): string | undefined {
  const { network, nodePort, protocol } = cluster;
  const isNodePort = nodePort.some((port, p) => port === flow.dport && protocol[p] === flow.protocol);
  const isElsewhere = [...serviceCidrsOf(network), network.podCidr].some((range) =>
    inCidr(range, flow.dst >>> 0),
  );
  if (!isNodePort || isElsewhere || !assumesNodeAddress(cluster)) return undefined;
  return `${addressText(network, flow.dst >>> 0)} is an address of this node, which the input does not say`;
}

/** A decision in words, and what it rests on that is not known. */
export function describeCertainty(decision: string, unknown: readonly string[]): string {
  if (unknown.length === 0) return decision;
  return `unknown: ${decision}, unless a condition holds that is not understood (${plainText(unknown.join("; "), 200)})`;
}
