/** Nodes in exports: a cluster knows which endpoints are on its own node, and of the others only that they are not. */

/** The node of local endpoints: what `--hostname-override` names. */
export const THIS_NODE = "this-node";
/** Of all others. Cilium 1.20.2 takes an endpoint that names no node for a local one. */
export const OTHER_NODE = "other-node";

/** Whether objects name no nodes but those of an export, whose node is then `THIS_NODE`, endpoints there or not. */
export function areExported(names: readonly string[]): boolean {
  return names.includes(OTHER_NODE) && names.every((name) => name === THIS_NODE || name === OTHER_NODE);
}
