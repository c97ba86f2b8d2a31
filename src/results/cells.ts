/** What tells cells apart. */

import type { Cell } from "./schema.js";

/** `ebpf/lookup/1000`; where a scenario varies more than N, `ebpf/endpoints/100x10/affinity`. */
export function nameOf({ plane, scenario, services, endpoints, variant }: Cell): string {
  const size = scenario === "endpoints" ? `${services}x${endpoints}` : String(services);
  return [plane, scenario, size, variant].filter((part) => part !== "").join("/");
}
