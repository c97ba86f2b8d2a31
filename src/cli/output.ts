/** Writing to people and to programs. */

import { maxOf } from "../stats/extent.js";
import { plainText } from "../text.js";

/** The longest path that Linux knows, and more than a line needs. */
export const PATH_LENGTH = 4096;

/** Writes to standard output, waiting where a pipe is slow: a million services must not pile up in memory. */
export async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once("drain", resolve));
}

/** Prints a value as JSON on a line. */
export async function printJson(value: unknown): Promise<void> {
  await print(`${JSON.stringify(value, null, 2)}\n`);
}

/** A note for the person at the terminal, on standard error, without control codes. */
export function note(text: string): void {
  process.stderr.write(`${plainText(text, 2000)}\n`);
}

/** Columns padded to their widest cell: first column left, the others right. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => maxOf(rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((text, column) => (column === 0 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** `COLUMNS` where it is set, as for other tools; else what the terminal says; undefined if there is none. */
export function terminalColumns(env: NodeJS.ProcessEnv = process.env): number | undefined {
  const set = Number(env.COLUMNS);
  return Number.isInteger(set) && set >= 20 ? set : process.stdout.columns;
}
