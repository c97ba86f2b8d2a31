/** The real kube-proxy as the reference: what it writes for a cluster, and for changes of it, against what lbscale models. */

import type { Change } from "../../cluster/change.js";
import type { Cluster } from "../../cluster/cluster.js";
import { type DualStack, type Family, familiesOf, familyOf, rangeText } from "../../cluster/family.js";
import { rawRangeText } from "../../cluster/raw-addresses.js";
import type { ApiObject } from "../../kubernetes/list-watch/parse.js";
import { ENDPOINT_SLICE, SERVICE } from "../../kubernetes/list-watch/resources.js";
import { HEADLESS_LABEL, OTHER_PROXY_LABEL } from "../../kubernetes/services.js";
import { isLargeCluster } from "../../planes/iptables/rules/nat-rules.js";
import { IpvsProgram } from "../../planes/ipvs/program.js";
import type { UpdateCommands } from "../../planes/ipvs/update.js";
import type { KubeProxyVersion } from "../../planes/kube-proxy-versions.js";
import type { PlaneOptions, Program } from "../../planes/plane.js";
import { planeById } from "../../planes/registry.js";
import { Random } from "../../random.js";
import { compareUntilEqual } from "../real-program/compare-until-equal.js";
import { compareCounts, type VerifyStep } from "../real-program/differences.js";
import { modelChange } from "../real-program/model-change.js";
import { modelFamilies } from "../real-program/model-cluster.js";
import { namesOf, ObjectState } from "../real-program/object-state.js";
import { RandomChanges } from "../real-program/random-changes.js";
import { CommandSteps, type ComparedCommands } from "./command-steps.js";
import { compareToModel } from "./compare.js";
import { KubeProxy, type ListedRules, nodeFacts } from "./driver.js";
import { compareBytes, type HandedText, HandedTexts, handedDifferences } from "./handover.js";
import { loadableRules, modelProgram } from "./model-rules.js";
import type { CheckedOptions } from "./protocol.js";
import { type CountedSync, UpdateCounter, type UpdateCounts, withoutRepeats } from "./writes.js";

export interface VerifyOptions {
  /** What the API server serves, the Node included. */
  readonly objects: readonly ApiObject[];
  /** The same as a cluster, where it is one; undefined: what the objects describe. */
  readonly cluster?: Cluster | DualStack | undefined;
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
  /** How long it may not have synced while none of its tools works. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Is told now and then what a long sync waits for. */
  readonly onWait?: (what: string) => void;
}

/**
 * kube-proxy writes its first rules before it knows its Node's labels, on a busy machine seconds before, and hints by zone
 * count only then: what differs at the start is read again for so long, until it is the same.
 */
const NODE_WAIT_MS = 10_000;

/** How long a program may take without visible work where nothing is known to be slow, in milliseconds. */
export const SYNC_MS = 300_000;
/**
 * In IPVS mode kube-proxy starts an `ipset` for each element: 2.6 per Service of a mixed cluster, each 40 to 300 ms in a
 * guest on a machine that has other work too.
 */
const IPVS_MS_PER_SERVICE = 1500;

/**
 * Up to so many Services iptables mode runs on the nft backend, as on most nodes. What kube-proxy hands over takes
 * iptables-nft-restore time that grows with the square, minutes at 1,000 mixed Services; both write the same rules.
 */
const NFT_BACKEND_SERVICES = 2000;

/** The same by mode. */
export function timeoutFor(mode: CheckedOptions["mode"], services: number): number {
  return SYNC_MS + (mode === "ipvs" ? services * IPVS_MS_PER_SERVICE : 0);
}

/**
 * Starts kube-proxy on the objects and compares its rules, then again after every change.
 * @throws InputError and KernelError where kube-proxy or the objects cannot be used; nothing is left behind.
 */
