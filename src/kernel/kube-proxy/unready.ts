/**
 * What IPVS mode keeps of endpoints that are not ready, or that hints leave to other zones: its set of what may loop back
 * holds all of this node's (syncProxyRules, "Handle traffic that loops back"). A cluster of ours holds those in use, and no
 * packet is sent to the others.
 */

import { z } from "zod";
import { canonicalAddress } from "../../cluster/raw-addresses.js";
import type { ApiObject } from "../../kubernetes/list-watch/parse.js";
import { ENDPOINT_SLICE } from "../../kubernetes/list-watch/resources.js";

const sliceSchema = z.looseObject({
  endpoints: z
    .array(
      z.looseObject({
        addresses: z.array(z.string()),
        conditions: z.looseObject({ ready: z.boolean().nullish() }).nullish(),
        hints: z.looseObject({}).nullish(),
      }),
    )
    .nullish()
    .transform((endpoints) => endpoints ?? []),
});

const LOOP_BACK = /^(?:add|del) KUBE-(?:6-)?LOOP-BACK ([^,]+),/;

/** The lines without elements for endpoints that are not ready. */
export function withoutUnready(lines: readonly string[], objects: Iterable<ApiObject>): string[] {
  const isUnready = unreadyElements(objects);
  return lines.filter((line) => !isUnready(line));
}

/** Whether a line is of an element for an endpoint that is not ready, or has hints, in one of some readings of the objects. */
export function unreadyElements(...readings: readonly Iterable<ApiObject>[]): (line: string) => boolean {
  const unready = new Set<string>();
  for (const object of readings.flatMap((objects) => [...objects])) {
    if (object.kind !== ENDPOINT_SLICE.kind) continue;
    for (const { addresses, conditions, hints } of sliceSchema.parse(object).endpoints) {
      if (conditions?.ready === false || hints)
        for (const address of addresses) unready.add(canonicalAddress(address));
    }
  }
  return (line) => unready.has(LOOP_BACK.exec(line)?.[1] ?? "");
}
