/** What this machine can do in the kernel lane, plane by plane: what `doctor` prints. */

import { hasGuestFallback, KERNEL_PLANE_IDS } from "./plane.js";
import type { Capability } from "./tasks.js";
import { tryPlanes } from "./testbed/placement.js";

/** What a plane lacks that this kernel has not, where the guest was not booted. */
export const GUEST_NOT_TRIED = "not in this kernel, and not tried in a user-mode Linux guest";

/**
 * Tries every plane in this kernel. The user-mode Linux guest, which takes longer than all of them, is booted only on
 * request, and for those planes only that this kernel lacks.
 *
 * @param probeGuest Whether to boot it.
 * @param attempt Tries planes in a kernel; tests replace it.
 * @returns One entry per capability.
 */
export async function findCapabilities(
  probeGuest: boolean,
  attempt: typeof tryPlanes = tryPlanes,
): Promise<Capability[]> {
  const checks = await attempt("kernel", KERNEL_PLANE_IDS);
  const inGuest: Capability[] = [];
  for (const plane of KERNEL_PLANE_IDS.filter(hasGuestFallback)) {
    const failed = checks.find(({ name, lacks }) => name === `plane ${plane}` && lacks !== null);
    if (!failed) continue;
    checks.splice(checks.indexOf(failed), 1);
    if (!probeGuest) {
      inGuest.push({ name: failed.name, lacks: GUEST_NOT_TRIED });
      continue;
    }
    const missing = (await attempt("guest", [plane])).find(({ lacks }) => lacks !== null);
    inGuest.push({ name: `plane ${plane}, in a user-mode Linux guest`, lacks: missing?.lacks ?? null });
  }
  return [...checks, ...inGuest];
}
