/**
 * nft's text: what `nft list` prints (with handles or numbers too), and transactions as `nft -f` reads them and
 * kube-proxy logs them (-v=9).
 */

import { oneLine } from "../../cluster/checks.js";
import { InvalidInputError } from "../../errors.js";
import { NEWLINE, NftLexer } from "./lexer.js";
import type { NftElement, RulesetDraft } from "./table.js";

const FAMILIES: readonly string[] = ["ip", "ip6", "inet", "arp", "bridge", "netdev"];
const VERBS: readonly string[] = [
  "add",
  "create",
  "insert",
  "replace",
  "delete",
  "destroy",
  "flush",
  "reset",
  "list",
];
const OBJECTS: readonly string[] = ["chain", "set", "map", "rule", "element"];
const REMOVES: readonly string[] = ["delete", "destroy", "flush"];

/** Reads one text into the draft. Throws InvalidInputError where it is cut off. */
export function readNftText(text: string, draft: RulesetDraft): void {
  new TextReader(text, draft).read();
}

class TextReader {
  readonly #lexer: NftLexer;
  readonly #draft: RulesetDraft;

  constructor(text: string, draft: RulesetDraft) {
    this.#lexer = new NftLexer(text);
    this.#draft = draft;
  }

  read(): void {
    for (let word = this.#lexer.next(); word !== undefined; word = this.#lexer.next()) {
      if (word !== NEWLINE && word !== ";") this.#statement(word);
    }
  }

  #statement(first: string): void {
    const hasVerb = VERBS.includes(first);
    const verb = hasVerb ? first : "add";
    const kind = hasVerb ? this.#word() : first;
    if (kind === "table") this.#table(verb);
    else if (kind === "ruleset" && hasVerb) {
      if (verb === "flush") this.#draft.deleteTable(undefined);
      this.#skip();
    } else if (hasVerb && OBJECTS.includes(kind)) this.#object(verb, kind);
    else {
      this.#draft.otherLine();
      if (kind !== NEWLINE) this.#skipLine();
    }
  }

  /** A word that must be there; a line's end where it is not, and an empty word at the end of the text. */
  #word(): string {
    return this.#lexer.next() ?? "";
  }

  /** `[ip] NAME`, and the word behind. */
  #target(): { table: string; after: string } {
    const first = this.#word();
    const isFamily = FAMILIES.includes(first);
    const name = isFamily ? this.#word() : first;
    return { table: `${isFamily ? first : "ip"} ${name}`, after: this.#word() };
  }

  #table(verb: string): void {
    const { table, after } = this.#target();
    if (REMOVES.includes(verb)) this.#draft.deleteTable(table);
    if (after === "{") this.#tableBody(table);
    else if (!isEnd(after)) this.#skip();
  }

  #tableBody(table: string): void {
    const inside = `table ${table}`;
    for (;;) {
      const word = this.#inside(inside);
      if (word === "}") return;
      if (word === NEWLINE || word === ";") continue;
      if (word !== "chain" && word !== "set" && word !== "map") {
        this.#skipInside(inside);
        continue;
      }
      const name = this.#inside(inside);
      if (this.#inside(inside) !== "{") throw this.#cut(`${word} ${name}`);
      if (word === "chain") this.#draft.listChain(table, name, this.#chainBody(`chain ${name}`));
      else {
        const { timeout, elements } = this.#containerBody(name);
        this.#draft.listContainer(table, name, timeout, elements);
      }
    }
  }

  /** `add chain ip kube-proxy NAME { … }`, `add rule …`, `delete element …`. */
  #object(verb: string, kind: string): void {
    const { table, after: name } = this.#target();
    if (isEnd(name)) return;
    const removes = REMOVES.includes(verb);
    if (kind === "rule") {
      const rule = this.#ruleText([]);
      // A rule that is deleted is named by its handle: kube-proxy flushes chains and writes them again.
      if (!removes && rule !== "") this.#draft.addRule(table, name, rule);
      return;
    }
    const after = this.#word();
    if (kind === "element" && after === "{") {
      const elements = this.#elements(name);
      if (removes) this.#draft.deleteElements(table, name, elements);
      else this.#draft.addElements(table, name, elements);
      return;
    }
    if (kind === "element") {
      if (!isEnd(after)) this.#skip();
      return;
    }
    if (verb === "flush") {
      if (kind === "chain") this.#draft.flushChain(table, name);
      else this.#draft.flushContainer(table, name);
    } else if (removes) this.#draft.deleteObject(table, name);
    else if (kind === "chain") {
      this.#draft.declareChain(table, name);
      if (after === "{")
        for (const rule of this.#chainBody(`chain ${name}`)) this.#draft.addRule(table, name, rule);
      return;
    } else if (after === "{") {
      const { timeout, elements } = this.#containerBody(name);
      this.#draft.declareContainer(table, name, timeout);
      this.#draft.addElements(table, name, elements);
      return;
    }
    if (!isEnd(after)) this.#skip();
  }

  /** Rules up to the brace that closes a chain. */
  #chainBody(what: string): string[] {
    const rules: string[] = [];
    for (;;) {
      const word = this.#inside(what);
      if (word === "}") return rules;
      if (word === NEWLINE || word === ";") continue;
      const words: string[] = [word];
      const closed = this.#ruleWords(words, what);
      if (!["type", "policy", "comment", "devices"].includes(word)) {
        const rule = ruleOf(words);
        if (rule !== "") rules.push(rule);
      }
      if (closed) return rules;
    }
  }

  /** A rule behind `add rule`, up to the end of its statement. */
  #ruleText(words: string[]): string {
    this.#ruleWords(words, undefined);
    return ruleOf(words);
  }

  /** Collects a rule's words; whether the brace that closed it was its chain's. */
  #ruleWords(words: string[], inside: string | undefined): boolean {
    for (let depth = 0; ; ) {
      const word = this.#lexer.next();
      if (word === undefined) {
        if (inside === undefined && depth === 0) return false;
        throw this.#cut(inside ?? "a rule");
      }
      if (word === NEWLINE && depth > 0) continue;
      if (depth === 0 && (word === NEWLINE || word === ";")) return false;
      if (word === "{") depth++;
      if (word === "}" && depth-- === 0) return true;
      words.push(word);
    }
  }

  #containerBody(name: string): { timeout: number; elements: NftElement[] } {
    const what = `map ${name}`;
    const elements: NftElement[] = [];
    let timeout = 0;
    for (;;) {
      const word = this.#inside(what);
      if (word === "}") return { timeout, elements };
      if (word === NEWLINE || word === ";") continue;
      if (word === "elements") {
        if (this.#inside(what) !== "=" || this.#inside(what) !== "{") throw this.#cut(what);
        elements.push(...this.#elements(name));
        continue;
      }
      const words: string[] = [word];
      const closed = this.#ruleWords(words, what);
      if (word === "timeout") timeout = secondsOf(words[1] ?? "");
      if (closed) return { timeout, elements };
    }
  }

  /** `a . b . c : goto x, … }` */
  #elements(name: string): NftElement[] {
    const elements: NftElement[] = [];
    const what = `the elements of a map (${oneLine(name, 80)})`;
    let words: string[] = [];
    for (;;) {
      const word = this.#inside(what);
      if (word === NEWLINE) continue;
      if (word !== "," && word !== "}") {
        words.push(word);
        continue;
      }
      if (words.length > 0) elements.push(elementOf(words));
      words = [];
      if (word === "}") return elements;
    }
  }

  /** The next word inside a block. Throws InvalidInputError at the end of the text. */
  #inside(what: string): string {
    const word = this.#lexer.next();
    if (word === undefined) throw this.#cut(what);
    return word;
  }

  /** The rest of a statement inside a block. */
  #skipInside(what: string): void {
    for (let depth = 0; ; ) {
      const word = this.#inside(what);
      if (word === "{") depth++;
      else if (word === "}") depth--;
      if (depth <= 0 && (word === NEWLINE || word === ";" || word === "}")) return;
    }
  }

  /** The rest of a statement at the top, with its blocks. */
  #skip(): void {
    for (let depth = 0; ; ) {
      const word = this.#lexer.next();
      if (word === undefined) return;
      if (word === "{") depth++;
      else if (word === "}") depth--;
      if (depth <= 0 && (word === NEWLINE || word === ";")) return;
    }
  }

  /** The rest of a line that is no nft. */
  #skipLine(): void {
    for (let word = this.#lexer.next(); word !== undefined && word !== NEWLINE; ) word = this.#lexer.next();
  }

  #cut(what: string): InvalidInputError {
    return new InvalidInputError(
      `the nft ruleset is cut off inside ${oneLine(what, 140)} (line ${this.#lexer.line}): save the whole output of nft list table ip kube-proxy`,
    );
  }
}

