/** Refusals of an API server as errors for users: its own words, and what to do. */

import { ApiError, FULL } from "../api.js";
import { ClusterFailedError, ClusterUnfitError } from "../errors.js";

/** The cluster has no such family for Services (pkg/registry/core/service/storage/alloc.go of Kubernetes 1.35). */
const NOT_OFFERED = /not configured (on this cluster|for dual-stack)/;
/** Authorization's words; every other 403 is admission's (apiserver's `responsewriters` of Kubernetes 1.36). */
const LACKS_RIGHT = /cannot \S+ (resource|path) "/;
const QUOTA = /(exceeded|failed) quota: /;
/** Words of webhooks and policies, which choose their own status, where other admission answers 403. */
const POLICY = /denied (the )?request/;

/** Whether authorization refused, and not admission. */
export const lacksRight = (error: unknown): boolean =>
  error instanceof ApiError && error.status === 403 && LACKS_RIGHT.test(error.message);

/** Whether a webhook or a policy refused, which may depend on who creates the object. */
export const isOfPolicy = ({ message }: ApiError): boolean => POLICY.test(message);

/** Whether admission or validation refused, and not authentication, authorization, or a server that is busy or fails. */
export const isOfAdmission = (error: ApiError): boolean =>
  error.status < 500 &&
  ![401, 429].includes(error.status) &&
  !lacksRight(error) &&
  !NOT_OFFERED.test(error.message);

/** What to do about an object that is not admitted. */
export const admissionRemedy = (own: boolean): string =>
  own
    ? "ask for an exception, or name a namespace that is there"
    : "name another namespace, or none for one of the run's own";

/** A refusal of the API server as an error for users. Others as they are. */
export function describeApiError(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  const { status, message } = error;
  if (status === 401) {
    return new ClusterUnfitError(
      `the cluster does not accept your credentials (${message}): log in again, or choose another cluster`,
      ["context"],
    );
  }
  if (lacksRight(error)) {
    return new ClusterUnfitError(
      `${message}: ask for the rights that lbscale run --lane cluster --dry-run prints, or choose another cluster`,
      ["context"],
    );
  }
  if (status === 403 && QUOTA.test(message)) {
    return new ClusterUnfitError(
      `the namespace's quota is used up (${message}): make fewer Services, or name another namespace`,
      ["services", "namespace"],
    );
  }
  if (status === 403 || isOfPolicy(error)) {
    return new ClusterUnfitError(
      `the cluster refuses a request of this run (${message}): ask for an exception, or name another namespace`,
      ["namespace"],
    );
  }
  if (NOT_OFFERED.test(message)) {
    return new ClusterUnfitError(
      `the cluster has no addresses of that family for Services (${message}): choose another family`,
      ["family"],
    );
  }
  if (FULL.test(message)) {
    return new ClusterFailedError(`the cluster has no more addresses for Services (${message}): make fewer`, [
      "services",
    ]);
  }
  if (status >= 500) {
    return new ClusterFailedError(
      `the API server can't be reached or fails (${status}: ${message}): try again later`,
    );
  }
  return new ClusterFailedError(`the API server refused a request (${status}: ${message})`);
}
