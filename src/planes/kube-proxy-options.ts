/** Options of kube-proxy that its three planes share. */

import type { PlaneOption } from "./option.js";
import { KUBE_PROXY_VERSIONS } from "./plane.js";

/** Which version's rules are modelled. */
export const KUBE_PROXY_OPTIONS: readonly PlaneOption[] = [
  {
    name: "kube-proxy",
    describe: "Version of kube-proxy whose rules are modelled",
    key: "kubeProxy",
    choices: KUBE_PROXY_VERSIONS,
    default: KUBE_PROXY_VERSIONS.at(-1)!,
  },
];
