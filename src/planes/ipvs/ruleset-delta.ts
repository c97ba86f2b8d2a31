/**
 * One change as text, for iptables-restore and, in the words of `ipvsadm -R`, the netlink commands that
 * kube-proxy sends (pkg/proxy/ipvs/proxier.go, syncEndpoint).
 */

import type { Cluster } from "../../cluster/cluster.js";
import { extractService } from "../../cluster/extract-service.js";
import { endpointText } from "../../cluster/family.js";
import type { IpvsProgram } from "./program.js";
import { frontendOptions } from "./ruleset.js";
import { isServer, listVirtualServices } from "./tables/virtual-services.js";
import { rulesText } from "./text/rules.js";
import { HANDED } from "./text/words.js";

/**
 * An endpoint that joins is added to each of its virtual services; one that leaves gets weight 0, so that its connections
 * can end, and is deleted (graceful_termination.go: at once where it has none). It holds no name. KUBE-LOOP-BACK's entries of
 * this node's endpoints are ipset's.
 */
export function ipvsadmChange(before: Cluster, after: Cluster, service: number): string {
  const [was, is] = [before, after].map((cluster) => serversOf(extractService(cluster, service)));
  const lines: string[] = [];
  for (const [frontend, servers] of is!) {
    for (const server of servers) {
      if (!was!.get(frontend)?.has(server)) lines.push(`-a ${frontend} -r ${server} -m -w 1`);
    }
  }
  for (const [frontend, servers] of was!) {
    for (const server of servers) {
      if (is!.get(frontend)?.has(server)) continue;
      lines.push(`-e ${frontend} -r ${server} -m -w 0`, `-d ${frontend} -r ${server}`);
    }
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** Virtual service → its servers, in ipvsadm's words. */
function serversOf(cluster: Cluster): Map<string, Set<string>> {
  const rows = listVirtualServices(
    cluster,
    Uint32Array.from({ length: cluster.servicePorts }, (_, p) => p),
  );
  const servers = new Map<string, Set<string>>();
  for (let v = 0; v < rows.count; v++) {
    const p = rows.servicePort[v]!;
    const own = new Set<string>();
    for (let e = cluster.endpointStart[p]!; e < cluster.endpointStart[p + 1]!; e++) {
      if (!isServer(rows, v, cluster, e)) continue;
      own.add(endpointText(cluster, e));
    }
    servers.set(
      frontendOptions(cluster.network, cluster.protocol[p]!, rows.address[v]! >>> 0, rows.port[v]!),
      own,
    );
  }
  return servers;
}

/**
 * What kube-proxy hands to iptables-restore at each sync, whatever changed (proxier.go, writeIptablesRules),
 * byte for byte but for the order of lines. The jumps from the hooks are only ensured to exist. Elements of
 * sets are arguments of an `ipset` call each, services and servers go over netlink: neither is text. It holds
 * no name.
 */
export function ipvsHandedText(program: IpvsProgram): string {
  return rulesText(program, HANDED);
}
