/**
 * How long a test waits for a process or for what comes sooner or later, milliseconds. It ends what hangs; no test asserts
 * it, and nothing that works takes nearly so long on the slowest machine.
 */
export const LONGEST_MS = 1_800_000;
