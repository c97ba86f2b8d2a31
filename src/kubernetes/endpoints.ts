/** The endpoints of a service-port. */

import type { Service, ServicePort } from "./schema.js";
import type { HintUse, PortEndpoints, ThisNode } from "./topology.js";

/**
 * Where the endpoints came from: read from EndpointSlices or (where there are none) from Endpoints or Pods,
 * or made up from the workloads that a Service selects.
 */
export type EndpointOrigin = "endpointslices" | "endpoints" | "pods" | "workloads" | "none";

/** Gives the endpoints of a service-port. */
export interface EndpointSource {
  readonly origin: EndpointOrigin;
  /** Whose endpoints count as local. */
  readonly here: ThisNode;
  /** Service-ports by what hints did to them, of those asked for so far. */
  readonly hints: Readonly<Record<Exclude<HintUse, "none">, number>>;
  endpointsOf(service: Service, port: ServicePort): PortEndpoints;
}

/** When nothing tells: services without endpoints. */
export const NO_ENDPOINTS: EndpointSource = {
  origin: "none",
  here: { name: undefined, zone: undefined },
  hints: { node: 0, zone: 0, unused: 0 },
  endpointsOf: () => ({ used: [], idle: 0 }),
};
