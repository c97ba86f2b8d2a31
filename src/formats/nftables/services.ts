/** Service-ports out of the maps and chains of kube-proxy's nftables table. */

import type { EndpointRecord } from "../../cluster/build.js";
import {
  type Cidr,
  EXTERNAL_IP,
  INGRESS_IP,
  parseAddress,
  parseCidr,
  SCTP,
  TCP,
  UDP,
} from "../../cluster/cluster.js";
import { addStandIns, emptyPort, type FoundPort, parsePortName } from "../assemble.js";
import { rangesOf } from "./ranges.js";
import type { NftElement, NftTable } from "./ruleset.js";

const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ["tcp", TCP],
  ["udp", UDP],
  ["sctp", SCTP],
]);
/** `service-ULMVA6XW-ns1/svc1/tcp/p80`; the hash tells names apart that are cut off with `...`. */
const CHAIN = /^(service|local|external|firewall)-([A-Z2-7]{8})-(\S+)$/;

export interface FoundInTable {
  readonly ports: FoundPort[];
  readonly podCidr: Cidr | undefined;
  readonly serviceCidr: Cidr | undefined;
  /** Ports whose endpoints are in no chain: one stands for them. */
  readonly standIns: number;
  /** NodePorts of services without endpoints, where no comment says whose they are. */
  readonly refusedNodePorts: number;
  readonly notUnderstood: string[];
}

/** Reads services out of the table. Nothing is guessed: what isn't understood is returned as text. */
export function servicesOfTable(table: NftTable): FoundInTable {
  return new Reader(table).read();
}

class Reader {
  readonly #table: NftTable;
  readonly #ports = new Map<string, FoundPort>();
  /** Ports that no chain is of: called as a comment says, or not at all. */
  readonly #refused: FoundPort[] = [];
  readonly #notUnderstood: string[] = [];
  /** Keys that lead to a chain: a refusal of one of them is its policy's. */
  readonly #served = new Set<string>();
  readonly #byClusterIp = new Map<string, FoundPort>();
  /** `namespace/name:port` → its port. */
  readonly #byName = new Map<string, FoundPort>();
  readonly #clusterIps: ReadonlySet<string>;
  #refusedNodePorts = 0;
  #podCidr: Cidr | undefined;

  constructor(table: NftTable) {
    this.#table = table;
    this.#clusterIps = new Set(this.#elements("cluster-ips").flatMap(({ key }) => key));
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
    const ports = [...this.#ports.values(), ...this.#refused];
    const standIns = addStandIns(ports);
    return {
      ports,
      podCidr: this.#podCidr && this.#podCidr.prefixLength <= 24 ? this.#podCidr : undefined,
      serviceCidr: this.#serviceCidr(),
      standIns,
      refusedNodePorts: this.#refusedNodePorts,
      notUnderstood: this.#notUnderstood,
    };
  }

  #elements(name: string): readonly NftElement[] {
    return this.#table.containers.get(name) ?? [];
  }

