/** What a lookup decides. */

/** Verdict of `Model.lookup` that chooses no endpoint, as the two below: the packet goes on unchanged. */
export const PASS = -1;
/** The packet is refused with an ICMP message, or the call to connect fails. */
export const REJECT = -2;
/** The packet is dropped without a word. */
export const DROP = -3;

/** Of a lookup: a verdict above, or `endpoint * 2 + masquerade`; `endpoint` indexes the cluster's endpoint columns. */
export type Decision = number;

/** Packs a chosen endpoint and whether the source is to be rewritten. */
export function dnat(endpoint: number, masquerade: 0 | 1): Decision {
  return (endpoint << 1) | masquerade;
}
