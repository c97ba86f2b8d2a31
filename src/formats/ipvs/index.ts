/** A node in IPVS mode as a cluster: ipvsadm's virtual services, what ipset says of their addresses, and the pod range in iptables. */

import type { AddressPlan } from "../../cluster/address-plan.js";
import { buildCluster } from "../../cluster/build.js";
import { oneLine, refuseConflicts } from "../../cluster/checks.js";
import type { Cluster } from "../../cluster/cluster.js";
import type { Ipv6Addresses, Ipv6Network } from "../../cluster/infer-ipv6.js";
import { describeNetwork, type KnownNetwork } from "../../cluster/infer-network.js";
import { omissionParameters } from "../../cluster/omissions.js";
import type { RawAddress } from "../../cluster/raw-addresses.js";
import { InvalidInputError } from "../../errors.js";
import { describeFlags, flagParameters, type ImportedFlags } from "../../planes/imported-options.js";
import { countOf } from "../../text.js";
import { assemble, emptyPort, type FoundPort, withoutOwnAddresses } from "../assemble.js";
import { backendKey, type CiliumFrontend, portsOfFrontends } from "../cilium/frontends.js";
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
import { flagsOfIpvsRules, podRange6Of, readRules } from "./flags.js";
import { everyPort, type IpvsTable, parseIpvsadm, type VirtualService } from "./ipvsadm.js";
import { ipv6OfSets, parseIpset, type SavedKubeSets, setEntryKey } from "./sets.js";
import { assignExternals, assignHealthChecks, assignNodePorts, noteInternalPolicies } from "./unowned.js";

/**
 * Reads the files of one node in IPVS mode.
 *
 * @param texts `ipvsadm -Sn` (or `-Ln`), and best with it `ipset save` and iptables-save.
 * @param known What else is known of the network.
 * @throws InvalidInputError that names the line, or the file that is missing or given twice.
 */
export function importIpvs(
  texts: readonly RecognisedText[],
  known: KnownNode = NOTHING_KNOWN,
): ReadFamily & { readonly ipv6?: Cluster } {
  const isTable = ({ kind }: RecognisedText) => kind === "ipvsadm -S" || kind === "ipvsadm -L";
  const table = only(texts.filter(isTable), "ipvsadm -Sn");
  const sets = only(
    texts.filter(({ kind }) => kind === "ipset save"),
    "ipset save",
  );
  if (!table) {
    throw new InvalidInputError(
      "ipset save says what addresses are, not which servers are behind them: give ipvsadm -Sn too",
    );
  }
  const ipvs = parseIpvsadm(table.text);
  const rules = texts.filter(({ kind }) => kind === "iptables-save" || kind === "iptables -S");
  const input: NodeFiles = { ipvs, sets: sets?.text, rules };
  const ranges = planOf(ipv6Of(input), known);
  if (!ranges) return build(input, known.ipv4);
  const ipv6 = build(input, knownOf(known, ranges), ranges);
  const hasIpv4 = ipvs.services.some(({ address }) => typeof address === "number");
  return hasIpv4 ? joinFamilies(build(input, known.ipv4), ipv6) : ipv6;
}

/** Files of one node, with both families in each. */
interface NodeFiles {
  readonly ipvs: IpvsTable;
  readonly sets: string | undefined;
  readonly rules: readonly RecognisedText[];
}

/** What they say of the addresses of IPv6. */
function ipv6Of({ ipvs, sets, rules }: NodeFiles): Ipv6Addresses {
  const listed = sets === undefined ? undefined : ipv6OfSets(sets);
  const isIpv6 = (address: unknown) => (typeof address === "bigint" ? [address] : []);
  const addresses = ipvs.services.flatMap(({ address }) => isIpv6(address));
  const clusterIps = addresses.filter((address) => listed?.clusterIps.has(address) ?? true);
  const servers = ipvs.services.flatMap((service) => service.servers.flatMap((to) => isIpv6(to.address)));
  const podCidr = podRange6Of(rules);
  return {
    clusterIps: clusterIps.length > 0 ? clusterIps : addresses,
    pods: [...servers, ...(listed?.pods ?? [])],
    sourceRanges: listed?.sourceRanges ?? [],
    ...(podCidr && { podCidr }),
  };
}

/** Virtual services of one family, in numbers. */
function ofFamily({ services }: IpvsTable, plan: AddressPlan | undefined): VirtualService[] {
  const numberOf = (address: RawAddress) => (typeof address === "number" ? address : plan!.number(address));
  return services
    .filter(({ address }) => typeof address === (plan ? "bigint" : "number"))
    .map(({ address, servers, ...service }) => ({
      ...service,
      address: numberOf(address),
      servers: servers.map((to) => ({ ...to, address: numberOf(to.address) })),
    }));
}

