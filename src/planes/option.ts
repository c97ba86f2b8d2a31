/** How a plane declares an option that users may set: data only, so that the command line needs no plane's code. */

import type { PlaneOptions } from "./plane.js";

interface Described {
  /** As users write it, without dashes in front. */
  readonly name: string;
  /** One line of help. */
  readonly describe: string;
  /** Its name among `PlaneOptions`, and in results.json. */
  readonly key: keyof PlaneOptions;
}

/** One of several words, with a default that is recorded too. */
export interface ChoiceOption extends Described {
  readonly choices: readonly string[];
  readonly default: string;
}

/** A whole number within bounds, or one of several; the plane has a default of its own. */
export interface NumberOption extends Described {
  readonly numbers: readonly number[] | { readonly min: number; readonly max: number };
}

/** An option of one plane. */
export type PlaneOption = ChoiceOption | NumberOption;
