/** Changes of a cluster, and when each node's connections follow them. */

import { present } from "../../errors.js";
import { type Api, ApiError } from "../api.js";
import { ClusterFailedError } from "../errors.js";
import { addressesOf, anyObject, clusterIpSchema } from "../kinds.js";
import {
  addressName,
  changingSlices,
  namedService,
  newName,
  REPLACED,
  type RunSetting,
  SERVICE_PORT,
  type Target,
} from "../objects.js";
import { type ClockOffset, toLocalNs } from "./clock.js";
import { type ChangeCounts, type ChangeTime, type ObservedChange, timesOf, type Watch } from "./times.js";
import { type Frontend, nowNs, type Sighting, type Watcher, type WatchRequest } from "./watcher.js";

/** How many changes of each kind are made at each N. */
export const CHANGES = 20;
/**
 * kube-proxy syncs at once after a second without a sync, and otherwise once a second. Changes are to be alone: of two
 * objects that go one after the other, the second may be synced a second later.
 */
const QUIET_MS = 2200;
/** A random part of each pause: changes must not keep step with what happens once a second, such as kube-proxy's syncs. */
const JITTER_MS = 1000;
const CHANGE_SECONDS = 60;
/** A plane is given this long for each Service that was removed, until its addresses are free again: 5 s for 5,000. */
const REMOVED_MS = 1;
/** Longer than `CHANGE_SECONDS`: all N Services are synced, of which the last is watched. */
const SYNC_SECONDS = 600;
/** Between two attempts to connect: to see one change, and while N Services are synced. */
const OFTEN_US = 1000;
const SELDOM_US = 5000;

/**
 * The API server's words for an address that is another Service's by now, or this one's since an attempt whose answer was lost
 * (pkg/registry/core/service/ipallocator of Kubernetes 1.36).
 */
const TAKEN = /already allocated/;

/** All changes at one N. */
export interface Changed {
  readonly times: readonly ChangeTime[];
  /** By node: the error of its clock's offset, at most. */
  readonly clockErrorNs: ReadonlyMap<string, number>;
  /** Those that the API server, a broken stream or an address that was taken made useless. */
  readonly lost: ChangeCounts;
  /** How many were made before the time was over, lost ones included. */
  readonly made: ChangeCounts;
  /** Of `sync`: what came before the last Service. */
  readonly creation: Creation | null;
}

/** How long Services took to create, each time that they were. */
export interface Creation {
  readonly services: number;
  /** From the first request to the answer to the last. */
  readonly ns: readonly number[];
}

/** Makes the changes of a run one at a time, while a watcher on each node waits for them. */
export class Changes {
  readonly #api: Api;
  readonly #setting: RunSetting;
  readonly #targets: readonly Target[];
  readonly #watchers: readonly Watcher[];
  readonly #watches: readonly Watch[];
  #made: ObservedChange[] = [];
  #lost = 0;
  #replacedAddresses: readonly string[] | null = null;
  #isReplacedReached = false;
  #replacements = 0;
  #created = 0;
  #addresses = 0;

