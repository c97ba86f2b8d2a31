/** Ctrl-C: what was measured is saved, exit code 130. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}