export async function* verifyKubeProxy(options: VerifyOptions): AsyncIterable<VerifyStep> {
  const { objects, binary, version, mode, settings, seed, timeoutMs, signal, onWait } = options;
  const facts = nodeFacts(objects, options.node);
  const knows = planeById(mode).descriptor.can.families;
  const read = (given: readonly ApiObject[], podRange: string | undefined) =>
    partsOf(
      modelFamilies(seenBy(version, given), { ...facts, podRange, sharedAddress: sharedAddressOf(version) }),
      knows,
    );
  // Objects that were written from a cluster have none of the endpoints that nothing uses: only their number is known.
  let clusters = options.cluster
    ? partsOf(options.cluster, knows).map((one) => ({ ...one, idleEndpoints: 0 }))
    : read(objects, options.podRange);
  const families = clusters.map(({ network }) => familyOf(network));
  const podRange = clusters.map(({ network }) => rangeText(network, network.podCidr)).join(",");
  const model = (changed: readonly Cluster[], nfacct = true): Program[] =>
    changed.map((one) => modelProgram(one, mode, { ...settings, kubeProxy: version, seed, nfacct }));
  const changes = new RandomChanges(objects, Random.fromSeed(seed, "kube-proxy"), {
    node: facts.node,
    network: clusters[0]!.network,
  });
  // Before anything is started: what cannot be modelled or written is refused here.
  for (const program of model(clusters)) loadableRules(program);
  const services = objects.filter(({ kind }) => kind === SERVICE.kind).length;
  const backend = mode === "ipvs" ? "legacy" : services > NFT_BACKEND_SERVICES ? "fast" : "nft";
  const proxy = await KubeProxy.start(
    objects,
    { binary, mode, backend, ...facts, ...flagsOf(settings, podRange), timeoutMs },
    { signal, onWait },
  );
  try {
    const real = await proxy.rules();
    // Which the kernel here has, or has not.
    const nfacct = Object.values(real).some((dump) => dump.includes("--nfacct-name"));
    let programs = model(clusters, nfacct);
    const first = await loaded(proxy, programs);
    const compareStart = (rules: ListedRules) =>
      compareToModel(rules, first, { objects, ignoreStale: false, families });
    const start = await compareUntilEqual(
      compareStart(real),
      async () => compareStart(await proxy.rules()),
      NODE_WAIT_MS,
    );
    const commands = new CommandSteps(families);
    if (mode === "ipvs") {
      const later = (await proxy.apply([])).commands;
      const sync = { commands: [...proxy.firstSync.commands, ...later] };
      commands.add(sync, { before: undefined, after: programs, readings: [objects] });
    }
    yield withCommands({ change: undefined, ...start, writes: undefined }, commands.take(objects));
    const counter = new UpdateCounter(families[0]);
    const texts = families.map((family) => new HandedTexts(family));
    const areLarge = clusters.map(isLargeCluster);
    let ignoreComments = false;
    for (let i = 0; i < options.changes; i++) {
      const state = new ObjectState(changes.objects());
      const change = changes.next();
      const updated = change.endpoint && modelChange(clusters[0]!, change.endpoint);
      const expected = updated && expectedWrites(programs[0]!, updated);
      const initial = programs[0]!;
      const written: CountedSync[] = [];
      const handed: HandedText[] = [];
      for (const step of change.steps) {
        const sync = await proxy.apply(step);
        const writes = withoutRepeats(sync.writes);
        written.push(counter.count(writes));
        const were = state.objects();
        state.apply(step);
        clusters = read(state.objects(), podRange);
        const before = programs;
        programs = model(clusters, nfacct);
        commands.add(sync, { before, after: programs, readings: [were, state.objects()] });
        // Of two slices kube-proxy may write the first before it sees the second.
        const isOneEvent = step.filter(({ type }) => type === "MODIFIED").length <= 1;
        for (const [f, text] of texts.entries()) {
          const both = text.compare(writes, {
            before: before[f]!,
            after: programs[f]!,
            names: namesOf(step),
          });
          if (both !== undefined && isOneEvent) handed.push(both);
        }
      }
      const changed = state.objects();
      ignoreComments ||= clusters.some((one, i) => isLargeCluster(one) !== areLarge[i]);
      const comparison = compareToModel(await proxy.rules(), await loaded(proxy, programs), {
        objects: changed,
        ignoreStale: true,
        ignoreComments,
        families,
      });
      const counts = expected && { ...ofThisChange(written[0]!, clusters[0]!) };
      const writes = [
        ...(expected ? compareCounts({ ...counts! }, { ...expected }) : []),
        ...compareBytes(handed),
      ];
      const differences = [...comparison.differences, ...handedDifferences(handed, changed)];
      yield withCommands(
        {
          change: change.name,
          lines: comparison.lines,
          differences,
          writes: expected || handed.length > 0 ? writes : undefined,
        },
        commands.take(changed, updated && commandsOf(initial, updated)),
      );
    }
  } finally {
    await proxy.stop();
  }
}

