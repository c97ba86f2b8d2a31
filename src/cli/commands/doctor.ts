import type { CommandModule } from "yargs";
import { CheckFailedError, InputError, UsageError } from "../../errors.js";
import { findCapabilities, GUEST_NOT_TRIED } from "../../kernel/capabilities.js";
import { CILIUM_VERSION, installCilium, installedCilium } from "../../kernel/cilium/binary.js";
import { installCommand, installedKubeProxies } from "../../kernel/kube-proxy/binaries.js";
import type { Capability } from "../../kernel/tasks.js";
import { cleanLeftovers, findLeftovers, type Leftover } from "../../kernel/testbed/clean.js";
import { tryPlanes } from "../../kernel/testbed/placement.js";
import { requireLane } from "../../kernel/testbed/sandbox.js";
import { scriptPath } from "../../kernel/testbed/scripts.js";
import { readEnvironment } from "../../measure/environment.js";
import { batchSource } from "../../measure/replicate/batch.js";
import { pinnableCpu } from "../../measure/spawn.js";
import { InterruptedError, withAbortOnSignal } from "../interruption.js";
import { messageOf } from "../options/settings.js";
import { note, print, printJson } from "../output.js";

interface Arguments {
  lane: "model" | "kernel" | undefined;
  json: boolean;
  clean: boolean;
  "probe-guest": boolean;
  context: string | undefined;
  kubeconfig: string | undefined;
}

export const doctor: CommandModule<object, Arguments> = {
  command: "doctor",
  describe: "What this machine, or with --context a cluster, can measure, and what to do about the rest",
  builder: (yargs) =>
    yargs
      .option("lane", {
        choices: ["model", "kernel"] as const,
        describe: "kernel (by default): try every plane of the kernel lane too; model: answer at once",
      })
      .option("json", { type: "boolean", default: false, describe: "As JSON" })
      .option("probe-guest", {
        type: "boolean",
        default: false,
        describe: "Boot the user-mode Linux guest too, for planes that this kernel lacks (some seconds)",
      })
      .option("context", {
        type: "string",
        requiresArg: true,
        describe: "Look at this cluster instead: a context of kubectl's; creates nothing in it",
      })
      .option("kubeconfig", {
        type: "string",
        requiresArg: true,
        describe: "With or instead of --context: kubectl's file; KUBECONFIG by default",
      })
      .option("clean", {
        type: "boolean",
        default: false,
        describe: "Remove what killed runs of the kernel lane and of kube-proxy left (root)",
      }),
  handler: async ({ lane, json, clean, "probe-guest": probeGuest, context, kubeconfig }) => {
    if (context !== undefined || kubeconfig !== undefined) {
      if (lane !== undefined || probeGuest || clean) {
        throw new UsageError(
          "--context and --kubeconfig look at a cluster alone: leave out --lane, --probe-guest and --clean",
        );
      }
      return lookAtCluster({ context, kubeconfig }, json);
    }
    if (clean && (lane !== undefined || probeGuest))
      throw new UsageError("--clean removes leftovers and tries nothing: leave out --lane and --probe-guest");
    if (probeGuest && lane === "model")
      throw new UsageError("--probe-guest is for the kernel lane: leave it out with --lane model");
    if (clean) return cleanUp(json);
    if (lane !== "model" && process.getuid?.() === 0) {
      note(
        probeGuest
          ? "trying each plane of the kernel lane, and booting a user-mode Linux guest: some seconds"
          : "trying each plane of the kernel lane in a throw-away namespace; --lane model leaves it out",
      );
    }
    // What the sandbox tries takes longest: the rest is read meanwhile.
    const trying = lane !== "model" ? kernelLane(probeGuest) : null;
    const environment = readEnvironment(pinnableCpu());
    const advice = environment.unfit;
    const leftovers = findLeftovers();
    const kubeProxies = installedKubeProxies();
    const cilium = installedCilium();
    const kernel = await trying;
    if (json)
      return printJson({ environment, advice, kernel, kubeProxies, cilium: cilium ?? null, leftovers });
    const caches = Object.entries(environment.caches).map(([name, bytes]) => `${name} ${bytes / 1024} KiB`);
    await print(
      [
        `${environment.cpu}, ${environment.cores} cores, ${caches.join(", ") || "caches unknown"}`,
        `${environment.os} ${environment.kernel} ${environment.architecture}, Node ${environment.node}`,
        `model lane: ready${environment.pinnedCpu === null ? "" : `, timed processes pinned to CPU ${environment.pinnedCpu}`}`,
        ...(advice.length > 0 ? advice.map((line) => `- ${line}`) : ["no known noise sources"]),
        ...(kernel === null ? [] : describeKernel(kernel)),
        ...describeKubeProxies(kubeProxies),
        ...describeCilium(cilium),
        ...describeLeftovers(leftovers),
        "",
        "The timed loop, compiled afresh for each model:",
        batchSource("lookup").trim(),
        "",
      ].join("\n"),
    );
  },
};

