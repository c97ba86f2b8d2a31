/** Options of all planes that users may set: one line per plane that has some. */

import { InvalidOptionError, UnknownNameError } from "../errors.js";
import { CALICO_OPTIONS } from "./calico-ebpf/options.js";
import { EBPF_OPTIONS } from "./ebpf/options.js";
import { IPVS_OPTIONS } from "./ipvs/options.js";
import { KUBE_PROXY_OPTIONS } from "./kube-proxy-options.js";
import type { PlaneOption } from "./option.js";
import type { PlaneOptions } from "./plane.js";

/** In the order in which help shows them and results.json holds them. */
export const PLANE_OPTIONS: readonly PlaneOption[] = [
  ...KUBE_PROXY_OPTIONS,
  ...IPVS_OPTIONS,
  ...EBPF_OPTIONS,
  ...CALICO_OPTIONS,
];

/** Values of plane options by key, as results.json and a run's specification hold them. */
export type PlaneSettings = Readonly<Record<string, string | number>>;

/** The settings with the defaults of options that are not among them. */
export function withDefaults(settings: PlaneSettings): Record<string, string | number> {
  return Object.fromEntries(
    PLANE_OPTIONS.flatMap((option) => {
      const value = settings[option.key] ?? ("choices" in option ? option.default : undefined);
      return value === undefined ? [] : [[option.key, value]];
    }),
  );
}

/**
 * Turns settings into what planes take.
 *
 * @param settings Values by key.
 * @returns The same values, checked, texts read.
 * @throws UnknownNameError for a key that no plane declares, InvalidOptionError for a value that it does not take.
 */
export function planeOptionsFrom(settings: PlaneSettings): PlaneOptions {
  const plain: Record<string, string | number> = {};
  let read: PlaneOptions = {};
  for (const [key, value] of Object.entries(settings)) {
    const option = PLANE_OPTIONS.find((candidate) => candidate.key === key);
    if (!option) {
      const known = PLANE_OPTIONS.map((candidate) => candidate.key).join(", ");
      throw new UnknownNameError(`no plane has an option ${key}: choose from ${known}`);
    }
    if (!accepts(option, value)) {
      throw new InvalidOptionError(`${key} ${JSON.stringify(value)}: give ${acceptedValues(option)}`);
    }
    if ("isFlag" in option) read = { ...read, [key]: value === "true" };
    else if ("read" in option) read = { ...read, ...option.read(String(value)) };
    else plain[key] = value;
  }
  return arePlain(plain) ? { ...plain, ...read } : read;
}

/** Whether an option takes a value. */
export function accepts(option: PlaneOption, value: unknown): boolean {
  if ("choices" in option) return option.choices.some((choice) => choice === value);
  if ("isFlag" in option) return value === "true" || value === "false";
  if ("read" in option) return typeof value === "string" && option.read(value) !== undefined;
  const { numbers } = option;
  if (!("min" in numbers)) return numbers.some((number) => number === value);
  return Number.isSafeInteger(value) && Number(value) >= numbers.min && Number(value) <= numbers.max;
}

/** What an option takes, in words that fit after "give". */
export function acceptedValues(option: PlaneOption): string {
  if ("choices" in option) return `one of ${option.choices.join(", ")}`;
  if ("isFlag" in option) return "true or false";
  if ("read" in option) return option.accepted;
  const { numbers } = option;
  return "min" in numbers
    ? `a whole number from ${numbers.min} to ${numbers.max}`
    : `one of ${numbers.join(", ")}`;
}

/** Every key is of an option that planes take as it is given: the declarations and `PlaneOptions` name the same values. */
function arePlain(settings: PlaneSettings): settings is PlaneSettings & PlaneOptions {
  return Object.entries(settings).every(([key, value]) =>
    PLANE_OPTIONS.some(
      (option) => option.key === key && !("isFlag" in option || "read" in option) && accepts(option, value),
    ),
  );
}
