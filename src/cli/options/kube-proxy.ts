/** The option that chooses whose rules are modelled, shared by the commands that model rules. */

import type { Argv } from "yargs";
import { KUBE_PROXY_VERSIONS, type KubeProxyVersion } from "../../planes/kube-proxy-versions.js";
import type { PlaneOptions } from "../../planes/plane.js";

export interface KubeProxyChoice {
  "kube-proxy": KubeProxyVersion | undefined;
}

/** Adds the option to a command. */
export function withKubeProxy<T>(yargs: Argv<T>) {
  return yargs.option("kube-proxy", {
    // Without a type yargs reads a number, and 1.35 is none of the words.
    type: "string",
    choices: KUBE_PROXY_VERSIONS,
    requiresArg: true,
    describe: "Version of kube-proxy whose rules are modelled: the newest by default",
  });
}

/** What was chosen, as planes take it. */
export function kubeProxyOptions({ "kube-proxy": kubeProxy }: KubeProxyChoice): PlaneOptions {
  return kubeProxy === undefined ? {} : { kubeProxy };
}
