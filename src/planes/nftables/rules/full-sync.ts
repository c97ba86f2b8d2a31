/** What the kernel walks at a full sync in nftables mode, however many services share a transaction. */

/** Of one service, in the order in which services are loaded. */
export interface ServiceWalk {
  /** Sets passed in the table's list: it grows with each service and is the same in any transaction. */
  readonly sets: number;
  /** What the service adds to its transaction: chains, sets, elements of a set, rules. */
  readonly entries: number;
  /** How often the transaction so far is walked for it, and how many of its own entries are there by then, added up. */
  readonly binds: number;
  readonly ownEntries: number;
}

/** Of one transaction. */
export interface TransactionWalk {
  readonly sets: number;
  /** Entries of the transaction itself that are passed. */
  readonly entries: number;
}

/**
 * What each transaction walks when so many services share one.
 *
 * @param services What each service walks.
 * @param size Services of a transaction; Infinity: all in one.
 */
export function transactionWalks(services: readonly ServiceWalk[], size: number): TransactionWalk[] {
  const walks: { sets: number; entries: number }[] = [];
  let length = 0;
  for (const [s, { sets, entries, binds, ownEntries }] of services.entries()) {
    if (s % size === 0 || s === 0) {
      walks.push({ sets: 0, entries: 0 });
      length = 0;
    }
    const walk = walks.at(-1)!;
    walk.sets += sets;
    walk.entries += binds * length + ownEntries;
    length += entries;
  }
  return walks;
}
