/** Work, and what has to be taken away after it whatever became of it. */

/**
 * Does the work, then every step, also where the work or another step failed.
 *
 * @returns what the work returned
 * @throws what the work threw; else what the first step threw
 */
export async function thenCleanUp<T>(work: () => Promise<T>, steps: readonly (() => unknown)[]): Promise<T> {
  const [done] = await Promise.allSettled([work()]);
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (done.status === "rejected") throw done.reason;
  if (failures.length > 0) throw failures[0];
  return done.value;
}
