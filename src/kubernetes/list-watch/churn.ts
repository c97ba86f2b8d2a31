/** Endpoints that come and go, as a rolling restart or an autoscaler makes them: work for whoever watches. */

import { isIPv6 } from "node:net";
import type { Random } from "../../random.js";
import { type ApiObject, asEndpointSlice, type ObjectChange } from "./parse.js";

/** When a change happened: from it kube-proxy measures its programming latency. */
const TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time";
/** Attempts to find an address that no endpoint of the slice has. */
const ATTEMPTS = 100;

/**
 * Replaces one endpoint of a slice: its pod is deleted, and another one starts with an address next to it.
 * @param now When, for the annotation by which kube-proxy measures how long it takes to program the change.
 * @returns The change, or undefined where the slice has no endpoint.
 */
export function replaceEndpoint(slice: ApiObject, random: Random, now: Date): ObjectChange | undefined {
  const { endpoints } = asEndpointSlice(slice);
  if (endpoints.length === 0) return undefined;
  const taken = new Set(endpoints.map(({ addresses }) => addresses[0]));
  const replaced = random.below(endpoints.length);
  const old = endpoints[replaced]!.addresses[0] ?? "";
  let address = neighbour(old, random);
  for (let attempt = 1; taken.has(address) && attempt < ATTEMPTS; attempt++) address = neighbour(old, random);
  const { metadata } = slice;
  const annotations = { ...annotationsOf(metadata), [TRIGGER_TIME]: now.toISOString() };
  return {
    type: "MODIFIED",
    object: {
      ...slice,
      metadata: { ...metadata, annotations },
      endpoints: endpoints.map((each, i) => (i === replaced ? { ...each, addresses: [address] } : each)),
    },
  };
}

/** An address of the same /16, or of the same /112. */
function neighbour(address: string, random: Random): string {
  const number = 1 + random.below(0xfffe);
  // pattern-bounded: an address has 45 characters at most.
  if (isIPv6(address)) return `${address.replace(/[^:]*$/, "")}${number.toString(16)}`;
  const [a, b] = address.split(".");
  return `${a}.${b}.${number >>> 8}.${number & 255}`;
}

function annotationsOf(metadata: ApiObject["metadata"]): object {
  const { annotations } = metadata;
  return typeof annotations === "object" && annotations !== null ? annotations : {};
}
