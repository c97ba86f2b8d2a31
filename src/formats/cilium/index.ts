/** Cilium's own view of services as a cluster: its list of services, its list of map entries, or the maps themselves. */

import { buildCluster } from "../../cluster/build.js";
import { refuseConflicts } from "../../cluster/checks.js";
import type { Cluster } from "../../cluster/cluster.js";
import { inferNetwork } from "../../cluster/infer-network.js";
import { InvalidInputError } from "../../errors.js";
import { assemble } from "../assemble.js";
import { type Frontend, portsOfFrontends } from "./frontends.js";
import { frontendsOfList, frontendsOfServices, pairsOfJson, pairsOfText } from "./lists.js";
import { frontendsOfMaps } from "./maps.js";

interface Source {
  readonly format: string;
  readonly frontends: Frontend[];
  readonly skipped: number;
  /** What this source never says. */
  readonly silent: string;
}

/** Reads any of the three. Throws InvalidInputError in one line. */
export function importCilium(text: string): { cluster: Cluster; report: string[] } {
  const source = read(text);
  const { ports, lostNodePorts, ownServices, standIns } = portsOfFrontends(source.frontends);
  const { records, unnamed } = assemble(ports);
  if (records.length === 0)
    throw new InvalidInputError("Cilium's list holds no service with an IPv4 address and a port");
  refuseConflicts(records);
  const cluster = buildCluster(records, inferNetwork(records), {
    kind: "imported",
    format: source.format,
    parameters: { frontends: source.frontends.length, skipped: source.skipped, lostNodePorts, ownServices },
  });
  const said = (count: number, what: string) => (count > 0 ? [`${what}: ${count}`] : []);
  return {
    cluster,
    report: [
      `${cluster.services} services with ${cluster.servicePorts} ports and ${cluster.endpoints} endpoints, from ${source.frontends.length} frontends of Cilium`,
      `not in this source: ${source.silent}`,
      ...said(unnamed, "services without a name, called after their address"),
      ...said(
        ownServices,
        "external addresses that share no backend with one cluster IP, taken as services of their own",
      ),
      ...said(lostNodePorts, "left out: NodePorts that share no backend with one cluster IP"),
      ...said(source.skipped, "left out: frontends of IPv6, host ports, redirects, or without a port"),
      ...said(
        standIns,
        "made up: 203.0.113.1 stands for the endpoints of ports of policy Local without a backend",
      ),
    ],
  };
}

function read(text: string): Source {
  if (text.startsWith("SERVICE ADDRESS")) {
    return { format: "cilium-bpf-lb-list", ...frontendsOfList(pairsOfText(text)), silent: LIST_SILENT };
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new InvalidInputError("Cilium's list is not JSON, or cut off: save it again");
  }
  if (Array.isArray(data)) {
    return {
      format: "cilium-service-list",
      ...frontendsOfServices(data as unknown[]),
      silent: "names of ports, session affinity, source ranges, endpoints of other nodes under policy Local",
    };
  }
  const object = data as Readonly<Record<string, unknown>>;
  if (Object.hasOwn(object, "cilium_lb4_services_v2")) {
    return {
      format: "cilium-maps",
      frontends: frontendsOfMaps(object),
      skipped: 0,
      silent: "names, and which endpoints are on this node, except where a policy Local lists them",
    };
  }
  return { format: "cilium-bpf-lb-list", ...frontendsOfList(pairsOfJson(object)), silent: LIST_SILENT };
}

const LIST_SILENT =
  "names, times of session affinity, source ranges, endpoints of other nodes under policy Local";
