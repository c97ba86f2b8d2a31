/** Ctrl-C: what was measured is kept, and the process ends with 130. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

/**
 * Does work that SIGINT and SIGTERM ask to stop: they abort the signal, and the work saves what it has. A second one of a
 * kind kills, as ever. Files are written within the work, so that none is left half-written under its temporary name.
 */
export async function withAbortOnSignal<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    return await work(interruption.signal);
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}
