/** Services and slices, as far as random changes read and write them. */

import { z } from "zod";
import type { Family } from "../../cluster/family.js";
import { parseIpv6 } from "../../cluster/ipv6.js";
import { canonicalAddress } from "../../cluster/raw-addresses.js";
import type { ApiObject, ObjectChange } from "../../kubernetes/list-watch/parse.js";
import { nameOf } from "./object-state.js";

export const TYPES = ["ClusterIP", "NodePort", "LoadBalancer"] as const;

/** Values of loadBalancerSourceRanges. */
export const SOURCE_RANGES: Readonly<Record<Family, readonly (readonly string[])[]>> = {
  4: [[], ["198.51.100.0/24"], ["198.51.100.0/24", "10.0.0.0/8"], ["0.0.0.0/0"]],
  6: [[], ["3fff:198::/120"], ["3fff:198::/120", "fd00:10::/32"], ["::/0"]],
};

const endpointSchema = z.looseObject({ addresses: z.array(z.string()) });
export const sliceSchema = z.looseObject({
  addressType: z.string(),
  endpoints: z.array(endpointSchema).nullish(),
  ports: z.array(z.looseObject({ name: z.string().nullish() })).nullish(),
});
const portSchema = z.looseObject({ nodePort: z.number().nullish() });
const specSchema = z.looseObject({
  type: z.string().default("ClusterIP"),
  clusterIP: z.string().nullish(),
  externalIPs: z.array(z.string()).nullish(),
  externalTrafficPolicy: z.string().nullish(),
  internalTrafficPolicy: z.string().nullish(),
  sessionAffinity: z.string().nullish(),
  healthCheckNodePort: z.number().nullish(),
  ports: z.array(portSchema).nullish(),
});
const conditionsSchema = z.looseObject({ ready: z.boolean().nullish(), terminating: z.boolean().nullish() });
export type Spec = z.infer<typeof specSchema>;
export const serviceSchema = z.looseObject({ spec: specSchema });
export type Endpoint = z.infer<typeof endpointSchema>;

/** A change with a name. */
export interface RandomChange {
  readonly name: string;
  /** To be made one after the other: a Service and its slices reach a proxy by two watches, in any order. */
  readonly steps: readonly (readonly ObjectChange[])[];
  /** Where the change is one that `Program.update` knows: an endpoint of a slice that is ready and not on this node. */
  readonly endpoint?: {
    readonly kind: "join" | "leave";
    readonly service: string;
    readonly address: string;
  };
}

/** A slice that can change, with all slices of its Service, and their endpoints. */
export interface Slice {
  readonly object: ApiObject;
  readonly service: string;
  readonly endpoints: readonly Endpoint[];
  readonly ports: number;
  readonly siblings: readonly ApiObject[];
  readonly all: readonly Endpoint[];
}

/** A Service that can change. */
export interface ChangeableService {
  readonly object: ApiObject;
  readonly name: string;
  readonly spec: Spec;
}

/** A Service of these types whose cluster IP is of the family. */
export function serviceOf(object: ApiObject, family: Family): ChangeableService | undefined {
  const { spec } = serviceSchema.parse(object);
  const isIpv6 = parseIpv6(spec.clusterIP ?? "") !== undefined;
  const isOfFamily = family === 6 ? isIpv6 : /^\d+\./.test(spec.clusterIP ?? "");
  if (!isOfFamily || !TYPES.some((type) => type === spec.type)) return undefined;
  return { object, name: nameOf(object), spec };
}

/**
 * A changed endpoint of a slice, or one that leaves (undefined), in each slice of its Service that holds the same: it is one pod,
 * and kube-proxy takes either of two states in the order of a Go map.
 */
export function changedEndpoint(
  { object, endpoints, siblings }: Slice,
  endpoint: Endpoint,
  changed: Endpoint | undefined,
): ObjectChange[] {
  const [address = ""] = endpoint.addresses.map(canonicalAddress);
  const isSame = (each: Endpoint) => each.addresses.some((one) => canonicalAddress(one) === address);
  const ports = portsOf(object);
  const others = siblings.flatMap((slice) => {
    const read = sliceSchema.parse(slice);
    const hasPort = [...portsOf(slice)].some((port) => ports.has(port));
    if (slice === object || !hasPort || !read.endpoints?.some(isSame)) return [];
    const rest = read.endpoints.flatMap((each) => (isSame(each) ? (changed ?? []) : each));
    return [modified(slice, { endpoints: rest })];
  });
  const own = endpoints.flatMap((each) => (each === endpoint ? (changed ?? []) : each));
  return [modified(object, { endpoints: own }), ...others];
}

const portsOf = (slice: ApiObject): ReadonlySet<string> =>
  new Set((sliceSchema.parse(slice).ports ?? []).map((port) => JSON.stringify(port)));

/** kube-proxy leaves out an endpoint without one (endpointslicecache.go): nothing would change with it. */
export function hasAddress({ addresses }: Endpoint): boolean {
  return addresses.length > 0;
}

/**
 * Whether the model's join and leave are the same: one ready endpoint of another node, of one port, and none of the Service that
 * terminates, or has a hint: one that comes or goes decides whether hints count.
 */
export function isPlain({ ports, all }: Slice, endpoint: Endpoint, node: string): boolean {
  const isReady = ({ conditions }: Endpoint) => {
    const { ready = true } = conditionsSchema.parse(conditions ?? {});
    return ready !== false;
  };
  const terminates = ({ conditions }: Endpoint) =>
    conditionsSchema.parse(conditions ?? {}).terminating === true;
  const isHinted = ({ hints }: Endpoint) => hints !== undefined && hints !== null;
  return (
    ports === 1 &&
    endpoint.nodeName !== node &&
    isReady(endpoint) &&
    !all.some((each) => terminates(each) || isHinted(each))
  );
}

/** An object with other fields. */
export function modified(object: ApiObject, fields: object): ObjectChange {
  return { type: "MODIFIED", object: { ...object, ...fields } };
}
