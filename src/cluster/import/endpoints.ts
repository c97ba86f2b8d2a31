/** Who stands behind a service-port. */

import type { EndpointRecord } from "../build.js";
import type { Service, ServicePort } from "./schema.js";

/** Where the endpoints came from: read from EndpointSlices or (where there are none) from Endpoints, or made up from the workloads that a Service selects. */
export type EndpointOrigin = "endpointslices" | "endpoints" | "workloads" | "none";

/** Gives the endpoints of a service-port. */
export interface EndpointSource {
  readonly origin: EndpointOrigin;
  endpointsOf(service: Service, port: ServicePort): EndpointRecord[];
}

/** When nothing tells: services without endpoints. */
export const NO_ENDPOINTS: EndpointSource = { origin: "none", endpointsOf: () => [] };
