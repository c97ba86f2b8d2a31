/** Loads what kube-proxy created into the kernel's memory: the services of one family, or of both, which share a table. */

import type { Cluster } from "../../cluster/cluster.js";
import { familyOf } from "../../cluster/family.js";
import { Random } from "../../random.js";
import type { KubeProxySettings } from "../shared/kube-proxy.js";
import type { Loaded } from "./incremental.js";
import { inCreationOrder, loadMemory } from "./memory.js";
import { IpvsModel } from "./model.js";
import { NodeRoutes } from "./routing/node-routes.js";
import { IpvsRules } from "./rules.js";
import { SCHEDULERS, type SchedulerName } from "./schedulers/index.js";
import { KubeSets } from "./tables/kube-sets.js";
import { FixedServiceTable, ResizableServiceTable, type ServiceTable } from "./tables/service-table.js";
import type { SetEntries } from "./tables/set-entries.js";
import type { VirtualServices } from "./tables/virtual-services.js";

/** What kube-proxy created for one family. */
export interface Created {
  readonly cluster: Cluster;
  readonly settings: KubeProxySettings;
  readonly virtualServices: VirtualServices;
  readonly setEntries: SetEntries;
  readonly weights: Uint16Array | undefined;
  readonly scheduler: SchedulerName;
  readonly isResizable: boolean;
}

/** Room for what a running kube-proxy adds. */
export interface Room {
  readonly destinations: number;
  /** Elements of an ipset. */
  readonly elements: number;
}

const NO_ROOM: Room = { destinations: 0, elements: 0 };

/** A model of each family. Both are created with the same options. */
export function load(families: readonly Created[], seed: number, room: Room = NO_ROOM): Loaded[] {
  const [{ scheduler: schedulerName, isResizable }] = families as [Created];
  const kind = SCHEDULERS[schedulerName];
  const memories = loadMemory(families, kind.dataWords, room.destinations);
  const { words } = memories[0]!;
  const key = Random.fromSeed(seed, "service-table").nextInt32();
  const count = families.reduce((sum, { virtualServices }) => sum + virtualServices.count, 0);
  const table = isResizable
    ? new ResizableServiceTable(words, count, key)
    : new FixedServiceTable(words, key);
  const tables = families.map(
    ({ cluster: { network } }): ServiceTable => (network.ipv6 ? table.ofIpv6(network.ipv6) : table),
  );
  const schedulers = families.map(({ cluster }) => kind.create(words, cluster.network.ipv6));
  for (const [i, v] of inCreationOrder(families)) {
    const { services, schedulerData } = memories[i]!;
    tables[i]!.insert(services[v]!);
    schedulers[i]!.attach(services[v]!, schedulerData[v]!);
  }
  return families.map((created, i): Loaded => {
    const { cluster, settings } = created;
    const sets = new KubeSets(created.setEntries, seed, room.elements, familyOf(cluster.network));
    const model = new IpvsModel({
      rules: new IpvsRules(cluster, sets, settings),
      routes: new NodeRoutes(cluster, created.virtualServices),
      words,
      table: tables[i]!,
      scheduler: schedulers[i]!,
      schedulerName,
      schedulerLookups: kind.tableLookups,
      persistentServices: persistentOf(created),
    });
    return { model, memory: memories[i]!, scheduler: schedulers[i]!, sets };
  });
}

/** How many virtual services keep a client at its destination. */
function persistentOf({ cluster, virtualServices: { servicePort, count } }: Created): number {
  let persistent = 0;
  for (let v = 0; v < count; v++) {
    if (cluster.affinitySeconds[cluster.service[servicePort[v]!]!]! > 0) persistent++;
  }
  return persistent;
}
