/** Random changes of a cluster's objects, as users and controllers make them: what a proxy has to follow. */

import type { Cidr, Network } from "../../cluster/cluster.js";
import { FAMILY_NAMES, type Family, familyOf } from "../../cluster/family.js";
import { serviceCidrsOf, withoutHeld } from "../../cluster/service-ranges.js";
import { InvalidChangeError } from "../../errors.js";
import type { ApiObject, ObjectChange } from "../../kubernetes/list-watch/parse.js";
import { ENDPOINT_SLICE, SERVICE } from "../../kubernetes/list-watch/resources.js";
import type { Random } from "../../random.js";
import { AddressPool } from "./address-pool.js";
import {
  type ChangeableService,
  changedEndpoint,
  type Endpoint,
  hasAddress,
  isPlain,
  modified,
  type RandomChange,
  type Slice,
  SOURCE_RANGES,
  type Spec,
  serviceOf,
  serviceSchema,
  sliceSchema,
  TYPES,
} from "./changed-objects.js";
import { keyOf, nameOf } from "./object-state.js";
import { plainService, plainSlice, SERVICE_LABEL } from "./plain-objects.js";

export interface RandomChangesOptions {
  /** Name of this node, for endpoints on it. */
  readonly node: string;
  /** Whose Services change, and whose ranges new ones are taken from: one family. */
  readonly network: Network;
}

const READY = { ready: true, serving: true, terminating: false };
const TERMINATING = { ready: false, serving: true, terminating: true };
const OTHER_NODE = "other-node";
/** Load balancers' addresses, from a range for tests (RFC 2544), and in IPv6 what stands for it. */
const BALANCERS: Cidr = { base: (198 << 24) | (18 << 16), prefixLength: 15 };
const AFFINITY_SECONDS = [10, 600, 10_800];
/** Draws before there is no change that could be made. */
const ATTEMPTS = 1000;

/** Draws one change after the other, each on top of those before. The same seed draws the same changes. */
export class RandomChanges {
  readonly #random: Random;
  readonly #options: RandomChangesOptions;
  readonly #objects = new Map<string, ApiObject>();
  readonly #pool: AddressPool;
  readonly #family: Family;
  #added = 0;

  constructor(objects: Iterable<ApiObject>, random: Random, options: RandomChangesOptions) {
    this.#random = random;
    this.#pool = new AddressPool(random, options.network);
    this.#family = familyOf(options.network);
    this.#options = options;
    for (const object of objects) this.#put(object);
  }

  /** The objects after all changes so far. */
  objects(): ApiObject[] {
    return [...this.#objects.values()];
  }

  /** The next change. Throws InvalidChangeError where the cluster has nothing that could change. */
  next(): RandomChange {
    const kinds = [
      () => this.#join(),
      () => this.#leave(),
      () => this.#condition("is no longer ready", { ready: false, serving: false, terminating: false }),
      () => this.#condition("terminates", TERMINATING),
      () => this.#add(),
      () => this.#remove(),
      () => this.#changeType(),
      () => this.#changePolicy(),
      () => this.#changeAffinity(),
      () => this.#changeRanges(),
    ];
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const change = kinds[this.#random.below(kinds.length)]!();
      if (change === undefined) continue;
      for (const { type, object } of change.steps.flat()) {
        if (type === "DELETED") this.#objects.delete(keyOf(object));
        else this.#put(object);
      }
      return change;
    }
    throw new InvalidChangeError(
      `the cluster has no ${FAMILY_NAMES[this.#family]} Service that could change: give one with Services`,
    );
  }

  #put(object: ApiObject): void {
    this.#objects.set(keyOf(object), object);
    if (object.kind === ENDPOINT_SLICE.kind) {
      for (const { addresses } of sliceSchema.parse(object).endpoints ?? [])
        for (const address of addresses) this.#pool.reserve(address);
    } else if (object.kind === SERVICE.kind) {
      const { spec } = serviceSchema.parse(object);
      for (const address of [spec.clusterIP, ...(spec.externalIPs ?? [])])
        if (address) this.#pool.reserve(address);
      for (const { nodePort } of spec.ports ?? []) if (nodePort) this.#pool.reserveNodePort(nodePort);
    }
  }

