/** Target ports of Services. */

import type { ContainerPort, ServicePort } from "./schema.js";

/** A named target port is looked up in the containers (name and protocol); a pod without it has no endpoint there. */
export function portOfContainers(
  containers: readonly { readonly ports: readonly ContainerPort[] | undefined }[] | undefined,
  { port, targetPort, protocol }: ServicePort,
): number | undefined {
  // The API server's defaulting: absent, 0 and "" all mean the service's own port.
  if (!targetPort) return port;
  if (typeof targetPort === "number") return targetPort;
  const ports = containers?.flatMap((container) => container.ports ?? []);
  return ports?.find((candidate) => candidate.name === targetPort && candidate.protocol === protocol)
    ?.containerPort;
}
