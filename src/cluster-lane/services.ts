/** A run's Services, each with a slice of its own: made and removed by several requests at once. */

import { formatCount } from "../text.js";
import type { Api } from "./api.js";
import { anyObject, clusterIpSchema } from "./kinds.js";
import { type RunSetting, serviceManifest, sliceManifest } from "./objects.js";

/** Requests under way at once: more make the API server no faster. */
const WORKERS = 8;

/** How far the making or the removing is. */
export interface ServicesProgress {
  readonly phase: string;
  readonly what: string;
  readonly leftSeconds: number;
}

export class OwnServices {
  readonly #api: Api;
  readonly #setting: RunSetting;
  readonly #targets: readonly string[];
  readonly #signal: AbortSignal;
  readonly #onProgress: (progress: ServicesProgress) => void;
  readonly #addresses: string[] = [];

  constructor(
    api: Api,
    setting: RunSetting,
    targets: readonly string[],
    hooks: { readonly signal: AbortSignal; readonly onProgress: (progress: ServicesProgress) => void },
  ) {
    this.#api = api;
    this.#setting = setting;
    this.#targets = targets;
    this.#signal = hooks.signal;
    this.#onProgress = hooks.onProgress;
  }

  /** Addresses of those that are there, in their order. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** Makes Services up to a number. */
  async growTo(count: number): Promise<void> {
    await this.#each(["making", this.#addresses.length, count], (index) => this.make(index, null));
  }

  /** Removes all but a number. */
  async shrinkTo(count: number): Promise<void> {
    const path = (api: string, kind: string, index: number) =>
      `${this.#path(api, kind)}/${serviceManifest(this.#setting, index).metadata.name}`;
    await this.#each(["removing", count, this.#addresses.length], async (index) => {
      await this.#api.remove(path("api/v1", "services", index));
      await this.#api.remove(path("apis/discovery.k8s.io/v1", "endpointslices", index));
    });
    this.#addresses.length = count;
  }

  /** Each object in one request. The slice is there first, so that the Service works as soon as it is known. */
  async make(index: number, address: string | null): Promise<void> {
    const slice = sliceManifest(this.#setting, index, this.#targets);
    await this.#api.create(this.#path("apis/discovery.k8s.io/v1", "endpointslices"), slice, anyObject);
    const manifest = serviceManifest(this.#setting, index, address);
    const path = this.#path("api/v1", "services");
    const made =
      (await this.#api.create(path, manifest, clusterIpSchema)) ??
      (await this.#api.get(`${path}/${manifest.metadata.name}`, clusterIpSchema));
    this.#addresses[index] = made.spec.clusterIP ?? "";
  }

  #path(api: string, kind: string): string {
    return `/${api}/namespaces/${this.#setting.namespace}/${kind}`;
  }

  async #each(
    [doing, first, end]: readonly [string, number, number],
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
