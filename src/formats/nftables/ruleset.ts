/** kube-proxy's table as `nft list ruleset` prints it, in text or (-j) JSON: maps with their elements, and rules as text. */

import { z } from "zod";
import { describeIssue, oneLine } from "../../cluster/checks.js";
import { InvalidInputError } from "../../errors.js";
import { renderRule } from "./render.js";

const MAX_LINES = 10_000_000;

export interface NftElement {
  /** `10.96.0.1`, `tcp`, `443`. */
  readonly key: readonly string[];
  /** `goto service-…`, `drop`; empty in sets. */
  readonly verdict: string;
  /** `shop/web:http` on refusals, which kube-proxy names their owner in; empty where there is none. */
  readonly comment: string;
}

export interface NftTable {
  /** Elements of sets and maps by name. */
  readonly containers: ReadonlyMap<string, readonly NftElement[]>;
  /** Rules by chain, a line each. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** Timeouts of sets with a time, in seconds. */
  readonly timeouts: ReadonlyMap<string, number>;
  /** Rules in other tables. */
  readonly foreignRules: number;
}

/** Reads the text form. Throws InvalidInputError where it is cut off. */
export function parseNftText(text: string): NftTable {
  const containers = new Map<string, NftElement[]>();
  const chains = new Map<string, string[]>();
  const timeouts = new Map<string, number>();
  let foreignRules = 0;
  let table = "";
  let block: { kind: string; name: string } | undefined;
  let elements: string | undefined;
  const lines = text.split("\n");
  if (lines.length > MAX_LINES) throw new InvalidInputError(`the ruleset has more than ${MAX_LINES} lines`);
  for (const raw of lines) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    if (elements !== undefined && block) {
      elements += ` ${line}`;
      if (!line.endsWith("}")) continue;
      addElements(containers, block.name, elements);
      elements = undefined;
      continue;
    }
    const opened = /^(table|chain|map|set) (?:(ip|ip6|inet|arp|bridge|netdev) )?(\S+) \{(.*)$/.exec(line);
    if (opened && (opened[1] === "table" || block === undefined)) {
      const [, kind, family, name, rest] = opened;
      if (kind === "table") table = `${family ?? "ip"} ${name}`;
      else {
        block = { kind: kind!, name: name! };
        if (table === KUBE_PROXY && kind === "chain" && !chains.has(name!)) chains.set(name!, []);
      }
      // `nft list` breaks lines behind the brace; what lbscale exports has a short chain on one line.
      const inner = rest!.trim();
      if (inner.endsWith("}")) {
        for (const part of inner.slice(0, -1).split(";")) addRule(part.trim());
        block = undefined;
      }
      continue;
    }
    if (line === "}") {
      if (block) block = undefined;
      else table = "";
      continue;
    }
    const added = /^add element ip kube-proxy (\S+) \{(.*)\}$/.exec(line);
    if (added) {
      addElements(containers, added[1]!, `{${added[2]!}}`);
      continue;
    }
    if (!block) continue;
    addRule(line);
    if (block.kind !== "chain" && line.startsWith("elements = {") && table === KUBE_PROXY) {
      elements = line.slice("elements = ".length);
      if (!line.endsWith("}")) continue;
      addElements(containers, block.name, elements);
      elements = undefined;
    }
  }
  if (elements !== undefined)
    throw new InvalidInputError("the nft ruleset is cut off inside the elements of a map");
  return { containers, chains, timeouts, foreignRules };

  function addRule(rule: string): void {
    const timeout = /^timeout (\S+)$/.exec(rule);
    if (timeout && block?.kind === "set") timeouts.set(block.name, secondsOf(timeout[1]!));
    if (rule === "" || block?.kind !== "chain" || /^(type|policy|comment) /.test(rule)) return;
    if (table === KUBE_PROXY) chains.get(block.name)?.push(rule);
    else foreignRules++;
  }
}

const KUBE_PROXY = "ip kube-proxy";

/** `3h`, `1d2h3m4s`, `10800s`; 0 for anything else. */
function secondsOf(text: string): number {
  const match = /^(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,4})m)?(?:(\d{1,7})s)?$/.exec(text);
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = match ?? [];
  return Number(days) * 86_400 + Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
}

/** `{ a . b . c : goto x, … }` into elements. */
function addElements(containers: Map<string, NftElement[]>, name: string, text: string): void {
  let list = containers.get(name);
  if (!list) {
    list = [];
    containers.set(name, list);
  }
  for (const element of text.slice(1, -1).split(",")) {
    // A counter behind an element is nobody's business here.
    const [key = "", verdict = ""] = element.trim().split(" : ");
    if (key === "") continue;
    list.push({
      key: key.split(" . ").map((part) => part.split(" ")[0]!),
      verdict: verdict.split(" comment ")[0]!,
      comment: / comment "([^"]*)"/.exec(element)?.[1] ?? "",
    });
  }
}

const jsonSchema = z.object({ nftables: z.array(z.record(z.string(), z.unknown())).max(MAX_LINES) });
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

/** Reads the JSON form. Throws InvalidInputError that names what is wrong. */
export function parseNftJson(text: string): NftTable {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new InvalidInputError("the nft ruleset is not JSON, or cut off: run nft -j list ruleset again");
  }
  const objects = checked(jsonSchema, data, "nft ruleset").nftables;
  const containers = new Map<string, NftElement[]>();
  const chains = new Map<string, string[]>();
  const timeouts = new Map<string, number>();
  let foreignRules = 0;
  for (const object of objects) {
    const [[kind, value] = ["", undefined]] = Object.entries(object);
    if (kind === "rule") {
      const rule = checked(ruleSchema, value, "nft rule");
      if (rule.family !== "ip" || rule.table !== "kube-proxy") foreignRules++;
      else {
        const rules = chains.get(rule.chain) ?? [];
        rules.push(renderRule(rule.expr));
        chains.set(rule.chain, rules);
      }
    } else if (kind === "chain") {
      const chain = checked(chainSchema, value, "nft chain");
      if (chain.family === "ip" && chain.table === "kube-proxy" && !chains.has(chain.name))
        chains.set(chain.name, []);
    } else if (kind === "map" || kind === "set") {
      const container = checked(containerSchema, value, `nft ${kind}`);
      if (container.family !== "ip" || container.table !== "kube-proxy") continue;
      const list: NftElement[] = [];
      for (const element of container.elem) {
        const [key, verdict] = kind === "map" && Array.isArray(element) ? element : [element, undefined];
        addElementsOf(list, key, verdict);
      }
      containers.set(container.name, list);
      if (container.timeout !== undefined) timeouts.set(container.name, container.timeout);
    }
  }
  return { containers, chains, timeouts, foreignRules };
}

function addElementsOf(list: NftElement[], key: unknown, verdict: unknown): void {
  list.push({
    key: renderRule([key]).split(" . "),
    verdict: verdict === undefined ? "" : renderRule([verdict]),
    comment: commented.safeParse(key).data?.elem.comment ?? "",
  });
}

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InvalidInputError(`${what}: ${oneLine(describeIssue(parsed.error))}`);
}
