/** How an option of a plane is declared on the command line. */

import type { Options } from "yargs";
import { UsageError } from "../../errors.js";
import type { PlaneOption } from "../../planes/option.js";
import { PLANE_OPTIONS } from "../../planes/options.js";
import type { PlaneId } from "../../planes/plane.js";
import { findPlane, PLANE_ENTRIES } from "../../planes/registry-loader.js";

/** Its declaration for yargs, without a default there, so that what was given is known. */
export function planeDeclaration(option: PlaneOption): Options {
  const { describe } = option;
  if ("isFlag" in option) return { type: "boolean", defaultDescription: String(option.default), describe };
  // A choice is text too: without a type yargs reads a number, and 1.35 is not one of the words.
  const text = { type: "string", requiresArg: true, describe } as const;
  return "choices" in option
    ? { ...text, choices: option.choices, defaultDescription: option.default }
    : text;
}

/** A fact of the node as well: whose addresses are pods' decides for every plane. */
const NODE_FACT = "pod-range";

/**
 * For options that would be recorded and ignored.
 * @throws UsageError that names the first one given which makes a difference to none of the planes.
 */
export function refuseForeignOptions(given: object, planes: readonly PlaneId[]): void {
  const values = new Map<string, unknown>(Object.entries(given));
  const uses = (id: PlaneId, name: string) => findPlane(id)?.descriptor.can.options.includes(name);
  for (const { name } of PLANE_OPTIONS) {
    if (name === NODE_FACT || values.get(name) === undefined || planes.some((id) => uses(id, name))) continue;
    const others = PLANE_ENTRIES.map(({ descriptor }) => descriptor.id).filter((id) => uses(id, name));
    throw new UsageError(
      `--${name} makes no difference to ${planes.join(", ")}: leave it out, or choose ${others.join(" or ")}`,
    );
  }
}
