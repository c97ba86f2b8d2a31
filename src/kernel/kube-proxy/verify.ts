/** The real kube-proxy as the judge: what it writes for a cluster, and for changes of it, against what lbscale models. */

import { type Cluster, formatCidr } from "../../cluster/cluster.js";
import type { ApiObject } from "../../kubernetes/list-watch/parse.js";
import { SERVICE } from "../../kubernetes/list-watch/resources.js";
import { HEADLESS_LABEL } from "../../kubernetes/services.js";
import { LARGE_CLUSTER_ENDPOINTS } from "../../planes/iptables/rules/nat-rules.js";
import type { KubeProxyVersion } from "../../planes/kube-proxy-versions.js";
import type { PlaneOptions, Program } from "../../planes/plane.js";
import { Random } from "../../random.js";
import { compareCounts, type VerifyStep } from "../real-program/differences.js";
import { modelChange } from "../real-program/model-change.js";
import { modelCluster } from "../real-program/model-cluster.js";
import { type RandomChange, RandomChanges } from "../real-program/random-changes.js";

import { compareToModel } from "./compare.js";
import { KubeProxy, nodeFacts } from "./driver.js";
import { loadableRules, modelProgram } from "./model-rules.js";
import type { CheckedOptions } from "./protocol.js";
import { type CountedSync, UpdateCounter, type UpdateCounts } from "./writes.js";

export interface VerifyOptions {
  /** What the API server serves, the Node included. */
  readonly objects: readonly ApiObject[];
  /** The same as a cluster, where it is one; undefined: what the objects describe. */
  readonly cluster?: Cluster | undefined;
  /** Path of the kube-proxy, and the version whose rules it is compared with. */
  readonly binary: string;
  readonly version: KubeProxyVersion;
  readonly mode: CheckedOptions["mode"];
  /** Which Node; undefined: the only one. */
  readonly node?: string | undefined;
  /** kube-proxy's `--cluster-cidr`; undefined: what the cluster says, unless `settings` say that it has none. */
  readonly podRange?: string | undefined;
  /** Its other flags, as planes take them; it is started with the same. */
  readonly settings: PlaneOptions;
  /** How many random changes to make. */
  readonly changes: number;
  readonly seed: number;
  /** How long a sync may take. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** How long a sync may take where nothing is known to be slow, in milliseconds. */
export const SYNC_MS = 300_000;
/**
 * In IPVS mode kube-proxy starts an `ipset` for each element: 2.6 a Service of a mixed cluster, each 40 to 300 ms in a
 * guest on a machine that has other work too.
 */
const IPVS_MS_PER_SERVICE = 1500;

/** How long a sync may take by default, in milliseconds. */
export function timeoutFor(mode: CheckedOptions["mode"], services: number): number {
  return SYNC_MS + (mode === "ipvs" ? services * IPVS_MS_PER_SERVICE : 0);
}

/**
 * Starts kube-proxy on the objects and compares its rules, then again after every change.
 * @throws UsageError and KernelError where kube-proxy or the objects cannot be used; nothing is left behind.
 */
export async function* verifyKubeProxy(options: VerifyOptions): AsyncIterable<VerifyStep> {
  const { objects, binary, version, mode, settings, seed, timeoutMs, signal } = options;
  const facts = nodeFacts(objects, options.node);
  let cluster =
    options.cluster ?? modelCluster(seenBy(version, objects), { ...facts, podRange: options.podRange });
  const podRange = formatCidr(cluster.network.podCidr);
  const model = (changed: Cluster, nfacct = true): Program =>
    modelProgram(changed, mode, { ...settings, kubeProxy: version, seed, nfacct });
  const changes = new RandomChanges(objects, Random.fromSeed(seed, "kube-proxy"), {
    node: facts.node,
    serviceCidr: cluster.network.serviceCidr,
    podCidr: cluster.network.podCidr,
  });
  // Before anything is started: what cannot be modelled or written is refused here.
  loadableRules(model(cluster));
  const backend = mode === "ipvs" ? "legacy" : "nft";
  const proxy = await KubeProxy.start(
    objects,
    { binary, mode, backend, ...facts, ...flagsOf(settings, podRange), timeoutMs },
    signal,
  );
  try {
    const real = await proxy.rules();
    // Which the kernel here has, or has not.
    const nfacct = Object.values(real).some((dump) => dump.includes("--nfacct-name"));
    let program = model(cluster, nfacct);
    const start = compareToModel(real, await proxy.load(loadableRules(program)), {
      objects,
      ignoreStale: false,
    });
    yield { change: undefined, ...start, writes: undefined };
    const counter = new UpdateCounter();
    for (let i = 0; i < options.changes; i++) {
      const change = changes.next();
      const written: CountedSync[] = [];
      for (const step of change.steps) written.push(counter.count((await proxy.apply(step)).writes));
      const expected = expectedWrites(cluster, program, change);
      const changed = changes.objects();
      cluster = modelCluster(seenBy(version, changed), { ...facts, podRange });
      program = model(cluster, nfacct);
      const comparison = compareToModel(await proxy.rules(), await proxy.load(loadableRules(program)), {
        objects: changed,
        ignoreStale: true,
      });
      const writes = expected && compareCounts({ ...ofThisChange(written[0]!, cluster) }, { ...expected });
      yield { change: change.name, ...comparison, writes };
    }
  } finally {
    await proxy.stop();
  }
}

/** Until 1.35 its selector for slices, which leaves out those of headless services, was that for Services too (server.go). */
function seenBy(version: KubeProxyVersion, objects: readonly ApiObject[]): readonly ApiObject[] {
  if (version !== "1.34" && version !== "1.35") return objects;
  return objects.filter(
    ({ kind, metadata }) => kind !== SERVICE.kind || metadata.labels?.[HEADLESS_LABEL] === undefined,
  );
}

/** The flags that stand for settings of planes. */
function flagsOf(settings: PlaneOptions, podRange: string) {
  const { masqueradeAll, nodePortAddresses: addresses = [], localhostNodePorts, podDetector } = settings;
  return {
    ...(podDetector !== false && { podRange }),
    ...(masqueradeAll !== undefined && { masqueradeAll }),
    ...(localhostNodePorts !== undefined && { localhostNodePorts }),
    nodePortAddresses: addresses === "primary" ? [addresses] : addresses.map(formatCidr),
  };
}

/** Without the chains that an earlier change left, which large clusters delete when it is time for that, as `update` says. */
function ofThisChange(sync: CountedSync, after: Cluster): UpdateCounts {
  if (after.endpoints <= LARGE_CLUSTER_ENDPOINTS) return sync;
  return { ...sync, chains: sync.chains - sync.deletedChains };
}

/** Undefined where the change is none of `Program.update`, or IPVS, which is written over netlink. */
function expectedWrites(
  cluster: Cluster,
  program: Program,
  { endpoint }: RandomChange,
): UpdateCounts | undefined {
  if (endpoint === undefined || program.plane === "ipvs") return undefined;
  const change = modelChange(cluster, endpoint);
  if (change === undefined) return undefined;
  const { rules, chains, mapWrites } = program.update(change, "partial");
  return { rules, chains, elements: mapWrites };
}
