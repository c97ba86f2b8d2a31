/**
 * Rules that kube-proxy has not deleted yet, but no packet reaches: up to 1.35, nftables mode deletes the chains of an
 * endpoint a second after it left; in large clusters iptables mode deletes chains at most once in 30 seconds
 * (pkg/proxy/{iptables,nftables}/proxier.go).
 */

/** Chains and sets that belong to one Service or endpoint; all others are always there. */
const OWNED =
  /^(?:KUBE-(?:SVC|SVL|EXT|FW|SEP)-[A-Z2-7]{16}|(?:service|local|external|firewall|endpoint|affinity)-[A-Z2-7]{8}-.*)$/;
const REFERENCE = /(?:-j |-g |goto |jump |@)([^\s,}]+)/g;

/** The lines of rules (`ruleLines`) that lie in chains and sets which others lead to. */
export function withoutUnreferenced(lines: readonly string[]): string[] {
  const byOwner = new Map<string, string[]>();
  for (const line of lines) {
    const owner = ownerOf(line);
    const siblings = byOwner.get(owner);
    if (siblings === undefined) byOwner.set(owner, [line]);
    else siblings.push(line);
  }
  const reached = new Set([...byOwner.keys()].filter((owner) => !OWNED.test(nameOf(owner))));
  // The set grows while it is walked.
  for (const owner of reached) {
    const table = owner.slice(0, owner.length - nameOf(owner).length);
    for (const line of byOwner.get(owner)!) {
      for (const [, name] of line.matchAll(REFERENCE))
        if (byOwner.has(`${table}${name}`)) reached.add(`${table}${name}`);
    }
  }
  return lines.filter((line) => reached.has(ownerOf(line)));
}

/** Table and chain (or set) of a line. */
function ownerOf(line: string): string {
  const nft = /^(\S+ \S+) (?:chain|set|map) (\S+?)(?: \d+:|:|$)/.exec(line);
  if (nft !== null) return `${nft[1]} ${nft[2]}`;
  const iptables = /^(\S+) (?::|(?:\d+ )?-A )(\S+)/.exec(line);
  return iptables === null ? line : `${iptables[1]} ${iptables[2]}`;
}

function nameOf(owner: string): string {
  return owner.slice(owner.lastIndexOf(" ") + 1);
}
