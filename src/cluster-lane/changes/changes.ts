/** Changes of a cluster, and when each node's connections follow them. */

import type { Api } from "../api.js";
import { ClusterFailedError } from "../errors.js";
import { anyObject, clusterIpSchema } from "../kinds.js";
import { changingSlice, namedService, type RunSetting, SERVICE_PORT } from "../objects.js";
import { type ClockOffset, fromThere } from "./clock.js";
import { nowNs, type Sighting, type Watched, type Watcher } from "./watcher.js";

/** Of each kind, at each N. */
export const CHANGES = 20;
/**
 * kube-proxy syncs at once after a second without a sync, and otherwise once a second. Changes are to be alone: of two
 * objects that go one after the other, the second may be synced a second later.
 */
const QUIET_MS = 2200;
/** Nothing that happens once a second may meet them all. */
const JITTER_MS = 1000;
const CHANGE_SECONDS = 60;
/** A plane is given this long for each Service that was removed, until its addresses are free again: 5 s for 5,000. */
const REMOVED_MS = 1;
/** A sync of N Services takes the API server as long as it takes. */
const SYNC_SECONDS = 600;
const OFTEN_US = 1000;
const SELDOM_US = 5000;
/** The Service whose one endpoint is replaced again and again. */
const REPLACED = "replaced";

export type ChangeKind = "joins" | "leaves" | "new" | "sync";

/** How long one node took to follow one change. */
export interface ChangeTime {
  readonly kind: ChangeKind;
  readonly node: string;
  readonly block: number;
  /** From the API server's answer; null: not within a minute. */
  readonly ns: number | null;
}

/** All changes at one N. */
export interface Changed {
  readonly times: readonly ChangeTime[];
  /** By node: what the comparison of the clocks leaves open. */
  readonly clockErrorNs: ReadonlyMap<string, number>;
  /** Changes that the API server or a broken stream made useless. */
  readonly lost: number;
}

/** A change that was made, and what the nodes saw of it, by their own clocks. */
interface Made {
  readonly block: number;
  readonly answeredNs: number;
  readonly seen: ReadonlyMap<string, Sighting>;
  readonly kinds: { readonly first: ChangeKind; readonly lastOther?: ChangeKind };
}

export class Changes {
  readonly #api: Api;
  readonly #setting: RunSetting;
  readonly #targets: readonly string[];
  readonly #watchers: readonly Watcher[];
  #made: Made[] = [];
  #lost = 0;
  #replacedAddress: string | null = null;
  #replacements = 0;
  #news = 0;
  #addresses = 0;

  constructor(api: Api, setting: RunSetting, targets: readonly string[], watchers: readonly Watcher[]) {
    this.#api = api;
    this.#setting = setting;
    this.#targets = targets;
    this.#watchers = watchers;
  }

