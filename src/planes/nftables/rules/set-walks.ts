/**
 * How many sets the kernel passes while it loads kube-proxy's table. A table keeps its sets in one list, which is walked by
 * name (nf_tables_api.c of Linux 6.18). An anonymous map travels under the template `__map%d`, a name that no set has, so
 * each walk on its behalf goes to the end of the list: a map per Service makes a full sync O(N²).
 */

import type { NftablesProgram } from "../program.js";
import { nftTransactions, TABLE } from "../ruleset.js";
import { flatCommands } from "./commands.js";

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

/** Literal sets and maps of a rule: of more than one element, or of pairs. nft makes a comparison of a single element. */
const ANONYMOUS = /(?:map|!=|addr|port) \{[^}]*[,:][^}]*\}/g;

/**
 * Sets that the kernel passes for the sets of Services in these commands: their anonymous maps, and the affinity sets of
 * endpoints. The table's own sets are its first 7 or 8: finding one of them is not counted, for it costs no more at any N.
 *
 * @param commands As kube-proxy writes them, `add rule ip kube-proxy …`.
 * @param sets The table's list, which grows.
 */
export function countSetWalks(commands: Iterable<string>, sets: SetList): number {
  let passed = 0;
  for (const command of commands) {
    const [, made] = /^add set \S+ \S+ (affinity-\S+)/.exec(command) ?? [];
    if (made !== undefined) passed += sets.addNamed(made);
    if (!command.startsWith("add rule ")) continue;
    const rule = command.replace(/ comment ".*"$/, "");
    for (const _ of rule.matchAll(ANONYMOUS)) passed += sets.addAnonymous();
    for (const [, name] of rule.matchAll(/@(affinity-\S+)/g)) passed += sets.refer(name!);
  }
  return passed;
}

/**
 * Sets passed in each transaction of a full sync from nothing.
 *
 * @param program What is loaded.
 * @param servicesPerTransaction Infinity: all in one, as kube-proxy does.
 */
export function setWalks(program: NftablesProgram, servicesPerTransaction: number): number[] {
  const [base, ...services] = nftTransactions(program, servicesPerTransaction);
  const sets = new SetList([...base!.matchAll(/^\t(?:set|map) /gm)].length);
  return services.map((block) => countSetWalks(flatCommands(block, TABLE), sets));
}