async function lookAtCluster(
  { context, kubeconfig }: Pick<Arguments, "context" | "kubeconfig">,
  json: boolean,
): Promise<void> {
  const { withCluster } = await import("../../cluster-lane/connection.js");
  const { UNKNOWN_PLANE } = await import("../../cluster-lane/inspect/detect.js");
  const { describeExamination, examineCluster } = await import("../../cluster-lane/inspect/examine.js");
  const where = {
    ...(context !== undefined && { context }),
    ...(kubeconfig !== undefined && { kubeconfig }),
  };
  const found = await withCluster(where, examineCluster);
  const lines = describeExamination(found);
  if (found.plane === null || found.plane.id === UNKNOWN_PLANE.id)
    lines.push("lbscale run --lane cluster --plane-name NAME names the data plane");
  await (json ? printJson(found) : print(`${lines.join("\n")}\n`));
  if (found.capabilities.every(({ lacks }) => lacks !== null)) {
    throw new CheckFailedError("nothing can be measured in this cluster: the lines above say why");
  }
}

/** What the kernel lane can do here; a sentence where it can't be tried at all. */
async function kernelLane(probeGuest: boolean): Promise<Capability[] | string> {
  try {
    requireLane("kernel");
  } catch (error) {
    if (error instanceof InputError || error instanceof CheckFailedError) return messageOf(error);
    throw error;
  }
  return withAbortOnSignal(async (signal) => {
    const found = await findCapabilities(probeGuest, (lane, planes) => tryPlanes(lane, planes, signal));
    if (signal.aborted) throw new InterruptedError("interrupted: the testbed was removed");
    return found;
  });
}

function describeKernel(kernel: readonly Capability[] | string): string[] {
  if (typeof kernel === "string") return [`kernel lane: unavailable: ${kernel}`];
  const lacking = kernel.filter(({ lacks }) => lacks !== null);
  return [
    `kernel lane: ${lacking.length === 0 ? "ready" : "not all of it"}, tried in a throw-away namespace`,
    ...kernel.map(({ name, lacks }) => (lacks === null ? `+ ${name}` : `- ${name}: ${lacks}`)),
    ...(lacking.some(({ lacks }) => lacks === GUEST_NOT_TRIED)
      ? ["lbscale doctor --probe-guest tries planes that this kernel lacks in a user-mode Linux guest"]
      : []),
    ...(lacking.length > 0
      ? [`what is missing, on Debian: ${scriptPath("install-kernel-tools.sh")} installs it`]
      : []),
  ];
}

/** What killed runs left, and what removes it; nothing where they left nothing. */
function describeLeftovers(leftovers: readonly Leftover[]): string[] {
  if (leftovers.length === 0) return [];
  return [
    "left by killed runs (sudo lbscale doctor --clean removes it):",
    ...leftovers.flatMap(({ parts }) => parts.map((part) => `- ${part}`)),
  ];
}

function describeKubeProxies(found: ReturnType<typeof installedKubeProxies>): string[] {
  const missing = found.filter(({ path }) => path === undefined).map(({ minor }) => minor);
  const lines = found.map(({ patch, path }) =>
    path === undefined ? `- kube-proxy ${patch}: not installed` : `+ kube-proxy ${patch}: ${path}`,
  );
  if (missing.length === 0) return lines;
  return [...lines, `${installCommand()} ${missing.join(" ")} builds what is missing, with Go 1.26 or later`];
}

function describeCilium(path: string | undefined): string[] {
  const name = `Cilium's control plane ${CILIUM_VERSION}`;
  if (path !== undefined) return [`+ ${name}: ${path}`];
  return [`- ${name}: not installed`, `${installCilium()} builds it, with Go 1.26 or later`];
}

async function cleanUp(json: boolean): Promise<void> {
  requireLane("kernel");
  const removed = await cleanLeftovers();
  if (json) return printJson({ removed });
  await print(
    removed.length === 0 ? "nothing was left behind\n" : removed.map((name) => `removed ${name}\n`).join(""),
  );
}
