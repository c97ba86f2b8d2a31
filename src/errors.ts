/** Something the user gave us can't be used: printed as one line, exit code 2. The message says what to do. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** A check found what it looks for (planes disagree, a regression): exit code 1. */
export class CheckFailedError extends Error {
  override readonly name: string = "CheckFailedError";
}
