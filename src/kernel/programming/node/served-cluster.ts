/** A generated cluster on a list/watch server, and changes of its EndpointSlices. */

import type { Cluster } from "../../../cluster/cluster.js";
import {
  addressText,
  type DualStack,
  FAMILY_NAMES,
  type FamilyChoice,
  familiesOf,
  familyOf,
  rangeText,
} from "../../../cluster/family.js";
import { clusterObjects } from "../../../kubernetes/list-watch/cluster-objects.js";
import { type ApiObject, asEndpointSlice, type ObjectChange } from "../../../kubernetes/list-watch/parse.js";
import { ENDPOINT_SLICE, SERVICE } from "../../../kubernetes/list-watch/resources.js";
import { ApiServer } from "../../../kubernetes/list-watch/server.js";
import { benchFamilies } from "../../../measure/replicate/bench-cluster.js";
import { Random } from "../../../random.js";
import {
  changeSlice,
  type EndpointChange,
  FreshAddresses,
  positionOfChange,
  resizeSlice,
  rollOut,
  type SliceChange,
} from "../changes.js";
import type { NodeRequest } from "../tasks.js";

/** What a node is prepared with. */
export type Preparation = Extract<NodeRequest, { call: "prepare" }>;

const SERVICE_LABEL = "kubernetes.io/service-name";

/** What changes of a family: its slices by service, and addresses that nobody has. */
interface Side {
  readonly slices: ReadonlyMap<number, ApiObject>;
  readonly fresh: FreshAddresses;
}

/** The cluster that a program on the node reads. */
export class ServedCluster {
  readonly server: ApiServer;
  /** Ranges of pods, one per family, with a comma between. */
  readonly podRange: string;
  readonly family: FamilyChoice;
  /** The node's addresses, IPv4 first. */
  readonly nodeAddresses: readonly string[];
  /** How many Services and EndpointSlices there are. */
  readonly objects: number;
  readonly #sides: readonly Side[];
  readonly #random: Random;

  private constructor(
    objects: readonly ApiObject[],
    { family, seed }: Pick<Preparation, "family" | "seed">,
    networks: readonly Cluster["network"][],
    sides: readonly Side[],
  ) {
    this.server = new ApiServer(objects);
    this.podRange = networks.map((network) => rangeText(network, network.podCidr)).join(",");
    this.family = family;
    this.nodeAddresses = networks.flatMap((network) =>
      network.nodeAddresses.map((address) => addressText(network, address)),
    );
    this.objects = objects.filter(({ kind }) => kind === SERVICE.kind || kind === ENDPOINT_SLICE.kind).length;
    this.#sides = sides;
    this.#random = Random.fromSeed(seed, "endpoints that change");
  }

  static async generate(given: Preparation): Promise<ServedCluster> {
    const { services, endpointsPerService, family, seed, changing } = given;
    const cluster = await benchFamilies({
      clusterFile: null,
      services,
      clusterSeed: seed,
      endpointsPerService,
      family,
      entry: "clusterIp",
      affinityShare: 0,
    });
    const objects = [...clusterObjects(cluster)];
    const parts = partsOf(cluster);
    const sides = parts.map((part) => ({
      slices: slicesOf(objects, part, changing),
      // Below the clients' part of the pod range, where endpoints that are numbered upwards never come.
      fresh: new FreshAddresses(part.network.clientCidr.base - 2 ** 16, part.network),
    }));
    return new ServedCluster(
      objects,
      given,
      parts.map(({ network }) => network),
      sides,
    );
  }

  /** Works out what one endpoint's change is: an event for each family that the pod has. */
  change(service: number, kind: EndpointChange): SliceChange[] {
    const slices = this.#sides.map((side) => this.#slice(side, service));
    const position = positionOfChange(slices[0]!, this.#random);
    return this.#sides.map(({ fresh }, i) =>
      changeSlice(slices[i]!, kind, { position, fresh, now: new Date() }),
    );
  }

  resize(service: number, endpoints: number): ObjectChange[] {
    return this.#sides.map((side) =>
      resizeSlice(this.#slice(side, service), endpoints, side.fresh, new Date()),
    );
  }

  /** Endpoint by endpoint, in every family. */
  rollOut(service: number): ObjectChange[] {
    const [first, second] = this.#sides.map((side) =>
      rollOut(this.#slice(side, service), side.fresh, new Date()),
    );
    return first!.flatMap((change, i) => (second === undefined ? [change] : [change, second[i]!]));
  }

  #slice({ slices }: Side, service: number): ApiObject {
    const first = slices.get(service);
    if (first === undefined) throw new RangeError(`Service ${service} was not named as one that changes`);
    return this.server.get(ENDPOINT_SLICE, first.metadata) ?? first;
  }
}

function partsOf(cluster: Cluster | DualStack): Cluster[] {
  return familiesOf(cluster).filter((part) => part !== undefined);
}

/** The first slice of each service that changes, of the family of `cluster`. */
function slicesOf(
  objects: readonly ApiObject[],
  cluster: Cluster,
  changing: readonly number[],
): Map<number, ApiObject> {
  const numbers = new Map(changing.map((service) => [cluster.serviceName(service), service]));
  const slices = new Map<number, ApiObject>();
  const addressType = FAMILY_NAMES[familyOf(cluster.network)];
  for (const object of objects) {
    if (object.kind !== ENDPOINT_SLICE.kind || asEndpointSlice(object).addressType !== addressType) continue;
    const { namespace = "default", labels } = object.metadata;
    const service = numbers.get(`${namespace}/${labels?.[SERVICE_LABEL] ?? ""}`);
    if (service !== undefined && !slices.has(service)) slices.set(service, object);
  }
  return slices;
}
