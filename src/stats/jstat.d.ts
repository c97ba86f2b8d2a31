/** The part of jstat that is used; the package has no types of its own. */
declare module "jstat" {
  interface Distribution {
    cdf(x: number, ...parameters: number[]): number;
    inv(p: number, ...parameters: number[]): number;
  }
  const jstat: {
    readonly jStat: {
      readonly studentt: Distribution;
      readonly normal: Distribution;
      readonly centralF: Distribution;
    };
  };
  export default jstat;
}
