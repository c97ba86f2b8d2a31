/** Rules as sets of lines, so that what kube-proxy wrote can be compared with what is exported: it writes in random order. */

/**
 * Lines of iptables-save or iptables-restore, each with its table in front: declared chains without policy counters, and
 * rules; a rule that is there twice has two lines. Comments are left out.
 */
export function iptablesLines(text: string): Set<string> {
  const lines = new Set<string>();
  let table = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1);
    else if (line.startsWith(":")) lines.add(`${table} ${line.replace(/ \[.*/, "")}`);
    else if (line.startsWith("-A")) {
      let rule = `${table} ${line}`;
      while (lines.has(rule)) rule += " # again";
      lines.add(rule);
    }
  }
  return lines;
}

/**
 * Lines of one table as `nft list` prints it or `nft -f` reads it: the chains, sets and maps that there are, what is in
 * each, and their elements one by one.
 */
export function nftLines(text: string, table = "ip kube-proxy"): Set<string> {
  const lines = new Set<string>();
  let isInside = false;
  let container = "";
  let elements = "";
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    const added = new RegExp(`^add element ${table} (\\S+) \\{ (.*) \\}$`).exec(line);
    if (added) addElements(lines, added[1]!, added[2]!);
    else if (line === `table ${table} {`) isInside = true;
    else if (line.startsWith("table ")) isInside = false;
    else if (!isInside || line === "") continue;
    else if (elements !== "" || line.startsWith("elements = {")) {
      elements += ` ${line}`;
      if (!line.endsWith("}")) continue;
      addElements(lines, container.split(" ")[1]!, elements.replace(/^ elements = \{|\}$/g, ""));
      elements = "";
    } else if (line === "}") {
      if (container === "") isInside = false;
      container = "";
    } else if (/^(chain|set|map) \S+ \{$/.test(line)) {
      container = line.slice(0, -2);
      lines.add(container);
    } else lines.add(`${container}: ${line}`);
  }
  return lines;
}

function addElements(lines: Set<string>, container: string, elements: string): void {
  for (const element of elements.split(/,\s+/)) lines.add(`${container} element: ${element.trim()}`);
}

/** Lines of `ipset save` or `ipset restore`. What the kernel chose, and the sets' growth, is left out. */
export function ipsetLines(text: string): Set<string> {
  const known = text.split("\n").filter((line) => /^(create|add) /.test(line));
  return new Set(known.map((line) => line.replace(/ (bucketsize|initval) \S+/g, "")));
}

/** Lines of `ipvsadm -Sn` or `ipvsadm -R`. */
export function ipvsadmLines(text: string): Set<string> {
  return new Set(text.split("\n").filter((line) => line !== ""));
}

/** What only one of two sets holds: `- ` for the first, `+ ` for the second, sorted. */
export function ruleDifferences(first: ReadonlySet<string>, second: ReadonlySet<string>): string[] {
  return [
    ...[...first].filter((line) => !second.has(line)).map((line) => `- ${line}`),
    ...[...second].filter((line) => !first.has(line)).map((line) => `+ ${line}`),
  ].sort();
}
