/** What the kernel's lanes measure of IPv6: the rules that the models and kube-proxy write, and connections through them. */

import { FAMILY_NAMES, type Family } from "../../cluster/family.js";
import type { KernelScenario } from "../../kernel/catalog.js";
import { isKernelPlaneId, KERNEL_PLANE_IDS, knowsFamily } from "../../kernel/plane.js";
import { isKubeProxyPlane, parseKubeProxyPlane, rulesOf } from "../../kernel/planes/kube-proxy/id.js";
import { isRealProgram } from "../../kernel/planes/real-programs.js";
import type { Results } from "../../results/schema.js";
import { InvalidRunSpecError, type RunSpec } from "../spec.js";

/** Not of IPv6: lbscale's BPF programs, which are run for it, read maps of IPv4. */
const OF_IPV4: readonly KernelScenario[] = ["lookup"];

/** The family of a run in the kernel. Throws InvalidRunSpecError for both at once. */
export function kernelFamily({ family = 4, lane }: RunSpec): Family {
  if (family !== "dual") return family;
  throw new InvalidRunSpecError(
    `family: lane ${lane} measures one family at a time: give 4 or 6; both together are measured in lane model`,
  );
}

/** The family that a run of the kernel's lanes was planned with. */
export function familyInKernel({ run }: Pick<Results, "run">): Family {
  return run.settings.family === 6 ? 6 : 4;
}

/** Those of the scenarios that a family has. Throws InvalidRunSpecError where one was asked for by name and is not among them. */
export function scenariosOfFamily(
  scenarios: readonly KernelScenario[],
  family: Family,
  spec: RunSpec,
): readonly KernelScenario[] {
  if (family === 4) return scenarios;
  const asked = Array.isArray(spec.scenarios) ? spec.scenarios : [];
  const refused = asked.find((id) => OF_IPV4.some((known) => known === id));
  if (refused !== undefined)
    throw new InvalidRunSpecError(
      `scenarios: ${refused} is measured with IPv4 in lane ${spec.lane}: leave it out, or measure IPv4`,
    );
  return scenarios.filter((id) => !OF_IPV4.includes(id));
}

/** Whether a plane that is well-formed is measured with a family: kube-proxy where the rules of its mode are. */
export function isOfFamily(id: string, family: Family): boolean {
  if (isKubeProxyPlane(id)) return knowsFamily(rulesOf(parseKubeProxyPlane(id).mode), family);
  return isKernelPlaneId(id) ? knowsFamily(id, family) : family === 4;
}

/** Throws InvalidRunSpecError for a plane that is not loaded for a family. */
export function requirePlanesOfFamily(planes: readonly string[] | undefined, family: Family): void {
  const refused = planes?.find((id) => (isRealProgram(id) || isKernelPlaneId(id)) && !isOfFamily(id, family));
  if (refused === undefined) return;
  const known = KERNEL_PLANE_IDS.filter((id) => knowsFamily(id, family)).join(", ");
  throw new InvalidRunSpecError(
    `planes: ${refused} is measured with IPv4 in the kernel: with ${FAMILY_NAMES[family]} choose from ${known}, and kube-proxy in modes of the same names`,
  );
}