  /** Compares clocks, lets `work` make changes, compares again, and gives the times of all of them. */
  async around(work: () => Promise<void>): Promise<Changed> {
    this.#made = [];
    this.#lost = 0;
    const before = await this.#compare();
    await work();
    const after = await this.#compare();
    const times = this.#made.flatMap(({ block, answeredNs, seen, kinds }) =>
      [...seen].flatMap(([node, { firstNs, lastOtherNs }]) => {
        const [from, to] = [before.get(node), after.get(node)];
        if (!from || !to) return [];
        const since = (thereNs: number) => Math.max(0, Math.round(fromThere(thereNs, from, to) - answeredNs));
        const first = { kind: kinds.first, node, block, ns: firstNs === null ? null : since(firstNs) };
        const left = kinds.lastOther && lastOtherNs !== null;
        return left ? [first, { kind: kinds.lastOther, node, block, ns: since(lastOtherNs) }] : [first];
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

  /** Waits until the plane has done with what was removed. */
  async quiet(removed: number): Promise<void> {
    await this.#api.pause(QUIET_MS + Math.random() * JITTER_MS + REMOVED_MS * removed);
  }

  /** The last of many Services; `make` makes it at an address, and resolves with the API server's answer. */
  async makeLast(block: number, make: (address: string) => Promise<void>): Promise<void> {
    const address = await this.#freeAddress();
    await this.#observe(
      { block, kinds: { first: "sync" } },
      watched(address, null, SYNC_SECONDS, SELDOM_US),
      () => make(address),
    );
  }

  async #unlessLost(change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } catch (error) {
      if (!(error instanceof ClusterFailedError)) throw error;
      this.#lost++;
      for (const watcher of this.#watchers) watcher.close();
    }
  }

  async #makeService(block: number): Promise<void> {
    const name = `new-${this.#news++}`;
    const address = await this.#freeAddress();
    const target = this.#target(block);
    await this.#api.create(this.#slices, changingSlice(this.#setting, name, target), anyObject);
    await this.#api.pause(QUIET_MS + Math.random() * JITTER_MS);
    await this.#observe(
      { block, kinds: { first: "new" } },
      watched(address, target, CHANGE_SECONDS),
      async () => {
        await this.#api.create(this.#services, namedService(this.#setting, name, address), clusterIpSchema);
      },
    );
    await this.#api.remove(`${this.#services}/${name}`);
    await this.#api.remove(`${this.#slices}/${name}`);
  }

  async #replaceEndpoint(block: number): Promise<void> {
    this.#replacedAddress ??= await this.#makeReplaced();
    const target = this.#target(++this.#replacements);
    const slice = changingSlice(this.#setting, REPLACED, target);
    await this.#observe(
      { block, kinds: { first: "joins", lastOther: "leaves" } },
      watched(this.#replacedAddress, target, CHANGE_SECONDS),
      async () => {
        await this.#api.replace(`${this.#slices}/${REPLACED}`, slice, anyObject);
      },
    );
  }

  /** The Service whose endpoint changes, once it answers everywhere: what follows is a change and no beginning. */
  async #makeReplaced(): Promise<string> {
    const target = this.#target(0);
    await this.#api.create(this.#slices, changingSlice(this.#setting, REPLACED, target), anyObject);
    const service = namedService(this.#setting, REPLACED, null);
    const made =
      (await this.#api.create(this.#services, service, clusterIpSchema)) ??
      (await this.#api.get(`${this.#services}/${REPLACED}`, clusterIpSchema));
    const address = made.spec.clusterIP ?? "";
    const watches = await Promise.all(
      this.#watchers.map((watcher) => watcher.watch(watched(address, target, CHANGE_SECONDS))),
    );
    await Promise.all(watches.map(({ seen }) => seen));
    return address;
  }

  /** Lets all nodes watch, makes the change, and waits for what they saw. */
  async #observe(
    what: Pick<Made, "block" | "kinds">,
    where: Watched,
    change: () => Promise<void>,
  ): Promise<void> {
    const watches = await Promise.all(
      this.#watchers.map(async (watcher) => ({ node: watcher.node, ...(await watcher.watch(where)) })),
    );
    await change();
    const answeredNs = nowNs();
    const seen = new Map<string, Sighting>();
    for (const watch of watches) seen.set(watch.node, await watch.seen);
    this.#made.push({ ...what, answeredNs, seen });
  }

  /** An address that a Service had and gave back: it is watched before the Service that gets it is there. */
  async #freeAddress(): Promise<string> {
    const name = `address-${this.#addresses++}`;
    const service = namedService(this.#setting, name, null);
    const made = await this.#api.create(this.#services, service, clusterIpSchema);
    await this.#api.remove(`${this.#services}/${name}`);
    const address = made?.spec.clusterIP;
    if (address === undefined) throw new ClusterFailedError("the API server gives a Service no address");
    return address;
  }

  get #services(): string {
    return `/api/v1/namespaces/${this.#setting.namespace}/services`;
  }

  get #slices(): string {
    return `/apis/discovery.k8s.io/v1/namespaces/${this.#setting.namespace}/endpointslices`;
  }

  #target(index: number): string {
    return this.#targets[index % this.#targets.length] ?? "";
  }
}

const watched = (
  address: string,
  wanted: string | null,
  seconds: number,
  intervalUs = OFTEN_US,
): Watched => ({
  ...{ address, port: SERVICE_PORT, wanted, intervalUs, seconds },
});
