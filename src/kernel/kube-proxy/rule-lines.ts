/**
 * Rules of a dump as lines that can be compared: each names its table and chain (or set), and its place where the order
 * of a chain means something. kube-proxy writes some chains in the order of a Go map, another one at each sync.
 */

/** Chains of iptables mode whose Services exclude each other, so that it does not keep them in order. */
const UNORDERED = new Set([
  "KUBE-SERVICES",
  "KUBE-NODEPORTS",
  "KUBE-EXTERNAL-SERVICES",
  "KUBE-PROXY-FIREWALL",
]);

/** What only one of two dumps has. */
export interface RuleDifferences {
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
}

/** Compares two dumps of the same tool as sets of lines; counters and the order of tables and chains do not count. */
export function compareRules(expected: string, actual: string): RuleDifferences {
  const [wanted, found] = [new Set(ruleLines(expected)), new Set(ruleLines(actual))];
  return {
    missing: [...wanted].filter((line) => !found.has(line)),
    unexpected: [...found].filter((line) => !wanted.has(line)),
  };
}

/** Lines of what `nft list` or `iptables-save` printed; of ipvsadm, ipset and ip every line is one. */
export function ruleLines(dump: string): string[] {
  if (/^table /m.test(dump)) return nftLines(dump);
  return /^\*/m.test(dump) ? iptablesLines(dump) : plainLines(dump);
}

/** Without what is drawn at random, or counted by the kernel: the seed of a set's hash, an interface's number. */
function plainLines(dump: string): string[] {
  return dump
    .split("\n")
    .map((line) =>
      line
        .replace(/ initval 0x[0-9a-f]+/, "")
        .replace(/^\d+: /, "")
        .replace(/link\/ether \S+/, "")
        .trim(),
    )
    .filter((line) => line !== "");
}

/** A chain of IPVS mode, whose rules are about sets: their order means something. */
const IPVS_CHAIN = ":KUBE-IPVS-FILTER ";
/** But for the one that has rules of Services: each drops what one load balancer's ranges keep from the node. */
const UNORDERED_OF_IPVS = "KUBE-IPVS-OUT-FILTER";

function iptablesLines(dump: string): string[] {
  const isIpvs = dump.includes(IPVS_CHAIN);
  const lines: string[] = [];
  const places = new Map<string, number>();
  // The same rule twice is two lines: an external IP that is a load balancer's address too is refused twice.
  const written = new Map<string, number>();
  let table = "";
  for (const line of dump.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1);
    else if (line.startsWith(":")) lines.push(`${table} ${line.replace(/ \[.*/, "")}`);
    else if (line.startsWith("-A ")) {
      const chain = line.split(" ")[1]!;
      const isUnordered = isIpvs ? chain === UNORDERED_OF_IPVS : UNORDERED.has(chain);
      // Of the two rules of a NodePort, the first counts what comes by the loopback address.
      // pattern-bounded: one line of iptables' own output.
      const port = isUnordered ? (/ -p (\S+) .*--dport (\d+)/.exec(line)?.slice(1) ?? []) : [];
      const isInPair = table === "nat" && chain === "KUBE-NODEPORTS" && port.length > 0;
      const key = [table, chain, ...(isInPair ? port : [])].join(" ");
      const place = (places.get(key) ?? 0) + 1;
      places.set(key, place);
      const text = `${table} ${isUnordered && !isInPair ? "" : `${place} `}${line}`;
      const times = (written.get(text) ?? 0) + 1;
      written.set(text, times);
      lines.push(times === 1 ? text : `${text} # again, ${times}`);
    }
  }
  return lines;
}

/** nft prints elements on as many lines as they take, in the order of a hash table. */
function nftLines(dump: string): string[] {
  const lines: string[] = [];
  let table = "";
  let container = "";
  let place = 0;
  const joined = dump.replace(
    // pattern-bounded: one line of nft's own output.
    /elements = \{([^}]*)\}/g,
    (_, inside: string) => `elements = {${inside.replace(/\s+/g, " ")}}`,
  );
  for (const raw of joined.split("\n")) {
    const line = raw.trim();
    const opened = /^(table|chain|set|map) (.*) \{$/.exec(line);
    const elements = /^elements = \{(.*)\}$/.exec(line);
    if (opened?.[1] === "table") {
      table = opened[2]!;
      container = "";
      place = 0;
    } else if (opened !== null) {
      container = `${opened[1]} ${opened[2]}`;
      place = 0;
      lines.push(`${table} ${container}`);
    } else if (elements !== null) {
      for (const element of elements[1]!.split(/,\s+/))
        lines.push(`${table} ${container}: element ${element.trim()}`);
    } else if (line !== "" && line !== "}") {
      place += 1;
      lines.push(`${table} ${container} ${place}: ${line.replace(/packets \d+ bytes \d+/, "")}`);
    }
  }
  return lines;
}
