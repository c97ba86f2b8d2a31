/**
 * Services out of kube-proxy's rules, of any version since 1.5 (pkg/proxy/iptables/proxier.go). What is read:
 * KUBE-SERVICES (addresses), KUBE-NODEPORTS, the chains they jump to (SVC, SVL, EXT, FW; XLB until 1.23), SEP chains
 * (endpoints), and the filter table's refusals (services without endpoints).
 */

import { type Cidr, EXTERNAL_IP, INGRESS_IP, SCTP, TCP, UDP } from "../../cluster/cluster.js";
import type { MasqueradeOfClusterIps } from "../../cluster/infer-network.js";
import type { SavedRule, SavedTable, SavedTables } from "../../planes/iptables/rules/saved-rules.js";
import { addStandIns, emptyPort, type FoundPort, noteExternal, parsePortName } from "../assemble.js";
import { countEmpty, countForeign, kindOfChain, kindOfCondition } from "./chains.js";
import type { UnreadRule } from "./omissions.js";
import { PodTests } from "./pods.js";

/** Chains of one service-port share the hash of its name: KUBE-SVC-XPGD46QRK7WJZT7O. XLB is what EXT was until 1.23. */
const PORT_CHAIN = /^KUBE-(SVC|SVL|EXT|FW|XLB)-([A-Z2-7]{16})$/;
const COMMENT =
  /^(\S+)(?: (cluster IP|external IP|loadbalancer IP|has no endpoints|has no local endpoints))?/;

export interface FoundInRules {
  readonly ports: FoundPort[];
  /** SEP chains of each port's endpoints, in their order. */
  readonly chains: ReadonlyMap<FoundPort, readonly string[]>;
  /** Sources that need no masquerade (kube-proxy's clusterCIDR). */
  readonly podCidr: Cidr | undefined;
  /** How pod traffic is recognized where it is not by a range: `-i azv+`. */
  readonly podTest: string | undefined;
  readonly masquerade: MasqueradeOfClusterIps;
  /** False where the rules show that kube-proxy cannot tell pods from others (no `--cluster-cidr`). */
  readonly knowsPods: boolean;
  readonly nodeAddresses: number[];
  /** Rules to a service's chain that test no port. */
  readonly withoutPort: number;
  /** Chains of endpoints whose DNAT has no address. */
  readonly withoutDestination: number;
  /** Chains of kube-proxy that rules jump to, and that are empty or not there. */
  readonly emptyChains: number;
  /** Ports whose endpoints are in no rule: one stands for them. */
  readonly standIns: number;
  /** Rules of kube-proxy's own chains that say something that isn't understood. */
  readonly notUnderstood: readonly UnreadRule[];
  readonly foreignRules: number;
}

/** Reads services out of the tables. Nothing is guessed: what isn't understood is returned as text. */
export function servicesOfRules({ nat, filter }: SavedTables): FoundInRules {
  return new Reader(nat, filter).read();
}

class Reader {
  readonly #nat: SavedTable;
  readonly #filter: SavedTable;
  readonly #byHash = new Map<string, FoundPort>();
  readonly #byName = new Map<string, FoundPort>();
  readonly #ports: FoundPort[] = [];
  readonly #hashes = new Map<FoundPort, string>();
  readonly #pods = new PodTests();
  readonly #nodeAddresses = new Set<number>();
  readonly #notUnderstood: UnreadRule[] = [];
  #withoutPort = 0;
  #withoutDestination = 0;
  /** Ports that the filter table refuses: until 1.8 their chains were empty. */
  readonly #refusedPorts = new Set<FoundPort>();
  /** Addresses that only refusals name. */
  readonly #refusedExternals = new Map<FoundPort, Set<number>>();

  constructor(nat: SavedTable, filter: SavedTable) {
    this.#nat = nat;
    this.#filter = filter;
  }