function only(texts: readonly RecognisedText[], what: string): RecognisedText | undefined {
  const [first, ...more] = texts;
  if (more.some(({ text }) => text !== first!.text)) {
    throw new InvalidInputError(`${what} is given twice, and differs: give one node's files`);
  }
  return first;
}

function build(
  { ipvs, sets: saved, rules }: NodeFiles,
  given: KnownNetwork,
  ranges?: Ipv6Network,
): ReadFamily {
  const plan = ranges?.plan;
  const addresses = { ...(plan && { ipv6: plan }) };
  const services = ofFamily(ipvs, plan);
  const sets = saved === undefined ? undefined : parseIpset(saved, plan);
  const { podCidr, foreign } = readRules(rules, plan);
  const known = { ...given, podCidr: given.podCidr ?? podCidr };
  const flags: ImportedFlags = flagsOfIpvsRules(rules, plan ? 6 : 4);
  const found = sets ? withSets(services, sets) : { ...NOTHING_IN_SETS, ports: services.map(alone) };
  const nodeAddresses = known.nodeAddresses?.length ? known.nodeAddresses : found.nodeAddresses;
  withoutOwnAddresses(found.ports, nodeAddresses);
  const { records } = assemble(found.ports, addresses);
  if (records.length === 0) throw new InvalidInputError("ipvsadm holds no virtual service with an address");
  refuseConflicts(records, addresses);
  const facts: KnownNetwork = { ...known, nodeAddresses };
  const network = networkOf(records, facts, ranges);
  const cluster = buildCluster(records, network, {
    kind: "imported",
    format: "ipvsadm",
    parameters: {
      virtualServices: services.length,
      schedulers: [...ipvs.schedulers].slice(0, 20).map((name) => oneLine(name, 20)),
      notUnderstood: sets?.notUnderstood.length ?? 0,
      ...omissionParameters([...(sets?.notUnderstood ?? []), ...everyPort(ipvs, plan ? 6 : 4)]),
      ...flagParameters(flags),
    },
  });
  const said = (count: number, line: string) => (count > 0 ? [line] : []);
  const scheduler = oneLine([...ipvs.schedulers].join(", "), 60);
  return {
    cluster,
    report: [
      `${countOf(cluster.services, "address", "addresses")} with ${countOf(cluster.servicePorts, "port")} and ${countOf(cluster.endpoints, "endpoint")}, from ${countOf(services.length, "virtual service")} (scheduler ${scheduler})`,
      ...describeNetwork(network, facts),
      sets
        ? "not in these files: names, internal traffic policies that make no difference, endpoints of other nodes where the policy is Local"
        : "every address is taken as a cluster IP, because IPVS marks neither external addresses nor NodePorts; masquerade, policies and source ranges are missing too (give ipset save and iptables-save)",
      ...(sets?.hasIpvsIps
        ? ["written by a kube-proxy whose version does not show: 1.34 to 1.37 write the same in IPVS mode"]
        : []),
      ...describeFlags(flags),
      ...said(
        found.givenNodePorts,
        `made up: which Services without servers ${countOf(found.givenNodePorts, "NodePort")} without servers belong to`,
      ),
      ...said(
        found.givenExternals,
        `made up: which Services without servers ${countOf(found.givenExternals, "external address", "external addresses")} without servers belong to`,
      ),
      ...said(
        found.givenHealthChecks,
        `made up: which load balancers ${countOf(found.givenHealthChecks, "health-check port")} belong to`,
      ),
      ...said(
        found.lostHealthChecks,
        `left out: ${countOf(found.lostHealthChecks, "health-check port")} without a load balancer of policy Local`,
      ),
      ...said(
        found.lost,
        `left out: ${countOf(found.lost, "NodePort")} that share no endpoint with one cluster IP`,
      ),
      ...said(found.unknown, `in no set of kube-proxy, taken as cluster IPs: ${found.unknown}`),
      ...said(
        ipvs.drained,
        `left out: ${countOf(ipvs.drained, "server")} of weight 0, without new connections`,
      ),
      ...said(ipvs.marks, `left out: ${countOf(ipvs.marks, "virtual service")} by firewall mark`),
      ...said(
        ipvs.anyPort.length,
        `left out: ${countOf(ipvs.anyPort.length, "virtual service")} for every port (port 0)`,
      ),
      ...said(sets?.others ?? 0, `entries of others' sets: ${sets?.others}`),
      ...said(foreign, `rules of others in iptables, which no answer rests on: ${foreign}`),
      ...said(
        sets?.notUnderstood.length ?? 0,
        `entries of kube-proxy's sets that are not understood: ${kindsWithCounts((sets?.notUnderstood ?? []).map(({ what }) => what))}`,
      ),
    ],
  };
}

