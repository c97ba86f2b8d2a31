/** The resources that the server knows, and the paths by which clients ask for them. */

/** A kind of object and where the API serves it. */
export interface Resource {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  /** Name in paths. */
  readonly plural: string;
  readonly namespaced: boolean;
  /** Fields by which objects can be selected, other than name and namespace. */
  readonly fields: readonly string[];
}

const resource = (
  apiVersion: string,
  kind: string,
  plural: string,
  { namespaced = true, fields = [] }: { namespaced?: boolean; fields?: readonly string[] } = {},
): Resource => {
  const [version, group = ""] = apiVersion.split("/").reverse();
  return { kind, group, version: version!, plural, namespaced, fields };
};

export const NODE = resource("v1", "Node", "nodes", { namespaced: false });
export const SERVICE = resource("v1", "Service", "services", {
  // kube-proxy leaves out headless Services by it.
  fields: ["spec.clusterIP", "spec.type"],
});
export const ENDPOINT_SLICE = resource("discovery.k8s.io/v1", "EndpointSlice", "endpointslices");
export const SERVICE_CIDR = resource("networking.k8s.io/v1", "ServiceCIDR", "servicecidrs", {
  namespaced: false,
});

/**
 * What load balancing is configured by, then what agents (Cilium's, for one) list before they start. Any of them can
 * hold objects; a resource without objects is an empty list, which a client takes for "none yet".
 */
const RESOURCES: readonly Resource[] = [
  NODE,
  SERVICE,
  ENDPOINT_SLICE,
  SERVICE_CIDR,
  resource("v1", "Endpoints", "endpoints"),
  resource("v1", "Namespace", "namespaces", { namespaced: false }),
  resource("v1", "Pod", "pods", { fields: ["spec.nodeName", "status.phase"] }),
  resource("v1", "ConfigMap", "configmaps"),
  resource("v1", "Secret", "secrets", { fields: ["type"] }),
  resource("networking.k8s.io/v1", "IPAddress", "ipaddresses", { namespaced: false }),
  resource("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
];

/** `v1`, or group and version. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === "" ? version : `${group}/${version}`;
}

/** The resource of a kind, or undefined where the server has none such. */
export function resourceOfKind(apiVersion: string, kind: string): Resource | undefined {
  return RESOURCES.find((each) => each.kind === kind && apiVersionOf(each) === apiVersion);
}

/** What a path asks for: a collection, or one object of it. */
export interface ResourcePath {
  readonly resource: Resource;
  /** Undefined: of all namespaces. */
  readonly namespace?: string;
  readonly name?: string;
}

/** Reads `/api/v1/…` and `/apis/GROUP/VERSION/…`; undefined for other paths and for unknown resources. */
export function parseResourcePath(pathname: string): ResourcePath | undefined {
  const parts = pathname.split("/").slice(1).map(decoded);
  const rest = parts[0] === "api" ? parts.slice(2) : parts.slice(3);
  const apiVersion =
    parts[0] === "api" ? parts[1] : parts[0] === "apis" ? `${parts[1]}/${parts[2]}` : undefined;
  const inNamespace = rest[0] === "namespaces" && rest.length > 2;
  const [plural, name, subresource] = inNamespace ? rest.slice(2) : rest;
  if (subresource !== undefined) return undefined;
  const found = RESOURCES.find((each) => each.plural === plural && apiVersionOf(each) === apiVersion);
  if (found === undefined || (inNamespace && !found.namespaced)) return undefined;
  return {
    resource: found,
    ...(inNamespace && { namespace: rest[1]! }),
    ...(name !== undefined && name !== "" && { name }),
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Discovery documents by path: what kubectl and clients with dynamic types ask for first. */
export function discoveryDocument(pathname: string): object | undefined {
  if (pathname === "/api") return { kind: "APIVersions", versions: ["v1"] };
  const groups = [...new Set(RESOURCES.map(({ group }) => group))].filter((group) => group !== "");
  if (pathname === "/apis") {
    return {
      kind: "APIGroupList",
      apiVersion: "v1",
      groups: groups.map((name) => {
        const preferredVersion = { groupVersion: `${name}/v1`, version: "v1" };
        return { name, versions: [preferredVersion], preferredVersion };
      }),
    };
  }
  const groupVersion = /^\/api\/(v1)$/.exec(pathname)?.[1] ?? /^\/apis\/([^/]+\/[^/]+)$/.exec(pathname)?.[1];
  const resources = RESOURCES.filter((each) => apiVersionOf(each) === groupVersion);
  if (groupVersion === undefined || resources.length === 0) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion,
    resources: resources.map(({ plural, kind, namespaced }) => ({
      name: plural,
      singularName: kind.toLowerCase(),
      namespaced,
      kind,
      verbs: ["get", "list", "watch"],
    })),
  };
}
