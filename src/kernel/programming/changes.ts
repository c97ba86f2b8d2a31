/** One endpoint joins, leaves or is replaced, as an event of its EndpointSlice; and a rollout, which is many of them. */

import type { Network } from "../../cluster/cluster.js";
import { addressText } from "../../cluster/family.js";
import { type ApiObject, asEndpointSlice, type ObjectChange } from "../../kubernetes/list-watch/parse.js";
import type { Random } from "../../random.js";

/** What can happen to one endpoint, in the order in which a cell goes through them: the number of endpoints stays. */
export const ENDPOINT_CHANGES = ["join", "leave", "replace"] as const;
/** One of `ENDPOINT_CHANGES`. */
export type EndpointChange = (typeof ENDPOINT_CHANGES)[number];

/** From it kube-proxy measures its own programming latency. */
const TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time";

/** An event, and whose connections it moves. */
export interface SliceChange {
  readonly change: ObjectChange;
  /** The address that joined; null: none. */
  readonly joined: string | null;
  /** The address that left; null: none. */
  readonly left: string | null;
}

/** Hands out pod addresses that no endpoint has. */
export class FreshAddresses {
  #next: number;
  readonly #network: Pick<Network, "ipv6">;

  /** @param first The first of them. @param network Says which addresses numbers stand for. */
  constructor(first: number, network: Pick<Network, "ipv6">) {
    this.#next = first;
    this.#network = network;
  }

  /** The next address, never given before. */
  take(): string {
    return addressText(this.#network, this.#next++);
  }
}

/** Which endpoint of a slice changes: the same of a pod's other slice, where it has both families. */
export function positionOfChange(slice: ApiObject, random: Random): number {
  return random.below(asEndpointSlice(slice).endpoints.length);
}

/**
 * Works out one change of a slice that has endpoints.
 * @throws RangeError for a slice without an endpoint at that position.
 */
export function changeSlice(
  slice: ApiObject,
  kind: EndpointChange,
  { position, fresh, now }: { position: number; fresh: FreshAddresses; now: Date },
): SliceChange {
  const { endpoints } = asEndpointSlice(slice);
  const chosen = endpoints[position];
  if (chosen === undefined) throw new RangeError(`${slice.metadata.name} has no endpoint to change`);
  const joined = kind === "leave" ? null : fresh.take();
  const left = kind === "join" ? null : chosen.addresses[0]!;
  const newcomer = joined === null ? [] : [{ ...chosen, addresses: [joined] }];
  const after =
    kind === "join"
      ? [...endpoints, ...newcomer]
      : endpoints.flatMap((each, i) => (i === position ? newcomer : [each]));
  return { change: modified(slice, after, now), joined, left };
}

/** The same slice with so many endpoints: those that it has, then fresh ones. */
export function resizeSlice(slice: ApiObject, size: number, fresh: FreshAddresses, now: Date): ObjectChange {
  const { endpoints } = asEndpointSlice(slice);
  const model = endpoints[0];
  const more = Array.from({ length: Math.max(0, size - endpoints.length) }, () => ({
    ...model,
    addresses: [fresh.take()],
  }));
  return modified(slice, [...endpoints.slice(0, size), ...more], now);
}

/** Replaces every endpoint of a slice, one an event, as a rollout does. */
export function rollOut(slice: ApiObject, fresh: FreshAddresses, now: Date): ObjectChange[] {
  const endpoints: { readonly addresses: readonly string[] }[] = [...asEndpointSlice(slice).endpoints];
  return endpoints.map((each, i) => {
    endpoints[i] = { ...each, addresses: [fresh.take()] };
    return modified(slice, [...endpoints], now);
  });
}

function modified(slice: ApiObject, endpoints: readonly object[], now: Date): ObjectChange {
  const { metadata } = slice;
  const { annotations } = metadata;
  const kept = typeof annotations === "object" && annotations !== null ? annotations : {};
  return {
    type: "MODIFIED",
    object: {
      ...slice,
      metadata: { ...metadata, annotations: { ...kept, [TRIGGER_TIME]: now.toISOString() } },
      endpoints,
    },
  };
}
