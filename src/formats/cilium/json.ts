/** JSON that Cilium's commands print. */

import { parseUniqueJson } from "../../cluster/unique-json.js";
import { InputError, InvalidInputError } from "../../errors.js";

/**
 * The value of a text.
 * @throws InvalidInputError where it is no JSON, or has a key twice.
 */
export function parseCiliumJson(text: string): unknown {
  try {
    return parseUniqueJson(text);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InvalidInputError("Cilium's list is not JSON, or cut off: save it again");
  }
}
