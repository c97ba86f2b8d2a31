/** What can go wrong with a cluster. */

import { CheckFailedError, InputError } from "../errors.js";

/** This cluster, or this user of it, can't do what a run needs. Nothing was made, or what was made is gone. */
export class ClusterUnfitError extends InputError {
  override readonly name: string = "ClusterUnfitError";
}

/** The cluster stopped doing what a run needs, or a Service was answered by the wrong endpoint. */
export class ClusterFailedError extends CheckFailedError {
  override readonly name: string = "ClusterFailedError";
}
