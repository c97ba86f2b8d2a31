/** Service-ports out of the maps and chains of kube-proxy's nftables table. */

import type { EndpointRecord } from "../../build.js";
import {
  type Cidr,
  EXTERNAL_IP,
  INGRESS_IP,
  parseAddress,
  parseCidr,
  SCTP,
  TCP,
  UDP,
} from "../../cluster.js";
import { addStandIns, emptyPort, type FoundPort, parsePortName } from "../assemble.js";
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
  /** NodePorts of services without endpoints: the table doesn't say whose they are. */
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
  readonly #unnamedRefusals: FoundPort[] = [];
  readonly #notUnderstood: string[] = [];
  /** Keys that lead to a chain: a refusal of one of them is its policy's. */
  readonly #served = new Set<string>();
  readonly #byClusterIp = new Map<string, FoundPort>();
  #podCidr: Cidr | undefined;

  constructor(table: NftTable) {
    this.#table = table;
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
    const refusedNodePorts = this.#elements("no-endpoint-nodeports").filter(
      ({ key }) => !this.#served.has(key.join()),
    ).length;
    for (const element of this.#elements("firewall-ips")) this.#readFirewall(element);
    for (const [base, port] of this.#ports) this.#readChains(base, port);
    for (const port of this.#ports.values()) {
      if (port.clusterIp !== undefined) this.#byClusterIp.set(frontendKey(port.clusterIp, port), port);
    }
    for (const element of this.#elements("no-endpoint-services")) this.#readRefusal(element);
    const ports = [...this.#ports.values(), ...this.#unnamedRefusals];
    const standIns = addStandIns(ports);
    return {
      ports,
      podCidr: this.#podCidr && this.#podCidr.prefixLength <= 24 ? this.#podCidr : undefined,
      serviceCidr: this.#serviceCidr(),
      standIns,
      refusedNodePorts,
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
      port.ranges = (ranges[1] ?? ranges[2]!).split(",").flatMap((text) => this.#rangeOf(text.trim()));
    }
  }

  /** `a/24`, an address, or `a-b`, as nft prints neighbours that it joined. */
  #rangeOf(text: string): Cidr[] {
    const cidr = parseCidr(text.includes("/") ? text : `${text}/32`);
    if (cidr) return [cidr];
    const [first, last] = text.split("-").map((part) => parseAddress(part.trim()));
    if (first === undefined || last === undefined || last < first) {
      this.#notUnderstood.push(`source range ${text}`);
      return [];
    }
    return rangesBetween(first, last);
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
      const pods = /^ip daddr (\S+) (\w+) dport (\d+) ip saddr != (\S+) jump mark-for-masquerade/.exec(rule);
      const sticky = /^ip saddr @(\S+) goto endpoint-/.exec(rule);
      const choice = /^numgen random mod \d+ vmap \{ (.*) \}$/.exec(rule);
      if (pods) this.#readMasquerade(port, pods);
      else if (choice) names = [...choice[1]!.matchAll(/goto (endpoint-[^\s,}]+)/g)].map(([, name]) => name!);
      else if (sticky) port.affinitySeconds = this.#table.timeouts.get(sticky[1]!) ?? port.affinitySeconds;
      else if (!/ jump mark-for-masquerade/.test(rule)) this.#notUnderstood.push(rule);
    }
    return names;
  }

  /** The test names the cluster IP, which service-ips leaves out where policy Local has no local endpoint. */
  #readMasquerade(port: FoundPort, [, address, protocol, number, pods]: RegExpExecArray): void {
    const frontend = frontendOf([address!, protocol!, number!]);
    this.#podCidr ??= parseCidr(pods!);
    if (!frontend || port.clusterIp !== undefined) return;
    port.clusterIp = frontend.address;
    port.port = frontend.port;
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
    const known = this.#byClusterIp.get(frontendKey(frontend.address, frontend));
    if (known) {
      known.internalLocal ||= isDrop;
      return;
    }
    const port = emptyPort(frontend.protocol, frontend.port);
    port.clusterIp = frontend.address;
    port.internalLocal = isDrop;
    this.#unnamedRefusals.push(port);
  }

  #portOf(chain: string, { protocol, port }: { protocol: number; port: number }): FoundPort | undefined {
    const match = CHAIN.exec(chain);
    if (!match) return undefined;
    const base = `${match[2]}-${match[3]}`;
    let found = this.#ports.get(base);
    if (!found) {
      found = { ...emptyPort(protocol, port), ...nameOf(match[3]!) };
      this.#ports.set(base, found);
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

/** The fewest CIDRs that are an interval. */
function rangesBetween(first: number, last: number): Cidr[] {
  const ranges: Cidr[] = [];
  for (let base = first; base <= last; ) {
    let prefixLength = 32;
    while (prefixLength > 0) {
      const size = 2 ** (33 - prefixLength);
      if (base % size !== 0 || base + size - 1 > last) break;
      prefixLength--;
    }
    ranges.push({ base, prefixLength });
    base += 2 ** (32 - prefixLength);
  }
  return ranges;
}