  #readFrontend(element: NftElement): void {
    const frontend = frontendOf(element.key);
    const chain = /^goto (\S+)$/.exec(element.verdict);
    const port = frontend && chain ? this.#portOf(chain[1]!, frontend) : undefined;
    if (!frontend || !port) {
      this.#strange(element);
      return;
    }
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
      this.#strange(element);
      return;
    }
    port.nodePort = number;
  }

  /** Only load-balancer addresses have source ranges. */
  #readFirewall(element: NftElement): void {
    const frontend = frontendOf(element.key);
    const chain = /^goto (firewall-\S+)$/.exec(element.verdict);
    const port = frontend && chain ? this.#portOf(chain[1]!, frontend) : undefined;
    if (!frontend || !port) {
      this.#strange(element);
      return;
    }
    port.externals.set(frontend.address, INGRESS_IP);
    for (const rule of this.#table.chains.get(chain![1]!) ?? []) {
      const ranges = /^ip saddr != (?:\{ ([^}]*) \}|(\S+)) drop/.exec(rule);
      if (!ranges) {
        this.#notUnderstood.push(rule);
        continue;
      }
      port.ranges = [];
      for (const text of (ranges[1] ?? ranges[2]!).split(",")) {
        const cidrs = rangesOf(text.trim());
        if (cidrs) port.ranges.push(...cidrs);
        else this.#notUnderstood.push(`source range ${text}`);
      }
    }
  }

  #readChains(base: string, port: FoundPort): void {
    const local = new Set(this.#endpointChains(`local-${base}`, port));
    for (const name of new Set([...this.#endpointChains(`service-${base}`, port), ...local])) {
      const endpoint = this.#endpointOf(name);
      if (endpoint) port.endpoints.push({ ...endpoint, local: local.has(name) });
    }
    for (const rule of this.#table.chains.get(`external-${base}`) ?? []) {
      if (/^fib saddr type local /.test(rule)) port.externalLocal = true;
    }
  }

  #endpointChains(chain: string, port: FoundPort): string[] {
    let names: string[] = [];
    for (const rule of this.#table.chains.get(chain) ?? []) {
      const pods = /^ip daddr \S+ \w+ dport \d+ ip saddr != (\S+) jump mark-for-masquerade/.exec(rule);
      const sticky = /^ip saddr @(\S+) goto endpoint-/.exec(rule);
      const choice = /^numgen random mod \d+ vmap \{ (.*) \}$/.exec(rule);
      if (pods) this.#podCidr ??= parseCidr(pods[1]!);
      else if (choice) names = [...choice[1]!.matchAll(/goto (endpoint-[^\s,}]+)/g)].map(([, name]) => name!);
      else if (sticky) port.affinitySeconds = this.#table.timeouts.get(sticky[1]!) ?? port.affinitySeconds;
      else if (!/ jump mark-for-masquerade/.test(rule)) this.#notUnderstood.push(rule);
    }
    return names;
  }

  #endpointOf(chain: string): EndpointRecord | undefined {
    for (const rule of this.#table.chains.get(chain) ?? []) {
      const dnat = /^meta l4proto \w+ dnat to ([\d.]+):(\d+)$/.exec(rule);
      const address = dnat ? parseAddress(dnat[1]!) : undefined;
      const port = portOf(dnat?.[2]);
      if (address !== undefined && port) return { address, port };
    }
    this.#notUnderstood.push(`${chain}: no dnat to an address and port`);
    return undefined;
  }

  #readRefusal(element: NftElement): void {
    const frontend = frontendOf(element.key);
    if (!frontend || !/^(drop|goto reject-chain)/.test(element.verdict)) {
      this.#strange(element);
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

  #serviceCidr(): Cidr | undefined {
    for (const rule of this.#table.chains.get("cluster-ips-check") ?? []) {
      const range = /^ip daddr (?:\{ )?([\d./]+)(?: \})? drop/.exec(rule);
      if (range) return parseCidr(range[1]!);
    }
    return undefined;
  }

  #strange({ key, verdict }: NftElement): void {
    this.#notUnderstood.push(`${key.join(" . ")} : ${verdict}`);
  }
}

/** `ns1/svc1/tcp/p80`; undefined when it is cut off or no name that Kubernetes allows. */
function nameOf(text: string): { service: string; portName: string } | undefined {
  const [namespace, service, , portName = ""] = text.split("/");
  return text.endsWith("...")
    ? undefined
    : parsePortName(`${namespace}/${service}${portName === "" ? "" : `:${portName}`}`);
}

function frontendOf(key: readonly string[]): { address: number; protocol: number; port: number } | undefined {
  const address = parseAddress(key[0] ?? "");
  const protocol = PROTOCOLS.get(key[1] ?? "");
  const port = portOf(key[2]);
  return address === undefined || protocol === undefined || !port ? undefined : { address, protocol, port };
}

function frontendKey(address: number, { protocol, port }: { protocol: number; port: number }): string {
  return `${address} ${protocol} ${port}`;
}

function portOf(text: string | undefined): number {
  const port = /^\d{1,5}$/.test(text ?? "") ? Number(text) : 0;
  return port <= 65_535 ? port : 0;
}
