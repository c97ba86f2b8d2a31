/** The text of iptables-save, parsed: tables, chains and rules, whoever wrote them. */

import { oneLine } from "../../cluster/checks.js";
import { InvalidInputError } from "../../errors.js";
import type { SavedTable, SavedTables } from "../../planes/iptables/saved-rules.js";
import { parseRule } from "./rule.js";
import { tokenize } from "./tokens.js";

/** Far above any node: 30,000 services of 10 endpoints have a million rules. */
const MAX_RULES = 4_000_000;
const MAX_CHAINS = 2_000_000;
/** XT_EXTENSION_MAXNAMELEN: a chain's name has 28 characters at most. */
const CHAIN_NAME = /^[\x21-\x7e]{1,28}$/;
const TABLES = ["raw", "mangle", "nat", "filter", "security"];

/** Parses what iptables-save prints. Throws InvalidInputError that names the line. */
export function parseSave(text: string): SavedTables {
  const tables = new Map<string, SavedTable>();
  let table: SavedTable | undefined;
  let tableName = "";
  let rules = 0;
  let chains = 0;
  let otherRules = 0;
  let number = 0;
  for (const raw of lines(text)) {
    number++;
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const where = `iptables-save, line ${number}`;
    if (line.startsWith("*")) {
      tableName = line.slice(1);
      if (!TABLES.includes(tableName))
        throw new InvalidInputError(`${where}: no table is called "${oneLine(tableName, 40)}"`);
      table = tables.get(tableName) ?? new Map();
      tables.set(tableName, table);
    } else if (line === "COMMIT") {
      table = undefined;
    } else if (!table) {
      throw new InvalidInputError(`${where}: expected a table (*nat) before "${oneLine(line, 60)}"`);
    } else if (line.startsWith(":")) {
      const [name = "", policy = ""] = line.slice(1).split(" ");
      if (!CHAIN_NAME.test(name))
        throw new InvalidInputError(`${where}: no chain can be called "${oneLine(name, 40)}"`);
      if (++chains > MAX_CHAINS) throw new InvalidInputError(`${where}: more than ${MAX_CHAINS} chains`);
      if (!table.has(name)) table.set(name, { name, policy, rules: [] });
    } else {
      if (++rules > MAX_RULES) throw new InvalidInputError(`${where}: more than ${MAX_RULES} rules`);
      if (tableName !== "nat" && tableName !== "filter") {
        otherRules++;
        continue;
      }
      const rule = parseRule(tokenize(line, where), where);
      const chain = table.get(rule.chain);
      if (!chain) throw new InvalidInputError(`${where}: chain ${oneLine(rule.chain, 40)} is not declared`);
      chain.rules.push(rule);
    }
  }
  const nat = tables.get("nat");
  if (!nat)
    throw new InvalidInputError("iptables-save holds no table nat: run it as root, without -t filter");
  return { nat, filter: tables.get("filter") ?? new Map(), otherRules };
}

/** Lines one by one: a node's list split at once would stand in memory twice. */
function* lines(text: string): Iterable<string> {
  let start = 0;
  while (start < text.length) {
    const end = text.indexOf("\n", start);
    yield text.slice(start, end < 0 ? text.length : end);
    if (end < 0) return;
    start = end + 1;
  }
}
