/** A run's Services, each with a slice of its own: made and removed by several requests at once. */

import { formatCount } from "../text.js";
import type { Api } from "./api.js";
import { addressesOf, anyObject, clusterIpSchema } from "./kinds.js";
import { type RunSetting, serviceManifest, sliceManifests, type Target } from "./objects.js";

/** Requests under way at once: more make the API server no faster. */
const WORKERS = 8;

/** What a run does now. */
export interface ClusterProgress {
  readonly phase: string;
  /** Whether the phase makes Services. */
  readonly isMaking?: boolean;
  /** The phase, and how far it is. */
  readonly what: string;
  /** Until this phase ends; null: not known. */
  readonly leftSeconds: number | null;
}

interface ServicesHooks {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ClusterProgress) => void;
  /** Whether the time for making more is over. */
  readonly isLate: () => boolean;
}

/** Reports progress as Services are made and removed; an aborted signal ends both. */
export class OwnServices {
  readonly #api: Api;
  readonly #setting: RunSetting;
  readonly #targets: readonly Target[];
  readonly #hooks: ServicesHooks;
  readonly #addresses: (readonly string[])[] = [];

  constructor(api: Api, setting: RunSetting, targets: readonly Target[], hooks: ServicesHooks) {
    this.#api = api;
    this.#setting = setting;
    this.#targets = targets;
    this.#hooks = hooks;
  }

  /** Addresses of those that are there, in their order: one of each family. */
  get addresses(): readonly (readonly string[])[] {
    return this.#addresses;
  }

  /** Creates Services up to a number. Returns whether there was time for all of them. */
  async growTo(count: number): Promise<boolean> {
    await this.#each(
      ["making", this.#addresses.length, count],
      (index) => this.make(index, null),
      this.#hooks.isLate,
    );
    return this.#addresses.length >= count;
  }

  /** Removes all but a number. */
  async shrinkTo(count: number): Promise<void> {
    await this.#each(["removing", count, this.#addresses.length], (index) => this.#remove(index));
    this.#addresses.length = count;
  }

  /** Removes the one after so many, which may be there in part. */
  async undo(index: number): Promise<void> {
    await this.#remove(index);
    this.#addresses.length = index;
  }

  /** Creates a Service, after its slices: so it answers as soon as a node knows it. */
  async make(index: number, addresses: readonly string[] | null): Promise<void> {
    for (const slice of sliceManifests(this.#setting, index, this.#targets)) {
      await this.#api.create(this.#slices, slice, anyObject);
    }
    const manifest = serviceManifest(this.#setting, index, addresses);
    const path = this.#path("api/v1", "services");
    const made =
      (await this.#api.create(path, manifest, clusterIpSchema)) ??
      (await this.#api.get(`${path}/${manifest.metadata.name}`, clusterIpSchema));
    this.#addresses[index] = addressesOf(made, this.#setting.families);
  }

  async #remove(index: number): Promise<void> {
    const service = serviceManifest(this.#setting, index).metadata.name;
    await this.#api.remove(`${this.#path("api/v1", "services")}/${service}`);
    for (const { metadata } of sliceManifests(this.#setting, index, this.#targets)) {
      await this.#api.remove(`${this.#slices}/${metadata.name}`);
    }
  }

  get #slices(): string {
    return this.#path("apis/discovery.k8s.io/v1", "endpointslices");
  }

  #path(api: string, kind: string): string {
    return `/${api}/namespaces/${this.#setting.namespace}/${kind}`;
  }

  async #each(
    [doing, first, end]: readonly ["making" | "removing", number, number],
    act: (index: number) => Promise<void>,
    isLate = () => false,
  ): Promise<void> {
    const { signal, onProgress } = this.#hooks;
    let next = first;
    let hasFailed = false;
    const started = performance.now();
    const work = async (): Promise<void> => {
      while (next < end && !hasFailed && !signal.aborted && !isLate()) {
        const index = next++;
        await act(index).catch((error) => {
          hasFailed = true;
          throw error;
        });
        const share = (index - first + 1) / (end - first);
        onProgress({
          phase: `${doing} ${end}`,
          isMaking: doing === "making",
          what: `${doing} Service ${formatCount(index + 1)} of ${formatCount(end)}`,
          leftSeconds: ((performance.now() - started) / 1000) * (1 / share - 1),
        });
      }
    };
    // Wait for all before an error is thrown: none may create an object after the run was removed.
    const ends = await Promise.allSettled(Array.from({ length: WORKERS }, work));
    for (const ended of ends) if (ended.status === "rejected") throw ended.reason;
    signal.throwIfAborted();
  }
}
