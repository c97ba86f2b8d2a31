/** The kube-proxy programs that scripts/install-kube-proxy.sh builds, and where it puts them. */

import { join, resolve } from "node:path";
import { InvalidOptionError, UnknownNameError, UnsupportedHostError } from "../../errors.js";
import {
  KUBE_PROXY_RELEASES,
  KUBE_PROXY_VERSIONS,
  type KubeProxyVersion,
} from "../../planes/kube-proxy-versions.js";
import { plainText } from "../../text.js";
import { type CacheVariables, cacheFolder, isProgram } from "../real-program/installed.js";
import { scriptPath } from "../testbed/scripts.js";
import { runTool } from "../testbed/tools.js";

/** Minor versions and the patch of each that is built: as in scripts/kube-proxy/MINOR/go.mod. */
export const KUBE_PROXY_BUILDS = KUBE_PROXY_VERSIONS.map((minor) => ({
  minor,
  patch: KUBE_PROXY_RELEASES[minor],
}));

/** How to get one, for messages. */
export const installCommand = (): string => scriptPath("install-kube-proxy.sh");

/**
 * Where the program of a version is, or would be.
 * @param patch Version of three numbers, `1.36.3`.
 */
export function kubeProxyPath(patch: string, environment: CacheVariables = process.env): string {
  return join(cacheFolder(environment), `kube-proxy-v${patch}`);
}

/** Each version, with the path of its program where it has been built. */
export function installedKubeProxies(
  environment: CacheVariables = process.env,
): { readonly minor: KubeProxyVersion; readonly patch: string; readonly path: string | undefined }[] {
  return KUBE_PROXY_BUILDS.map(({ minor, patch }) => {
    const path = kubeProxyPath(patch, environment);
    return { minor, patch, path: isProgram(path) ? path : undefined };
  });
}

/**
 * Path of a kube-proxy program.
 * @param minorOrPath A minor version (`1.36`), or the path of any kube-proxy.
 * @throws UnsupportedHostError, which says how to install it; UnknownNameError for another version;
 * InvalidOptionError for no program.
 */
export function findKubeProxy(minorOrPath: string, environment: CacheVariables = process.env): string {
  const version = KUBE_PROXY_BUILDS.find(({ minor }) => minor === minorOrPath);
  if (version !== undefined) {
    const path = kubeProxyPath(version.patch, environment);
    if (isProgram(path)) return path;
    throw new UnsupportedHostError(
      `kube-proxy ${version.patch} is not installed: run ${installCommand()} ${version.minor}`,
    );
  }
  if (!minorOrPath.includes("/")) {
    const minors = KUBE_PROXY_BUILDS.map(({ minor }) => minor).join(", ");
    throw new UnknownNameError(
      `unknown kube-proxy "${minorOrPath}": give one of ${minors}, or the path of a kube-proxy`,
    );
  }
  if (!isProgram(minorOrPath))
    throw new InvalidOptionError(
      `${minorOrPath} is no program that you may run: give one of kube-proxy, or a minor version such as 1.37`,
    );
  return resolve(minorOrPath);
}

/**
 * The minor version of a kube-proxy program, asked of the program itself.
 * @throws InvalidOptionError where it is not one of those that are modelled, or no kube-proxy.
 */
export async function minorOf(path: string): Promise<KubeProxyVersion> {
  const known = KUBE_PROXY_BUILDS.find(({ patch }) => kubeProxyPath(patch) === path);
  if (known !== undefined) return known.minor;
  const text = await runTool(path, ["--version"], { timeoutMs: VERSION_TIMEOUT_MS }).catch(
    (error: unknown) => {
      throw new InvalidOptionError(
        `${path} is no kube-proxy: ${error instanceof Error ? error.message : error}`,
      );
    },
  );
  const minor = /^Kubernetes v(\d+\.\d+)\./.exec(text.toString())?.[1];
  const found = KUBE_PROXY_BUILDS.find((each) => each.minor === minor);
  if (found !== undefined) return found.minor;
  const minors = KUBE_PROXY_BUILDS.map((each) => each.minor).join(", ");
  throw new InvalidOptionError(
    `${path} says "${plainText(text.toString())}": only the rules of kube-proxy ${minors} are modelled`,
  );
}

const VERSION_TIMEOUT_MS = 10_000;
