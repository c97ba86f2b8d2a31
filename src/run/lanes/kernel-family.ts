/** What the kernel's lanes measure of IPv6: the rules that the models write, and connections through them. */

import { FAMILY_NAMES, type Family } from "../../cluster/family.js";
import type { KernelScenario } from "../../kernel/catalog.js";
import { isKernelPlaneId, KERNEL_PLANE_IDS, knowsFamily } from "../../kernel/plane.js";
import { isKubeProxyPlane } from "../../kernel/planes/kube-proxy/id.js";
import { InvalidRunSpecError, type RunSpec } from "../spec.js";

/** Of IPv6: changes are written by tools, and kube-proxy driven by objects, that this lane has for IPv4. */
const OF_IPV6: readonly KernelScenario[] = ["connect", "established", "sync", "memory"];

/** The family of a run in the kernel. Throws InvalidRunSpecError for both at once. */
export function kernelFamily({ family = 4, lane }: RunSpec): Family {
  if (family !== "dual") return family;
  throw new InvalidRunSpecError(
    `family: lane ${lane} measures one family at a time: give 4 or 6; both together are measured in lane model`,
  );
}

/** Those of the scenarios that a family has. Throws InvalidRunSpecError where one was asked for by name and is not among them. */
export function scenariosOfFamily(
  scenarios: readonly KernelScenario[],
  family: Family,
  spec: RunSpec,
): readonly KernelScenario[] {
  if (family === 4) return scenarios;
  const asked = Array.isArray(spec.scenarios) ? spec.scenarios : [];
  const refused = asked.find((id) => !OF_IPV6.some((known) => known === id));
  if (refused !== undefined)
    throw new InvalidRunSpecError(
      `scenarios: ${refused} is measured with IPv4 in lane ${spec.lane}: choose from ${OF_IPV6.join(", ")}, or leave out --family 6`,
    );
  return scenarios.filter((id) => OF_IPV6.includes(id));
}

/** Throws InvalidRunSpecError for a plane that is not loaded for a family. */
export function requirePlanesOfFamily(planes: readonly string[] | undefined, family: Family): void {
  if (family === 4 || planes === undefined) return;
  const knows = (id: string) => isKernelPlaneId(id) && knowsFamily(id, family);
  const refused = planes.find((id) => isKubeProxyPlane(id) || (isKernelPlaneId(id) && !knows(id)));
  if (refused === undefined) return;
  throw new InvalidRunSpecError(
    `planes: ${refused} is measured with IPv4 in the kernel: with ${FAMILY_NAMES[family]} choose from ${KERNEL_PLANE_IDS.filter(knows).join(", ")}`,
  );
}
