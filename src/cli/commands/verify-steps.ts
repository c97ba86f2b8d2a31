/** What `verify` prints of a comparison with a real program: one after the start, and one after each change. */

import { CheckFailedError } from "../../errors.js";
import { formatDifferences, type VerifyStep } from "../../kernel/real-program/differences.js";
import { formatCount } from "../../text.js";
import { InterruptedError, withAbortOnSignal } from "../interruption.js";
import { print, printJson } from "../output.js";
import { Progress } from "../progress.js";

/** Lines of a diff; the rest is counted. */
const SHOWN_LINES = 200;

export interface ProgramComparison {
  /** The real program, for sentences: `kube-proxy`, `Cilium`. */
  readonly program: string;
  /** The same with its version and mode. */
  readonly title: string;
  /** What is compared: `rules`, `map entries`. */
  readonly what: string;
  /** A unit of it: `lines of rules`. */
  readonly unit: string;
  /** Where its counts are not those of the model: `syncs wrote`. */
  readonly counted: string;
  readonly services: number;
  readonly changes: number;
  /** Printed below the changes: what of them is taken from the program itself; null where the READMEs say it all. */
  readonly footnote: string | null;
  /** The heading above the steps in JSON; undefined: text is asked for. */
  readonly json: object | undefined;
  readonly compare: (signal: AbortSignal, onWait: (what: string) => void) => AsyncIterable<VerifyStep>;
}

/** Throws CheckFailedError where the program wrote, or did, something else than lbscale models. */
export async function printSteps(comparison: ProgramComparison): Promise<void> {
  const { program, title, json, changes } = comparison;
  const steps: VerifyStep[] = [];
  const progress = new StepProgress(1 + changes);
  await withAbortOnSignal(async (signal) => {
    progress.show(0, `${title.split(" ").slice(0, 2).join(" ")} writes its first ${comparison.what}`);
    try {
      for await (const step of comparison.compare(signal, (what) => progress.wait(steps.length, what))) {
        steps.push(step);
        progress.end();
        if (json === undefined) await print(stepText(step, steps.length - 1, comparison));
        progress.show(steps.length, "a change");
      }
    } catch (error) {
      progress.end();
      throw signal.aborted ? new InterruptedError(`interrupted: ${program} was ended`) : error;
    }
  });
  if (json !== undefined) await printJson({ ...json, steps });
  else if (comparison.footnote !== null && changes > 0) await print(`${comparison.footnote}\n`);
  const lines = steps.reduce((sum, { differences }) => sum + differences.length, 0);
  const writes = steps.filter((step) => (step.writes?.length ?? 0) > 0).length;
  if (lines + writes === 0) return;
  const reasons = [
    ...(lines > 0 ? [`${formatCount(lines)} ${comparison.unit} differ`] : []),
    ...(writes > 0 ? [`${formatCount(writes)} ${comparison.counted} other counts`] : []),
  ];
  throw new CheckFailedError(`${title}: ${reasons.join(", ")}`);
}

function stepText(
  { change, lines, differences, writes, wrote = {} }: VerifyStep,
  index: number,
  { title, what, unit, services }: ProgramComparison,
): string {
  const step =
    change === undefined
      ? `${title}, ${formatCount(services)} Services, ${formatCount(lines)} ${unit}`
      : `${index}. ${change}`;
  const counts = writes?.map(
    (each) => `  wrote ${formatCount(each.real)} ${each.what}, modelled as ${formatCount(each.lbscale)}\n`,
  );
  const counted = Object.entries(wrote).map(([kind, count]) => `${kind} ${formatCount(count)}`);
  const said = writes?.length === 0 ? ["writes as modelled", ...counted].join(", ") : "";
  const diff =
    differences.length > 0
      ? formatDifferences(differences, { program: title, what, limit: SHOWN_LINES })
      : "";
  return `${step}: ${formatCount(differences.length)} differences${said && `, ${said}`}\n${(counts ?? []).join("")}${diff}`;
}

/** How far it is, and how long the changes that are left will take, if they take as long as those so far. */
class StepProgress {
  readonly #progress = new Progress(process.stderr, "comparing");
  readonly #total: number;
  #firstAt: number | undefined;

  constructor(total: number) {
    this.#total = total;
  }

  /** Says that so many of the readings are compared, the one of the start among them, and what is next. */
  show(done: number, next: string): void {
    // Elsewhere than on a terminal an error of the start is one line.
    if (done === this.#total || (done === 0 && !process.stderr.isTTY)) return;
    const now = performance.now();
    const leftMs =
      this.#firstAt === undefined || done < 2
        ? null
        : ((now - this.#firstAt) / (done - 1)) * (this.#total - done);
    if (done === 1) this.#firstAt = now;
    this.#progress.show(done, this.#total, leftMs, next);
  }

  /** Says what takes long, on a terminal or not: without it nothing tells work from standing still. */
  wait(done: number, what: string): void {
    this.#progress.show(done, this.#total, null, what);
  }

  end(): void {
    this.#progress.end();
  }
}
