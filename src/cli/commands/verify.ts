import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandModule } from "yargs";
import type { Cluster } from "../../cluster/cluster.js";
import { generateCoverageFlows } from "../../cluster/coverage-flows.js";
import { FAMILY_NAMES, familiesOf, familyOf } from "../../cluster/family.js";
import { writeCluster } from "../../cluster/json.js";
import { refuseUnsafeNames } from "../../cluster/safe-names.js";
import { CheckFailedError, UsageError } from "../../errors.js";
import { CILIUM_ALGORITHMS } from "../../kernel/cilium/driver.js";
import { KUBE_PROXY_MODES } from "../../kernel/kube-proxy/protocol.js";
import { PROXY_PLANES } from "../../kernel/plane.js";
import { CLUSTER_FILE, kernelEquivalenceSchema, type VerifyTask } from "../../kernel/tasks.js";
import { atOwnPlaces, ipv6Arguments } from "../../kernel/testbed/ipv6.js";
import { placePlanes } from "../../kernel/testbed/placement.js";
import { type KernelLane, runInSandbox } from "../../kernel/testbed/sandbox.js";
import { targetPorts } from "../../kernel/testbed/topology.js";
import type { KernelEquivalence } from "../../kernel/verify.js";
import { importedOptions } from "../../planes/imported-options.js";
import type { PlaneId, PlaneOptions } from "../../planes/plane.js";
import { planeById } from "../../planes/registry.js";
import { type Equivalence, mergeEquivalences, verifyPlanes } from "../../planes/verify.js";
import { countOf, formatCount } from "../../text.js";
import { InterruptedError, withAbortOnSignal } from "../interruption.js";
import { chosenFamilies, withClusterChoice } from "../options/cluster.js";
import { withKubeProxySettings } from "../options/kube-proxy.js";
import { parseInteger, parseList, parsePlanes, planesFor } from "../options/parse.js";
import { note, print, printJson } from "../output.js";
import type { CiliumArguments } from "./verify-cilium.js";
import type { KubeProxyArguments } from "./verify-kube-proxy.js";

interface Arguments
  extends Omit<
    KubeProxyArguments & CiliumArguments,
    "kube-proxy" | "cilium" | "mode" | "algorithm" | "real-maps" | "changes"
  > {
  "kube-proxy": string | undefined;
  mode: KubeProxyArguments["mode"] | undefined;
  cilium: string | undefined;
  algorithm: CiliumArguments["algorithm"] | undefined;
  "real-maps": boolean | undefined;
  changes: string | undefined;
  flows: string | undefined;
  planes: string | undefined;
  lane: "model" | KernelLane | undefined;
}

