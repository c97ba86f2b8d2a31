/** Arguments of `lbscale run`. Each refusal is one line that says what would do. */

import { UsageError } from "../../errors.js";
import { KERNEL_PLANE_IDS } from "../../kernel/plane.js";
import { isCiliumPlane } from "../../kernel/planes/cilium/id.js";
import { isKubeProxyPlane, NOT_IN_GUEST, realProgramOf } from "../../kernel/planes/kube-proxy/id.js";
import { checkRealProgram, isRealProgram, REAL_PROGRAM_FORMS } from "../../kernel/planes/real-programs.js";
import { BOUNDS, type LaneId } from "../../run/bounds.js";
import { parseChoices, parseInteger, parseList, parseNumber, parseShare } from "./parse.js";

/** One of the known words. */
export function parseChoice<T extends string>(text: string, name: string, known: readonly T[]): T {
  const choice = known.find((candidate) => candidate === text);
  if (choice === undefined) {
    throw new UsageError(`--${name} "${text}" is unknown: choose from ${known.join(", ")}`);
  }
  return choice;
}

/** `7`, or `7-30`: at least seven, at most thirty where the interval is wide. */
export function parseReplicates(text: string): { least: number; most: number } {
  const [first = "", second, ...more] = text.split("-");
  const least = parseInteger(first, "replicates", ...BOUNDS.replicates);
  const most = second === undefined ? least : parseInteger(second, "replicates", ...BOUNDS.replicates);
  if (more.length > 0 || most < least) {
    throw new UsageError(`--replicates "${text}": give a number, or least and most such as 7-30`);
  }
  return { least, most };
}

/** `iptables=0.1`: a plane that does a tenth more work than it reports. */
export function parseSlowdown(text: string, _: LaneId, name: string): { plane: string; share: number } {
  const [plane = "", share = ""] = text.split("=");
  const [first = ""] = parseList(plane, name);
  return { plane: first, share: parseShare(share, name) };
}

/** An exponent of Zipf's law. */
export function parseExponent(text: string): number {
  const value = parseNumber(text);
  const [min, max] = BOUNDS.zipf;
  if (!(value >= min && value <= max)) {
    throw new UsageError(`--zipf "${text}": give an exponent from ${min} (uniform) to ${max}`);
  }
  return value;
}

/** Planes that lbscale writes itself in their order, then real programs as they were given. */
export function parseKernelPlanes(text: string, name: string): string[] {
  const given = [...new Set(parseList(text, name))];
  const programs = given.filter(isRealProgram);
  for (const id of programs) checkRealProgram(id);
  const own = given.filter((id) => !isRealProgram(id));
  const unknown = own.find((id) => !KERNEL_PLANE_IDS.some((known) => known === id));
  const real = unknown === undefined ? undefined : realProgramOf(unknown);
  if (real !== undefined) {
    throw new UsageError(
      `--${name} "${unknown}": in the kernel lane only real programs have versions: give ${real}`,
    );
  }
  if (unknown !== undefined) {
    throw new UsageError(
      `--${name} "${unknown}" is unknown: choose from ${KERNEL_PLANE_IDS.join(", ")}, or give ${REAL_PROGRAM_FORMS}`,
    );
  }
  return [...KERNEL_PLANE_IDS.filter((id) => own.includes(id)), ...programs];
}

/** Planes of the guest, where no real program is one. */
export function parseGuestPlanes(text: string, name: string): string[] {
  const given = parseList(text, name);
  const proxy = given.find(isKubeProxyPlane);
  if (proxy !== undefined) throw new UsageError(`--${name} "${proxy}": ${NOT_IN_GUEST}; leave it out`);
  const cilium = given.find(isCiliumPlane);
  if (cilium !== undefined) {
    throw new UsageError(`--${name} "${cilium}": the guest's kernel has no JIT for BPF; leave it out`);
  }
  return parseChoices(text, name, KERNEL_PLANE_IDS);
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** `90s`, `5m`, `1h`; a number alone is seconds. */
export function parseSeconds(text: string, _: LaneId, name: string): number {
  const match = /^(\d+)([smh]?)$/.exec(text.trim());
  const seconds = Number(match?.[1] ?? Number.NaN) * (UNIT_SECONDS[match?.[2] || "s"] ?? Number.NaN);
  const [min, max] = BOUNDS.seconds;
  if (!(seconds >= min && seconds <= max)) {
    throw new UsageError(
      `--${name} "${text}": give a time from ${min}s to ${max / 3600}h, such as 90s or 5m`,
    );
  }
  return seconds;
}
