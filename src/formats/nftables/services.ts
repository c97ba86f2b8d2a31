/**
 * Service-ports out of the maps and chains of kube-proxy's nftables table, in each layout that it has written: with
 * endpoint chains (until 1.35), with endpoints in a map of the service's own chain (1.36), and without a map for a
 * single endpoint (1.37).
 */

import type { AddressPlan } from "../../cluster/address-plan.js";
import { type Cidr, EXTERNAL_IP, INGRESS_IP } from "../../cluster/cluster.js";
import type { MasqueradeOfClusterIps } from "../../cluster/infer-network.js";
import type { Omission } from "../../cluster/omissions.js";
import { addStandIns, emptyPort, type FoundPort, parsePortName } from "../assemble.js";
import { readAddress } from "../families.js";
import { ChainReader } from "./chains.js";
import { endpointKey, frontendKey, frontendOf, nameOf, PROTOCOLS, portOf } from "./keys.js";
import { rangesOf } from "./ranges.js";
import { withoutMark } from "./rules.js";
import type { NftElement, NftTable } from "./table.js";

/** `service-ULMVA6XW-ns1/svc1/tcp/p80`; the hash tells names apart that are cut off with `...`. */
const CHAIN = /^(service|local|external|firewall)-([A-Z2-7]{8})-(\S+)$/;

/** Which sources a firewall chain lets through. */
export const SOURCES = /^ip6? saddr != (?:\{ ([^}]*) \}|(\S+)) drop$/;

export interface FoundInTable {
  readonly ports: FoundPort[];
  readonly podCidr: Cidr | undefined;
  /** None where the table does not say. */
  readonly serviceCidrs: readonly Cidr[];
  /** Members of the set nodeport-ips; empty where every address of the node takes NodePorts. */
  readonly nodeAddresses: number[];
  /** How traffic of pods is told from other: a rule's own words where it is no range. */
  readonly podTest: string | undefined;
  readonly masquerade: MasqueradeOfClusterIps;
  /** False where the rules show that kube-proxy cannot tell pods from others (no `--cluster-cidr`). */
  readonly knowsPods: boolean;
  /** Ports whose endpoints are in no chain: one stands for them. */
  readonly standIns: number;
  /** NodePorts of services without endpoints, where no comment says whose they are. */
  readonly refusedNodePorts: number;
  /** Kinds of rules and elements that are not understood, one for each. */
  readonly notUnderstood: readonly string[];
  /** The same, with the packets that may meet them. */
  readonly omissions: readonly Omission[];
  /** Rules of others that only log or count. */
  readonly counting: number;
}

/** Reads services out of the table, of IPv6 with a plan. Nothing is guessed: what isn't understood is returned as text. */
export function servicesOfTable(table: NftTable, plan?: AddressPlan): FoundInTable {
  return new Reader(table, plan).read();
}

class Reader {
  readonly #table: NftTable;
  readonly #plan: AddressPlan | undefined;
  readonly #chains: ChainReader;
  readonly #ports = new Map<string, FoundPort>();
  /** Ports that no chain is of: called as a comment says, or not at all. */
  readonly #refused: FoundPort[] = [];
  /** Keys that lead to a chain: a refusal of one of them is its policy's. */
  readonly #served = new Set<string>();
  readonly #byClusterIp = new Map<string, FoundPort>();
  /** `namespace/name:port` → its port. */
  readonly #byName = new Map<string, FoundPort>();
  readonly #clusterIps: ReadonlySet<string>;
  /** Address, protocol and port of endpoints on this node (since 1.36). */
  readonly #hairpins: ReadonlySet<string>;
  #refusedNodePorts = 0;

