/** A node in IPVS mode as a cluster: ipvsadm's virtual services, what ipset says of their addresses, and the pod range in iptables. */

import { buildCluster } from "../../cluster/build.js";
import { oneLine, refuseConflicts } from "../../cluster/checks.js";
import type { Cidr, Cluster } from "../../cluster/cluster.js";
import { describeNetwork, inferNetwork, type KnownNetwork } from "../../cluster/infer-network.js";
import { InvalidInputError } from "../../errors.js";
import { countOf } from "../../text.js";
import { assemble, emptyPort, type FoundPort, withoutOwnAddresses } from "../assemble.js";
import { backendKey, type CiliumFrontend, portsOfFrontends } from "../cilium/frontends.js";
import { parseTables } from "../iptables/tables.js";
import { kindsWithCounts } from "../kinds.js";
import type { RecognisedText } from "../recognise.js";
import { type IpvsTable, parseIpvsadm, type VirtualService } from "./ipvsadm.js";
import { parseIpset, type SavedKubeSets, setEntryKey } from "./sets.js";

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
  return build(ipvs, sets && parseIpset(sets.text), { ...known, podCidr: known.podCidr ?? podCidr });
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
): { cluster: Cluster; report: string[] } {
  const found = sets
    ? withSets(ipvs, sets)
    : { ports: ipvs.services.map(alone), nodeAddresses: [], lost: 0, unknown: 0 };
  const { records } = assemble(found.ports);
  if (records.length === 0)
    throw new InvalidInputError("ipvsadm holds no virtual service with an IPv4 address");
  refuseConflicts(records);
  const facts: KnownNetwork = {
    ...known,
    nodeAddresses: known.nodeAddresses?.length ? known.nodeAddresses : found.nodeAddresses,
  };
  const network = inferNetwork(records, facts);
  const cluster = buildCluster(records, network, {
    kind: "imported",
    format: "ipvsadm",
    parameters: {
      virtualServices: ipvs.services.length,
      schedulers: [...ipvs.schedulers].slice(0, 20).map((name) => oneLine(name, 20)),
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

/** Services whose addresses and NodePorts are told apart by the sets, and joined by the endpoints they share. */
function withSets(
  { services }: IpvsTable,
  sets: SavedKubeSets,
): { ports: FoundPort[]; nodeAddresses: number[]; lost: number; unknown: number } {
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
      ranges: withoutOwnAddresses(sets.ranges.get(key) ?? [], [service.address]),
      service: undefined,
      backends: service.servers.map((to) => ({ id: backendKey(to.address, to.port), ...to })),
    });
  }
  const { ports, lostNodePorts } = portsOfFrontends(frontends);
  for (const port of ports) {
    port.endpoints = port.endpoints.map((to) => ({
      ...to,
      local: sets.localEndpoints.has(`${to.address} ${to.port}`),
    }));
  }
  return { ports, nodeAddresses: [...nodeAddresses], lost: lostNodePorts, unknown };
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