export const verify: CommandModule<object, Arguments> = {
  command: "verify [cluster]",
  describe:
    "Check that all planes make the same decisions, except for documented differences; exit 1 if they do not",
  builder: (yargs) =>
    withKubeProxySettings(withClusterChoice(yargs))
      .option("flows", {
        type: "string",
        requiresArg: true,
        describe: "Flows to send through each plane; 100,000 by default",
      })
      .option("planes", {
        type: "string",
        requiresArg: true,
        describe: "Planes to check, separated by commas",
      })
      .option("lane", {
        choices: ["model", "kernel", "guest"] as const,
        describe:
          "model (by default): the models; the real kernel with a connection for each flow (Linux, root); or one in user-mode Linux",
      })
      .option("kube-proxy", {
        type: "string",
        requiresArg: true,
        describe: "Instead: compare with what this kube-proxy writes, 1.34 to 1.37 or its path (Linux, root)",
      })
      .option("mode", {
        choices: KUBE_PROXY_MODES,
        describe: "With --kube-proxy: its mode, iptables by default; ipvs runs in user-mode Linux",
      })
      .option("cilium", {
        type: "string",
        conflicts: "kube-proxy",
        describe: "Instead: compare with what Cilium's control plane writes, the installed one or its path",
      })
      .option("algorithm", {
        choices: CILIUM_ALGORITHMS,
        describe: `With --cilium: how it balances what comes from outside, ${CILIUM_ALGORITHMS[0]} by default`,
      })
      .option("real-maps", {
        type: "boolean",
        describe: "With --cilium: let it write into maps of this kernel (root), not into its fakes",
      })
      .option("changes", {
        type: "string",
        requiresArg: true,
        describe:
          "With --kube-proxy or --cilium: random changes to make, comparing after each; none by default",
      })
      .option("timeout", {
        type: "string",
        requiresArg: true,
        describe:
          "With --kube-proxy or --cilium: seconds that a sync may go on while none of its tools runs; 300 by default, and 1.5 more for each Service in IPVS mode",
      })
      .option("json", { type: "boolean", default: false, describe: "As JSON" }),
  handler: async (args) => {
    if (args["kube-proxy"] !== undefined) {
      refuse(
        args,
        ["flows", "planes", "lane", "algorithm", "real-maps"],
        "with --kube-proxy, which compares rules",
      );
      const { verifyAgainstKubeProxy } = await import("./verify-kube-proxy.js");
      const { mode = KUBE_PROXY_MODES[0], changes = "0" } = args;
      return verifyAgainstKubeProxy({ ...args, mode, changes, "kube-proxy": args["kube-proxy"] });
    }
    if (args.cilium !== undefined) {
      refuse(
        args,
        ["flows", "planes", "lane", "mode", ...KUBE_PROXY_ONLY],
        "with --cilium, which compares maps",
      );
      const { verifyAgainstCilium } = await import("./verify-cilium.js");
      const { algorithm = CILIUM_ALGORITHMS[0], changes = "0", "real-maps": realMaps = false } = args;
      return verifyAgainstCilium({ ...args, algorithm, changes, "real-maps": realMaps, cilium: args.cilium });
    }
    refuse(args, ["algorithm", "real-maps"], "without --cilium");
    refuse(args, ["mode", ...KUBE_PROXY_ONLY], "without --kube-proxy");
    refuse(args, ["changes", "timeout"], "without --kube-proxy or --cilium");
    const flows = parseInteger(args.flows ?? "100000", "flows", 1, 100_000_000);
    if (args.lane === "kernel" || args.lane === "guest") {
      const { lane } = args;
      return withAbortOnSignal((signal) => verifyInKernel(args, lane, flows, signal));
    }
    if (args.planes !== undefined) parsePlanes(args.planes);
    const chosen = chosenFamilies(args);
    const results = familiesOf(chosen).flatMap((cluster) =>
      cluster ? [{ cluster, result: verifyModels(args.planes, cluster, flows) }] : [],
    );
    const [first, second] = results.map(({ result }) => result);
    const text = results.map(
      ({ cluster, result }) =>
        `${second ? `${FAMILY_NAMES[familyOf(cluster.network)]}: ` : ""}${formatEquivalence(result, cluster)}`,
    );
    await (args.json ? printJson(second ? { ipv4: first, ipv6: second } : first) : print(text.join("\n")));
    failOnDisagreements(results.map(({ result }) => result));
  },
};

/** All planes of one family against the contract. One at a time: their tables together would not fit a small machine. */
function verifyModels(asked: string | undefined, cluster: Cluster, flows: number): Equivalence {
  const planes = planesFor(asked, cluster);
  const trace = generateCoverageFlows(cluster, flows, 1);
  // As the node had them that the cluster was read from.
  const options = importedOptions(cluster);
  return mergeEquivalences(
    planes.map((plane) =>
      verifyPlanes(cluster, new Map([[plane, modelOf(plane, cluster, options)]]), trace, options),
    ),
  );
}

/** Throws CheckFailedError where a decision of a model or a kernel breaks the contract. */
function failOnDisagreements(results: readonly { readonly disagreements: number }[]): void {
  const disagreements = results.reduce((sum, result) => sum + result.disagreements, 0);
  if (disagreements > 0)
    throw new CheckFailedError(
      `${countOf(disagreements, "decision breaks the contract", "decisions break the contract")}`,
    );
}

/** What only kube-proxy has a flag for. */
const KUBE_PROXY_ONLY = [
  "nfacct",
  "masquerade-all",
  "nodeport-addresses",
  "iptables-localhost-nodeports",
] as const;

/** An option that would be ignored is refused by name. */
function refuse(args: Arguments, names: readonly (keyof Arguments)[], where: string): void {
  const given = names.find((name) => args[name] !== undefined);
  if (given !== undefined) throw new UsageError(`--${given} has no use ${where}: leave it out`);
}

