/**
 * How long a test waits for a process or for what comes sooner or later, milliseconds. It ends what hangs; no test asserts
 * it, and nothing that works takes nearly so long on the slowest machine.
 */
export const LONGEST_MS = 1_800_000;

/** Words of a run in the kernel's lane whose profile would end it sooner on a slow machine. */
export const UNHURRIED = ["--budget", "2h"] as const;

/** The same where a real program is measured. */
export const PATIENT_WITH_PROGRAMS = [...UNHURRIED, "--duration", "30m"] as const;
