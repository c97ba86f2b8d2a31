/** Constants of Cilium's load-balancing maps, which the program writes and an import reads. */

/** SVC_FLAG_* of bpf/lib/lb.h. */
export const FLAGS = {
  externalIp: 1,
  nodePort: 2,
  externalLocal: 4,
  affinity: 16,
  loadBalancer: 32,
  routable: 64,
  sourceRange: 128,
} as const;
export const FLAGS2 = { internalLocal: 16, twoScopes: 32 } as const;
/** rev_nat_id and padding stand before the address in an LPM key. */
export const RANGE_STATIC_BITS = 32;