function isEnd(word: string): boolean {
  return word === "" || word === NEWLINE || word === ";";
}

/** A rule's words in one line, without its comment and what only counts. */
function ruleOf(words: readonly string[]): string {
  const kept: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "comment" && words[i + 1]?.startsWith('"')) i++;
    else if (word === "counter" && words[i + 1] === "packets") i += 4;
    else if (word !== "counter") kept.push(word.startsWith('"') ? word.slice(1) : word);
  }
  return kept.join(" ");
}

/** Key, options (comment, counter, timeout), then a colon and the verdict. */
function elementOf(words: readonly string[]): NftElement {
  const key = [unquoted(words[0]!)];
  let at = 1;
  for (; words[at] === "." && at + 1 < words.length; at += 2) key.push(unquoted(words[at + 1]!));
  const colon = words.indexOf(":", at);
  const options = words.slice(at, colon < 0 ? undefined : colon);
  const comment = options.indexOf("comment");
  return {
    key,
    verdict: colon < 0 ? "" : words.slice(colon + 1).join(" "),
    comment: comment < 0 ? "" : unquoted(options[comment + 1] ?? ""),
  };
}

function unquoted(word: string): string {
  return word.startsWith('"') ? word.slice(1) : word;
}

/** `3h`, `1d2h3m4s`, `10800s`; 0 for anything else. */
function secondsOf(text: string): number {
  const match = /^(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,4})m)?(?:(\d{1,7})s)?$/.exec(text);
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = match ?? [];
  return Number(days) * 86_400 + Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
}
