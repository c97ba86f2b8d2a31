/** The laws of growth, and what one says for an N. */

export const LAWS = ["1", "log N", "N", "N log N"] as const;
export type Law = (typeof LAWS)[number];

export const GROWTH: Readonly<Record<Law, (n: number) => number>> = {
  "1": () => 0,
  "log N": (n) => Math.log2(n),
  N: (n) => n,
  "N log N": (n) => n * Math.log2(n),
};

export interface Line {
  readonly intercept: number;
  readonly slope: number;
}

export interface FittedLaw extends Line {
  readonly law: Law;
}

/** What a law says at N. */
export function lawAt({ law, intercept, slope }: FittedLaw, n: number): number {
  return intercept + slope * GROWTH[law](n);
}
