/** IPVS schedulers that can be measured, by their names in `ipvsadm`. */
export const IPVS_SCHEDULERS = ["rr", "wrr", "lc", "wlc", "sh", "dh", "sed", "nq", "mh"] as const;
/** One of `IPVS_SCHEDULERS`. */
export type IpvsScheduler = (typeof IPVS_SCHEDULERS)[number];

/** Whether a text names a scheduler that can be measured. */
export function isIpvsScheduler(text: string): text is IpvsScheduler {
  return (IPVS_SCHEDULERS as readonly string[]).includes(text);
}
