/** Distribution functions, from jstat. */

import jstat from "jstat";

const { jStat } = jstat;

/** Student's t: the value below which a share `p` lies, with `df` degrees of freedom. */
export function studentQuantile(p: number, df: number): number {
  return jStat.studentt.inv(p, df);
}

/** Student's t: the share below `t`, with `df` degrees of freedom. */
export function studentShare(t: number, df: number): number {
  return jStat.studentt.cdf(t, df);
}

/** Standard normal: the share below `z`. */
export function normalShare(z: number): number {
  return jStat.normal.cdf(z, 0, 1);
}

/** Fisher's F: the share above `f`, with `df1` and `df2` degrees of freedom. */
export function fisherTail(f: number, df1: number, df2: number): number {
  return 1 - jStat.centralF.cdf(f, df1, df2);
}
