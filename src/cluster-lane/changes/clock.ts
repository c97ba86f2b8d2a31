/** The offset of a pod's clock from this process's, estimated from round trips as NTP does. Pure. */

/** One round trip: sent and received by this clock, and the pod's clock in between. */
export interface RoundTrip {
  readonly sentNs: number;
  readonly receivedNs: number;
  readonly podNs: number;
}

/** What to subtract from the pod's clock, at a time of this clock. */
export interface ClockOffset {
  readonly atNs: number;
  readonly offsetNs: number;
  /** Half the shortest round trip, which bounds the error. */
  readonly errorNs: number;
}

/** The offset by the shortest round trip, whose error is the smallest (RFC 5905, clock filter). */
export function offsetOf(trips: readonly RoundTrip[]): ClockOffset {
  const [first, ...others] = trips;
  if (first === undefined) throw new RangeError("a clock is compared by one round trip at least");
  const lengthOf = ({ sentNs, receivedNs }: RoundTrip) => receivedNs - sentNs;
  const best = others.reduce((least, trip) => (lengthOf(trip) < lengthOf(least) ? trip : least), first);
  const atNs = (best.sentNs + best.receivedNs) / 2;
  return { atNs, offsetNs: best.podNs - atNs, errorNs: lengthOf(best) / 2 };
}

/** Converts a time of the pod's clock to this clock, between two comparisons: over minutes the drift is linear. */
export function toLocalNs(podNs: number, before: ClockOffset, after: ClockOffset): number {
  const span = after.atNs - before.atNs;
  const share = span > 0 ? (podNs - before.offsetNs - before.atNs) / span : 0;
  const between = Math.min(1, Math.max(0, share));
  return podNs - (before.offsetNs + (after.offsetNs - before.offsetNs) * between);
}
