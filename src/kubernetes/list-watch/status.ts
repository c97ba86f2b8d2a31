/** What the API answers where it has no object to give: https://kubernetes.io/docs/reference/using-api/api-concepts. */

const REASONS = {
  400: "BadRequest",
  404: "NotFound",
  405: "MethodNotAllowed",
  410: "Expired",
} as const;

/** A query that the API does not have: answered by 400 Bad Request. */
export class BadRequestError extends Error {
  override readonly name: string = "BadRequestError";
}

/** A `kind: Status` that reports a failure. */
export function failureStatus(code: keyof typeof REASONS, message: string): object {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason: REASONS[code],
    code,
  };
}

/** A `kind: Status` for what is accepted and forgotten. */
export function success(code: number): object {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code };
}
