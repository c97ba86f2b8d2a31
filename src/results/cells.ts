/** What tells cells apart, and what of the machine they depend on. */

import type { Cell, Results } from "./schema.js";

/** `ebpf/lookup/1000`; where a scenario varies more than N, `ebpf/endpoints/100x10/affinity`. */
export function cellId({ plane, scenario, services, endpoints, variant }: Cell): string {
  const size = scenario === "endpoints" ? `${services}x${endpoints}` : String(services);
  return [plane, scenario, size, variant].filter((part) => part !== "").join("/");
}

/** Of a core, where the system does not tell. */
const USUAL_L2 = 2 ** 20;

/**
 * Whether a cell's program is larger than a core's own caches: only then do its times depend on the neighbours' use of
 * memory. Known before any time is looked at.
 */
export function exceedsL2(
  { programBytes }: Pick<Cell, "programBytes">,
  { caches }: Pick<Results["environment"], "caches">,
): boolean {
  return (programBytes ?? 0) > (caches.L2 ?? USUAL_L2);
}