  constructor(table: NftTable, plan: AddressPlan | undefined) {
    this.#table = table;
    this.#plan = plan;
    this.#chains = new ChainReader(table, plan);
    this.#clusterIps = new Set(this.#elements("cluster-ips").flatMap(({ key }) => key));
    this.#hairpins = new Set(
      this.#elements("hairpin-connections").flatMap(({ key: [address = "", , ...service] }) => {
        const endpoint = frontendOf([address, ...service], plan);
        return endpoint ? [frontendKey(endpoint.address, endpoint)] : [];
      }),
    );
  }

  read(): FoundInTable {
    for (const element of this.#elements("service-ips")) {
      this.#served.add(element.key.join());
      this.#readFrontend(element);
    }
    for (const element of this.#elements("service-nodeports")) {
      this.#served.add(element.key.join());
      this.#readNodePort(element);
    }
    for (const element of this.#elements("firewall-ips")) this.#readFirewall(element);
    for (const [base, port] of this.#ports) this.#readChains(base, port);
    for (const port of this.#ports.values()) {
      if (port.clusterIp !== undefined) this.#byClusterIp.set(frontendKey(port.clusterIp, port), port);
    }
    for (const element of this.#elements("no-endpoint-services")) this.#readRefusal(element);
    for (const element of this.#elements("no-endpoint-nodeports")) this.#readRefusedNodePort(element);
    this.#chains.readBaseChains();
    const ports = [...this.#ports.values(), ...this.#refused];
    const standIns = addStandIns(ports);
    return {
      ports,
      podCidr:
        this.#chains.podCidr && this.#chains.podCidr.prefixLength <= 24 ? this.#chains.podCidr : undefined,
      serviceCidrs: this.#chains.serviceCidrs(),
      nodeAddresses: this.#elements("nodeport-ips").flatMap(
        ({ key }) => readAddress(key[0] ?? "", this.#plan) ?? [],
      ),
      podTest: this.#chains.podTest,
      masquerade: this.#chains.masquerade,
      knowsPods: this.#knowsPods(ports),
      standIns,
      refusedNodePorts: this.#refusedNodePorts,
      notUnderstood: this.#chains.omissions.kinds,
      omissions: this.#chains.omissions.all(),
      counting: this.#chains.counting,
    };
  }

  #knowsPods(ports: readonly FoundPort[]): boolean {
    const { podCidr, podTest, masquerade } = this.#chains;
    if (podCidr !== undefined || podTest !== undefined) return true;
    // Where all is marked, it shows in the short cut of pods to a policy Local alone.
    return !ports.some((port) =>
      masquerade === "all" ? port.externalLocal : port.clusterIp !== undefined && port.endpoints.length > 0,
    );
  }

  #elements(name: string): readonly NftElement[] {
    return this.#table.containers.get(name) ?? [];
  }

  #readFrontend(element: NftElement): void {
    const frontend = frontendOf(element.key, this.#plan);
    const chain = /^goto (\S+)$/.exec(element.verdict);
    const port = frontend && chain ? this.#portOf(chain[1]!, frontend) : undefined;
    if (!frontend || !port) {
      this.#noteUnsupported(element);
      return;
    }
    this.#chains.chain(chain![1]!);
    if (chain![1]!.startsWith("external-")) {
      if (!port.externals.has(frontend.address)) port.externals.set(frontend.address, EXTERNAL_IP);
      return;
    }
    port.clusterIp = frontend.address;
    port.port = frontend.port;
    if (chain![1]!.startsWith("local-")) port.internalLocal = true;
  }

  #readNodePort(element: NftElement): void {
    const protocol = PROTOCOLS.get(element.key[0] ?? "");
    const number = portOf(element.key[1]);
    const chain = /^goto (external-\S+)$/.exec(element.verdict);
    const port =
      protocol !== undefined && number && chain
        ? this.#portOf(chain[1]!, { protocol, port: number })
        : undefined;
    if (!port || !number) {
      this.#noteUnsupported(element);
      return;
    }
    this.#chains.chain(chain![1]!);
    port.nodePort = number;
  }

  /** Only load-balancer addresses have source ranges. */
  #readFirewall(element: NftElement): void {
    const frontend = frontendOf(element.key, this.#plan);
    const chain = /^goto (firewall-\S+)$/.exec(element.verdict);
    const port = frontend && chain ? this.#portOf(chain[1]!, frontend) : undefined;
    if (!frontend || !port) {
      this.#noteUnsupported(element);
      return;
    }
    port.externals.set(frontend.address, INGRESS_IP);
    const ranges: Cidr[] = [];
    for (const rule of this.#chains.chain(chain![1]!)) {
      const drop = SOURCES.exec(rule);
      if (!drop) {
        this.#chains.noteUnsupported(chain![1]!, rule);
        continue;
      }
      for (const text of (drop[1] ?? drop[2]!).split(",")) {
        const cidrs = rangesOf(text.trim(), this.#plan);
        if (cidrs) ranges.push(...cidrs);
        else this.#chains.omissions.of(chain![1]!, `source range ${text}`);
      }
    }
    port.ranges = ranges;
  }

  #readChains(base: string, port: FoundPort): void {
    const local = this.#chains.endpointsOf(`local-${base}`, port);
    const isLocal = new Set(local.map(endpointKey));
    const all = new Map(
      [...this.#chains.endpointsOf(`service-${base}`, port), ...local].map((to) => [endpointKey(to), to]),
    );
    for (const [key, to] of all) {
      const hairpin = frontendKey(to.address, { protocol: port.protocol, port: to.port });
      port.endpoints.push({ ...to, local: isLocal.has(key) || this.#hairpins.has(hairpin) });
    }
    const external = `external-${base}`;
    for (const rule of this.#table.chains.get(external) ?? []) {
      if (/^fib saddr type (local|2) /.test(rule)) port.externalLocal = true;
      else if (/^(ip6? saddr|iifname) \S+ goto service-/.test(rule))
        this.#chains.notePodTest(rule.split(" "));
      else if (withoutMark(rule) !== "" && !/^goto (service|local)-\S+$/.test(rule))
        this.#chains.noteUnsupported(external, rule);
    }
  }

  #readRefusal(element: NftElement): void {
    const frontend = frontendOf(element.key, this.#plan);
    if (!frontend || !/^(drop|goto reject-chain)/.test(element.verdict)) {
      this.#noteUnsupported(element);
      return;
    }
    const isDrop = element.verdict.startsWith("drop");
    // A drop at an address that leads to an external chain: policy Local, seen there already.
    if (this.#served.has(element.key.join())) return;
    const known =
      this.#byClusterIp.get(frontendKey(frontend.address, frontend)) ??
      this.#owner(element.comment, frontend.protocol, frontend.port);
    if (known && known.clusterIp !== frontend.address && !this.#clusterIps.has(element.key[0]!)) {
      if (!known.externals.has(frontend.address)) known.externals.set(frontend.address, EXTERNAL_IP);
      return;
    }
    const port = known ?? emptyPort(frontend.protocol, frontend.port);
    if (!known) this.#refused.push(port);
    port.clusterIp ??= frontend.address;
    port.port = frontend.port;
    port.internalLocal ||= isDrop;
  }

  #readRefusedNodePort({ key, comment }: NftElement): void {
    if (this.#served.has(key.join())) return;
    const number = portOf(key[1]);
    const port = this.#owner(comment, PROTOCOLS.get(key[0] ?? "") ?? 0, 0);
    if (port?.clusterIp !== undefined && number) port.nodePort = number;
    else this.#refusedNodePorts++;
  }

  /** The service-port that a refusal's comment names; undefined where it names none. */
  #owner(comment: string, protocol: number, port: number): FoundPort | undefined {
    const name = parsePortName(comment);
    if (!name) return undefined;
    const found = this.#byName.get(`${comment} ${protocol}`) ?? { ...emptyPort(protocol, port), ...name };
    if (!this.#byName.has(`${comment} ${protocol}`)) {
      this.#byName.set(`${comment} ${protocol}`, found);
      this.#refused.push(found);
    }
    return found;
  }

  #portOf(chain: string, { protocol, port }: { protocol: number; port: number }): FoundPort | undefined {
    const match = CHAIN.exec(chain);
    if (!match) return undefined;
    const base = `${match[2]}-${match[3]}`;
    let found = this.#ports.get(base);
    if (!found) {
      const name = nameOf(match[3]!);
      found = { ...emptyPort(protocol, port), ...name };
      this.#ports.set(base, found);
      if (name) {
        const suffix = name.portName === "" ? "" : `:${name.portName}`;
        this.#byName.set(`${name.service}${suffix} ${protocol}`, found);
      }
    }
    return found;
  }

  #noteUnsupported(element: NftElement): void {
    this.#chains.omissions.element(element);
  }
}
