/**
 * IPVS where this kernel has none: Debian's user-mode-linux, a Linux that runs as a program, on the host's own files. It
 * is started with its root read-only and, where lbscale is root, as a user who owns nothing (it may read everything,
 * because the checkout may lie in a closed home). What it reports leaves through the run's folder.
 */

import { closeSync, openSync, readSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { KernelError, toolPath } from "./tools.js";

const INIT_SCRIPT = fileURLToPath(new URL("./guest-init.js", import.meta.url));

/** Files of the run's folder through which host and guest talk. */
export const REQUEST_FILE = "request.json";
export const REPORTS_FILE = "reports";
export const ERRORS_FILE = "errors";
/** Exit code of the guest's work; missing when it was cut short. */
export const EXIT_FILE = "exit";

/**
 * A guest that says nothing for so long hangs: it is ended. Longer than any load or round takes, on a machine that is
 * busy besides.
 */
export const SILENCE_MS = 300_000;

/** Who owns nothing (Debian's nobody and nogroup). */
export const NOBODY = 65_534;

/**
 * Nobody's, who may read all. access(2) forgets capabilities of other users than root unless told not to, and the kernel
 * forgets which signal to send when the parent dies whenever a process changes its user (prctl(2), PR_SET_PDEATHSIG).
 */
const AS_NOBODY = [
  ...["--pdeathsig", "KILL"],
  ...["--reuid", String(NOBODY), "--regid", String(NOBODY), "--clear-groups"],
  ...["--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search"],
  "--securebits=+no_setuid_fixup",
];

/**
 * The command that boots the guest and ends when it powers off. `init`: its first process, which is handed the folder and the
 * path of node. Throws KernelError where it is not installed.
 */
export function guestCommand(
  folder: string,
  isRoot: boolean,
  cpu: number | null,
  init = INIT_SCRIPT,
): string[] {
  return [
    ...(cpu === null ? [] : [toolPath("taskset"), "-c", String(cpu)]),
    ...(isRoot ? [toolPath("setpriv"), ...AS_NOBODY] : []),
    toolPath("linux.uml"),
    ...["mem=2G", "rootfstype=hostfs", "rootflags=/", "ro", "con=null", "con0=null,fd:1", "quiet"],
    // End in a panic, instead of waiting for a user.
    "panic=-1",
    // Its control socket: elsewhere it would want a home.
    ...["umid=guest", `uml_dir=${folder}/`],
    // No new privileges: in a user namespace the host's root is nobody, and mount, setuid to its owner, would run as that.
    ...[`init=${toolPath("setpriv")}`, "--", "--no-new-privs"],
    ...[process.execPath, init, folder, process.execPath].map(kernelWord),
  ];
}

/** A word of a kernel's command line, which user-mode Linux joins and takes apart again (next_arg of lib/cmdline.c). */
export function kernelWord(path: string): string {
  if (path.includes('"'))
    throw new KernelError(`a guest can't be told a path with a quotation mark: move ${path}, or set TMPDIR`);
  return `"${path}"`;
}

/**
 * The environment of that command. It keeps the guest's memory in a file of TMPDIR, which its user may not write to everywhere:
 * without one it takes /dev/shm.
 */
export function guestEnvironment(folder: string): NodeJS.ProcessEnv {
  const { TMPDIR, TMP, TEMP, ...environment } = process.env;
  return { ...environment, HOME: folder };
}

/** Lines of a file that grows, as they come: a guest's reports. */
export class Tail {
  #file: number | undefined;
  readonly #chunk = Buffer.alloc(1 << 16);
  #rest = Buffer.alloc(0);

  constructor(path: string) {
    writeFileSync(path, "", { flag: "a" });
    this.#file = openSync(path, "r");
  }

  /** Whole lines since the last call; none once it is closed. */
  *lines(): Iterable<string> {
    while (this.#file !== undefined) {
      const bytes = readSync(this.#file, this.#chunk);
      if (bytes === 0) return;
      const data = Buffer.concat([this.#rest, this.#chunk.subarray(0, bytes)]);
      const end = data.lastIndexOf(0x0a) + 1;
      this.#rest = data.subarray(end);
      if (end > 0) yield* data.toString("utf8", 0, end - 1).split("\n");
    }
  }

  /** Does nothing the second time: an interruption closes what the end of the work closes too. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

/** What became of a guest that did not do its work, with what it printed about that. */
export function guestFailure(what: string, console: string): KernelError {
  const lines = console
    .split("\n")
    .map((line) => line.replace(/^<\d>/, "").trim())
    .filter((line) => line !== "" && !HARMLESS.test(line));
  const said = lines.find((line) => /panic|error|fail|cannot|denied|mount:/i.test(line)) ?? lines.at(-1);
  return new KernelError(`the user-mode Linux guest: ${what}: ${said?.slice(-200) ?? "nothing was printed"}`);
}

/** What became of a guest that said nothing for so long. */
export function guestSilent(silenceMs: number, console: string): KernelError {
  return guestFailure(`it said nothing for ${silenceMs / 1000} s`, console);
}

/** What every boot prints. */
const HARMLESS = /^(mmapper_init|Failed to initialize ubd|dmesg\(1\))/;