  constructor(api: Api, setting: RunSetting, targets: readonly Target[], watchers: readonly Watcher[]) {
    this.#api = api;
    this.#setting = setting;
    this.#targets = targets;
    this.#watchers = watchers;
    this.#watches = setting.protocols.flatMap((protocol) =>
      setting.families.map((family, at) => ({ protocol, family, at })),
    );
  }

  /** Compares clocks before and after `work`, which makes changes, and returns how long these took on each node. */
  async around(
    work: () => Promise<void>,
  ): Promise<Pick<Changed, "times" | "clockErrorNs"> & { readonly lost: number }> {
    this.#made = [];
    this.#lost = 0;
    const before = await this.#compare();
    await work();
    const after = await this.#compare();
    const times = this.#made.flatMap((made) =>
      [...made.seen].flatMap(([node, sightings]) => {
        const [from, to] = [before.get(node), after.get(node)];
        if (!from || !to) return [];
        return timesOf(made, node, sightings, (podNs) => toLocalNs(podNs, from, to));
      }),
    );
    const errors = [...before].map(([node, { errorNs }]): [string, number] => [
      node,
      Math.round(Math.max(errorNs, after.get(node)?.errorNs ?? 0)),
    ]);
    return { times, clockErrorNs: new Map(errors), lost: this.#lost };
  }

  async #compare(): Promise<ReadonlyMap<string, ClockOffset>> {
    const offsets = new Map<string, ClockOffset>();
    for (const watcher of this.#watchers) offsets.set(watcher.node, await watcher.compareClocks());
    return offsets;
  }

  /** A new Service and a replaced endpoint, each two to three seconds after the last change. */
  async makeOne(block: number): Promise<void> {
    await this.#unlessLost(() => this.#makeService(block));
    await this.#api.pause(QUIET_MS + Math.random() * JITTER_MS);
    await this.#unlessLost(() => this.#replaceEndpoint(block));
  }

  /** Waits until the plane has synced the removal of so many Services. */
  async quiet(removed: number): Promise<void> {
    await this.#api.pause(QUIET_MS + Math.random() * JITTER_MS + REMOVED_MS * removed);
  }

  /**
   * The last of many Services; `make` makes it at its addresses, and resolves with the API server's answer.
   *
   * @returns whether it was seen; where not, it may have been made or not.
   */
  makeLast(block: number, make: (addresses: readonly string[]) => Promise<void>): Promise<boolean> {
    return this.#unlessLost(async () => {
      const addresses = await this.#freeAddresses();
      const where = {
        frontends: this.#frontends(addresses, null),
        intervalUs: SELDOM_US,
        seconds: SYNC_SECONDS,
      };
      await this.#observe({ block, kinds: { first: "sync" } }, where, async () => {
        await make(addresses);
        return this.#answeredAtOnce();
      });
    });
  }

  /** Whether a change ended with times. */
  async #unlessLost(change: () => Promise<void>): Promise<boolean> {
    try {
      await change();
      return true;
    } catch (error) {
      const mayPass =
        error instanceof ClusterFailedError || (error instanceof ApiError && TAKEN.test(error.message));
      if (!mayPass) throw error;
      this.#lost++;
      for (const watcher of this.#watchers) watcher.close();
      return false;
    }
  }

  async #makeService(block: number): Promise<void> {
    const name = newName(this.#created++);
    const addresses = await this.#freeAddresses();
    const target = this.#target(block);
    const slices = changingSlices(this.#setting, name, target);
    for (const slice of slices) await this.#api.create(this.#slices, slice, anyObject);
    await this.#api.pause(QUIET_MS + Math.random() * JITTER_MS);
    try {
      await this.#observe({ block, kinds: { first: "new" } }, this.#change(addresses, target), async () => {
        await this.#api.create(this.#services, namedService(this.#setting, name, addresses), clusterIpSchema);
        return this.#answeredAtOnce();
      });
    } finally {
      await this.#api.remove(`${this.#services}/${name}`);
      for (const { metadata } of slices) await this.#api.remove(`${this.#slices}/${metadata.name}`);
    }
  }

  async #replaceEndpoint(block: number): Promise<void> {
    const addresses = await this.#reachReplaced();
    const target = this.#target(++this.#replacements);
    const slices = changingSlices(this.#setting, REPLACED, target);
    const where = this.#change(addresses, target);
    await this.#observe({ block, kinds: { first: "joins", lastOther: "leaves" } }, where, () =>
      // A slice of each family, at the same time: each is an event of its own.
      Promise.all(
        slices.map(async (slice) => {
          await this.#api.replace(`${this.#slices}/${slice.metadata.name}`, slice, anyObject);
          return nowNs();
        }),
      ),
    );
  }

  /** Waits until every node reaches the Service whose endpoint is replaced: that time is no change's. */
  async #reachReplaced(): Promise<readonly string[]> {
    this.#replacedAddresses ??= await this.#makeReplaced();
    if (!this.#isReplacedReached) {
      const where = this.#change(this.#replacedAddresses, this.#target(0));
      const watches = await Promise.all(this.#watchers.map((watcher) => watcher.watch(where)));
      await Promise.all(watches.map(({ seen }) => seen));
      this.#isReplacedReached = true;
    }
    return this.#replacedAddresses;
  }

  async #makeReplaced(): Promise<readonly string[]> {
    for (const slice of changingSlices(this.#setting, REPLACED, this.#target(0))) {
      await this.#api.create(this.#slices, slice, anyObject);
    }
    const service = namedService(this.#setting, REPLACED, null);
    const made =
      (await this.#api.create(this.#services, service, clusterIpSchema)) ??
      (await this.#api.get(`${this.#services}/${REPLACED}`, clusterIpSchema));
    return addressesOf(made, this.#setting.families);
  }

  /**
   * Makes a change while all nodes watch, and waits for what they see.
   *
   * @param change resolves with the times of the API server's answers, one per family
   * @throws ClusterFailedError where a stream broke, or where the change may have been made before it was answered.
   */
  async #observe(
    what: Pick<ObservedChange, "block" | "kinds">,
    where: WatchRequest,
    change: () => Promise<readonly number[]>,
  ): Promise<void> {
    const watches = await Promise.all(
      this.#watchers.map(async (watcher) => ({ node: watcher.node, ...(await watcher.watch(where)) })),
    );
    const { failures } = this.#api;
    const answeredNs = await change();
    if (this.#api.failures > failures) {
      throw new ClusterFailedError("the API server failed to answer a change, and may have made it before");
    }
    const watched = this.#watches.map((of) => ({
      of,
      answeredNs: present(answeredNs[of.at], `no answer to a change of family ${of.family}`),
    }));
    const seen = new Map<string, readonly Sighting[]>();
    for (const watch of watches) seen.set(watch.node, await watch.seen);
    this.#made.push({ ...what, watched, seen });
  }

  /** One answer of the API server for all families. */
  #answeredAtOnce(): readonly number[] {
    return new Array<number>(this.#setting.families.length).fill(nowNs());
  }

  #frontends(addresses: readonly string[], target: Target | null): Frontend[] {
    return this.#watches.map(({ protocol, at }) => ({
      protocol,
      address: present(addresses[at], `a Service without address ${at}`),
      port: SERVICE_PORT,
      wanted: target && present(target.addresses[at], `a target without address ${at}`),
    }));
  }

  /** What is watched while one thing changes. */
  #change(addresses: readonly string[], target: Target): WatchRequest {
    return {
      frontends: this.#frontends(addresses, target),
      intervalUs: OFTEN_US,
      seconds: CHANGE_SECONDS,
    };
  }

  /** Addresses of a Service that is removed again: so they can be watched before the measured Service has them. */
  async #freeAddresses(): Promise<readonly string[]> {
    const name = addressName(this.#addresses++);
    const service = namedService(this.#setting, name, null);
    const path = `${this.#services}/${name}`;
    const made =
      (await this.#api.create(this.#services, service, clusterIpSchema)) ??
      (await this.#api.get(path, clusterIpSchema));
    await this.#api.remove(path);
    return addressesOf(made, this.#setting.families);
  }

  get #services(): string {
    return `/api/v1/namespaces/${this.#setting.namespace}/services`;
  }

  get #slices(): string {
    return `/apis/discovery.k8s.io/v1/namespaces/${this.#setting.namespace}/endpointslices`;
  }

  #target(index: number): Target {
    return present(this.#targets[index % this.#targets.length], "a run without targets");
  }
}
