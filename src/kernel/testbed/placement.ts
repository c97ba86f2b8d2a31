/** Where planes of the kernel lane run: in this machine's kernel or, where that lacks one, in a guest's. */

import { CheckFailedError, InputError, UnknownNameError } from "../../errors.js";
import { splitPlaneId } from "../../planes/kube-proxy-versions.js";
import { GUEST_PLANE_IDS, hasGuestFallback, type KernelPlaneId } from "../plane.js";
import { realProgramOf } from "../planes/kube-proxy/id.js";
import { type Capability, type CheckTask, capabilitiesSchema } from "../tasks.js";
import { type KernelLane, requireLane, runInSandbox } from "./sandbox.js";

/** Planes that run in one kernel, interleaved. */
export interface LanePlacement {
  readonly lane: KernelLane;
  readonly planes: readonly KernelPlaneId[];
}

/** What is to be placed. */
export interface PlacementRequest {
  readonly lane: KernelLane;
  /** Ids of planes; undefined: all of the choices. */
  readonly planes: readonly string[] | undefined;
  readonly choices: readonly KernelPlaneId[];
  /** Whether a plane that moves to the guest brings along what it is compared with. */
  readonly includeBaselines: boolean;
  /** Called with a sentence about each plane that is left out. */
  readonly onNote: (text: string) => void;
  /** Ends what is being tried; then the result says nothing. */
  readonly signal?: AbortSignal;
}

/**
 * Decides which planes run in which kernel.
 *
 * @param request The planes that were asked for, and the choices.
 * @returns One placement per kernel; this machine's first.
 * @throws InputError for planes that the lane does not have.
 * @throws KernelError where the lane can't run, or where a plane that was asked for by name can run nowhere. One that was
 * not is left out with a note.
 */
export async function placePlanes(request: PlacementRequest): Promise<LanePlacement[]> {
  const { lane, planes, choices, includeBaselines, onNote, signal } = request;
  requireLane(lane);
  if (lane === "guest") {
    const guests = GUEST_PLANE_IDS.filter((id) => choices.includes(id));
    return [{ lane, planes: planes === undefined ? guests : choose(planes, lane, guests) }];
  }
  const asked = planes === undefined ? choices : choose(planes, lane, choices);
  const here: KernelPlaneId[] = [];
  const inGuest: KernelPlaneId[] = [];
  for (const id of asked) {
    if (!hasGuestFallback(id) || (await missing("kernel", id, signal)) === null) here.push(id);
    else {
      const reason = await missing("guest", id, signal);
      if (reason === null) inGuest.push(id);
      else if (planes === undefined) onNote(`left out: ${nowhere(id, reason)}`);
      else throw new CheckFailedError(nowhere(id, reason));
    }
  }
  const guestPlanes = includeBaselines
    ? GUEST_PLANE_IDS.filter((id) => inGuest.includes(id) || !hasGuestFallback(id))
    : inGuest;
  return [
    ...(here.length > 0 ? [{ lane, planes: here }] : []),
    ...(inGuest.length > 0 ? [{ lane: "guest" as const, planes: guestPlanes }] : []),
  ];
}

function choose(planes: readonly string[], lane: KernelLane, known: readonly KernelPlaneId[]) {
  const unknown = planes.find((id) => !known.some((choice) => choice === id));
  if (unknown !== undefined && realProgramOf(unknown) !== undefined) {
    const { plane, version } = splitPlaneId(unknown);
    throw new UnknownNameError(
      `plane "${unknown}": the ${lane} lane loads the rules of the newest version only: leave out @${version}, or compare with lbscale verify --kube-proxy ${version} --mode ${plane}`,
    );
  }
  if (unknown !== undefined) {
    throw new UnknownNameError(
      `plane "${unknown}" is unknown in the ${lane} lane: choose from ${known.join(", ")}`,
    );
  }
  return known.filter((id) => planes.includes(id));
}

function nowhere(id: KernelPlaneId, reason: string): string {
  return `${id} runs neither in this kernel nor in a guest: ${reason}`;
}

/** What a plane lacks in this kernel or in a guest; null: nothing. */
async function missing(lane: KernelLane, plane: KernelPlaneId, signal?: AbortSignal): Promise<string | null> {
  return (await tryPlanes(lane, [plane], signal)).find((check) => check.lacks !== null)?.lacks ?? null;
}

/**
 * Tries what planes need, each with a connection.
 *
 * @param signal Ends it, with no entries.
 * @returns One entry per capability. A lane that can't be tried at all says why in its only entry.
 */
export async function tryPlanes(
  lane: KernelLane,
  planes: readonly KernelPlaneId[],
  signal?: AbortSignal,
): Promise<Capability[]> {
  let checks: Capability[] = [];
  try {
    await runInSandbox(lane, { task: "check", planes } satisfies CheckTask, {
      report: capabilitiesSchema,
      onReport: (report) => (checks = report),
      ...(signal && { signal }),
      isUrgent: true,
    });
    return checks;
  } catch (error) {
    if (!(error instanceof InputError || error instanceof CheckFailedError)) throw error;
    return [{ name: `the ${lane} lane`, lacks: error.message }];
  }
}
