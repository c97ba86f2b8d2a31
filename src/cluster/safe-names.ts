/** The last gate before a ruleset that root will load: a name with a newline or a quote in it would be a rule of its own. */

import { NotRepresentableError } from "../errors.js";
import { isDnsLabel, isServiceName, oneLine } from "./checks.js";
import type { Cluster } from "./cluster.js";

/**
 * Throws NotRepresentableError when a service or port has a name that Kubernetes would refuse. Importers
 * check names too; clusters that a program builds come here first.
 */
export function refuseUnsafeNames(cluster: Cluster): void {
  for (let s = 0; s < cluster.services; s++) {
    const name = cluster.serviceName(s);
    if (!isServiceName(name)) refuse("service", name, "namespace/name as Kubernetes allows them");
  }
  for (let p = 0; p < cluster.servicePorts; p++) {
    const name = cluster.portName(p);
    if (name !== "" && !isDnsLabel(name)) refuse("port", name, "a DNS label of at most 63 characters");
  }
}

function refuse(what: string, name: string, expected: string): never {
  throw new NotRepresentableError(
    `the ${what} name "${oneLine(name, 60)}" must not reach a ruleset: expected ${expected}`,
  );
}
