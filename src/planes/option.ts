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

/** On or off. Recorded, as "true" or "false", only where it is given. */
export interface FlagOption extends Described {
  readonly isFlag: true;
  readonly default: boolean;
}

/** A text that stands for something else, and is recorded as it was given. */
export interface TextOption extends Described {
  /** What it takes, in words that fit after "give". */
  readonly accepted: string;
  /** What it stands for; undefined where it takes no such text. */
  read(text: string): PlaneOptions | undefined;
}

/** An option of one plane. */
export type PlaneOption = ChoiceOption | NumberOption | FlagOption | TextOption;
