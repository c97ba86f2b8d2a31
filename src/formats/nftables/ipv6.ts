/** What table ip6 kube-proxy says of its addresses before it is read: the numbers that stand for them need their ranges. */

import type { Ipv6Addresses } from "../../cluster/infer-ipv6.js";
import { type Cidr6, parseCidr6, parseIpv6 } from "../../cluster/ipv6.js";
import { serviceRangesIn } from "./chains.js";
import { SINGLE } from "./keys.js";
import { ranges6Of } from "./ranges.js";
import { NUMGEN } from "./rules.js";
import { SOURCES } from "./services.js";
import type { NftTable } from "./table.js";

/** Pods, told from others by their range: `ip6 saddr != RANGE` marks the others, `ip6 saddr RANGE goto` is a short circuit. */
const PODS = /(?:^| )ip6 saddr (?:!= )?([\da-f:]+\/\d{1,3}) /;

/** Addresses and ranges of a table. */
export function ipv6OfTable({ chains, containers }: NftTable): Ipv6Addresses {
  const clusterIps = [
    ...(containers.get("cluster-ips") ?? []),
    ...(containers.get("service-ips") ?? []).filter(({ verdict }) =>
      /^goto (?:service|local)-/.test(verdict),
    ),
  ].flatMap(({ key }) => parseIpv6(key[0] ?? "") ?? []);
  const pods: bigint[] = [];
  const sourceRanges: Cidr6[] = [];
  const serviceCidrs: Cidr6[] = [];
  let podCidr: Cidr6 | undefined;
  for (const [chain, rules] of chains) {
    for (const rule of rules) {
      if (chain.startsWith("firewall-")) sourceRanges.push(...sourcesOf(rule));
      else if (chain === "cluster-ips-check")
        serviceCidrs.push(...serviceRangesIn(rule).flatMap((text) => ranges6Of(text) ?? []));
      else {
        pods.push(...serversOf(rule));
        podCidr ??= parseCidr6(PODS.exec(rule)?.[1] ?? "");
      }
    }
  }
  const [serviceCidr, ...moreServiceCidrs] = serviceCidrs;
  return {
    clusterIps: [...new Set(clusterIps)],
    pods,
    sourceRanges,
    serviceCidr,
    moreServiceCidrs,
    ...(podCidr && { podCidr }),
  };
}

function sourcesOf(rule: string): Cidr6[] {
  const [, set, one = ""] = SOURCES.exec(rule) ?? [];
  return (set ?? one).split(",").flatMap((text) => ranges6Of(text.trim()) ?? []);
}

/** Endpoints that a rule sends to by itself, or by a map. */
function serversOf(rule: string): bigint[] {
  const single = SINGLE.exec(rule)?.[1];
  const members = single === undefined ? (NUMGEN.exec(rule)?.[3] ?? "").split(" , ") : [` : ${single}`];
  return members.flatMap((member) => parseIpv6(member.split(" : ")[1]?.split(" . ")[0] ?? "") ?? []);
}
