/** A cluster of ours as the objects that a proxy on its node reads. */

import type { Cluster } from "../../cluster/cluster.js";
import { addressText, type DualStack, familiesOf } from "../../cluster/family.js";
import { kubernetesList } from "../export.js";
import { THIS_NODE } from "../exported-nodes.js";
import { serviceCidrObjects } from "../network/service-cidrs.js";
import { type ApiObject, asEndpointSlice, parseObject } from "./parse.js";
import { ENDPOINT_SLICE, NODE, SERVICE_CIDR } from "./resources.js";
import { checkEndpointsPerSlice, DEFAULT_ENDPOINTS_PER_SLICE } from "./slices.js";

/** The node that the export writes into local endpoints: what `--hostname-override` names. */
export const CLUSTER_NODE = THIS_NODE;

/**
 * The Node, its ServiceCIDRs, the Services and their EndpointSlices, one after the other.
 * @param size Endpoints per slice, 1 to 1,000.
 * @throws NotRepresentableError for a cluster that the API server would refuse.
 */
export function* clusterObjects(
  cluster: Cluster | DualStack,
  size = DEFAULT_ENDPOINTS_PER_SLICE,
): Iterable<ApiObject> {
  checkEndpointsPerSlice(size);
  const families = familiesOf(cluster).filter((one) => one !== undefined);
  yield nodeObject(families);
  yield* serviceCidrObjects(families);
  let slices: Slices | undefined;
  for (const { object } of exported(cluster)) {
    if (object.kind === SERVICE_CIDR.kind) continue;
    if (object.kind === ENDPOINT_SLICE.kind) {
      slices ??= new Slices(size);
      slices.add(object);
      continue;
    }
    if (slices !== undefined) yield* slices.joined();
    slices = undefined;
    yield object;
  }
  if (slices !== undefined) yield* slices.joined();
}

function nodeObject(families: readonly Cluster[]): ApiObject {
  const addresses = families.flatMap(({ network }) =>
    network.nodeAddresses.map((address) => ({ type: "InternalIP", address: addressText(network, address) })),
  );
  return {
    apiVersion: "v1",
    kind: NODE.kind,
    metadata: { name: CLUSTER_NODE },
    spec: {},
    status: { addresses: [...addresses, { type: "Hostname", address: CLUSTER_NODE }] },
  };
}

/** The export writes an object per line, so that no tree of all of them is needed. */
function* exported(cluster: Cluster | DualStack): Iterable<ReturnType<typeof parseObject>> {
  for (const chunk of kubernetesList(cluster)) {
    for (const line of chunk.split("\n")) {
      const json = line.replace(/,$/, "");
      // The List's own first and last line.
      if (json === "" || json.endsWith("[") || json === "]}") continue;
      yield parseObject(JSON.parse(json));
    }
  }
}

/** The slices of one Service; the export makes them of 100 endpoints. */
class Slices {
  readonly #size: number;
  readonly #byPorts = new Map<string, { readonly first: ApiObject; readonly endpoints: object[] }>();

  constructor(size: number) {
    this.#size = size;
  }

  add(object: ApiObject): void {
    const slice = asEndpointSlice(object);
    const key = JSON.stringify([slice.addressType, slice.ports]);
    let joined = this.#byPorts.get(key);
    if (joined === undefined) {
      joined = { first: object, endpoints: [] };
      this.#byPorts.set(key, joined);
    }
    joined.endpoints.push(...slice.endpoints);
  }

  *joined(): Iterable<ApiObject> {
    let number = 0;
    for (const { first, endpoints } of this.#byPorts.values()) {
      const base = first.metadata.name.replace(/-[0-9a-z]+$/, "");
      for (let i = 0; i === 0 || i < endpoints.length; i += this.#size) {
        const name = `${base}-${(number++).toString(36)}`;
        yield {
          ...first,
          metadata: { ...first.metadata, name },
          endpoints: endpoints.slice(i, i + this.#size),
        };
      }
    }
  }
}
