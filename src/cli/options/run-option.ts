/** What an option of `lbscale run` is: its declaration, how it is read, how it is written back. */

import type { Options } from "yargs";
import type { RunSpec, RunSpecInput } from "../../run/spec.js";
import type { OptionDeclaration } from "../../values.js";

/** Arguments by the name of their option; undefined: not given. */
export type GivenOptions = Readonly<Record<string, unknown>>;

/** One option of `lbscale run` that is part of a specification. */
export interface RunOption {
  readonly name: string;
  /** Its declaration for yargs. None has a default there, so that what was given is known. */
  readonly declaration: Options;
  /** Ids of the lanes that use it. */
  readonly lanes: readonly string[];
  /** Whether it may be given together with --resume, because it changes no plan. */
  readonly resumable?: boolean;
  /** Its part of a specification. Throws UsageError naming the option. */
  read(text: string, lane: string): RunSpecInput;
  /** Its text in the command that repeats a run; null: it is left out. */
  write(spec: RunSpec): string | null;
}

/** For yargs, without a default there, so that what was given is known. `choices`: instead of its own. */
export function declarationOf(
  { takes, describe, defaultText }: OptionDeclaration,
  choices: readonly string[] | null = takes.kind === "choice" ? takes.choices.map(String) : null,
): Options {
  return {
    // Without a type yargs reads a number, and 4 is not one of the words.
    ...(takes.kind === "flag" ? { type: "boolean" } : { type: "string", requiresArg: true }),
    ...(choices !== null && { choices }),
    ...(describe === undefined ? { hidden: true } : { describe }),
    ...(defaultText !== undefined && { defaultDescription: defaultText }),
  };
}
