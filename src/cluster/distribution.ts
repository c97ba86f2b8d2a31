/** How many endpoints a service has. */

import type { Random } from "../random.js";

/** How endpoints are spread over services. */
export type EndpointDistribution =
  | { readonly kind: "constant"; readonly count: number }
  /** kubernetes/perf-tests load test: deployments of 5, 30 and 250 pods, 91.5 : 7.6 : 0.9 by number. */
  | { readonly kind: "perftests" }
  /** Long-tailed, as microservice traces show: exp(ln(median) + sigma·z), rounded and clipped to [0, max]. */
  | { readonly kind: "lognormal"; readonly median: number; readonly sigma: number; readonly max: number };

/** Draws one service's number of endpoints. */
export function drawEndpointCount(distribution: EndpointDistribution, random: Random): number {
  switch (distribution.kind) {
    case "constant":
      return distribution.count;
    case "perftests": {
      const u = random.unit();
      return u < 0.915 ? 5 : u < 0.991 ? 30 : 250;
    }
    case "lognormal": {
      const drawn = Math.exp(Math.log(distribution.median) + distribution.sigma * random.normal());
      return Math.min(distribution.max, Math.round(drawn));
    }
  }
}
