/** Arguments of `lbscale run`, by what its options take. Each refusal is one line that says what would do. */

import { resolve } from "node:path";
import { UsageError } from "../../errors.js";
import { KERNEL_PLANE_IDS } from "../../kernel/plane.js";
import { isCiliumPlane } from "../../kernel/planes/cilium/id.js";
import { isKubeProxyPlane, NOT_IN_GUEST, realProgramOf } from "../../kernel/planes/kube-proxy/id.js";
import { checkRealProgram, isRealProgram, REAL_PROGRAM_FORMS } from "../../kernel/planes/real-programs.js";
import type { Bounds, Toleration, Values } from "../../values.js";
import { parseChoices, parseInteger, parseIntegers, parseList, parseNumber, parseShare } from "./parse.js";

/** What a text stands for, where an option takes such values. */
export function parseValue(values: Values, text: string, name: string): unknown {
  switch (values.kind) {
    case "text":
      return text;
    case "path":
      return resolve(text);
    case "flag":
      return text === "true";
    case "labels":
      return parseSelector(text, name);
    case "taints":
      return parseTolerations(text, name);
    case "names":
      return parseList(text, name);
    case "names or all":
      return text === "all" ? text : parseList(text, name);
    case "choice":
      parseChoice(text, name, values.choices.map(String));
      return values.choices.find((choice) => String(choice) === text);
    case "choices":
      return parseChoices(text, name, values.choices);
    case "integer":
      return parseInteger(text, name, ...values.bounds);
    case "integers":
      return parseIntegers(text, name, ...values.bounds);
    case "range":
      return parseRange(text, name, values.bounds);
    case "seconds":
      return parseSeconds(text, name, values.bounds);
    case "number": {
      const [min, max] = values.bounds;
      const value = parseNumber(text);
      if (value >= min && value <= max) return value;
      throw new UsageError(`--${name} "${text}": give ${values.accepted}`);
    }
    case "share of a plane": {
      const [plane = "", share = ""] = text.split("=");
      const [first = ""] = parseList(plane, name);
      return { plane: first, share: parseShare(share, name) };
    }
  }
}

/** One of the known words. */
export function parseChoice<T extends string>(text: string, name: string, known: readonly T[]): T {
  const choice = known.find((candidate) => candidate === text);
  if (choice === undefined) {
    throw new UsageError(`--${name} "${text}" is unknown: choose from ${known.join(", ")}`);
  }
  return choice;
}

/** `7`, or `7-30`: at least seven, at most thirty where the interval is wide. */
function parseRange(text: string, name: string, bounds: Bounds): { least: number; most: number } {
  const [first = "", second, ...more] = text.split("-");
  const least = parseInteger(first, name, ...bounds);
  const most = second === undefined ? least : parseInteger(second, name, ...bounds);
  if (more.length > 0 || most < least) {
    throw new UsageError(`--${name} "${text}": give a number, or least and most such as 7-30`);
  }
  return { least, most };
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
function parseSeconds(text: string, name: string, [min, max]: Bounds): number {
  const match = /^(\d+)([smh]?)$/.exec(text.trim());
  const seconds = Number(match?.[1] ?? Number.NaN) * (UNIT_SECONDS[match?.[2] || "s"] ?? Number.NaN);
  if (!(seconds >= min && seconds <= max)) {
    throw new UsageError(
      `--${name} "${text}": give a time from ${min}s to ${max / 3600}h, such as 90s or 5m`,
    );
  }
  return seconds;
}

/** `pool=test,disk=ssd` */
function parseSelector(text: string, name: string): Record<string, string> {
  return Object.fromEntries(
    parseList(text, name).map((part) => {
      const [key = "", value, ...more] = part.split("=");
      if (key === "" || value === undefined || more.length > 0) {
        throw new UsageError(`--${name} "${part}": give labels such as pool=test`);
      }
      return [key, value];
    }),
  );
}

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"] as const;

/** `dedicated=test:NoSchedule`, `dedicated:NoSchedule`, `dedicated` */
function parseTolerations(text: string, name: string): Toleration[] {
  return parseList(text, name).map((part) => {
    const [left = "", effectText, ...more] = part.split(":");
    const [key = "", value] = left.split("=");
    const effect = EFFECTS.find((known) => known === effectText);
    if (key === "" || more.length > 0 || (effectText !== undefined && effect === undefined)) {
      throw new UsageError(`--${name} "${part}": give taints such as dedicated=test:NoSchedule`);
    }
    return {
      key,
      ...(value === undefined ? { operator: "Exists" as const } : { operator: "Equal" as const, value }),
      ...(effect !== undefined && { effect }),
    };
  });
}
