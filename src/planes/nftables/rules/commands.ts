/** Chains, rules and elements as kube-proxy hands them to `nft -f -`: one command per line, each valid by itself. */

import type { NftablesProgram } from "../program.js";
import { nftTransactions } from "../ruleset.js";
import { familyWords } from "./family-words.js";

/**
 * A full sync from nothing: the table, and the commands of each service.
 *
 * @param program What is loaded.
 */
export function syncCommands(program: NftablesProgram): { base: string; services: string[][] } {
  const { table } = familyWords(program.cluster.network);
  const [base = "", ...services] = nftTransactions(program, 1);
  return { base, services: services.map((block) => flatCommands(block, table)) };
}

/**
 * Turns one service (../ruleset.ts) into kube-proxy's commands: chains first, as they are flushed before they are filled, then
 * sets, elements one by one, and rules.
 *
 * @param block `table … { … }` with chains and sets, and `add element` commands after it.
 * @param table Family and name, `ip kube-proxy`.
 */
function flatCommands(block: string, table: string): string[] {
  const chains: string[] = [];
  const sets: string[] = [];
  const elements: string[] = [];
  const rules: string[] = [];
  let chain: string | undefined;
  let set: { name: string; words: string[] } | undefined;
  for (const line of block.split("\n")) {
    const text = line.trim();
    const [, kind, name = ""] = /^(chain|set|map) (\S+) \{$/.exec(text) ?? [];
    if (kind === "chain") {
      chains.push(`add chain ${table} ${name}`, `flush chain ${table} ${name}`);
      chain = name;
    } else if (kind !== undefined) set = { name, words: [] };
    else if (text === "}" && set !== undefined) {
      sets.push(`add set ${table} ${set.name} { ${set.words.map((each) => `${each} ;`).join(" ")} }`);
      set = undefined;
    } else if (text === "}") chain = undefined;
    else if (set !== undefined) set.words.push(text);
    else if (chain !== undefined) rules.push(`add rule ${table} ${chain} ${text}`);
    else {
      const [, container, members] = /^add element \S+ \S+ (\S+) \{ (.*) \}$/.exec(text) ?? [];
      for (const member of members?.split(", ") ?? [])
        elements.push(`add element ${table} ${container} { ${member} }`);
    }
  }
  return [...chains, ...sets, ...elements, ...rules];
}