async function verifyInKernel(
  args: Arguments,
  asked: KernelLane,
  flows: number,
  signal: AbortSignal,
): Promise<void> {
  const orInterrupt = (): void => {
    if (signal.aborted) throw new InterruptedError("interrupted: the testbed was removed");
  };
  const clusters = buildable(familiesOf(chosenFamilies(args)).filter((cluster) => cluster !== undefined));
  const places = await placePlanes({
    lane: asked,
    planes: args.planes === undefined ? undefined : parseList(args.planes, "planes"),
    choices: PROXY_PLANES,
    includeBaselines: false,
    onNote: note,
    signal,
  });
  orInterrupt();
  for (const cluster of clusters) {
    refuseUnsafeNames(cluster);
    targetPorts(cluster);
  }
  const results: KernelEquivalence[][] = [];
  for (const cluster of clusters) {
    const name = clusters.length > 1 ? `${FAMILY_NAMES[familyOf(cluster.network)]}: ` : "";
    const ofFamily: KernelEquivalence[] = [];
    results.push(ofFamily);
    for (const { lane, planes } of places) {
      note(
        `${name}building the ${lane} testbed, then ${countOf(flows, "connection")} through ${planes.join(", ")}: a result for each plane follows`,
      );
      await runInSandbox(
        lane,
        { task: "verify", planes, flows, seed: 1 } satisfies VerifyTask,
        {
          report: kernelEquivalenceSchema,
          onReport: (result) => {
            ofFamily.push(result);
            if (!args.json) process.stdout.write(`${name}${formatKernelEquivalence(result)}`);
          },
          signal,
        },
        (folder) =>
          writeFileSync(join(folder, CLUSTER_FILE), [...writeCluster(cluster)].join(""), { mode: 0o600 }),
      );
      orInterrupt();
    }
  }
  const [first, second] = results;
  if (args.json) await printJson(second ? { ipv4: first, ipv6: second } : first);
  failOnDisagreements(results.flat());
}

/** Families as a testbed can have them: of both, one that it can't is said and left out; alone, it is refused. */
function buildable(clusters: readonly Cluster[]): readonly Cluster[] {
  return clusters.flatMap((cluster) => {
    const built = atOwnPlaces(cluster);
    try {
      ipv6Arguments(built.network);
    } catch (error) {
      if (clusters.length === 1 || !(error instanceof CheckFailedError)) throw error;
      note(`left out: ${FAMILY_NAMES[familyOf(cluster.network)]}: ${error.message}`);
      return [];
    }
    if (built !== cluster)
      note(
        "IPv6: addresses lie too far apart for this lane's programs: others of the same ranges stand for them",
      );
    return [built];
  });
}

function formatKernelEquivalence({
  plane,
  flows,
  left,
  disagreements,
  examples,
  documented,
}: KernelEquivalence): string {
  const counted = (counts: Record<string, number>) =>
    Object.entries(counts).map(([name, count]) => `  ${name}: ${formatCount(count)}`);
  return `${[
    `${plane}: ${countOf(flows, "connection")} in the kernel, ${countOf(disagreements, "disagreement")}`,
    ...examples.map(({ flow, expected, decided }) => `  ${flow}: expected ${expected}, was ${decided}`),
    ...(Object.keys(documented).length > 0 ? ["  documented differences from iptables:"] : []),
    ...counted(documented).map((line) => `  ${line}`),
    ...(Object.keys(left).length > 0 ? ["  flows that this testbed can't send:"] : []),
    ...counted(left).map((line) => `  ${line}`),
  ].join("\n")}\n`;
}

function modelOf(plane: PlaneId, cluster: Cluster, options: PlaneOptions) {
  return planeById(plane)
    .compile(cluster, { seed: 1, ...options })
    .model(1);
}

function formatEquivalence(result: Equivalence, cluster: Cluster): string {
  const lines = [
    `${countOf(result.flows, "flow")} to ${countOf(cluster.services, "Service")} through ${result.planes.join(", ")}: ` +
      `${countOf(result.disagreements, "disagreement")}`,
    ...result.examples.map(
      (example) =>
        `  ${example.plane}: ${example.flow}: expected ${example.expected}, decided ${example.decided}`,
    ),
    "documented differences from iptables:",
    ...Object.entries(result.documented).map(([name, count]) => `  ${name}: ${formatCount(count)}`),
  ];
  return `${lines.join("\n")}\n`;
}
