/** Ctrl-C: what was measured is kept, and the process ends with 130. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

/** Ctrl-C, `kill`, and a terminal that closes. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Does work that a signal asks to stop: it aborts, and the work saves what it has. A second signal of the same kind kills
 * the process, as usual.
 */
export async function withAbortOnSignal<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  for (const signal of SIGNALS) process.once(signal, interrupt);
  try {
    return await work(interruption.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}
