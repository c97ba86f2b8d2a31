/** Cilium's own view of services as a cluster: its list of services, its list of map entries, or the maps themselves. */

import { buildCluster } from "../../cluster/build.js";
import { refuseConflicts } from "../../cluster/checks.js";
import type { Cluster } from "../../cluster/cluster.js";
import { addressText } from "../../cluster/family.js";
import type { Ipv6Addresses, Ipv6Network } from "../../cluster/infer-ipv6.js";
import { describeNetwork, type KnownNetwork, STAND_IN } from "../../cluster/infer-network.js";
import type { RawAddress } from "../../cluster/raw-addresses.js";
import { InvalidInputError } from "../../errors.js";
import { countOf } from "../../text.js";
import { assemble } from "../assemble.js";
import {
  joinFamilies,
  type KnownNode,
  knownOf,
  NOTHING_KNOWN,
  networkOf,
  planOf,
  type ReadFamily,
} from "../families.js";
import { kindsWithCounts } from "../kinds.js";
import type { RecognisedText } from "../recognise.js";
import { frontendsOf, portsOfFrontends, type RawFrontend } from "./frontends.js";
import { parseCiliumJson } from "./json.js";
import { frontendsOfList, frontendsOfServices, pairsOfJson, pairsOfText } from "./lists.js";
import { frontendsOfMaps } from "./maps.js";
import { isFrontends, joinLists } from "./parts.js";
import { isServiceTable, servicesOfTable } from "./service-table.js";

interface Source {
  readonly format: string;
  readonly frontends: RawFrontend[];
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
  known: KnownNode = NOTHING_KNOWN,
): ReadFamily & { readonly ipv6?: Cluster } {
  const source = readAll(texts);
  const ranges = planOf(ipv6OfFrontends(source.frontends), known);
  if (!ranges) return importFamily(source, known.ipv4);
  const ipv6 = importFamily(source, knownOf(known, ranges), ranges);
  const hasIpv4 = source.frontends.some(({ address }) => typeof address === "number");
  return hasIpv4 ? joinFamilies(importFamily(source, known.ipv4), ipv6) : ipv6;
}

/** Addresses and ranges of IPv6. What no cluster IP is known of is one of its own. */
function ipv6OfFrontends(frontends: readonly RawFrontend[]): Ipv6Addresses {
  const ofIpv6 = frontends.filter(({ address }) => typeof address === "bigint" && address !== 0n);
  const clusterIps = ofIpv6.filter(({ kind }) => kind === "ClusterIP");
  const addressesOf = (list: readonly { readonly address: RawAddress }[]) =>
    list.flatMap(({ address }) => (typeof address === "bigint" ? [address] : []));
  return {
    clusterIps: addressesOf(clusterIps.length > 0 ? clusterIps : ofIpv6),
    pods: addressesOf(frontends.flatMap(({ backends }) => backends)),
    sourceRanges: frontends.flatMap((frontend) => frontend.ranges),
  };
}

function importFamily(source: Source, known: KnownNetwork, ranges?: Ipv6Network): ReadFamily {
  const addresses = { ...(ranges && { ipv6: ranges.plan }) };
  const frontends = frontendsOf(source.frontends, ranges?.plan);
  const { ports, lostNodePorts, ownServices, standIns } = portsOfFrontends(frontends);
  const { records, unnamed } = assemble(ports, addresses);
  if (records.length === 0)
    throw new InvalidInputError("Cilium's list holds no Service with an address and a port");
  refuseConflicts(records, addresses);
  const nodeAddresses = [
    ...new Set(
      frontends.filter(({ kind, address }) => kind === "NodePort" && address !== 0).map((f) => f.address),
    ),
  ];
  const facts: KnownNetwork = {
    ...known,
    nodeAddresses: known.nodeAddresses?.length ? known.nodeAddresses : nodeAddresses,
  };
  const network = networkOf(records, facts, ranges);
  const cluster = buildCluster(records, network, {
    kind: "imported",
    format: source.format,
    parameters: {
      frontends: frontends.length,
      skipped: source.skipped.length,
      lostNodePorts,
      ownServices,
    },
  });
  const said = (count: number, what: string) => (count > 0 ? [`${what}: ${count}`] : []);
  return {
    cluster,
    report: [
      `${countOf(cluster.services, "Service")} with ${countOf(cluster.servicePorts, "port")} and ${countOf(cluster.endpoints, "endpoint")}, from ${countOf(frontends.length, "frontend")} of Cilium`,
      ...describeNetwork(network, facts),
      `not in this source: ${source.silent}`,
      ...said(unnamed, "Services without a name, named after their address"),
      ...said(
        ownServices,
        "external addresses that share no backend with one cluster IP, taken as Services of their own",
      ),
      ...said(lostNodePorts, "left out: NodePorts that share no backend with one cluster IP"),
      ...(source.skipped.length > 0 ? [`left out: ${kindsWithCounts(source.skipped)}`] : []),
      ...said(
        standIns,
        `made up: ${addressText(network, STAND_IN)} represents the endpoints of ports of policy Local without a backend`,
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
  const { pairs, unused } = joinLists(texts.map(({ text }) => text));
  const { frontends, skipped } = frontendsOfList(pairs);
  return { format: "cilium-bpf-lb-list", frontends, skipped: [...skipped, ...unused], silent: LIST_SILENT };
}

function read(text: string): Source {
  if (text.startsWith("SERVICE ADDRESS")) {
    return { format: "cilium-bpf-lb-list", ...frontendsOfList(pairsOfText(text)), silent: LIST_SILENT };
  }
  if (isServiceTable(text)) {
    const { list, lost } = servicesOfTable(text);
    const { frontends, skipped } = frontendsOfServices(list);
    return {
      format: "cilium-service-list",
      frontends,
      skipped: [...skipped, ...lost],
      silent: "names, session affinity, source ranges, policies Local",
    };
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
  if (Object.keys(object).some((name) => name.startsWith("cilium_lb"))) {
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
