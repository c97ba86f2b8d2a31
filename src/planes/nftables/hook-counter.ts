/** Counts what a packet meets, hook by hook. */

import type { HookWork, Work } from "../plane.js";

/** Adds to `work`, and keeps each hook's part apart; in words when `path` is given. */
export class HookCounter {
  readonly hooks: HookWork[] = [];
  readonly #work: Work;
  readonly #path: string[] | undefined;
  #here = { hook: "", rules: 0, lookups: 0 };

  constructor(work: Work, path: string[] | undefined) {
    this.#work = work;
    this.#path = path;
  }

  say(line: string): void {
    this.#path?.push(line);
  }

  enter(hook: string): void {
    this.#here = { hook, rules: 0, lookups: 0 };
    this.hooks.push(this.#here);
    this.say(`${hook}:`);
  }

  visit(rules: number): void {
    this.#here.rules += rules;
    if (this.#here.hook.startsWith("nat")) this.#work.rulesVisited += rules;
    else this.#work.filterRulesVisited += rules;
  }

  /** A lookup in a set or map that compares so many elements. */
  lookUp(probes: number): void {
    this.#here.lookups++;
    this.#work.mapLookups++;
    this.#work.hashProbes += probes;
  }
}
