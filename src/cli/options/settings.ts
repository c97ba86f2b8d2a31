/** Names of options for settings of the library, whose errors know settings only. Light: every error is printed with it. */

import { CheckFailedError, InputError } from "../../errors.js";

/** Options that are not spelled as their setting is. */
const NAMES: Readonly<Record<string, string>> = {
  budgetSeconds: "budget",
  durationSeconds: "duration",
  nodeAddresses: "node-address",
  protocols: "protocol",
  slowdown: "slow-down",
  timeoutMs: "timeout",
};

/** `--node-selector` for `nodeSelector`. */
export function optionOf(setting: string): string {
  const name = NAMES[setting] ?? setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `--${name}`;
}

/** An error's message, with the options that set what it speaks of. */
export function messageOf(error: unknown): string {
  if (!(error instanceof InputError || error instanceof CheckFailedError)) {
    return error instanceof Error ? error.message : String(error);
  }
  const { message, settings } = error;
  return settings.length === 0 ? message : `${message} (${settings.map(optionOf).join(", ")})`;
}
