/**
 * The program as text for ipvsadm, ipset and iptables-restore: what kube-proxy's IPVS mode programs, from the
 * model's own columns.
 */

import { maskTo, type Network, protocolName, SCTP, TCP } from "../../cluster/cluster.js";
import {
  addressText,
  endpointText,
  FAMILIES,
  familyOf,
  rangeText,
  socketText,
} from "../../cluster/family.js";
import { TextSink } from "../shared/text-sink.js";
import type { IpvsProgram } from "./program.js";
import {
  BITMAP_NAMES,
  HASH_SET_NAMES,
  HASH_SETS,
  type HashSetName,
  ipv6SetName,
  SET_TYPES,
  type SetName,
} from "./tables/set-entries.js";
import { isServer } from "./tables/virtual-services.js";
import { rulesText } from "./text/rules.js";
import { SAVED } from "./text/words.js";

/**
 * Text for `ipvsadm -R` (--restore), in the order in which kube-proxy creates virtual services and servers. It holds no
 * name. Masquerade, source ranges and rejects are not IPVS's: see `ipsetRestore` and `ipvsIptablesRestore`.
 */
export function ipvsadmRestore(program: IpvsProgram): Iterable<string> {
  const { cluster, virtualServices: rows, scheduler } = program;
  const text = new TextSink();
  for (let v = 0; v < rows.count; v++) {
    const p = rows.servicePort[v]!;
    const frontend = frontendOptions(
      cluster.network,
      cluster.protocol[p]!,
      rows.address[v]! >>> 0,
      rows.port[v]!,
    );
    const seconds = cluster.affinitySeconds[cluster.service[p]!]!;
    // kube-proxy sets flag 0x10, "hash the source port too", where the scheduler is mh (pkg/proxy/ipvs/util).
    const flags = scheduler === "mh" ? " -b mh-port" : "";
    text.line(`-A ${frontend} -s ${scheduler}${flags}${seconds > 0 ? ` -p ${seconds}` : ""}`);
    for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++) {
      if (!isServer(rows, v, cluster, e)) continue;
      text.line(`-a ${frontend} -r ${endpointText(cluster, e)} -m -w ${program.weightOf(e)}`);
    }
  }
  return text.chunks();
}

/**
 * Text for `ip -batch`: kube-proxy's dummy interface with every virtual address that is not the node's already. It is never up:
 * an address makes a local route all the same.
 */
export function* ipvsAddresses({ cluster, virtualServices }: IpvsProgram): Iterable<string> {
  yield "link add kube-ipvs0 txqueuelen 0 type dummy\n";
  const { network } = cluster;
  const known = new Set(network.nodeAddresses);
  for (let v = 0; v < virtualServices.count; v++) {
    const address = virtualServices.address[v]! >>> 0;
    // NodePorts may answer at addresses of loopback.
    if (known.has(address) || (network.ipv6 === undefined && address >>> 24 === 127)) continue;
    known.add(address);
    yield `addr add ${rangeText(network, { base: address, prefixLength: 32 })} dev kube-ipvs0\n`;
  }
}

/** A virtual service in ipvsadm's words. */
export function frontendOptions(
  network: Pick<Network, "ipv6">,
  protocol: number,
  address: number,
  port: number,
): string {
  const option = protocol === TCP ? "-t" : protocol === SCTP ? "--sctp-service" : "-u";
  return `${option} ${socketText(network, address, port)}`;
}

/**
 * Text for `ipset restore`: kube-proxy's sets and their elements (pkg/proxy/ipvs/ipset.go), of one family or both. It makes the
 * sets of the other family too, whether a Service has it or not.
 */
export function ipsetRestore(...programs: readonly IpvsProgram[]): Iterable<string> {
  const text = new TextSink();
  for (const family of FAMILIES) {
    const program = programs.find(({ cluster }) => familyOf(cluster.network) === family);
    const nameOf = (name: SetName) => (family === 4 ? name : ipv6SetName(name));
    for (const name of HASH_SET_NAMES) {
      const own = nameOf(name);
      const type = `family ${family === 4 ? "inet" : "inet6"}`;
      text.line(`create ${own} ${SET_TYPES[name]} ${type} hashsize 1024 maxelem 65536`);
      for (const element of program ? elementsOf(program, name) : []) text.line(`add ${own} ${element}`);
    }
    for (const name of BITMAP_NAMES) {
      text.line(`create ${nameOf(name)} bitmap:port range 0-65535`);
      const ports = new Set(program?.setEntries.bitmap[name].view());
      for (const port of ports) text.line(`add ${nameOf(name)} ${port}`);
    }
  }
  return text.chunks();
}

function elementsOf({ cluster, setEntries }: IpvsProgram, name: HashSetName): ReadonlySet<string> {
  const words = setEntries.hash[name].view();
  const elements = new Set<string>();
  for (let at = 0; at < words.length; at += HASH_SETS[name]) {
    for (const element of describeElement(cluster.network, name, words, at)) elements.add(element);
  }
  return elements;
}

/** An element as ipset writes it, or its two halves: ipset holds no /0. The columns are those of `listSetEntries`. */
function describeElement(
  network: Pick<Network, "ipv6">,
  name: HashSetName,
  words: Int32Array,
  at: number,
): string[] {
  const address = addressText(network, words[at]! >>> 0);
  if (name === "KUBE-IPVS-IPS") return [address];
  const isNetwork = name === "KUBE-LOAD-BALANCER-SOURCE-CIDR";
  const key = words[at + (isNetwork ? 2 : 1)]!;
  const frontend = `${address},${protocolName((key >>> 16) & 0xff)}:${key & 0xffff}`;
  if (isNetwork) {
    const prefixLength = (key >>> 24) & 0xff;
    if (prefixLength === 0) {
      const [lower, upper] = familyOf(network) === 4 ? ["0.0.0.0", "128.0.0.0"] : ["::", "8000::"];
      return [`${frontend},${lower}/1`, `${frontend},${upper}/1`];
    }
    const base = maskTo(words[at + 1]! >>> 0, prefixLength);
    return [`${frontend},${rangeText(network, { base, prefixLength })}`];
  }
  if (SET_TYPES[name] !== "hash:ip,port,ip") return [frontend];
  return [`${frontend},${addressText(network, words[at + 2]! >>> 0)}`];
}

/**
 * Text for iptables-restore: kube-proxy's rules with IPVS, as iptables-save prints them. `hasPhysdev`: whether the kernel has
 * xt_physdev (br_netfilter), which tells bridged packets apart.
 */
export function ipvsIptablesRestore(program: IpvsProgram, hasPhysdev = true): string {
  return rulesText(program, SAVED, hasPhysdev);
}
