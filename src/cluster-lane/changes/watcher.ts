/** One pod that waits for changes to reach it, spoken to over `kubectl attach`: native/cluster-probe/, `watch`. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Protocol } from "../bounds.js";
import { ClusterFailedError } from "../errors.js";
import type { ClusterLaneOptions } from "../options.js";
import { type ClockOffset, offsetOf, type RoundTrip } from "./clock.js";

const ns = z.number().min(0);
const report = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("clock"), id: z.int(), ns }),
  z.object({ kind: z.literal("watching"), id: z.int() }),
  z.object({
    kind: z.literal("seen"),
    id: z.int(),
    frontends: z.array(z.object({ firstNs: ns, lastOtherNs: ns })),
  }),
]);
type Report = z.infer<typeof report>;

/** What a pod saw of a change, by its own clock; null: nothing. */
export interface Sighting {
  /** The first connection that reached what was waited for. */
  readonly firstNs: number | null;
  /** The last that reached anything else. */
  readonly lastOtherNs: number | null;
}

/** An address and port of a Service, and who is to answer there. */
export interface Frontend {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
  /** An endpoint; null: any. */
  readonly wanted: string | null;
}

/** Frontends that a pod connects to, all at once, until each answers from its wanted endpoint or the time is over. */
export interface WatchRequest {
  readonly frontends: readonly Frontend[];
  readonly intervalUs: number;
  readonly seconds: number;
}

/** Round trips of a comparison of clocks. */
const TRIPS = 50;
const ANSWER_MS = 10_000;
/** As long as a request to the API server is repeated: the stream goes through it. */
const ATTACH_PATIENCE_MS = 40_000;
const ATTACH_PAUSE_MS = 1000;

/**
 * kubectl does not end with its standard input, and would outlive a killed run. So a second process reads from a pipe, which the
 * kernel closes when this process ends, however it ends, and then kills kubectl. A line on the pipe: kubectl has ended by itself.
 */
const ATTACH_SCRIPT = '{ read -r _ <&3 || kill $$; } >/dev/null 2>&1 & exec 3<&-; exec kubectl "$@"';

/** Nanoseconds of this process's clock. */
export const nowNs = (): number => Math.round(performance.now() * 1e6);

/** A request whose report has not come yet. */
interface Waiting {
  readonly answer: (report: Report) => void;
  readonly giveUp: () => void;
}

/** Starts kubectl, which ends with this process. */
export function spawnBound(args: readonly string[]): ChildProcess {
  const child = spawn("sh", ["-c", ATTACH_SCRIPT, "sh", ...args], {
    detached: true,
    stdio: ["pipe", "pipe", "ignore", "pipe"],
  });
  const lifeline = child.stdio[3];
  lifeline?.on("error", () => {});
  child.on("exit", () => {
    if (lifeline instanceof Writable) lifeline.end("\n");
  });
  return child;
}

/** Attaches at the first request, and again where the stream has ended since; `close` ends it. */
export class Watcher {
  readonly node: string;
  readonly #args: readonly string[];
  readonly #waiting = new Map<string, Waiting>();
  #child: ChildProcess | null = null;
  #lastId = 0;

