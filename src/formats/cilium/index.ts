/** Cilium's own view of services as a cluster: its list of services, its list of map entries, or the maps themselves. */

import { buildCluster } from "../../cluster/build.js";
import { refuseConflicts } from "../../cluster/checks.js";
import type { Cluster } from "../../cluster/cluster.js";
import { describeNetwork, inferNetwork, type KnownNetwork } from "../../cluster/infer-network.js";
import { InvalidInputError } from "../../errors.js";
import { countOf } from "../../text.js";
import { assemble } from "../assemble.js";
import { kindsWithCounts } from "../kinds.js";
import type { RecognisedText } from "../recognise.js";
import { type CiliumFrontend, portsOfFrontends } from "./frontends.js";
import { parseCiliumJson } from "./json.js";
import { frontendsOfList, frontendsOfServices, pairsOfJson, pairsOfText } from "./lists.js";
import { frontendsOfMaps } from "./maps.js";
import { isFrontends, joinParts } from "./parts.js";

interface Source {
  readonly format: string;
  readonly frontends: CiliumFrontend[];
  /** Frontends and backends that are left out, each with its kind. */
  readonly skipped: readonly string[];
  /** What this source never says. */
  readonly silent: string;
}

/**
 * Reads any of the three; of `bpf lb list` its parts too, in a file each.
 * @throws InvalidInputError in one line.
 */
export function importCilium(
  texts: readonly RecognisedText[],
  known: KnownNetwork = {},
): { cluster: Cluster; report: string[] } {
  const source = readAll(texts);
  const { ports, lostNodePorts, ownServices, standIns } = portsOfFrontends(source.frontends);
  const { records, unnamed } = assemble(ports);
  if (records.length === 0)
    throw new InvalidInputError("Cilium's list holds no service with an IPv4 address and a port");
  refuseConflicts(records, {});
  const nodeAddresses = [
    ...new Set(
      source.frontends
        .filter(({ kind, address }) => kind === "NodePort" && address !== 0)
        .map((f) => f.address),
    ),
  ];
  const facts: KnownNetwork = {
    ...known,
    nodeAddresses: known.nodeAddresses?.length ? known.nodeAddresses : nodeAddresses,
  };
  const network = inferNetwork(records, facts);
  const cluster = buildCluster(records, network, {
    kind: "imported",
    format: source.format,
    parameters: {
      frontends: source.frontends.length,
      skipped: source.skipped.length,
      lostNodePorts,
      ownServices,
    },
  });
  const said = (count: number, what: string) => (count > 0 ? [`${what}: ${count}`] : []);
  return {
    cluster,
    report: [
      `${countOf(cluster.services, "service")} with ${countOf(cluster.servicePorts, "port")} and ${countOf(cluster.endpoints, "endpoint")}, from ${countOf(source.frontends.length, "frontend")} of Cilium`,
      ...describeNetwork(network, facts),
      `not in this source: ${source.silent}`,
      ...said(unnamed, "services without a name, called after their address"),
      ...said(
        ownServices,
        "external addresses that share no backend with one cluster IP, taken as services of their own",
      ),
      ...said(lostNodePorts, "left out: NodePorts that share no backend with one cluster IP"),
      ...(source.skipped.length > 0 ? [`left out: ${kindsWithCounts(source.skipped)}`] : []),
      ...said(
        standIns,
        "made up: 203.0.113.1 stands for the endpoints of ports of policy Local without a backend",
      ),
    ],
  };
}

/** One whole list, next to which parts add nothing; or its parts. */
function readAll(texts: readonly RecognisedText[]): Source {
  const [whole, ...more] = texts.filter(({ kind, text }) => kind === "cilium" && !isFrontends(text));
  if (more.some(({ text }) => text !== whole!.text))
    throw new InvalidInputError("two lists of Cilium, which differ: give one node's, saved once");
  if (whole) return read(whole.text);
  const { pairs, unused } = joinParts(texts.map(({ text }) => text));
  const { frontends, skipped } = frontendsOfList(pairs);
  return { format: "cilium-bpf-lb-list", frontends, skipped: [...skipped, ...unused], silent: LIST_SILENT };
}

function read(text: string): Source {
  if (text.startsWith("SERVICE ADDRESS")) {
    return { format: "cilium-bpf-lb-list", ...frontendsOfList(pairsOfText(text)), silent: LIST_SILENT };
  }
  const data = parseCiliumJson(text);
  // `cilium service get ID -o json` prints one of them.
  const list = isRecord(data) && Object.hasOwn(data, "spec") ? [data] : data;
  if (Array.isArray(list)) {
    return {
      format: "cilium-service-list",
      ...frontendsOfServices(list as unknown[]),
      silent: "names of ports, session affinity, source ranges, endpoints of other nodes under policy Local",
    };
  }
  if (!isRecord(data))
    throw new InvalidInputError("Cilium's list is neither a list nor an object: save it again");
  const object = data;
  if (Object.hasOwn(object, "cilium_lb4_services_v2")) {
    return {
      format: "cilium-maps",
      frontends: frontendsOfMaps(object),
      skipped: [],
      silent: "names, and which endpoints are on this node, except where a policy Local lists them",
    };
  }
  return { format: "cilium-bpf-lb-list", ...frontendsOfList(pairsOfJson(object)), silent: LIST_SILENT };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const LIST_SILENT =
  "names, times of session affinity, source ranges, endpoints of other nodes under policy Local";