  #pick<T>(values: readonly T[]): T | undefined {
    return values[this.#random.below(values.length)];
  }

  #ofKind(kind: string): ApiObject[] {
    return [...this.#objects.values()].filter((object) => object.kind === kind);
  }

  #service(): ChangeableService | undefined {
    const object = this.#pick(this.#ofKind(SERVICE.kind));
    return object && serviceOf(object, this.#family);
  }

  /** A slice of the family's endpoints that belongs to a Service. */
  #slice(): Slice | undefined {
    const object = this.#pick(this.#ofKind(ENDPOINT_SLICE.kind));
    const label = object?.metadata.labels?.[SERVICE_LABEL];
    if (object === undefined || label === undefined) return undefined;
    const { addressType, endpoints, ports } = sliceSchema.parse(object);
    if (addressType !== FAMILY_NAMES[this.#family]) return undefined;
    const siblings = this.#slicesOf(object.metadata.namespace, label);
    return {
      object,
      service: `${object.metadata.namespace}/${label}`,
      endpoints: endpoints ?? [],
      ports: ports?.length ?? 0,
      siblings,
      all: siblings.flatMap((each) => sliceSchema.parse(each).endpoints ?? []),
    };
  }

  #slicesOf(namespace: string | undefined, service: string): ApiObject[] {
    return this.#ofKind(ENDPOINT_SLICE.kind).filter(
      ({ metadata }) => metadata.namespace === namespace && metadata.labels?.[SERVICE_LABEL] === service,
    );
  }

  #newEndpoint(): Endpoint {
    const isLocal = this.#random.below(3) === 0;
    return {
      addresses: [this.#pool.address(this.#options.network.podCidr)],
      conditions: READY,
      nodeName: isLocal ? this.#options.node : OTHER_NODE,
    };
  }

  #join(): RandomChange | undefined {
    const slice = this.#slice();
    if (slice === undefined || slice.ports === 0) return undefined;
    const joined = this.#newEndpoint();
    const address = joined.addresses[0]!;
    return {
      name: `${address} joins ${slice.service}`,
      steps: [[modified(slice.object, { endpoints: [...slice.endpoints, joined] })]],
      ...(isPlain(slice, joined, this.#options.node) && {
        endpoint: { kind: "join", service: slice.service, address },
      }),
    };
  }

  #leave(): RandomChange | undefined {
    const slice = this.#slice();
    const left = slice && this.#pick(slice.endpoints.filter(hasAddress));
    if (slice === undefined || left === undefined) return undefined;
    const address = left.addresses[0]!;
    const step = changedEndpoint(slice, left, undefined);
    const isCounted = step.length === 1 && isPlain(slice, left, this.#options.node);
    return {
      name: `${address} leaves ${slice.service}`,
      steps: [step],
      ...(isCounted && { endpoint: { kind: "leave", service: slice.service, address } }),
    };
  }

  #condition(words: string, conditions: object): RandomChange | undefined {
    const slice = this.#slice();
    const changed = slice && this.#pick(slice.endpoints.filter(hasAddress));
    if (slice === undefined || changed === undefined) return undefined;
    return {
      name: `${changed.addresses[0]} of ${slice.service} ${words}`,
      steps: [changedEndpoint(slice, changed, { ...changed, conditions })],
    };
  }

  #add(): RandomChange {
    const name = `added-${++this.#added}`;
    // The widest range: a narrower one may be full.
    const clusterIP = this.#pool.address(withoutHeld(serviceCidrsOf(this.#options.network))[0]!);
    const protocol = this.#pick(["TCP", "UDP"])!;
    const common = { namespace: "default", protocol, family: this.#family };
    const plain = plainService({ ...common, name, clusterIP });
    const object = this.#typed(plain, this.#pick(TYPES)!);
    const slice = plainSlice({
      ...common,
      name: `${name}-0`,
      service: name,
      endpoints: Array.from({ length: this.#random.below(4) }, () => this.#newEndpoint()),
    });
    return {
      name: `${nameOf(object)} is added`,
      steps: [[{ type: "ADDED", object }], [{ type: "ADDED", object: slice }]],
    };
  }

  #remove(): RandomChange | undefined {
    const service = this.#service();
    if (service === undefined || this.#ofKind(SERVICE.kind).length === 1) return undefined;
    const { namespace, name } = service.object.metadata;
    const slices = this.#slicesOf(namespace, name);
    const steps: ObjectChange[][] = [[{ type: "DELETED", object: service.object }]];
    if (slices.length > 0) steps.push(slices.map((object) => ({ type: "DELETED", object })));
    return { name: `${service.name} is removed`, steps };
  }

  #changeType(): RandomChange | undefined {
    const service = this.#service();
    const type = this.#pick(TYPES)!;
    if (service === undefined || service.spec.type === type) return undefined;
    const object = this.#typed(service.object, type);
    return { name: `${service.name} becomes a ${type}`, steps: [[{ type: "MODIFIED", object }]] };
  }

  #changePolicy(): RandomChange | undefined {
    const service = this.#service();
    if (service === undefined) return undefined;
    const { spec, name, object } = service;
    const isExposed = spec.type !== "ClusterIP" || (spec.externalIPs ?? []).length > 0;
    const which = isExposed && this.#random.below(2) === 0 ? "external" : "internal";
    const field = which === "external" ? "externalTrafficPolicy" : "internalTrafficPolicy";
    const policy = spec[field] === "Local" ? "Cluster" : "Local";
    const changed: Spec = { ...spec, [field]: policy };
    if (which === "external") this.#healthCheck(changed);
    return {
      name: `${name} gets ${which} policy ${policy}`,
      steps: [[modified(object, { spec: changed })]],
    };
  }

  #changeAffinity(): RandomChange | undefined {
    const service = this.#service();
    if (service === undefined) return undefined;
    const { sessionAffinityConfig: _, ...spec } = service.spec;
    const timeoutSeconds = this.#pick(AFFINITY_SECONDS)!;
    const hasAffinity = spec.sessionAffinity === "ClientIP" && this.#random.below(2) === 0;
    const changed = hasAffinity
      ? { ...spec, sessionAffinity: "None" }
      : { ...spec, sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds } } };
    return {
      name: `${service.name} ${hasAffinity ? "loses affinity" : `gets affinity of ${timeoutSeconds} s`}`,
      steps: [[modified(service.object, { spec: changed })]],
    };
  }

  #changeRanges(): RandomChange | undefined {
    const service = this.#service();
    if (service?.spec.type !== "LoadBalancer") return undefined;
    const ranges = this.#pick(SOURCE_RANGES[this.#family])!;
    const spec = { ...service.spec, loadBalancerSourceRanges: ranges };
    return {
      name: `${service.name} ${ranges.length === 0 ? "loses its source ranges" : `gets source ranges ${ranges.join(", ")}`}`,
      steps: [[modified(service.object, { spec })]],
    };
  }

  /** A Service of another type, with what the API server and a cloud's controller fill in. */
  #typed(object: ApiObject, type: (typeof TYPES)[number]): ApiObject {
    const { loadBalancerSourceRanges: _, ...old } = serviceSchema.parse(object).spec;
    const isExposed = type !== "ClusterIP";
    const ports = (old.ports ?? []).map(({ nodePort, ...port }) =>
      isExposed ? { ...port, nodePort: nodePort || this.#pool.nodePort() } : port,
    );
    const keepsPolicy = isExposed || (old.externalIPs ?? []).length > 0;
    const drawn = this.#random.below(2) === 0 ? "Local" : "Cluster";
    const spec: Spec = { ...old, type, ports };
    if (keepsPolicy) spec.externalTrafficPolicy = old.externalTrafficPolicy ?? drawn;
    else delete spec.externalTrafficPolicy;
    this.#healthCheck(spec);
    const isBalancer = type === "LoadBalancer";
    const loadBalancer = isBalancer
      ? { ingress: [{ ip: this.#pool.address(BALANCERS), ipMode: "VIP" }] }
      : {};
    return { ...object, spec, status: { loadBalancer } };
  }

  /** The API server gives a load balancer of policy Local a port for health checks. */
  #healthCheck(spec: Spec): void {
    if (spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local")
      spec.healthCheckNodePort ??= this.#pool.nodePort();
    else delete spec.healthCheckNodePort;
  }
}
