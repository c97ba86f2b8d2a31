/** The lane's C programs (native/), compiled on this machine into the run's folder. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Family } from "../cluster/family.js";
import type { Balancers } from "./plane.js";
import { runTool, toolPath } from "./testbed/tools.js";

/**
 * The folder of the C sources, in the package's root: three folders above the compiled file and two above the source.
 * `dist/native` holds the cluster lane's compiled probes, so a source is looked for and not the folder.
 *
 * @param from The file that asks, as a URL.
 */
export function findSources(from: string): string | undefined {
  return ["../../native/", "../../../native/"]
    .map((path) => fileURLToPath(new URL(path, from)))
    .find((path) => existsSync(join(path, "probe.c")));
}

const SOURCES = findSources(import.meta.url);

function source(name: string): string {
  if (SOURCES === undefined) throw new Error("the package lacks its folder native/: install it again");
  return join(SOURCES, name);
}

/**
 * Compiles a C program and returns its path. Unoptimised it takes a third of the time, enough to try whether
 * it works. Throws KernelError with the compiler's words.
 */
export async function compileProgram(
  name:
    | "known"
    | "netlink"
    | "probe"
    | "server"
    | "loader"
    | "stopwatch"
    | "tablesize"
    | "timed"
    | "trie"
    | "watch",
  folder: string,
  optimisation: "-O0" | "-O2" = "-O2",
): Promise<string> {
  const output = join(folder, name);
  const libraries = name === "loader" ? ["-lbpf"] : [];
  await runTool(toolPath("cc"), [optimisation, "-o", output, source(`${name}.c`), ...libraries]);
  return output;
}

/** Compiles a family's BPF programs, with Cilium's maps and with Calico's. Throws KernelError with the compiler's words. */
export async function compileBalancer(folder: string, family: Family): Promise<Balancers> {
  const [cilium, calico] = await Promise.all([
    compileObject(folder, "cilium", family),
    compileObject(folder, "calico", family, "CALICO"),
  ]);
  return { cilium, calico };
}

/**
 * Compiles what reads the maps of Cilium's own agent, by family, and what loads it. Throws KernelError with
 * the compiler's words.
 */
export async function compileCiliumReader(
  folder: string,
  families: readonly Family[],
): Promise<{ loader: string; objects: ReadonlyMap<Family, string> }> {
  const [loader, ...objects] = await Promise.all([
    compileProgram("loader", folder),
    ...families.map(
      async (family) =>
        [family, await compileObject(folder, `cilium-reader-${family}`, family, "CILIUM")] as const,
    ),
  ]);
  return { loader, objects: new Map(objects) };
}

async function compileObject(
  folder: string,
  name: string,
  family: Family,
  ...layout: readonly string[]
): Promise<string> {
  // asm/types.h lies in the architecture's own folder, which clang does not search for the target bpf.
  const architecture = (await runTool(toolPath("gcc"), ["-print-multiarch"])).toString().trim();
  const output = join(folder, `${name}.bpf.o`);
  await runTool(toolPath("clang"), [
    ...["-O2", "-g", "-target", "bpf", `-I/usr/include/${architecture}`],
    ...[...layout, ...(family === 6 ? ["IPV6"] : [])].flatMap((define) => ["-D", define]),
    ...["-c", source("bpf/balancer.bpf.c"), "-o", output],
  ]);
  return output;
}
