/** How often something random is tried: a few times while you work and in `npm test`, often in `npm run test:slow`. */
export function trials(quick: number, long: number): number {
  return process.env.LBSCALE_LONG === undefined ? quick : long;
}
