/** A node in IPVS mode as a cluster: ipvsadm's virtual services, what ipset says of their addresses, and the pod range in iptables. */

import { buildCluster } from "../../cluster/build.js";
import { oneLine, refuseConflicts } from "../../cluster/checks.js";
import type { Cidr, Cluster } from "../../cluster/cluster.js";
import { describeNetwork, inferNetwork, type KnownNetwork } from "../../cluster/infer-network.js";
import { InvalidInputError } from "../../errors.js";
import { describeFlags, flagParameters, type ImportedFlags } from "../../planes/imported-options.js";
import { countOf } from "../../text.js";
import { assemble, emptyPort, type FoundPort, withoutOwnAddresses } from "../assemble.js";
import { backendKey, type CiliumFrontend, portsOfFrontends } from "../cilium/frontends.js";
import { parseTables } from "../iptables/tables.js";
import { kindsWithCounts } from "../kinds.js";
import type { RecognisedText } from "../recognise.js";
import { flagsOfIpvsRules } from "./flags.js";
import { type IpvsTable, parseIpvsadm, type VirtualService } from "./ipvsadm.js";
import { parseIpset, type SavedKubeSets, setEntryKey } from "./sets.js";
import { giveHealthChecks, giveNodePorts } from "./unowned.js";

/**
 * Reads the files of one node in IPVS mode.
 *
 * @param texts `ipvsadm -Sn` (or `-Ln`), and best with it `ipset save` and iptables-save.
 * @param known What else is known of the network.
 * @throws InvalidInputError that names the line, or the file that is missing or given twice.
 */
export function importIpvs(
  texts: readonly RecognisedText[],
  known: KnownNetwork = {},
): { cluster: Cluster; report: string[] } {
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
  const podCidr = rules.length > 0 ? podCidrOf(rules) : undefined;
  const facts = { ...known, podCidr: known.podCidr ?? podCidr };
  return build(ipvs, sets && parseIpset(sets.text), facts, flagsOfIpvsRules(rules));
}

function only(texts: readonly RecognisedText[], what: string): RecognisedText | undefined {
  const [first, ...more] = texts;
  if (more.some(({ text }) => text !== first!.text)) {
    throw new InvalidInputError(`${what} is given twice, and differs: give one node's files`);
  }
  return first;
}

/** `! -s 10.244.0.0/16 … --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ`. */
function podCidrOf(texts: readonly RecognisedText[]): Cidr | undefined {
  const rules = parseTables(texts).tables.nat.get("KUBE-SERVICES")?.rules ?? [];
  return rules.find(({ srcInvert, target }) => srcInvert && target === "KUBE-MARK-MASQ")?.src ?? undefined;
}

function build(
  ipvs: IpvsTable,
  sets: SavedKubeSets | undefined,
  known: KnownNetwork,
  flags: ImportedFlags,
): { cluster: Cluster; report: string[] } {
  const found = sets ? withSets(ipvs, sets) : { ...NOTHING_IN_SETS, ports: ipvs.services.map(alone) };
  const nodeAddresses = known.nodeAddresses?.length ? known.nodeAddresses : found.nodeAddresses;
  withoutOwnAddresses(found.ports, nodeAddresses);
  const { records } = assemble(found.ports);
  if (records.length === 0)
    throw new InvalidInputError("ipvsadm holds no virtual service with an IPv4 address");
  refuseConflicts(records, {});
  const facts: KnownNetwork = { ...known, nodeAddresses };
  const network = inferNetwork(records, facts);
  const cluster = buildCluster(records, network, {
    kind: "imported",
    format: "ipvsadm",
    parameters: {
      virtualServices: ipvs.services.length,
      schedulers: [...ipvs.schedulers].slice(0, 20).map((name) => oneLine(name, 20)),
      ...flagParameters(flags),
    },
  });
  const said = (count: number, line: string) => (count > 0 ? [line] : []);
  const scheduler = oneLine([...ipvs.schedulers].join(", "), 60);
  return {
    cluster,
    report: [
      `${countOf(cluster.services, "address", "addresses")} with ${countOf(cluster.servicePorts, "port")} and ${countOf(cluster.endpoints, "endpoint")}, from ${countOf(ipvs.services.length, "virtual service")} (scheduler ${scheduler})`,
      ...describeNetwork(network, facts),
      sets
        ? "not in these files: names, internal traffic policies, endpoints of other nodes where the policy is Local"
        : "every address is taken as a cluster IP: IPVS does not tell external addresses and NodePorts from them, nor masquerade, policies and source ranges (give ipset save and iptables-save too)",
      ...(sets?.hasIpvsIps
        ? ["written by a kube-proxy whose version does not show: 1.34 to 1.37 write the same in IPVS mode"]
        : []),
      ...describeFlags(flags),
      ...said(
        found.givenNodePorts,
        `made up: which services without servers ${countOf(found.givenNodePorts, "NodePort")} without servers belong to`,
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
      ...said(ipvs.ipv6, `left out: ${countOf(ipvs.ipv6, "virtual service")} of IPv6`),
      ...said(ipvs.anyPort, `left out: ${countOf(ipvs.anyPort, "virtual service")} for every port (port 0)`),
      ...said(sets?.others ?? 0, `entries of others' sets: ${sets?.others}`),
      ...said(sets?.ipv6 ?? 0, `left out, because they are IPv6: ${sets?.ipv6} entries of sets`),
      ...said(
        sets?.notUnderstood.length ?? 0,
        `entries of kube-proxy's sets that are not understood: ${kindsWithCounts(sets?.notUnderstood ?? [])}`,
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
  /** NodePorts that are nobody's. */
  readonly lost: number;
  readonly givenNodePorts: number;
  readonly givenHealthChecks: number;
  readonly lostHealthChecks: number;
  readonly unknown: number;
}

const NOTHING_IN_SETS = {
  nodeAddresses: [],
  lost: 0,
  givenNodePorts: 0,
  givenHealthChecks: 0,
  lostHealthChecks: 0,
  unknown: 0,
} as const satisfies Omit<FoundWithSets, "ports">;

/** Services whose addresses and NodePorts are told apart by the sets, and joined by the endpoints they share. */
function withSets({ services }: IpvsTable, sets: SavedKubeSets): FoundWithSets {
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
    frontends.push({
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
    });
  }
  const { ports, lostNodePorts } = portsOfFrontends(frontends);
  const givenNodePorts = giveNodePorts(ports, services, sets);
  const healthChecks = giveHealthChecks(ports, sets);
  for (const port of ports) {
    port.endpoints = port.endpoints.map((to) => ({
      ...to,
      local: sets.localEndpoints.has(`${to.address} ${to.port}`),
    }));
  }
  return {
    ports,
    nodeAddresses: [...nodeAddresses],
    lost: lostNodePorts - givenNodePorts,
    givenNodePorts,
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
  if (sets.externalIps.has(key) || sets.externalLocal.has(key)) return "ExternalIP";
  return sets.nodePorts.has(`${protocol} ${port}`) ? "NodePort" : undefined;
}