  constructor(
    where: Pick<ClusterLaneOptions, "kubeconfig" | "context">,
    namespace: string,
    pod: { readonly name: string; readonly node: string },
  ) {
    this.node = pod.node;
    this.#args = [
      ...["attach", "--stdin", "--quiet", `--namespace=${namespace}`, pod.name],
      ...(where.kubeconfig === undefined ? [] : [`--kubeconfig=${where.kubeconfig}`]),
      ...(where.context === undefined ? [] : [`--context=${where.context}`]),
    ];
  }

  /**
   * Compares the clocks; where the stream broke, a new one is opened.
   *
   * @throws ClusterFailedError where none can be.
   */
  async compareClocks(): Promise<ClockOffset> {
    const begunMs = performance.now();
    for (;;) {
      try {
        const trips: RoundTrip[] = [];
        while (trips.length < TRIPS) {
          const sentNs = nowNs();
          const { ns: podNs, receivedNs } = await this.#ask("clock", (id) => `clock ${id}`, ANSWER_MS);
          trips.push({ sentNs, receivedNs, podNs });
        }
        return offsetOf(trips);
      } catch (error) {
        if (performance.now() - begunMs > ATTACH_PATIENCE_MS) throw error;
        this.close();
        await sleep(ATTACH_PAUSE_MS);
      }
    }
  }

  /** Begins to watch; resolves once it does, with a promise of what is seen of each frontend. */
  async watch({
    frontends,
    intervalUs,
    seconds,
  }: WatchRequest): Promise<{ seen: Promise<readonly Sighting[]> }> {
    const id = ++this.#lastId;
    const begun = this.#expect("watching", id, ANSWER_MS);
    const seen = this.#expect("seen", id, ANSWER_MS + seconds * 1000);
    const lines = frontends.map(
      ({ protocol, address, port, wanted }) => `${protocol} ${address} ${port} ${wanted ?? "any"}`,
    );
    this.#write([`watch ${id} ${intervalUs} ${seconds} ${frontends.length}`, ...lines].join("\n"));
    const orNull = (at: number) => (at === 0 ? null : at);
    const sightings = seen.then(({ frontends }) =>
      frontends.map(({ firstNs, lastOtherNs }) => ({
        firstNs: orNull(firstNs),
        lastOtherNs: orNull(lastOtherNs),
      })),
    );
    // They are awaited later, or never where the change fails.
    sightings.catch(() => {});
    await begun;
    return { seen: sightings };
  }

  /** Ends the stream and rejects what waits for a report, whose timers would keep this process for minutes. */
  close(): void {
    this.#child?.kill();
    this.#child = null;
    this.#giveUp();
  }

  #giveUp(): void {
    for (const { giveUp } of [...this.#waiting.values()]) giveUp();
  }

  async #ask<K extends Report["kind"]>(kind: K, line: (id: number) => string, timeoutMs: number) {
    const id = ++this.#lastId;
    const answer = this.#expect(kind, id, timeoutMs);
    this.#write(line(id));
    return answer;
  }

  #expect<K extends Report["kind"]>(kind: K, id: number, timeoutMs: number) {
    type Answer = Extract<Report, { kind: K }> & { readonly receivedNs: number };
    return new Promise<Answer>((resolve, reject) => {
      const key = `${kind} ${id}`;
      const end = () => {
        clearTimeout(timer);
        this.#waiting.delete(key);
      };
      const giveUp = () => {
        end();
        reject(new ClusterFailedError("a pod that waits for changes does not answer: see kubectl attach"));
      };
      const timer = setTimeout(giveUp, timeoutMs);
      const answer = (report: Report) => {
        end();
        resolve({ ...report, receivedNs: nowNs() } as Answer);
      };
      this.#waiting.set(key, { answer, giveUp });
    });
  }

  #write(line: string): void {
    this.#child ??= this.#attach();
    this.#child.stdin?.write(`${line}\n`);
  }

  #attach(): ChildProcess {
    // In a group of its own: Ctrl-C is for this process. It ends with the pod, if not before.
    const child = spawnBound(this.#args);
    child.stdin?.on("error", () => {});
    child.on("error", () => {});
    // After its last line: a stream that has ended answers nothing more.
    child.on("close", () => {
      if (this.#child !== child) return;
      this.#child = null;
      this.#giveUp();
    });
    if (child.stdout !== null)
      createInterface({ input: child.stdout }).on("line", (line) => {
        const parsed = report.safeParse(jsonOf(line));
        if (parsed.success) this.#waiting.get(`${parsed.data.kind} ${parsed.data.id}`)?.answer(parsed.data);
      });
    return child;
  }
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
