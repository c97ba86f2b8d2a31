/** The commands of IPVS mode between two readings of what is in the kernel, of each family. */

import type { Family } from "../../cluster/family.js";
import type { ApiObject } from "../../kubernetes/list-watch/parse.js";
import { IpvsProgram } from "../../planes/ipvs/program.js";
import type { UpdateCommands } from "../../planes/ipvs/update.js";
import type { Program } from "../../planes/plane.js";
import type { VerifyStep } from "../real-program/differences.js";
import { asText, CommandTexts, compareCommands, countCommands, type HandedCommands } from "./commands.js";
import { handedDifferences } from "./handover.js";
import type { Sync } from "./protocol.js";
import { unreadyElements } from "./unready.js";

/** What the two do not agree on, and how much kube-proxy handed over. */
export type ComparedCommands = Required<Pick<VerifyStep, "differences" | "wrote">> & {
  readonly writes: NonNullable<VerifyStep["writes"]>;
};

/** Programs and objects before and after one sync. */
export interface SyncedChange {
  readonly before: readonly Program[] | undefined;
  readonly after: readonly Program[];
  readonly readings: readonly Iterable<ApiObject>[];
}

/** Collects syncs until they are taken. */
export class CommandSteps {
  readonly #texts: readonly CommandTexts[];
  #step: HandedCommands[] = [];

  constructor(families: readonly Family[]) {
    this.#texts = families.map((family) => new CommandTexts(family));
  }

  /** Does nothing in other modes. */
  add(sync: Pick<Sync, "commands" | "reads">, { before, after, readings }: SyncedChange): void {
    const isLeftOut = unreadyElements(...readings);
    for (const [f, texts] of this.#texts.entries()) {
      const [was, is] = [before?.[f], after[f]];
      if (!(is instanceof IpvsProgram)) continue;
      this.#step.push(
        texts.compare(sync, { before: was instanceof IpvsProgram ? was : undefined, after: is, isLeftOut }),
      );
    }
  }

  /**
   * What has come since the last call; undefined in other modes.
   *
   * @param objects Of which Services the commands are.
   * @param update The commands by kind of a change that `update` knows.
   */
  take(objects: Iterable<ApiObject>, update?: UpdateCommands): ComparedCommands | undefined {
    const step = this.#step;
    this.#step = [];
    if (step.length === 0) return undefined;
    const counts = Object.entries(countCommands(step.flatMap(({ real }) => real)));
    return {
      differences: handedDifferences(step.map(asText), objects),
      writes: compareCommands(step, update),
      wrote: Object.fromEntries(counts.filter(([, count]) => count > 0)),
    };
  }
}