/** The parts that the mode is modelled for, or all where the mode is not modelled: it then refuses them. */
function partsOf(cluster: Cluster | DualStack, knows: readonly Family[]): readonly Cluster[] {
  const parts = familiesOf(cluster).filter((one) => one !== undefined);
  const known = parts.filter(({ network }) => knows.includes(familyOf(network)));
  return known.length > 0 ? known : parts;
}

/** Each family's rules, read back from a namespace of its own. */
async function loaded(proxy: KubeProxy, programs: readonly Program[]): Promise<ListedRules> {
  const listed: Record<string, string> = {};
  for (const program of programs) {
    const other = familyOf(program.cluster.network) === 4 ? "ip6tables.save" : "iptables.save";
    for (const [file, text] of Object.entries(await proxy.load(loadableRules(program))))
      if (file !== other) listed[file] = `${listed[file] ?? ""}\n${text}`;
  }
  return listed;
}

/**
 * Until 1.35 one selector, which leaves out two labels, was for Services and their slices (server.go). Since then Services may
 * have that of headless ones, and slices that of another proxy.
 */
function seenBy(version: KubeProxyVersion, objects: readonly ApiObject[]): readonly ApiObject[] {
  if (!isUpTo135(version)) return objects;
  const unseen = new Map([
    [SERVICE.kind, HEADLESS_LABEL],
    [ENDPOINT_SLICE.kind, OTHER_PROXY_LABEL],
  ]);
  return objects.filter(({ kind, metadata }) => {
    const label = unseen.get(kind);
    return label === undefined || metadata.labels?.[label] === undefined;
  });
}

/** Which endpoint counts of those with one address (`SliceReading.sharedAddress`). */
function sharedAddressOf(version: KubeProxyVersion): "first" | "running" {
  return isUpTo135(version) ? "first" : "running";
}

function isUpTo135(version: KubeProxyVersion): boolean {
  return version === "1.34" || version === "1.35";
}

/** The flags that stand for settings of planes. */
function flagsOf(settings: PlaneOptions, podRange: string) {
  const { masqueradeAll, nodePortAddresses: addresses = [], localhostNodePorts, podDetector } = settings;
  return {
    ...(podDetector !== false && { podRange }),
    ...(masqueradeAll !== undefined && { masqueradeAll }),
    ...(localhostNodePorts !== undefined && { localhostNodePorts }),
    nodePortAddresses: addresses === "primary" ? [addresses] : addresses.map(rawRangeText),
  };
}

/** Without the chains that an earlier change left, which large clusters delete when it is time for that, as `update` says. */
function ofThisChange(sync: CountedSync, after: Cluster): UpdateCounts {
  if (!isLargeCluster(after)) return sync;
  return { ...sync, chains: sync.chains - sync.deletedChains };
}

/** Undefined in IPVS mode, which writes no rules: its commands are counted by kind. */
function expectedWrites(program: Program, change: Change): UpdateCounts | undefined {
  if (program instanceof IpvsProgram) return undefined;
  const { rules, chains, mapWrites } = program.update(change, "partial");
  return { rules, chains, elements: mapWrites };
}

/** Of IPVS mode: nothing connects here, so endpoints that leave have no connections. */
function commandsOf(program: Program, change: Change): UpdateCommands | undefined {
  return program instanceof IpvsProgram ? program.idleUpdate(change) : undefined;
}

/** With what a step did besides handing over text. */
function withCommands(step: VerifyStep, commands: ComparedCommands | undefined): VerifyStep {
  if (commands === undefined) return step;
  return {
    ...step,
    differences: [...step.differences, ...commands.differences],
    writes: [...(step.writes ?? []), ...commands.writes],
    wrote: commands.wrote,
  };
}
