/** What an import read, left out and made up. */

import { oneLine } from "../cluster/checks.js";
import { countOf } from "../text.js";
import type { EndpointOrigin, EndpointSource } from "./endpoints.js";
import type { Synthesized, Unaddressed } from "./services.js";

export interface ImportReport {
  readonly services: number;
  readonly servicePorts: number;
  readonly endpoints: number;
  /** See `Cluster.idleEndpoints`. */
  readonly idleEndpoints: number;
  readonly endpointOrigin: EndpointOrigin;
  /** The node whose endpoints count as local. */
  readonly here: EndpointSource["here"];
  /** Whether the caller chose that node; else it is the only Node object's, or the first that an endpoint names. */
  readonly isNodeChosen: boolean;
  /** Service-ports whose endpoints topology hints chose, or could not. */
  readonly hints: EndpointSource["hints"];
  /** Services that no data plane balances, or not in this address family. */
  readonly skipped: {
    readonly headless: number;
    readonly externalName: number;
    /** Those that the other family's part holds. */
    readonly otherFamily: number;
    readonly otherProxy: number;
  };
  /** Services of both families, which stand in both parts. */
  readonly dualStack: number;
  /** Objects that say nothing about load balancing. */
  readonly otherObjects: number;
  readonly synthesized: Readonly<Synthesized>;
  /** What load balancers' status has besides addresses. */
  readonly unaddressed: Readonly<Unaddressed>;
  /** Objects that would give endpoints, and are not read, because other objects list them. */
  readonly unused: Readonly<Record<"Endpoints" | "Pods" | "workloads", number>>;
  readonly warnings: readonly string[];
}

const ORIGINS = {
  endpointslices: "from EndpointSlices",
  endpoints: "from Endpoints, because there are no EndpointSlices",
  pods: "from the Pods that they select, because there are no EndpointSlices",
  workloads: "made up: a pod for each replica of the workloads, all on this node",
  none: "neither EndpointSlices nor workloads in the input",
} as const;

/** The report as lines for a person. */
export function describeImport(report: ImportReport): string[] {
  const { skipped, synthesized, here, hints } = report;
  const lines = [
    `${countOf(report.services, "Service")} with ${countOf(report.servicePorts, "port")} and ${countOf(report.endpoints, "endpoint")} (${ORIGINS[report.endpointOrigin]})`,
  ];
  if (here.name !== undefined) {
    const zone = here.zone === undefined ? "" : `, in zone ${oneLine(here.zone, 63)}`;
    lines.push(
      `this node is ${oneLine(here.name, 63)}${report.isNodeChosen ? "" : ", the first that an endpoint names"}${zone}`,
    );
  }
  const hinted = list({
    "for this node": hints.node,
    "for this zone": hints.zone,
    "do not apply here": hints.unused,
  });
  if (hinted) lines.push(`ports with topology hints: ${hinted}`);
  const left = list({
    "headless Services": skipped.headless,
    "ExternalName Services": skipped.externalName,
    "Services of another proxy": skipped.otherProxy,
    "other objects": report.otherObjects,
  });
  if (left) lines.push(`left out: ${left}`);
  const unused = list(report.unused);
  if (unused) lines.push(`not read for endpoints, because other objects list them: ${unused}`);
  const unaddressed = list({
    "host names": report.unaddressed.hostNames,
    "addresses of ipMode Proxy": report.unaddressed.proxied,
  });
  if (unaddressed) lines.push(`of load balancers, left out as kube-proxy does: ${unaddressed}`);
  if (report.idleEndpoints > 0)
    lines.push(
      `endpoints not in use (not ready, terminating, or hinted elsewhere), left out: ${report.idleEndpoints}`,
    );
  if (report.dualStack > 0) lines.push(`dual-stack Services, in both families: ${report.dualStack}`);
  const made = list({
    "cluster IPs": synthesized.clusterIps,
    "load-balancer addresses": synthesized.loadBalancerIps,
    NodePorts: synthesized.nodePorts,
  });
  if (made) lines.push(`made up, because the input leaves them to the cluster: ${made}`);
  return [...lines, ...report.warnings.map((warning) => `warning: ${warning}`)];
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${what}: ${count}`)
    .join(", ");
}
