/** Places labels next to the ends of lines without overlap. */

export interface LabelRange {
  /** Smallest and largest centre a label may have. */
  readonly min: number;
  readonly max: number;
  /** Smallest distance between two centres. */
  readonly spacing: number;
}

/**
 * Moves label centres apart, in both directions, as little as possible (least squares). Keeps their order; equal
 * ones keep the order given. When they can't fit, they share the range evenly.
 *
 * With the spacing taken off (p_i - i·spacing) "no overlap" means "not decreasing", so the answer is isotonic
 * regression by pooling adjacent violators (Ayer et al. 1955), clamped to the range. Time: O(n log n).
 */
export function spreadLabels(wanted: readonly number[], range: LabelRange): number[] {
  const count = wanted.length;
  if (count === 0) return [];
  const room = Math.max(0, range.max - range.min);
  const spacing = count > 1 ? Math.min(range.spacing, room / (count - 1)) : 0;
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]! || a - b);

  const blocks: { mean: number; size: number }[] = [];
  for (const [rank, i] of order.entries()) {
    let block = { mean: wanted[i]! - rank * spacing, size: 1 };
    while (blocks.length > 0 && blocks.at(-1)!.mean > block.mean) {
      const above = blocks.pop()!;
      const size = above.size + block.size;
      block = { mean: (above.mean * above.size + block.mean * block.size) / size, size };
    }
    blocks.push(block);
  }

  const last = range.max - (count - 1) * spacing;
  const placed = new Array<number>(count);
  let rank = 0;
  for (const { mean, size } of blocks) {
    const start = Math.max(range.min, Math.min(last, mean));
    for (let k = 0; k < size; k++, rank++) placed[order[rank]!] = start + rank * spacing;
  }
  return placed;
}
