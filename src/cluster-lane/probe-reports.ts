/** What a probe writes into its log (native/cluster-probe/): JSON, one report per line. */

import { z } from "zod";
import { formatCount, plainText } from "../text.js";
import { PROTOCOLS, type Protocol } from "./bounds.js";
import { ClusterFailedError } from "./errors.js";

const protocol = z.enum(PROTOCOLS);
const nanoseconds = z.array(z.int().min(0));
const outcomes = z.object({
  reached: z.int(),
  wrong: z.int(),
  refused: z.int(),
  timedOut: z.int(),
  unreachable: z.int(),
  other: z.int(),
});

/** A digit for each connection. */
const flags = z.string().regex(/^[01]*$/);

const idleState = z.object({ name: z.string().max(32), exitUs: z.int().min(0), spentUs: z.int().min(0) });

/** A state of idle CPUs: how long one takes to leave it, and how long all CPUs of a node were in it while probes measured. */
export type IdleState = Readonly<z.infer<typeof idleState>>;

const report = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("floor"),
    protocol,
    resolutionNs: z.int(),
    clockNs: z.int(),
    connectNs: nanoseconds,
    exchangeNs: nanoseconds,
  }),
  z.object({ kind: z.literal("settled"), ms: z.int() }),
  z.object({ kind: z.literal("unsettled"), answered: z.int(), outcome: z.string(), ms: z.int() }),
  z.object({
    kind: z.literal("samples"),
    round: z.int(),
    protocol,
    path: z.enum(["service", "endpoint"]),
    connectNs: nanoseconds,
    exchangeNs: nanoseconds,
    near: flags,
    ipv6: flags,
  }),
  z.object({ kind: z.literal("round"), round: z.int(), protocol, wallMs: z.int(), cpuUs: z.int(), outcomes }),
  z.object({ kind: z.literal("idle"), states: z.array(idleState) }),
  z.object({ kind: z.literal("failed"), reason: z.string() }),
  z.object({ kind: z.literal("end") }),
]);

type Report = z.infer<typeof report>;
type Path = "service" | "endpoint";

/**
 * Times of one path in one round, in the order in which they were measured. TCP: until it is connected, then a request and
 * its answer; UDP: a request and its answer from a new port, then another from the same.
 */
export interface PathTimes {
  readonly connectNs: number[];
  readonly exchangeNs: number[];
}

/** The same through the cluster. */
export interface PlacedTimes extends PathTimes {
  /** Of each connection, whether the endpoint that answered is on the probe's node. */
  readonly isNear: boolean[];
  /** And whether it was reached by IPv6. */
  readonly isIpv6: boolean[];
}

/** One round of one probe. */
export interface ProbeRound extends Readonly<Record<Path, PlacedTimes>> {
  readonly protocol: Protocol;
  readonly wallMs: number;
  readonly cpuUs: number;
  readonly outcomes: z.infer<typeof outcomes>;
}

/** What one probe measured. */
export interface ProbeLog {
  /** What its clock tells apart, and what two readings in a row differ by. */
  readonly resolutionNs: number;
  readonly clockNs: number;
  /** Connections within the pod: the least that any can take. */
  readonly loopback: Readonly<Partial<Record<Protocol, PathTimes>>>;
  /** From the start of the probe until every Service had answered. */
  readonly settledMs: number;
  readonly rounds: readonly ProbeRound[];
  /** Empty where the node does not show any. */
  readonly idleStates: readonly IdleState[];
}

/** A Service did not answer as long as a probe waited for it. */
class UnsettledError extends ClusterFailedError {
  override readonly name: string = "UnsettledError";
}

/**
 * Reads a probe's log.
 *
 * @throws UnsettledError where a Service did not answer in time, and other ClusterFailedErrors where the probe says that it failed
 * or its log ends too early.
 */
export function parseProbeLog(text: string): ProbeLog {
  const reports = text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map(parseLine);
  for (const entry of reports) {
    if (entry.kind === "failed")
      throw new ClusterFailedError(`the probe failed: ${plainText(entry.reason, 200)}`);
    if (entry.kind === "unsettled") {
      throw new UnsettledError(
        `Service ${formatCount(entry.answered + 1)} did not answer within ${Math.round(entry.ms / 1000)} s (${plainText(entry.outcome, 20)}): the plane is not programmed by then, or a NetworkPolicy is in the way`,
      );
    }
  }
  const floors = reports.filter((entry) => entry.kind === "floor");
  const [floor] = floors;
  const settled = reports.find((entry) => entry.kind === "settled");
  if (!floor || !settled || reports.at(-1)?.kind !== "end") {
    throw new ClusterFailedError(
      "a probe's log ends too early: its pod was ended, or the node keeps too little of a log; measure for a shorter time",
      ["durationSeconds"],
    );
  }
  const allSamples = reports.filter((entry) => entry.kind === "samples");
  const timesOf = (round: number, protocol: Protocol, path: Path): PlacedTimes => {
    const samples = allSamples.filter(
      (entry) => entry.round === round && entry.protocol === protocol && entry.path === path,
    );
    return {
      connectNs: samples.flatMap(({ connectNs }) => connectNs),
      exchangeNs: samples.flatMap(({ exchangeNs }) => exchangeNs),
      isNear: samples.flatMap(({ near }) => readFlags(near)),
      isIpv6: samples.flatMap(({ ipv6 }) => readFlags(ipv6)),
    };
  };
  return {
    resolutionNs: floor.resolutionNs,
    clockNs: floor.clockNs,
    settledMs: settled.ms,
    idleStates: reports.flatMap((entry) => (entry.kind === "idle" ? entry.states : [])),
    loopback: Object.fromEntries(
      floors.map(({ protocol, connectNs, exchangeNs }) => [protocol, { connectNs, exchangeNs }]),
    ),
    rounds: reports
      .filter((entry) => entry.kind === "round")
      .map(({ round, protocol, wallMs, cpuUs, outcomes }) => ({
        protocol,
        wallMs,
        cpuUs,
        outcomes,
        service: timesOf(round, protocol, "service"),
        endpoint: timesOf(round, protocol, "endpoint"),
      })),
  };
}

/** A probe's log; null where the time of the run was over before each Service had answered. */
export function settledLog(text: string, isShort: boolean): ProbeLog | null {
  try {
    return parseProbeLog(text);
  } catch (error) {
    if (isShort && error instanceof UnsettledError) return null;
    throw error;
  }
}

const readFlags = (digits: string): boolean[] => [...digits].map((digit) => digit === "1");

function parseLine(line: string): Report {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new ClusterFailedError(`a probe wrote what is no report: ${plainText(line, 100)}`);
  }
  const checked = report.safeParse(parsed);
  if (!checked.success)
    throw new ClusterFailedError(`a probe wrote what is no report: ${plainText(line, 100)}`);
  return checked.data;
}