  read(): FoundInRules {
    for (const rule of this.#rules(this.#nat, "KUBE-SERVICES")) this.#readFrontend(rule);
    for (const rule of this.#rules(this.#nat, "KUBE-NODEPORTS")) this.#readNodePort(rule);
    const chains = new Map<FoundPort, readonly string[]>();
    for (const [port, hash] of this.#hashes) chains.set(port, this.#readChains(port, hash));
    for (const name of ["KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES"]) {
      for (const rule of this.#rules(this.#filter, name)) this.#readRefusal(rule);
    }
    for (const rule of this.#rules(this.#filter, "KUBE-NODEPORTS")) this.#readHealthCheck(rule);
    const standIns = addStandIns(this.#ports);
    return {
      ports: this.#ports,
      chains,
      podCidr: this.#pods.range(),
      podTest: this.#pods.test,
      masquerade: this.#pods.masquerade,
      knowsPods: this.#pods.areKnown(this.#ports),
      withoutPort: this.#withoutPort,
      withoutDestination: this.#withoutDestination,
      emptyChains: countEmpty(this.#nat) + this.#emptyPorts(),
      nodeAddresses: [...this.#nodeAddresses],
      standIns,
      notUnderstood: this.#notUnderstood,
      foreignRules: countForeign(this.#nat) + countForeign(this.#filter),
    };
  }

  /** Rules of a chain; those that aren't understood are noted and left out. */
  *#rules(table: SavedTable, name: string): Iterable<SavedRule> {
    for (const rule of table.get(name)?.rules ?? []) {
      if (rule.unsupported === null) yield rule;
      else this.#note(`${kindOfChain(name)}: ${kindOfCondition(rule.unsupported)}`, rule, table);
    }
  }

  #note(what: string, rule: SavedRule | undefined, table: SavedTable, port?: FoundPort): void {
    const hash = PORT_CHAIN.exec(rule?.chain ?? "")?.[2] ?? "";
    const isFilter = table === this.#filter;
    this.#notUnderstood.push({ what, rule, port: port ?? this.#byHash.get(hash), isFilter });
  }

  #readFrontend(rule: SavedRule): void {
    if (rule.target === "KUBE-NODEPORTS") {
      if (rule.dst?.prefixLength === 32) this.#nodeAddresses.add(rule.dst.base);
      return;
    }
    // The old masquerade rule of each service, before 1.20: ! -s CIDR -d VIP … -j KUBE-MARK-MASQ.
    if (rule.target === "KUBE-MARK-MASQ") {
      if (!/ (?:external|loadbalancer) IP/.test(rule.comment ?? "")) this.#pods.note(rule);
      return;
    }
    const jump = PORT_CHAIN.exec(rule.target);
    if (!jump || rule.dst?.prefixLength !== 32 || rule.dport <= 0) {
      if (jump && rule.dport <= 0) this.#withoutPort++;
      this.#note(`KUBE-SERVICES: -j ${kindOfChain(rule.target)}`, rule, this.#nat);
      return;
    }
    const [, kind, hash] = jump;
    const port = this.#portOf(hash!, rule);
    const what = COMMENT.exec(rule.comment ?? "")?.[2];
    if (what === "loadbalancer IP" || kind === "FW") noteExternal(port, rule.dst.base, INGRESS_IP);
    else if (what === "external IP" || kind === "EXT" || kind === "XLB")
      noteExternal(port, rule.dst.base, EXTERNAL_IP);
    else {
      port.clusterIp = rule.dst.base;
      port.port = rule.dport;
      if (kind === "SVL") port.internalLocal = true;
    }
    if (kind === "XLB") port.externalLocal = true;
  }

  #readNodePort(rule: SavedRule): void {
    const jump = PORT_CHAIN.exec(rule.target);
    // Before 1.24 a rule that marks precedes the one that jumps.
    if (rule.target === "KUBE-MARK-MASQ") return;
    if (!jump || rule.dport <= 0) {
      this.#note(`KUBE-NODEPORTS: -j ${kindOfChain(rule.target)}`, rule, this.#nat);
      return;
    }
    const port = this.#portOf(jump[2]!, rule);
    port.nodePort = rule.dport;
    if (jump[1] === "XLB") port.externalLocal = true;
  }

  /** The service-port behind a chain's hash, made where it is new. */
  #portOf(hash: string, rule: SavedRule): FoundPort {
    let port = this.#byHash.get(hash);
    if (!port) {
      port = this.#named(rule) ?? this.#add(emptyPort(rule.protocol, rule.dport));
      this.#byHash.set(hash, port);
      this.#hashes.set(port, hash);
    }
    return port;
  }

  #add(port: FoundPort): FoundPort {
    this.#ports.push(port);
    return port;
  }

  /** The service-port that a rule's comment names, made where it is new; undefined when it names none. */
  #named(rule: SavedRule): FoundPort | undefined {
    const text = COMMENT.exec(rule.comment ?? "")?.[1];
    const name = text === undefined ? undefined : parsePortName(text);
    if (!name) return undefined;
    // One name may be served in two protocols.
    const key = `${text} ${rule.protocol}`;
    let port = this.#byName.get(key);
    if (!port) {
      port = this.#add({ ...emptyPort(rule.protocol, rule.dport), ...name });
      this.#byName.set(key, port);
    }
    return port;
  }

  #readChains(port: FoundPort, hash: string): readonly string[] {
    const chains: string[] = [];
    const seen = new Set<string>();
    const local = new Set(
      this.#endpointChains(port, `KUBE-SVL-${hash}`).concat(this.#endpointChains(port, `KUBE-XLB-${hash}`)),
    );
    for (const name of [...this.#endpointChains(port, `KUBE-SVC-${hash}`), ...local]) {
      if (seen.has(name)) continue;
      seen.add(name);
      const translation = this.#nat.get(name)?.rules.find(({ target }) => target === "DNAT");
      const to = translation?.to;
      if (!to) {
        if (translation) this.#withoutDestination++;
        this.#note(`${kindOfChain(name)}: no DNAT to an address and port`, undefined, this.#nat, port);
        continue;
      }
      chains.push(name);
      port.endpoints.push({ ...to, local: local.has(name) });
    }
    for (const rule of this.#rules(this.#nat, `KUBE-FW-${hash}`)) {
      if (rule.src && !rule.srcInvert) port.ranges.push(rule.src);
      if (rule.target.startsWith("KUBE-XLB-")) port.externalLocal = true;
    }
    for (const rule of this.#rules(this.#nat, `KUBE-EXT-${hash}`)) {
      if (rule.addrtype === "src-local") port.externalLocal = true;
      else if (rule.src && rule.target.startsWith("KUBE-SVC-")) this.#pods.noteShortCut(rule.src);
      else if (rule.interfaceIn && !rule.interfaceIn.negated) this.#pods.note(rule);
    }
    return chains;
  }

  /** SEP chains that a chain jumps to, each once, in the order of the rules that pick by chance. */
  #endpointChains(port: FoundPort, name: string): string[] {
    const chains: string[] = [];
    for (const rule of this.#rules(this.#nat, name)) {
      if (rule.target === "KUBE-MARK-MASQ") this.#pods.note(rule);
      if (!rule.target.startsWith("KUBE-SEP-")) continue;
      if (rule.recent === "check") port.affinitySeconds = Math.max(port.affinitySeconds, rule.recentSeconds);
      else chains.push(rule.target);
    }
    return chains;
  }

  #readRefusal(rule: SavedRule): void {
    if (rule.target !== "REJECT" && rule.target !== "DROP") {
      this.#note(`filter ${rule.chain}: -j ${rule.target}`, rule, this.#filter);
      return;
    }
    const port = this.#refused(rule);
    if (!port) {
      this.#note(`filter ${rule.chain}: -j ${rule.target} without a destination`, rule, this.#filter);
      return;
    }
    this.#refusedPorts.add(port);
    const isExternal =
      rule.chain === "KUBE-EXTERNAL-SERVICES" || /external IP|loadbalancer IP/.test(rule.comment ?? "");
    if (rule.addrtype === "dst-local") {
      port.nodePort = rule.dport;
      if (rule.target === "DROP") port.externalLocal = true;
    } else if (isExternal) {
      this.#noteRefusedExternal(port, rule.dst!.base);
      if (rule.target === "DROP") port.externalLocal = true;
    } else if (port.clusterIp === undefined || port.clusterIp === rule.dst!.base) {
      port.clusterIp = rule.dst!.base;
      port.port = rule.dport;
      if (rule.target === "DROP") port.internalLocal = true;
    } else {
      // Before 1.12 refusals of external addresses stood in the same chain, behind that of the cluster IP.
      port.externals.set(rule.dst!.base, EXTERNAL_IP);
    }
  }

