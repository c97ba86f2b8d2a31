/** How an option of a plane is declared on the command line. */

import type { Options } from "yargs";
import type { PlaneOption } from "../../planes/option.js";

/** Its declaration for yargs, without a default there, so that what was given is known. */
export function planeDeclaration(option: PlaneOption): Options {
  const { describe } = option;
  if ("isFlag" in option) return { type: "boolean", defaultDescription: String(option.default), describe };
  // A choice is text too: without a type yargs reads a number, and 1.35 is none of the words.
  const text = { type: "string", requiresArg: true, describe } as const;
  return "choices" in option
    ? { ...text, choices: option.choices, defaultDescription: option.default }
    : text;
}
