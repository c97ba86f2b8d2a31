/** Every object that a run in a cluster makes, as data. */

import type { Family } from "../cluster/family.js";
import { present } from "../errors.js";
import type { ClusterState } from "./inspect/preflight.js";
import { roleManifests } from "./inspect/rights.js";
import {
  addressName,
  changingSlices,
  namedService,
  namespaceManifest,
  newName,
  programManifest,
  REPLACED,
  type RunSetting,
  serviceManifest,
  sliceManifests,
  type Target,
  taskManifest,
  taskText,
} from "./objects.js";
import {
  type ClusterJob,
  changeCounts,
  connects,
  settingOf,
  timingOf,
  watcherSeconds,
  watches,
} from "./plan.js";
import {
  PULL_SECONDS,
  probeManifest,
  pullManifest,
  targetsManifest,
  watcherManifest,
} from "./pod-objects.js";
import { readProbe } from "./programs.js";

/** Addresses that pods and Services have only once they are there (RFC 5737, RFC 3849). */
const exampleAddress = (family: Family, index: number): string =>
  family === 6 ? `2001:db8::${(1 + (index % 254)).toString(16)}` : `192.0.2.${1 + (index % 254)}`;

/**
 * Every object of a run, as `kubectl apply` reads it. Addresses stand for those that the cluster will give.
 *
 * @param programOf the probe for an architecture
 */
export function* manifestsOf(
  job: ClusterJob,
  state: Pick<ClusterState, "image" | "families" | "probes" | "pulls">,
  programOf = readProbe,
): Generator<object> {
  const { probes } = state;
  const setting = settingOf(job, state);
  const addressesAt = (index: number) => setting.families.map((family) => exampleAddress(family, index));
  yield* roleManifests(setting.namespace, { own: setting.own, watches: watches(job) });
  if (setting.own) yield namespaceManifest(setting);
  const [first] = probes.keys();
  for (const architecture of probes.keys()) {
    yield programManifest(setting, architecture, programOf(architecture));
  }
  yield targetsManifest(setting, first ?? "amd64");
  for (const [architecture, nodes] of state.pulls ? probes : []) {
    yield pullManifest(setting, { architecture, nodes, deadlineSeconds: PULL_SECONDS });
  }
  const targets = Array.from({ length: setting.targets }, (_, i) => ({
    addresses: addressesAt(i),
    node: "node",
  }));
  for (let index = 0; index < (job.services.at(-1) ?? 0); index++) {
    yield serviceManifest(setting, index);
    yield* sliceManifests(setting, index, targets);
  }
  yield* changingManifests(job, setting, targets);
  const { deadlineSeconds, ...timing } = timingOf(job);
  if (watches(job)) {
    for (const [architecture, nodes] of probes) {
      yield watcherManifest(setting, { architecture, nodes, deadlineSeconds: watcherSeconds(job) });
    }
  }
  for (const services of connects(job) ? job.services : []) {
    const addresses = Array.from({ length: services }, (_, i) => addressesAt(i));
    const task = { ...timing, rounds: job.rounds, seed: job.seed, services: addresses, targets };
    yield taskManifest(setting, services, taskText(task, setting));
    for (const [architecture, nodes] of probes) {
      yield probeManifest(setting, { services, architecture, nodes, deadlineSeconds });
    }
  }
}

/**
 * Services that come and go while changes are watched. Some are made at an address that another one had before: that is left
 * to the cluster here, since an address outside its range would be refused.
 */
function* changingManifests(
  job: ClusterJob,
  setting: RunSetting,
  targets: readonly Target[],
): Generator<object> {
  const { replaced, created, removed } = changeCounts(job);
  const names = [
    ...Array.from({ length: replaced }, () => REPLACED),
    ...Array.from({ length: created }, (_, i) => newName(i)),
  ];
  for (const name of names) {
    yield* changingSlices(setting, name, present(targets[0], "a run without targets"));
    yield namedService(setting, name, null);
  }
  for (let i = 0; i < removed; i++) yield namedService(setting, addressName(i), null);
}
