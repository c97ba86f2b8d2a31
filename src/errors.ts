/**
 * Errors with a message for users: one line that says what is wrong and what to do. The command line maps them to exit codes.
 * Messages name no option of the command line, which a program that calls the library does not have.
 */

/** Something that was given can't be used. The base of all such errors: catch this one, or the class that you expect. */
export class InputError extends Error {
  override readonly name: string = "InputError";
  /** Settings whose change helps, as fields of a specification or of options name them; the command line prints its options. */
  readonly settings: readonly string[];

  /**
   * @param message One line: what is wrong, and what to do.
   * @param settings What to change, such as `nodeSelector`; none where nothing that was given helps.
   */
  constructor(message: string, settings: readonly string[] = []) {
    super(message);
    this.settings = settings;
  }
}

/** The command line can't be understood: an unknown command, or an option that is missing, wrong or out of place. */
export class UsageError extends InputError {
  override readonly name: string = "UsageError";
}

/** A cluster, or a request to generate one, that can't be: an address range is full, two services collide. */
export class InvalidClusterError extends InputError {
  override readonly name: string = "InvalidClusterError";
}

/** A change that a cluster can't undergo, such as removing an endpoint that it does not have. */
export class InvalidChangeError extends InputError {
  override readonly name: string = "InvalidChangeError";
}

/** Text to import that is damaged, too large, or in no known format. Names the line, object or field. */
export class InvalidInputError extends InputError {
  override readonly name: string = "InvalidInputError";
}

/** A cluster that the requested export format can't express, such as a name that Kubernetes refuses. */
export class NotRepresentableError extends InputError {
  override readonly name: string = "NotRepresentableError";
}

/** A value that an option of a plane, a cost model or a chart does not accept. */
export class InvalidOptionError extends InputError {
  override readonly name: string = "InvalidOptionError";
}

/** No plane, chart, service or node has the name that was given, or none was given of several. Names those that exist. */
export class UnknownNameError extends InputError {
  override readonly name: string = "UnknownNameError";
}

/** A plane can't hold the cluster: a limit of the kernel, of kube-proxy or of Cilium. */
export class PlaneLimitError extends InputError {
  override readonly name: string = "PlaneLimitError";
}

/** A BPF map or a connection table has fewer entries than are needed; the kernel would return E2BIG or drop. */
export class MapFullError extends PlaneLimitError {
  override readonly name: string = "MapFullError";
}

/** A results.json that can't be read, written or locked, or is no such file. */
export class ResultsFileError extends InputError {
  override readonly name: string = "ResultsFileError";
}

/** This machine can't do it: the wrong operating system, or a program or right that is missing. */
export class UnsupportedHostError extends InputError {
  override readonly name: string = "UnsupportedHostError";
}

/** A check found what it looks for: planes disagree, or a regression. */
export class CheckFailedError extends Error {
  override readonly name: string = "CheckFailedError";
  /** As those of an `InputError`. */
  readonly settings: readonly string[];
  /** Whether nothing could be checked, because a program is missing: bad usage to the command line. */
  readonly lacksProgram: boolean = false;

  /**
   * @param message One line: what was found, and what to do.
   * @param settings As for an `InputError`.
   */
  constructor(message: string, settings: readonly string[] = []) {
    super(message);
    this.settings = settings;
  }
}

/**
 * A value that can only be absent by an error of lbscale itself, which must not go on with a placeholder.
 *
 * @param value What is there.
 * @param missing What to say where it is not: one sentence.
 * @returns The value.
 * @throws RangeError where it is not there.
 * @internal
 */
export function present<T>(value: T | undefined, missing: string): T {
  if (value === undefined) throw new RangeError(missing);
  return value;
}