/** Without ipset every virtual service stands for itself. */
function alone({ protocol, address, port, affinitySeconds, servers }: VirtualService): FoundPort {
  return {
    ...emptyPort(protocol, port),
    clusterIp: address,
    affinitySeconds,
    endpoints: servers.map((server) => ({ ...server, local: false })),
  };
}

interface FoundWithSets {
  readonly ports: FoundPort[];
  readonly nodeAddresses: number[];
  /** NodePorts that match no cluster IP. */
  readonly lost: number;
  readonly givenNodePorts: number;
  readonly givenExternals: number;
  readonly givenHealthChecks: number;
  readonly lostHealthChecks: number;
  readonly unknown: number;
}

const NOTHING_IN_SETS = {
  nodeAddresses: [],
  lost: 0,
  givenNodePorts: 0,
  givenExternals: 0,
  givenHealthChecks: 0,
  lostHealthChecks: 0,
  unknown: 0,
} as const satisfies Omit<FoundWithSets, "ports">;

/** Services whose addresses and NodePorts are told apart by the sets, and joined by the endpoints they share. */
function withSets(services: readonly VirtualService[], sets: SavedKubeSets): FoundWithSets {
  const nodeAddresses = new Set<number>();
  const nodePorts = new Set<string>();
  const frontends: CiliumFrontend[] = [];
  let unknown = 0;
  for (const service of services) {
    const key = setEntryKey(service.address, service.protocol, service.port);
    const kind = kindOf(key, service, sets);
    if (kind === undefined) unknown++;
    if (kind === "NodePort") {
      nodeAddresses.add(service.address);
      const nodePort = `${service.protocol} ${service.port}`;
      // One at each address of the node.
      if (nodePorts.has(nodePort)) continue;
      nodePorts.add(nodePort);
    }
    const frontend: CiliumFrontend = {
      address: service.address,
      port: service.port,
      protocol: service.protocol,
      internal: false,
      kind: kind ?? "ClusterIP",
      externalLocal:
        sets.externalLocal.has(key) ||
        (kind === "NodePort" && sets.nodePortsLocal.has(`${service.protocol} ${service.port}`)),
      internalLocal: false,
      affinitySeconds: service.affinitySeconds,
      ranges: sets.ranges.get(key) ?? [],
      service: undefined,
      backends: service.servers.map((to) => ({ id: backendKey(to.address, to.port), ...to })),
    };
    frontends.push(frontend);
    // An address may be an external IP and a load balancer's in one.
    if (kind === "LoadBalancer" && sets.externalIps.has(key))
      frontends.push({ ...frontend, kind: "ExternalIP", ranges: [] });
  }
  const isOrphan = ({ kind, backends }: CiliumFrontend) =>
    (kind === "LoadBalancer" || kind === "ExternalIP") && backends.length === 0;
  const { ports, lostNodePorts } = portsOfFrontends(frontends.filter((one) => !isOrphan(one)));
  const externals = assignExternals(ports, frontends.filter(isOrphan));
  ports.push(...portsOfFrontends(externals.left).ports);
  const givenNodePorts = assignNodePorts(ports, services, sets);
  const healthChecks = assignHealthChecks(ports, sets);
  for (const port of ports) {
    port.endpoints = port.endpoints.map((to) => ({
      ...to,
      local: sets.localEndpoints.has(`${to.address} ${to.port}`),
    }));
  }
  noteInternalPolicies(ports, services);
  return {
    ports,
    nodeAddresses: [...nodeAddresses],
    lost: lostNodePorts - givenNodePorts,
    givenNodePorts,
    givenExternals: externals.given,
    givenHealthChecks: healthChecks.given,
    lostHealthChecks: healthChecks.lost,
    unknown,
  };
}

function kindOf(
  key: string,
  { protocol, port }: VirtualService,
  sets: SavedKubeSets,
): CiliumFrontend["kind"] | undefined {
  if (sets.clusterIps.has(key)) return "ClusterIP";
  if (sets.loadBalancers.has(key)) return "LoadBalancer";
  if (sets.externalIps.has(key)) return "ExternalIP";
  return sets.nodePorts.has(`${protocol} ${port}`) ? "NodePort" : undefined;
}
