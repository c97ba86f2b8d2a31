/** `verify --cilium`: against what Cilium's control plane writes into its maps. */

import { CILIUM_VERSION, findCilium } from "../../kernel/cilium/binary.js";
import type { CiliumAlgorithm } from "../../kernel/cilium/driver.js";
import { verifyCilium } from "../../kernel/cilium/verify.js";
import { comparedObjects, type RealProgramArguments, realProgramOptions } from "./verify-kube-proxy.js";
import { printSteps } from "./verify-steps.js";

export interface CiliumArguments extends RealProgramArguments {
  cilium: string;
  algorithm: CiliumAlgorithm;
  "real-maps": boolean;
}

/** Throws CheckFailedError where Cilium's entries or operations are not those that lbscale models. */
export async function verifyAgainstCilium(args: CiliumArguments): Promise<void> {
  const { algorithm } = args;
  const common = realProgramOptions(args);
  const binary = findCilium(args.cilium);
  const source = comparedObjects(args);
  await printSteps({
    program: "Cilium",
    title: `Cilium ${CILIUM_VERSION} ${algorithm}`,
    what: "map entries",
    unit: "map entries",
    counted: "changes took",
    services: source.services,
    changes: common.changes,
    footnote: null,
    json: args.json ? { cilium: CILIUM_VERSION, algorithm, seed: common.seed } : undefined,
    compare: (signal) =>
      verifyCilium({ ...common, ...source, binary, algorithm, realMaps: args["real-maps"], signal }),
  });
}
