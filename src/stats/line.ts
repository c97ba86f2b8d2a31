/** Straight lines. */

/**
 * Least squares of y = intercept + slope · x with weights 1/y², so that relative errors count alike over decades.
 * Needs two different x; returns NaN otherwise.
 */
export function relativeLine(
  x: readonly number[],
  y: readonly number[],
): { intercept: number; slope: number } {
  let w = 0;
  let wx = 0;
  let wy = 0;
  let wxx = 0;
  let wxy = 0;
  for (let i = 0; i < x.length; i++) {
    const weight = 1 / y[i]! ** 2;
    w += weight;
    wx += weight * x[i]!;
    wy += weight * y[i]!;
    wxx += weight * x[i]! ** 2;
    wxy += weight * x[i]! * y[i]!;
  }
  const slope = (w * wxy - wx * wy) / (w * wxx - wx ** 2);
  return { intercept: (wy - slope * wx) / w, slope };
}

/** The value at `at` of the polyline through (x, y), x ascending; NaN outside. */
export function interpolate(x: readonly number[], y: readonly number[], at: number): number {
  const above = x.findIndex((value) => value >= at);
  if (above < 0 || at < x[0]!) return Number.NaN;
  if (x[above] === at) return y[above]!;
  const share = (at - x[above - 1]!) / (x[above]! - x[above - 1]!);
  return y[above - 1]! + share * (y[above]! - y[above - 1]!);
}
