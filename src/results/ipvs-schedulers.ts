/** IPVS schedulers that can be measured. In a file of its own: a timed child names them and must not load zod. */
export const IPVS_SCHEDULERS = ["rr", "wrr", "lc", "wlc", "sh", "dh", "sed", "nq", "mh"] as const;
