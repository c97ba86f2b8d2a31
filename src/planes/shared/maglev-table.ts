/** How Cilium's and Calico's Maglev fill a table (Eisenbud et al., NSDI 2016, section 3.4). */

/** Where each backend's permutation begins, and how far apart its places are. */
export interface Permutations {
  /** Moved on as places are claimed. */
  readonly position: Int32Array;
  readonly skip: Int32Array;
}

/**
 * Fills `table` (of prime length M) with an id for each place: backends take turns, and each claims the next
 * free place of its own permutation (position + j · skip mod M). Leaves the table as it is where there is no
 * backend. Expected O(M log M) for few. `taken` is room for M bytes: a quarter of the table, so that the
 * search stays in the innermost cache.
 */
export function claimInTurns(
  { position, skip }: Permutations,
  ids: ArrayLike<number>,
  table: Int32Array,
  taken: Uint8Array,
): void {
  const size = table.length;
  const count = position.length;
  taken.fill(0);
  if (count === 0) return;
  for (let filled = 0, i = 0; filled < size; filled++) {
    const step = skip[i]!;
    let at = position[i]!;
    while (taken[at] !== 0) {
      at += step;
      if (at >= size) at -= size;
    }
    taken[at] = 1;
    table[at] = ids[i]!;
    position[i] = at;
    if (++i === count) i = 0;
  }
}
