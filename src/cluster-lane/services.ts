/** A run's Services, each with a slice of its own: made and removed by several requests at once. */

import { formatCount } from "../text.js";
import type { Api } from "./api.js";
import { addressesOf, anyObject, clusterIpSchema } from "./kinds.js";
import { type RunSetting, serviceManifest, sliceManifests, type Target } from "./objects.js";

/** Requests under way at once: more make the API server no faster. */
const WORKERS = 8;

/** How far the making or the removing is. */
export interface ServicesProgress {
  readonly phase: string;
  /** Whether Services are made, not removed. */
  readonly isMaking: boolean;
  readonly what: string;
  readonly leftSeconds: number;
}

/** Reports progress as Services are made and removed; an aborted signal ends both. */
export class OwnServices {
  readonly #api: Api;
  readonly #setting: RunSetting;
  readonly #targets: readonly Target[];
  readonly #signal: AbortSignal;
  readonly #onProgress: (progress: ServicesProgress) => void;
  readonly #addresses: (readonly string[])[] = [];

  constructor(
    api: Api,
    setting: RunSetting,
    targets: readonly Target[],
    hooks: { readonly signal: AbortSignal; readonly onProgress: (progress: ServicesProgress) => void },
  ) {
    this.#api = api;
    this.#setting = setting;
    this.#targets = targets;
    this.#signal = hooks.signal;
    this.#onProgress = hooks.onProgress;
  }

  /** Addresses of those that are there, in their order: one of each family. */
  get addresses(): readonly (readonly string[])[] {
    return this.#addresses;
  }

  /** Makes Services up to a number. */
  async growTo(count: number): Promise<void> {
    await this.#each(["making", this.#addresses.length, count], (index) => this.make(index, null));
  }

  /** Removes all but a number. */
  async shrinkTo(count: number): Promise<void> {
    await this.#each(["removing", count, this.#addresses.length], async (index) => {
      const service = serviceManifest(this.#setting, index).metadata.name;
      await this.#api.remove(`${this.#path("api/v1", "services")}/${service}`);
      for (const { metadata } of sliceManifests(this.#setting, index, this.#targets)) {
        await this.#api.remove(`${this.#slices}/${metadata.name}`);
      }
    });
    this.#addresses.length = count;
  }

  /** Each object in one request. The slices are there first, so that the Service works as soon as it is known. */
  async make(index: number, addresses: readonly string[] | null): Promise<void> {
    for (const slice of sliceManifests(this.#setting, index, this.#targets)) {
      await this.#api.create(this.#slices, slice, anyObject);
    }
    const manifest = serviceManifest(this.#setting, index, addresses);
    const path = this.#path("api/v1", "services");
    const made =
      (await this.#api.create(path, manifest, clusterIpSchema)) ??
      (await this.#api.get(`${path}/${manifest.metadata.name}`, clusterIpSchema));
    this.#addresses[index] = addressesOf(made);
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
  ): Promise<void> {
    let next = first;
    const started = performance.now();
    const work = async (): Promise<void> => {
      while (next < end && !this.#signal.aborted) {
        const index = next++;
        await act(index);
        const share = (index - first + 1) / (end - first);
        this.#onProgress({
          phase: `${doing} ${end}`,
          isMaking: doing === "making",
          what: `${doing} Service ${formatCount(index + 1)} of ${formatCount(end)}`,
          leftSeconds: ((performance.now() - started) / 1000) * (1 / share - 1),
        });
      }
    };
    // All of them end before an error is passed on: none may make an object after the cleaning.
    const ends = await Promise.allSettled(Array.from({ length: WORKERS }, work));
    for (const ended of ends) if (ended.status === "rejected") throw ended.reason;
    this.#signal.throwIfAborted();
  }
}
