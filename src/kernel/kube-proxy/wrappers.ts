/**
 * A folder for the front of kube-proxy's PATH: tools of the chosen iptables backend, and in place of those that write
 * rules, scripts that keep a copy of what they are handed.
 */

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { shellWord } from "../../text.js";
import { toolPath } from "../testbed/tools.js";
import type { Write } from "./protocol.js";

/** The tools of iptables that kube-proxy runs, of both families. */
export const IPTABLES_TOOLS = ["iptables", "ip6tables"].flatMap((name) => [
  name,
  `${name}-save`,
  `${name}-restore`,
]);
const WRITERS = ["iptables-restore", "ip6tables-restore", "nft"];

/** Of `ipset`: it is called for each set and each element, and what it reads is of no interest. */
const SET_WRITES = ["add", "create", "del", "destroy", "flush", "rename", "restore", "swap"];

/**
 * Links the tools that kube-proxy runs.
 * @param folder Where the links are made.
 * @param nft Path of the nft that is run.
 * @throws KernelError where a tool is not installed.
 */
export function linkTools(folder: string, backend: "legacy" | "nft", nft: string): void {
  // One program for all of iptables' tools, which looks at the name it is called by.
  const multi = toolPath(`xtables-${backend}-multi`);
  for (const name of IPTABLES_TOOLS) symlinkSync(multi, join(folder, name));
  symlinkSync(nft, join(folder, "nft"));
}

/** The folders that tools are found and writes are kept in. */
export class Wrappers {
  /** First in kube-proxy's PATH. */
  readonly bin: string;
  readonly #tools: string;
  readonly #writes: string;
  /** A line for each call of `ipset`, and how much of it has been taken. */
  readonly #setCalls: string;
  #setBytes = 0;

  /** Makes them in a folder, that of `ipset` where it is asked for. Throws KernelError where a tool is not installed. */
  constructor(folder: string, backend: "legacy" | "nft", keepsSets = false) {
    this.bin = join(folder, "bin");
    this.#tools = join(folder, "tools");
    this.#writes = join(folder, "writes");
    for (const path of [this.bin, this.#tools, this.#writes]) mkdirSync(path);
    linkTools(this.#tools, backend, toolPath("nft"));
    for (const name of [...IPTABLES_TOOLS, "nft"]) {
      if (!WRITERS.includes(name)) symlinkSync(join(this.#tools, name), join(this.bin, name));
      else {
        writeFileSync(join(this.bin, name), script(join(this.#tools, name), name, this.#writes));
        chmodSync(join(this.bin, name), 0o755);
      }
    }
    this.#setCalls = join(folder, "ipset-calls");
    if (!keepsSets) return;
    writeFileSync(join(this.bin, "ipset"), setScript(toolPath("ipset"), this.#setCalls));
    chmodSync(join(this.bin, "ipset"), 0o755);
  }

  /** Path of a tool as kube-proxy calls it, but not recorded. */
  tool(name: string): string {
    return join(this.#tools, name);
  }

  /** Arguments with which `ipset` was called since the last time, where they change a set. */
  takeSetCalls(): string[] {
    if (!existsSync(this.#setCalls)) return [];
    const calls = readFileSync(this.#setCalls).subarray(this.#setBytes);
    this.#setBytes += calls.length;
    return calls.toString().split("\n").slice(0, -1);
  }

  /** What was written since the last call, in the order in which the tools were started. */
  take(): Write[] {
    const names = readdirSync(this.#writes).filter((name) => name.endsWith(".args"));
    const writes: Write[] = [];
    for (const name of names.sort()) {
      const stem = join(this.#writes, name.slice(0, -".args".length));
      const [tool, ...args] = readFileSync(`${stem}.args`, "utf8").split("\n").slice(0, -1);
      const input = existsSync(`${stem}.input`) ? readFileSync(`${stem}.input`, "utf8") : "";
      for (const suffix of ["args", "input"]) rmSync(`${stem}.${suffix}`, { force: true });
      // The first calls ask for versions and features.
      if (input !== "" && !args.includes("--check")) writes.push({ tool: tool!, args, input });
    }
    return writes;
  }
}

/** nft is also called to list, with nothing on its standard input. A file is whole when its tool has ended. */
function script(tool: string, name: string, writes: string): string {
  return `#!/bin/sh
case " $* " in
*" -f - "* | *" --noflush "* | *" -w "*) ;;
*) exec ${shellWord(tool)} "$@" ;;
esac
stem=${shellWord(writes)}/$(date +%s%N)-$$
printf '%s\\n' ${name} "$@" >"$stem.args"
tee "$stem.input" | ${shellWord(tool)} "$@"
`;
}

/** A line is added to the file at once, so that two calls at the same time leave two. */
function setScript(tool: string, calls: string): string {
  return `#!/bin/sh
case "$1" in
${SET_WRITES.join(" | ")}) printf '%s\\n' "$*" >>${shellWord(calls)} ;;
esac
exec ${shellWord(tool)} "$@"
`;
}