  /** Only that it is refused twice tells an external IP that is a load balancer's address too. */
  #noteRefusedExternal(port: FoundPort, address: number): void {
    const isServed = port.externals.has(address) && !this.#refusedExternals.get(port)?.has(address);
    if (isServed) return;
    const refused = this.#refusedExternals.get(port) ?? new Set();
    noteExternal(port, address, refused.has(address) ? INGRESS_IP : EXTERNAL_IP);
    this.#refusedExternals.set(port, refused.add(address));
  }

  /** `-p tcp -m comment --comment "ns/name:port health check node port" -m tcp --dport 32020 -j ACCEPT` */
  #readHealthCheck(rule: SavedRule): void {
    const port = rule.target === "ACCEPT" && rule.dport > 0 ? this.#byComment(rule) : undefined;
    if (port) port.healthCheckNodePort = rule.dport;
    else this.#note(`filter ${rule.chain}: -j ${rule.target}`, rule, this.#filter);
  }

  /** The service-port that a rule's comment names, whatever its protocol. */
  #byComment({ comment }: SavedRule): FoundPort | undefined {
    const text = COMMENT.exec(comment ?? "")?.[1];
    const protocols = [TCP, UDP, SCTP];
    return protocols.flatMap((protocol) => this.#byName.get(`${text} ${protocol}`) ?? [])[0];
  }

  #emptyPorts(): number {
    return [...this.#hashes].filter(
      ([port, hash]) =>
        !this.#refusedPorts.has(port) &&
        ["SVC", "SVL"].every((kind) => (this.#nat.get(`KUBE-${kind}-${hash}`)?.rules.length ?? 0) === 0),
    ).length;
  }

  #refused(rule: SavedRule): FoundPort | undefined {
    const isNodePort = rule.addrtype === "dst-local";
    if (rule.dport <= 0 || (!isNodePort && rule.dst?.prefixLength !== 32)) return undefined;
    const named = this.#named(rule);
    if (named || isNodePort) return named;
    return this.#add(emptyPort(rule.protocol, rule.dport));
  }
}
