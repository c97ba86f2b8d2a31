/** A generated cluster on a list/watch server, and changes of its EndpointSlices. */

import type { Cluster } from "../../../cluster/cluster.js";
import { type Family, familyOf, rangeText } from "../../../cluster/family.js";
import { clusterObjects } from "../../../kubernetes/list-watch/cluster-objects.js";
import type { ApiObject, ObjectChange } from "../../../kubernetes/list-watch/parse.js";
import { ENDPOINT_SLICE, SERVICE } from "../../../kubernetes/list-watch/resources.js";
import { ApiServer } from "../../../kubernetes/list-watch/server.js";
import { benchCluster } from "../../../measure/replicate/bench-cluster.js";
import { Random } from "../../../random.js";
import {
  changeSlice,
  type EndpointChange,
  FreshAddresses,
  resizeSlice,
  rollOut,
  type SliceChange,
} from "../changes.js";
import type { NodeRequest } from "../tasks.js";

/** What a node is prepared with. */
export type Preparation = Extract<NodeRequest, { call: "prepare" }>;

const SERVICE_LABEL = "kubernetes.io/service-name";

/** The cluster that a program on the node reads. */
export class ServedCluster {
  readonly server: ApiServer;
  readonly podRange: string;
  readonly family: Family;
  readonly network: Cluster["network"];
  readonly nodeAddresses: readonly number[];
  /** How many Services and EndpointSlices there are. */
  readonly objects: number;
  readonly #slices: ReadonlyMap<number, ApiObject>;
  readonly #fresh: FreshAddresses;
  readonly #random: Random;

  private constructor(
    objects: readonly ApiObject[],
    network: Cluster["network"],
    slices: ReadonlyMap<number, ApiObject>,
    seed: number,
  ) {
    const { podCidr, clientCidr, nodeAddresses } = network;
    this.network = network;
    this.server = new ApiServer(objects);
    this.podRange = rangeText(network, podCidr);
    this.family = familyOf(network);
    this.nodeAddresses = nodeAddresses;
    this.objects = objects.filter(({ kind }) => kind === SERVICE.kind || kind === ENDPOINT_SLICE.kind).length;
    this.#slices = slices;
    // Below the clients' part of the pod range, where endpoints that are numbered upwards never come.
    this.#fresh = new FreshAddresses(clientCidr.base - 2 ** 16, network);
    this.#random = Random.fromSeed(seed, "endpoints that change");
  }

  static async generate({
    services,
    endpointsPerService,
    family,
    seed,
    changing,
  }: Preparation): Promise<ServedCluster> {
    const cluster = await benchCluster({
      ...{ clusterFile: null, services, clusterSeed: seed, endpointsPerService, family },
      ...{ entry: "clusterIp", affinityShare: 0 },
    });
    const numbers = new Map(changing.map((service) => [cluster.serviceName(service), service]));
    const slices = new Map<number, ApiObject>();
    const objects = [...clusterObjects(cluster)];
    for (const object of objects) {
      if (object.kind !== ENDPOINT_SLICE.kind) continue;
      const { namespace = "default", labels } = object.metadata;
      const service = numbers.get(`${namespace}/${labels?.[SERVICE_LABEL] ?? ""}`);
      if (service !== undefined && !slices.has(service)) slices.set(service, object);
    }
    return new ServedCluster(objects, cluster.network, slices, seed);
  }

  /** Works out what one endpoint's change is. */
  change(service: number, kind: EndpointChange): SliceChange {
    return changeSlice(this.#slice(service), kind, {
      random: this.#random,
      fresh: this.#fresh,
      now: new Date(),
    });
  }

  resize(service: number, endpoints: number): ObjectChange {
    return resizeSlice(this.#slice(service), endpoints, this.#fresh, new Date());
  }

  rollOut(service: number): ObjectChange[] {
    return rollOut(this.#slice(service), this.#fresh, new Date());
  }

  #slice(service: number): ApiObject {
    const first = this.#slices.get(service);
    if (first === undefined) throw new RangeError(`service ${service} was not named as one that changes`);
    return this.server.get(ENDPOINT_SLICE, first.metadata) ?? first;
  }
}
