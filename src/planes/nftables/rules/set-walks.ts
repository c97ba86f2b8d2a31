/**
 * How many sets the kernel passes while it loads kube-proxy's table. A table keeps its sets in one list, which is walked by
 * name (nf_tables_api.c of Linux 6.18). An anonymous map travels under the template `__map%d`, a name that no set has, so
 * each walk on its behalf goes to the end of the list: a map per Service makes a full sync O(N²).
 */

import type { NftablesProgram } from "../program.js";
import { syncCommands } from "./commands.js";
import type { ServiceWalk } from "./full-sync.js";

/** nf_tables_set_alloc_name marks the numbers in use on one page, and begins again for each page of numbers. */
const NUMBERS_A_PAGE = 8 * 4096;

/** A table's list of sets. A new set is its last. */
export class SetList {
  readonly #places = new Map<string, number>();
  #length: number;
  #anonymous = 0;

  /** @param length Sets that are in it: those that every kube-proxy's table has. */
  constructor(length: number) {
    this.#length = length;
  }

  /**
   * An anonymous set or map of a rule.
   * @returns Sets passed: before it is in the list to look its name up, to find a free number (`nf_tables_newset`), and to
   * see that nobody has the name that comes of it; with it, to find it for its elements (`nf_tables_newsetelem`) and for
   * the rule (`nft_lookup_init`).
   */
  addAnonymous(): number {
    const pages = 1 + Math.floor(this.#anonymous / NUMBERS_A_PAGE);
    const before = (1 + pages + 1) * this.#length;
    this.#anonymous++;
    this.#length++;
    return before + 2 * this.#length;
  }

  /** A set with a name: looked up, and its name compared with all others. */
  addNamed(name: string): number {
    const before = 2 * this.#length;
    this.#length++;
    this.#places.set(name, this.#length);
    return before;
  }

  /** A rule's use of a set that `addNamed` made: found at its place. */
  refer(name: string): number {
    return this.#places.get(name) ?? 0;
  }
}

/** What stands before a literal set or map in kube-proxy's rules. */
const BEFORE_LITERAL = ["map ", "!= ", "addr ", "port "];

/** Literal sets and maps of a rule: of more than one element, or of pairs. nft makes a comparison of a single element. */
function anonymousSets(rule: string): number {
  const [first = "", ...literals] = rule.split("{");
  let before = first;
  let count = 0;
  for (const literal of literals) {
    const isLiteral = BEFORE_LITERAL.some((words) => before.endsWith(words));
    const [inside = "", after = ""] = literal.split("}", 2);
    if (isLiteral && /[,:]/.test(inside)) count++;
    before = after;
  }
  return count;
}

function withoutComment(rule: string): string {
  return rule.split(' comment "', 1)[0]!;
}

/**
 * What the kernel passes for the sets of one Service: its anonymous maps, and the affinity sets of its endpoints. The
 * table's own sets are its first 7 or 8: finding one of them is not counted, for it costs no more at any N.
 *
 * A rule is bound to an anonymous map by a walk over the whole transaction so far (`__nft_set_trans_bind`), which holds an
 * entry for each new chain, set and rule, and one for elements of a set that come together (Linux 6.14 and later).
 *
 * @param commands As kube-proxy writes them, `add rule ip kube-proxy …`.
 * @param list The table's list of sets, which grows.
 */
export function walkService(commands: Iterable<string>, list: SetList): ServiceWalk {
  let sets = 0;
  let entries = 0;
  let binds = 0;
  let ownEntries = 0;
  let filled: string | undefined;
  for (const command of commands) {
    const [, kind, name = ""] = /^add (chain|set|element|rule) \S+ \S+ (\S+)/.exec(command) ?? [];
    if (kind === undefined) continue;
    if (kind === "set") sets += list.addNamed(name);
    if (kind === "rule") {
      const rule = withoutComment(command);
      for (let left = anonymousSets(rule); left > 0; left--) {
        sets += list.addAnonymous();
        // The map, and its elements.
        entries += 2;
        binds++;
        ownEntries += entries;
      }
      for (const [, used] of rule.matchAll(/@(affinity-\S+)/g)) sets += list.refer(used!);
    }
    // Elements that follow each other into one set share an entry.
    const joins = kind === "element" && name === filled;
    filled = kind === "element" ? name : undefined;
    if (!joins) entries++;
  }
  return { sets, entries, binds, ownEntries };
}

/**
 * What the kernel passes for each Service of a full sync from nothing, in their order.
 *
 * @param program What is loaded.
 */
export function setWalks(program: NftablesProgram): ServiceWalk[] {
  const { base, services } = syncCommands(program);
  const list = new SetList([...base.matchAll(/^\t(?:set|map) /gm)].length);
  // A set of several service ranges.
  for (const line of base.split("\n"))
    for (let left = anonymousSets(withoutComment(line)); left > 0; left--) list.addAnonymous();
  return services.map((commands) => walkService(commands, list));
}
