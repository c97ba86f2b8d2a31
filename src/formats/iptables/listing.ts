/** `iptables -S`: the same rules as iptables-save's, without the names of their tables. */

import { lines } from "./save.js";

interface ListedTable {
  /** Names of base chains. */
  readonly base: string[];
  readonly chains: string[];
  readonly rules: string[];
}

/**
 * `iptables -S [-v] [-t TABLE]`, one or several, as iptables-save would print them: base chains tell a table.
 */
export function saveOfListing(text: string): string {
  const tables: ListedTable[] = [];
  for (const raw of lines(text)) {
    const line = raw.trim();
    const [option, name = "", policy = ""] = line.split(" ", 3);
    let table = tables.at(-1);
    if (option === "-P") {
      if (
        !table ||
        table.rules.length > 0 ||
        table.base.includes(name) ||
        table.chains.length > table.base.length
      ) {
        table = { base: [], chains: [], rules: [] };
        tables.push(table);
      }
      table.base.push(name);
      table.chains.push(`:${name} ${policy} [0:0]`);
    } else if (option === "-N") table?.chains.push(`:${name} - [0:0]`);
    else if (option === "-A") table?.rules.push(line);
  }
  const saved = tables.map(
    (table) => `*${tableName(table)}\n${[...table.chains, ...table.rules].join("\n")}\nCOMMIT\n`,
  );
  return saved.join("");
}

function tableName({ base }: ListedTable): string {
  const has = (chain: string) => base.includes(chain);
  if (has("FORWARD")) return has("PREROUTING") ? "mangle" : "filter";
  return has("POSTROUTING") ? "nat" : "raw";
}
