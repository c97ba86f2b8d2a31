/** A pod's clock against this process's, as NTP compares them: from questions and answers over a stream. Pure. */

/** One question: when it left and when its answer came, by this clock, and what the other clock said between. */
export interface RoundTrip {
  readonly sentNs: number;
  readonly receivedNs: number;
  readonly thereNs: number;
}

/** What to subtract from the other clock, at a time of this clock. */
export interface ClockOffset {
  readonly atNs: number;
  readonly offsetNs: number;
  /** Half the shortest round trip: the true offset is not further away. */
  readonly errorNs: number;
}

/** The offset by the round trip that took least: the least of it is unknown (RFC 5905, clock filter). */
export function offsetOf(trips: readonly RoundTrip[]): ClockOffset {
  const [first, ...others] = trips;
  if (first === undefined) throw new RangeError("a clock is compared by one round trip at least");
  const lengthOf = ({ sentNs, receivedNs }: RoundTrip) => receivedNs - sentNs;
  const best = others.reduce((least, trip) => (lengthOf(trip) < lengthOf(least) ? trip : least), first);
  const atNs = (best.sentNs + best.receivedNs) / 2;
  return { atNs, offsetNs: best.thereNs - atNs, errorNs: lengthOf(best) / 2 };
}

/** A time of the other clock by this clock, between two comparisons: clocks drift evenly over minutes. */
export function fromThere(thereNs: number, before: ClockOffset, after: ClockOffset): number {
  const span = after.atNs - before.atNs;
  const share = span > 0 ? (thereNs - before.offsetNs - before.atNs) / span : 0;
  const between = Math.min(1, Math.max(0, share));
  return thereNs - (before.offsetNs + (after.offsetNs - before.offsetNs) * between);
}
