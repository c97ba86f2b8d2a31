/** What a dual-stack node holds and writes: both families of its cluster, a plane next to the other. */

import type { Cluster } from "../cluster/cluster.js";
import type { DualStack } from "../cluster/family.js";
import { InputError } from "../errors.js";
import { DualProgram } from "../planes/families/dual.js";
import { unsupportedFamily } from "../planes/families/support.js";
import type { PlaneId, PlaneOptions, UpdateCost } from "../planes/plane.js";
import { planeById } from "../planes/registry.js";
import { planeLabel } from "../results/descriptors.js";
import type { Results } from "../results/schema.js";
import { countOf, formatBytes, formatCount } from "../text.js";
import { typicalServicePort } from "./typical.js";

/** One plane with both families. */
export interface DualStackCost {
  readonly plane: PlaneId;
  readonly name: string;
  /** Bytes as the kernel would spend them with IPv4 alone, with IPv6 alone, and with both, which may share tables. */
  readonly ipv4Bytes: number;
  readonly ipv6Bytes: number;
  readonly bothBytes: number;
  /** Of an endpoint that joins the typical service-port, which has it in each family that the Service has. */
  readonly join: UpdateCost;
}

/** Both families of a cluster: what `adviseDualStack` returns. */
export interface DualStackAdvice {
  readonly services: { readonly ipv4: number; readonly ipv6: number };
  readonly planes: readonly DualStackCost[];
  /** Why a plane is not among them. */
  readonly missing: readonly { readonly plane: PlaneId; readonly reason: string }[];
}

/**
 * Counts both families, which is exact.
 *
 * @param cluster Both parts.
 * @param run Where planes' names come from.
 * @param planes Planes to compare.
 * @param options Of planes.
 */
export function adviseDualStack(
  cluster: DualStack,
  run: Results,
  planes: readonly PlaneId[],
  options: PlaneOptions,
): DualStackAdvice {
  const servicePort = typicalServicePort(cluster.ipv4);
  const costs: DualStackCost[] = [];
  const missing: { plane: PlaneId; reason: string }[] = [];
  for (const plane of planes) {
    const program = bothOf(plane, cluster, options);
    if (typeof program === "string") {
      missing.push({ plane, reason: program });
      continue;
    }
    const alone = program.sharedMemory().length === 0;
    const [ipv4Bytes, ipv6Bytes] = program.parts.map((part) =>
      (alone ? part : planeById(plane).compile(part.cluster, options)).bytes(),
    ) as [number, number];
    const join = program.update({ kind: "join", servicePort });
    costs.push({
      plane,
      name: planeLabel(run, plane),
      ipv4Bytes,
      ipv6Bytes,
      bothBytes: program.bytes(),
      join,
    });
  }
  return {
    services: { ipv4: cluster.ipv4.services, ipv6: cluster.ipv6.services },
    planes: costs,
    missing,
  };
}

/** Both programs, or why there are none. */
function bothOf(id: PlaneId, { ipv4, ipv6 }: DualStack, options: PlaneOptions): DualProgram | string {
  const plane = planeById(id);
  const gap = unsupportedFamily(plane.descriptor, "dual");
  if (gap !== null) return gap;
  try {
    return new DualProgram(plane, [ipv4, ipv6] satisfies readonly [Cluster, Cluster], options);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.message;
  }
}

/** What both families are, the rows of their table, heading first, and who is missing. */
export function dualStackTable({ services, planes, missing }: DualStackAdvice): {
  lead: string;
  rows: string[][];
  notes: string[];
} {
  return {
    lead: `Both families: ${countOf(services.ipv4, "Service")} of IPv4 and ${formatCount(services.ipv6)} of IPv6, which a node holds next to each other`,
    rows: [
      ["plane", "memory, IPv4", "IPv6", "both", "times IPv4", "writes per added endpoint, both"],
      ...planes.map(({ name, ipv4Bytes, ipv6Bytes, bothBytes, join }) => [
        name,
        formatBytes(ipv4Bytes),
        formatBytes(ipv6Bytes),
        formatBytes(bothBytes),
        (bothBytes / ipv4Bytes).toFixed(2),
        formatCount(join.rules + join.chains + join.mapWrites),
      ]),
    ],
    notes: missing.map(({ reason }) => `Not counted: ${reason}.`),
  };
}
