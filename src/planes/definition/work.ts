/** What a lookup costs, counted. */

/** Exact, noise-free counts of what one lookup did. */
export interface Work {
  /** Rules or iptables entries evaluated in the NAT hook. */
  rulesVisited: number;
  /** Rules evaluated in the filter hooks, where these decided. */
  filterRulesVisited: number;
  /** Lookups in maps, sets and hash tables. */
  mapLookups: number;
  /** Elements compared in hash chains, and nodes read in tries. */
  hashProbes: number;
  /** Entries linked into connection tables; 0 for a lookup, which keeps no connection. */
  entriesWritten: number;
  /** Elements compared in the chains of connection tables; not among `hashProbes`. */
  stateProbes: number;
  /**
   * Nodes read in the node's routing trie, which has a route for each address of a Service in IPVS mode
   * (counted in IPv4); not among `hashProbes`, and no part of the timed lookup. Absent where a plane adds no
   * routes.
   */
  routingNodes?: number;
}

/** No work yet: what a count starts from. */
export function noWork(): Work {
  return {
    rulesVisited: 0,
    filterRulesVisited: 0,
    mapLookups: 0,
    hashProbes: 0,
    entriesWritten: 0,
    stateProbes: 0,
  };
}

/** Adds the work of one operation to a total. */
export function addWork(total: Work, work: Readonly<Work>): void {
  total.rulesVisited += work.rulesVisited;
  total.filterRulesVisited += work.filterRulesVisited;
  total.mapLookups += work.mapLookups;
  total.hashProbes += work.hashProbes;
  total.entriesWritten += work.entriesWritten;
  total.stateProbes += work.stateProbes;
  if (work.routingNodes !== undefined) total.routingNodes = (total.routingNodes ?? 0) + work.routingNodes;
}
