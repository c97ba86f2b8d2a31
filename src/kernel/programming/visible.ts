/** When a change is seen from the client, found in connections that were made all the time while it happened. */

/** One connection: see native/watch.c. Times since 1970. */
export interface WatchedConnection {
  readonly target: number;
  readonly startNs: number;
  readonly connectedNs: number;
  /** What was reached; 0: nothing. */
  readonly address: number;
}

/** Reads one line; null for any other text. */
export function parseWatched(line: string): WatchedConnection | null {
  const fields = line.split(" ").map(Number);
  const [target, startNs, connectedNs, address] = fields;
  if (fields.length !== 4 || fields.some((field) => !Number.isFinite(field))) return null;
  return { target: target!, startNs: startNs!, connectedNs: connectedNs!, address: address! };
}

/** What an event moves. */
export interface EndpointMove {
  readonly joined: number | null;
  readonly left: number | null;
}

/** So many connections in a row avoid an endpoint that is there less often than once in 10^8: (4/5)^83. */
const SURE_CONNECTIONS = 83;

/**
 * When the first connect() that follows a change had returned: the first that reaches who joined; where nobody joined, the
 * first after the last that reached who left.
 *
 * @param connections In the order in which they were made.
 * @param sentNs When the event was sent.
 * @returns Nanoseconds since 1970; null: not yet, or not yet sure.
 */
export function visibleAt(
  connections: readonly WatchedConnection[],
  { joined, left }: EndpointMove,
  sentNs: number,
): number | null {
  const after = connections.filter(({ startNs }) => startNs >= sentNs);
  if (joined !== null) return after.find(({ address }) => address === joined)?.connectedNs ?? null;
  const last = after.findLastIndex(({ address }) => address === left || address === 0);
  const since = after.slice(last + 1);
  return since.length >= SURE_CONNECTIONS ? since[0]!.connectedNs : null;
}
