/** nft's JSON (`nft -j list`, libnftables-json(5)): maps with their elements, and rules as the text that nft prints. */

import { z } from "zod";
import { describeIssue, oneLine } from "../../cluster/checks.js";
import { parseUniqueJson } from "../../cluster/unique-json.js";
import { InputError, InvalidInputError } from "../../errors.js";
import { renderRule } from "./render.js";
import type { NftElement, RulesetDraft } from "./table.js";

const MAX_OBJECTS = 10_000_000;

const jsonSchema = z.object({ nftables: z.array(z.record(z.string(), z.unknown())).max(MAX_OBJECTS) });
const name = z.string();
const containerSchema = z.object({
  family: name,
  table: name,
  name,
  elem: z.array(z.unknown()).default([]),
  timeout: z.number().int().min(0).optional(),
});
const commented = z.object({ elem: z.object({ comment: z.string() }) });
const ruleSchema = z.object({ family: name, table: name, chain: name, expr: z.array(z.unknown()) });
const chainSchema = z.object({ family: name, table: name, name });

/** Reads one document into the draft. Throws InvalidInputError that names what is wrong. */
export function readNftJson(text: string, draft: RulesetDraft): void {
  let data: unknown;
  try {
    data = parseUniqueJson(text);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InvalidInputError("the nft ruleset is not JSON, or cut off: run nft -j list ruleset again");
  }
  /** Rules come one by one behind their chains: a chain is listed when all are there. */
  const chains = new Map<string, { table: string; chain: string; rules: string[] }>();
  const chainOf = (table: string, chain: string) => {
    const key = `${table} ${chain}`;
    let found = chains.get(key);
    if (!found) {
      found = { table, chain, rules: [] };
      chains.set(key, found);
    }
    return found;
  };
  for (const object of checked(jsonSchema, data, "nft ruleset").nftables) {
    const [[kind, value] = ["", undefined]] = Object.entries(object);
    if (kind === "rule") {
      const rule = checked(ruleSchema, value, "nft rule");
      chainOf(`${rule.family} ${rule.table}`, rule.chain).rules.push(renderRule(rule.expr));
    } else if (kind === "chain") {
      const chain = checked(chainSchema, value, "nft chain");
      chainOf(`${chain.family} ${chain.table}`, chain.name);
    } else if (kind === "map" || kind === "set") {
      const container = checked(containerSchema, value, `nft ${kind}`);
      const elements = container.elem.map((element) => elementOf(kind, element));
      draft.listContainer(
        `${container.family} ${container.table}`,
        container.name,
        container.timeout ?? 0,
        elements,
      );
    }
  }
  for (const { table, chain, rules } of chains.values()) draft.listChain(table, chain, rules);
}

function elementOf(kind: string, element: unknown): NftElement {
  const [key, verdict] = kind === "map" && Array.isArray(element) ? element : [element, undefined];
  return {
    key: renderRule([key]).split(" . "),
    verdict: verdict === undefined ? "" : renderRule([verdict]),
    comment: commented.safeParse(key).data?.elem.comment ?? "",
  };
}

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InvalidInputError(`${what}: ${oneLine(describeIssue(parsed.error))}`);
}
