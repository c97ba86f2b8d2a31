/** The node whose rules are wanted, and what the objects and the user say of it. */

import { oneLine } from "../../cluster/checks.js";
import type { KnownNetwork } from "../../cluster/infer-network.js";
import { blockOf, numbersOf, type RawAddress, type RawCidr, rangesOf } from "../../cluster/raw-addresses.js";
import { serviceRangeFields } from "../../cluster/service-ranges.js";
import { InvalidInputError } from "../../errors.js";
import { areExported, THIS_NODE } from "../exported-nodes.js";
import type { EndpointSlice, Endpoints, Node, Pod, ServiceCidr } from "../schema.js";
import { type SliceReading, slicesOfEndpoints } from "../slices.js";
import type { AddressReader } from "./addresses.js";
import { rangesOfObjects } from "./service-cidrs.js";

/** Nodes that a message names. */
const NAMED = 3;

/** What the objects do not say of the node whose rules are wanted. */
export interface NodeOptions {
  /** Name of the node: by default the first that an endpoint names. */
  readonly node?: string | undefined;
  /** kube-proxy's `--cluster-cidr`, a range of each family: inferred by default. */
  readonly podRange?: RawCidr | readonly RawCidr[] | undefined;
  /** The node's addresses, its InternalIP first: those of its Node object by default. */
  readonly nodeAddresses?: readonly RawAddress[] | undefined;
  /** Which endpoint its kube-proxy takes of those with one address: `running` by default, as since 1.36. */
  readonly sharedAddress?: SliceReading["sharedAddress"];
}

/** The node that was asked for, or the only Node object's; undefined: whichever an endpoint names first. */
export function chooseNode(
  wanted: string | undefined,
  nodes: readonly Node[],
  named: readonly string[],
): string | undefined {
  if (wanted === undefined) {
    if (nodes.length === 1) return nodes[0]!.metadata.name;
    return nodes.length === 0 && areExported(named) ? THIS_NODE : undefined;
  }
  const known = new Set([...nodes.map(({ metadata }) => metadata.name), ...named]);
  if (known.size === 0) {
    throw new InvalidInputError(
      "no Node and no endpoint of the input names a node: give kubectl get nodes,endpointslices too, or name none",
      ["node"],
    );
  }
  if (!known.has(wanted)) {
    const names = [...known].slice(0, NAMED).map((name) => oneLine(name, 63));
    const more = known.size > NAMED ? ", …" : "";
    throw new InvalidInputError(
      `no Node or endpoint of the input is of node "${oneLine(wanted, 63)}": give one of ${names.join(", ")}${more}`,
    );
  }
  return wanted;
}

/** Nodes that endpoints name. */
export function namedNodes(
  slices: readonly EndpointSlice[],
  legacy: readonly Endpoints[],
  pods: readonly Pod[],
): string[] {
  return [
    ...[...slices, ...legacy.flatMap(slicesOfEndpoints)].flatMap(({ endpoints }) =>
      (endpoints ?? []).flatMap(({ nodeName }) => nodeName ?? []),
    ),
    ...pods.flatMap(({ spec }) => spec?.nodeName ?? []),
  ];
}

/** What Node and ServiceCIDR objects say: ranges and addresses of the family, as kube-proxy takes them. */
export function knownNetwork(
  { podRange, nodeAddresses = [] }: NodeOptions,
  node: string | undefined,
  { nodes, ranges }: { readonly nodes: readonly Node[]; readonly ranges: readonly ServiceCidr[] },
  reader: AddressReader,
): KnownNetwork {
  const own = nodes.find(({ metadata }) => metadata.name === node);
  const addressesOf = (wanted: string) =>
    (own?.status?.addresses ?? [])
      .filter(({ type }) => type === wanted)
      .flatMap(({ address }) => reader.address(address) ?? []);
  const internal = addressesOf("InternalIP");
  // An external address is often the cloud's, that no interface of the node has (k8s.io/component-helpers, GetNodeHostIPs).
  const addresses = internal.length > 0 ? internal : addressesOf("ExternalIP");
  const serviceCidrs = rangesOfObjects(ranges).flatMap((text) => reader.range(text) ?? []);
  const given = numbersOf(nodeAddresses, reader.network);
  return {
    podCidr: rangesOf(podRange).flatMap((range) => blockOf(range, reader.network) ?? [])[0],
    ...serviceRangeFields(serviceCidrs),
    nodeAddresses: given.length > 0 ? given : [...new Set(addresses)],
  };
}
