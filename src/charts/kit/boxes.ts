/** Where text goes that must not lie over anything: rectangles, and lines that pass through them. In pixels. */

/** A rectangle. */
export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A rectangle from its left edge and the middle of its height. */
export function boxAt(left: number, middle: number, width: number, height: number): Box {
  return { left, right: left + width, top: middle - height / 2, bottom: middle + height / 2 };
}

/** A rectangle that is larger by so much on each side. */
export function grown({ left, right, top, bottom }: Box, by: number): Box {
  return { left: left - by, right: right + by, top: top - by, bottom: bottom + by };
}

/** Whether two rectangles have a part in common. */
export function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

/** Whether a strip along a line, whose points ascend in x, passes through a box; `ends` is its top and bottom at a point. */
export function passes<P extends { readonly x: number }>(
  points: readonly P[],
  box: Box,
  ends: (point: P) => readonly [number, number],
): boolean {
  return points.some((from, i) => {
    const to = points[i + 1] ?? from;
    const [left, right] = [Math.max(from.x, box.left), Math.min(to.x, box.right)];
    if (left > right) return false;
    const at = (x: number, edge: 0 | 1) => {
      const [start, end] = [ends(from)[edge], ends(to)[edge]];
      return to.x === from.x ? start : start + ((end - start) * (x - from.x)) / (to.x - from.x);
    };
    return Math.min(at(left, 0), at(right, 0)) < box.bottom && Math.max(at(left, 1), at(right, 1)) > box.top;
  });
}
