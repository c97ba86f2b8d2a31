/** One fresh process for one replicate. */

import { execFileSync, spawn } from "node:child_process";
import os from "node:os";
import { performance } from "node:perf_hooks";
import { Readable } from "node:stream";
import { errorIn, lastWords } from "../process.js";
import { CHILD_FLAGS } from "./environment.js";
import { checkMessage, MalformedMessageError, MEASUREMENT_FD, readMessage } from "./message.js";
import type { Counted, Measured } from "./replicate/measured.js";
import { countedSchema, measuredSchema } from "./replicate/measured-schema.js";
import type { Job } from "./scenario.js";

/** A child that takes longer, timing aside, is killed and its cell says so: the largest clusters build in seconds. */
export const TIMEOUT_MS = 120_000;

/** The child crashed, hung or reported a wrong decision. */
export class ReplicateError extends Error {
  override readonly name = "ReplicateError";
}

/** The CPU that children are pinned to: the last, because the first often serves interrupts; null without taskset. */
export function pinnableCpu(): number | null {
  if (os.platform() !== "linux" || os.cpus().length < 2) return null;
  const cpu = os.cpus().length - 1;
  try {
    execFileSync("taskset", ["-c", String(cpu), "true"], { stdio: "ignore" });
    return cpu;
  } catch {
    return null;
  }
}

/**
 * Words before the command of a child: pinned to a CPU, and killed by the kernel when the parent dies, however that
 * dies (prctl(2), PR_SET_PDEATHSIG). Without setpriv (util-linux) an orphan ends by itself when its replicate does.
 */
export function childPrefix(cpu: number | null): readonly string[] {
  return [...pdeathsig(), ...(cpu === null ? [] : ["taskset", "-c", String(cpu)])];
}

let setpriv: readonly string[] | undefined;
function pdeathsig(): readonly string[] {
  if (setpriv === undefined) {
    const words = ["setpriv", "--pdeath-signal", "KILL"];
    try {
      execFileSync(words[0]!, [...words.slice(1), "true"], { stdio: "ignore" });
      setpriv = words;
    } catch {
      setpriv = [];
    }
  }
  return setpriv;
}

export interface Ran {
  readonly measured: Measured | Counted;
  /** From start to end of the process, milliseconds. */
  readonly wallMs: number;
}

/**
 * Runs a job in `childScript` and returns what it measured. Throws ReplicateError with the child's own words, or with
 * what became of it: killed, as it is once `signal` aborts, hung, or something else than a measurement.
 */
export function runReplicate(
  childScript: string,
  job: Job,
  prefix: readonly string[],
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Ran> {
  const [command, ...args] = [...prefix, process.execPath, ...CHILD_FLAGS, childScript];
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command!, args, {
      stdio: ["pipe", "ignore", "pipe", "pipe"],
      killSignal: "SIGKILL",
      ...(signal && { signal }),
    });
    let sent = "";
    const words = lastWords(child, ["stderr"]);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, timeoutMs);
    const measurement = child.stdio[MEASUREMENT_FD];
    if (measurement instanceof Readable) {
      measurement.setEncoding("utf8").on("data", (text: string) => {
        sent += text;
      });
    }
    child.on("error", (error) => {
      // One that has been started is waited for, so that none is left behind an end.
      if (child.pid === undefined) finish(() => reject(new ReplicateError(error.message)));
    });
    child.on("close", (code, killedBy) =>
      finish(() => {
        const wallMs = performance.now() - started;
        const reason = timedOut
          ? `it hung and was killed after ${timeoutMs / 1000} s`
          : (errorIn(words()) ?? `the process ended with ${killedBy ?? `code ${code}`}`);
        if (code !== 0) reject(new ReplicateError(reason));
        else if (sent === "") reject(new ReplicateError("the process ended without a measurement"));
        else {
          try {
            resolve({ measured: parseMeasured(sent), wallMs });
          } catch (error) {
            reject(error instanceof MalformedMessageError ? new ReplicateError(error.message) : error);
          }
        }
      }),
    );
    // A child that dies before it has read its job must not take the parent along (EPIPE).
    child.stdin?.on("error", () => {});
    child.stdin?.end(JSON.stringify(job));

    function finish(settle: () => void): void {
      clearTimeout(timer);
      settle();
    }
  });
}

/** Who sends measurements. */
const FROM = "the process of a replicate";

/** Throws MalformedMessageError that names the field. */
function parseMeasured(text: string): Measured | Counted {
  const measured = readMessage(text, FROM);
  const isCounted = typeof measured === "object" && measured !== null && "counts" in measured;
  return checkMessage<Measured | Counted>(isCounted ? countedSchema : measuredSchema, measured, FROM);
}
