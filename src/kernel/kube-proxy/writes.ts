/** How much a sync writes, counted in what kube-proxy hands to iptables-restore and nft. */

import type { Write } from "./protocol.js";

/** Commands of the two tools; what they delete is counted on its own. */
export interface WriteCounts {
  readonly bytes: number;
  /** `-A` of iptables-restore, `add rule` of nft. */
  readonly rules: number;
  /** Chain lines of iptables-restore, `add chain` of nft: declared again where they exist. */
  readonly chains: number;
  /** Elements of named sets and maps, and of maps within rules. */
  readonly elements: number;
  /** Chains, rules and elements deleted, and chains flushed by nft; iptables-restore flushes those that it declares. */
  readonly deletions: number;
  /** All lines that are commands, other than the tables' frames. */
  readonly commands: number;
}

/** Counts a sync's writes, of both address families. */
export function countWrites(writes: readonly Write[]): WriteCounts {
  const counts = { bytes: 0, rules: 0, chains: 0, elements: 0, deletions: 0, commands: 0 };
  for (const { tool, input } of writes) {
    counts.bytes += Buffer.byteLength(input);
    const count = tool === "nft" ? countNft : countIptables;
    for (const line of input.split("\n")) count(line, counts);
  }
  return counts;
}

/** The writes of IPv4 rules only: a sync of each family has its own. */
export function ipv4Writes(writes: readonly Write[]): Write[] {
  return writes
    .filter(({ tool }) => tool !== "ip6tables-restore")
    .map((write) =>
      write.tool === "nft" ? { ...write, input: write.input.replace(/^\S+ \S+ ip6 [^\n]*\n?/gm, "") } : write,
    );
}

type Counts = { -readonly [K in keyof WriteCounts]: number };

function countIptables(line: string, counts: Counts): void {
  if (line.startsWith("-A ")) counts.rules += 1;
  else if (line.startsWith(":")) counts.chains += 1;
  else if (line.startsWith("-X ")) counts.deletions += 1;
  else return;
  counts.commands += 1;
}

function countNft(line: string, counts: Counts): void {
  const [verb, what] = line.split(" ", 2);
  if (verb === undefined || verb === "") return;
  counts.commands += 1;
  if (verb === "delete" || verb === "flush" || verb === "destroy") counts.deletions += 1;
  else if (what === "chain") counts.chains += 1;
  else if (what === "element") counts.elements += 1;
  else if (what === "rule") {
    counts.rules += 1;
    const map = / map \{([^}]*)\}/.exec(line)?.[1] ?? / vmap \{([^}]*)\}/.exec(line)?.[1];
    if (map !== undefined) counts.elements += map.split(",").length;
  }
}
