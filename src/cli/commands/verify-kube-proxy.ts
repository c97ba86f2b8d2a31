/** `verify --kube-proxy`: what it prints. */

import { CheckFailedError, UsageError } from "../../errors.js";
import { findKubeProxy, KUBE_PROXY_BUILDS, minorOf } from "../../kernel/kube-proxy/binaries.js";
import { formatDifferences } from "../../kernel/kube-proxy/compare.js";
import type { KubeProxyMode } from "../../kernel/kube-proxy/protocol.js";
import { timeoutFor, type VerifyStep, verifyKubeProxy } from "../../kernel/kube-proxy/verify.js";
import { clusterObjects } from "../../kubernetes/list-watch/cluster-objects.js";
import { SERVICE } from "../../kubernetes/list-watch/resources.js";
import { formatCount } from "../../text.js";
import { InterruptedError, withAbortOnSignal } from "../interrupted.js";
import { type ClusterChoice, parseSeed } from "../options/cluster.js";
import { type KubeProxyChoice, kubeProxyOptions, podRangeOf } from "../options/kube-proxy.js";
import { chosenSource } from "../options/objects.js";
import { parseInteger } from "../options/parse.js";
import { print, printJson } from "../output.js";
import { Progress } from "../progress.js";

export interface KubeProxyArguments
  extends ClusterChoice,
    Omit<KubeProxyChoice, "kube-proxy" | "node-address"> {
  "kube-proxy": string;
  mode: KubeProxyMode;
  changes: string;
  node: string | undefined;
  timeout: string | undefined;
  json: boolean;
}

const MAX_CHANGES = 100_000;
const MAX_TIMEOUT_SECONDS = 86_400;
/** Lines of a diff; the rest is counted. */
const SHOWN_LINES = 200;

/** Whether its kernel has nfacct a kube-proxy finds out by itself. */
function refuseNfacct(nfacct: boolean | undefined): void {
  if (nfacct !== undefined)
    throw new UsageError(
      "--nfacct: with --kube-proxy this kernel decides, and what it has is compared: leave it out",
    );
}

/** Throws CheckFailedError where kube-proxy's rules or writes are not those that lbscale models. */
export async function verifyAgainstKubeProxy(args: KubeProxyArguments): Promise<void> {
  const { mode } = args;
  const changes = parseInteger(args.changes, "changes", 0, MAX_CHANGES);
  const seed = parseSeed(args.seed);
  refuseNfacct(args.nfacct);
  const settings = kubeProxyOptions({ ...args, "kube-proxy": undefined });
  const binary = findKubeProxy(args["kube-proxy"]);
  const version = await minorOf(binary);
  const name = KUBE_PROXY_BUILDS.find(({ minor }) => minor === args["kube-proxy"])?.patch ?? version;
  const source = chosenSource(args);
  const objects = source.objects ?? [...clusterObjects(source.cluster)];
  const services = objects.filter(({ kind }) => kind === SERVICE.kind).length;
  const timeoutMs =
    args.timeout === undefined
      ? timeoutFor(mode, services)
      : 1000 * parseInteger(args.timeout, "timeout", 1, MAX_TIMEOUT_SECONDS);
  const steps: VerifyStep[] = [];
  const progress = new StepProgress(1 + changes);
  await withAbortOnSignal(async (signal) => {
    progress.show(0, `kube-proxy ${name} writes its first rules`);
    try {
      for await (const step of verifyKubeProxy({
        objects,
        cluster: source.cluster,
        binary,
        version,
        mode,
        node: args.node,
        podRange:
          podRangeOf({ "pod-range": args["pod-range"] }) === undefined ? undefined : args["pod-range"],
        settings,
        changes,
        seed,
        timeoutMs,
        signal,
      })) {
        steps.push(step);
        progress.end();
        if (!args.json) await print(formatStep(step, steps.length - 1, `${name} ${mode}`, services));
        progress.show(steps.length, "a change");
      }
    } catch (error) {
      progress.end();
      throw signal.aborted ? new InterruptedError("interrupted: kube-proxy was ended") : error;
    }
  });
  if (args.json) await printJson({ kubeProxy: name, mode, seed, steps });
  const lines = steps.reduce((sum, { differences }) => sum + differences.length, 0);
  const writes = steps.filter((step) => (step.writes?.length ?? 0) > 0).length;
  if (lines + writes === 0) return;
  const reasons = [
    ...(lines > 0 ? [`${formatCount(lines)} lines of rules differ`] : []),
    ...(writes > 0 ? [`${formatCount(writes)} syncs wrote other counts`] : []),
  ];
  throw new CheckFailedError(`kube-proxy ${name} ${mode}: ${reasons.join(", ")}`);
}

function formatStep(step: VerifyStep, index: number, title: string, services: number): string {
  const { change, lines, differences, writes } = step;
  const what =
    change === undefined
      ? `kube-proxy ${title}, ${formatCount(services)} Services, ${formatCount(lines)} lines of rules`
      : `${index}. ${change}`;
  const counts = writes?.map(
    (each) =>
      `  wrote ${formatCount(each.kubeProxy)} ${each.what}, modelled as ${formatCount(each.lbscale)}\n`,
  );
  const wrote = writes?.length === 0 ? ", writes as modelled" : "";
  const diff = differences.length > 0 ? formatDifferences(differences, title, SHOWN_LINES) : "";
  return `${what}: ${formatCount(differences.length)} differences${wrote}\n${(counts ?? []).join("")}${diff}`;
}

/** How far it is, and how long the changes that are left will take, if they take as long as those so far. */
class StepProgress {
  readonly #progress = new Progress(process.stderr, "comparing");
  readonly #total: number;
  #firstAt: number | undefined;

  constructor(total: number) {
    this.#total = total;
  }

  /** Says that so many of the readings are compared, the one of the start among them, and what is next. */
  show(done: number, next: string): void {
    // Elsewhere than on a terminal an error of the start is one line.
    if (done === this.#total || (done === 0 && !process.stderr.isTTY)) return;
    const now = performance.now();
    const leftMs =
      this.#firstAt === undefined || done < 2
        ? null
        : ((now - this.#firstAt) / (done - 1)) * (this.#total - done);
    if (done === 1) this.#firstAt = now;
    this.#progress.show(done, this.#total, leftMs, next);
  }

  end(): void {
    this.#progress.end();
  }
}
