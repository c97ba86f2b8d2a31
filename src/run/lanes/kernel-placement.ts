/** Where planes of the kernel lane run: in this machine's kernel, and IPVS, where that has none, in a guest's. */

import { parseChoices } from "../../cli/options/parse.js";
import { note } from "../../cli/output.js";
import { CheckFailedError, InputError } from "../../errors.js";
import { GUEST_PLANE_IDS, type KernelPlaneId } from "../../kernel/plane.js";
import { type KernelLane, requireLane, runInSandbox } from "../../kernel/sandbox.js";
import { type Capability, type CheckTask, capabilitiesSchema } from "../../kernel/tasks.js";

/** Planes that run side by side in one kernel. */
export interface LanePlacement {
  readonly lane: KernelLane;
  readonly planes: readonly KernelPlaneId[];
}

export interface Asked {
  readonly lane: KernelLane;
  /** As given on the command line; undefined: all of the choices. */
  readonly planes: string | undefined;
  readonly choices: readonly KernelPlaneId[];
  /** Whether IPVS brings what it is compared with into the guest. */
  readonly includeBaselines: boolean;
}

/**
 * Places of the planes that were asked for. Throws UsageError for planes that the lane doesn't have, KernelError where it
 * can't run. IPVS that can run nowhere is left out with a note, unless it was asked for by name.
 */
export async function placePlanes({
  lane,
  planes,
  choices,
  includeBaselines,
}: Asked): Promise<LanePlacement[]> {
  requireLane(lane);
  if (lane === "guest") {
    const guests = GUEST_PLANE_IDS.filter((id) => choices.includes(id));
    return [{ lane, planes: planes === undefined ? guests : parseChoices(planes, "planes", guests) }];
  }
  const asked = planes === undefined ? choices : parseChoices(planes, "planes", choices);
  if (!asked.includes("ipvs") || (await lacks("kernel", "ipvs")) === null) return [{ lane, planes: asked }];
  const others = asked.filter((id) => id !== "ipvs");
  const here: LanePlacement[] = others.length > 0 ? [{ lane, planes: others }] : [];
  const missing = await lacks("guest", "ipvs");
  if (missing === null) {
    return [...here, { lane: "guest", planes: includeBaselines ? GUEST_PLANE_IDS : ["ipvs"] }];
  }
  if (planes !== undefined)
    throw new CheckFailedError(`IPVS runs neither in this kernel nor in a guest: ${missing}`);
  note(`left out: IPVS, which runs neither in this kernel nor in a guest: ${missing}`);
  return here;
}

/** What stands in a plane's way in this kernel or in a guest; null: nothing. */
async function lacks(lane: KernelLane, plane: KernelPlaneId): Promise<string | null> {
  return (await tryPlanes(lane, [plane])).find((check) => check.lacks !== null)?.lacks ?? null;
}

/** Tries what planes need, each with a connection. A lane that can't be tried at all says why in its only entry. */
export async function tryPlanes(lane: KernelLane, planes: readonly KernelPlaneId[]): Promise<Capability[]> {
  let checks: Capability[] = [];
  try {
    await runInSandbox<CheckTask>(
      lane,
      { task: "check", planes },
      { onReport: (report) => (checks = capabilitiesSchema.parse(report)) },
    );
    return checks;
  } catch (error) {
    if (!(error instanceof InputError || error instanceof CheckFailedError)) throw error;
    return [{ name: `the ${lane} lane`, lacks: error.message }];
  }
}
