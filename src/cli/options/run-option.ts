/** What an option of `lbscale run` is: its declaration, how it is read, how it is written back. */

import type { Options } from "yargs";
import { type LaneId, lanesUsing } from "../../run/bounds.js";
import type { RunSpec, RunSpecInput } from "../../run/spec.js";

/** Arguments by the name of their option; undefined: not given. */
export type GivenOptions = Readonly<Record<string, unknown>>;

/** One option of `lbscale run` that is part of a specification. */
export interface RunOption {
  readonly name: string;
  /** Its declaration for yargs. None has a default there, so that what was given is known. */
  readonly declaration: Options;
  readonly lanes: readonly LaneId[];
  /** Whether it may be given together with --resume, because it changes no plan. */
  readonly resumable?: boolean;
  /** Its part of a specification. Throws UsageError naming the option. */
  read(text: string, lane: LaneId): RunSpecInput;
  /** Its text in the command that repeats a run; null: it is left out. */
  write(spec: RunSpec): string | null;
}

type Parse<K extends keyof RunSpec> = (text: string, lane: LaneId, name: string) => NonNullable<RunSpec[K]>;

/** An option of one field. It is written back as `format` says, or as text where it was given. */
export function option<K extends keyof RunSpec>(
  name: string,
  field: K,
  declaration: Options,
  parse: Parse<K>,
  format: (value: NonNullable<RunSpec[K]>, spec: RunSpec) => string | null = String,
): RunOption {
  return {
    name,
    declaration: {
      ...(declaration.choices === undefined && { type: "string" }),
      requiresArg: true,
      ...declaration,
    },
    lanes: lanesUsing(field),
    read: (text, lane) => ({ [field]: parse(text, lane, name) }),
    write: (spec) => {
      const value = spec[field];
      return value === undefined || value === null ? null : format(value, spec);
    },
  };
}
