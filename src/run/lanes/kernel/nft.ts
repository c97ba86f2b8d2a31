/** Another nft than the system's, whose times are measured. */

import { isProgram } from "../../../kernel/real-program/installed.js";
import { scriptPath } from "../../../kernel/testbed/scripts.js";
import { runTool } from "../../../kernel/testbed/tools.js";
import type { Results } from "../../../results/schema.js";
import { plainText } from "../../../text.js";
import { NotResumableError } from "../../errors.js";
import { InvalidRunSpecError } from "../../spec.js";
import type { RunContext } from "../lane.js";

const TIMEOUT_MS = 10_000;

/**
 * What the program says of itself.
 *
 * @throws InvalidRunSpecError where it is no nft, and says how to get one.
 */
export async function nftVersion(path: string): Promise<string> {
  const get = `give the path of one, such as ${scriptPath("install-nft.sh")} prints`;
  if (!isProgram(path))
    throw new InvalidRunSpecError(`nft: ${plainText(path, 200)} is not a program: ${get}`);
  const said = await runTool(path, ["--version"], { timeoutMs: TIMEOUT_MS }).catch((error: unknown) => {
    throw new InvalidRunSpecError(`nft: ${error instanceof Error ? error.message : error}: ${get}`);
  });
  const version = plainText(said.toString(), 80);
  if (!/^nftables v\d/.test(version))
    throw new InvalidRunSpecError(`nft: ${plainText(path, 200)} says "${version}", and is no nft: ${get}`);
  return version;
}

/**
 * The nft that a run measures with; null: the system's.
 *
 * @throws NotResumableError for a run that is resumed and was begun with another one: results don't say where it is.
 */
export function nftPathOf({ run }: Results, { spec }: Pick<RunContext, "spec">): string | null {
  const version = run.settings.kernel?.nft;
  if (version === undefined) return null;
  if (spec?.nft !== undefined) return spec.nft;
  throw new NotResumableError(
    `this run was begun with another nft than the system's (${plainText(version, 80)}) and can't be resumed, because results don't hold paths: start a new one`,
  );
}
