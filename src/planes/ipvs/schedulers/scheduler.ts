/** A scheduler chooses a destination of a virtual service (struct ip_vs_scheduler). */

import type { AddressPlan } from "../../../cluster/address-plan.js";

export interface Scheduler {
  /** Prepares a service whose destinations are all added; `data` points to its share of scheduler memory. */
  attach(service: number, data: number): void;
  /** A destination was added, or `removed` was unlinked (NULL: none was): add_dest and del_dest of ip_vs_scheduler. */
  onDestinationsChanged(service: number, removed: number): void;
  /** A destination's weight changed: upd_dest. */
  onWeightChanged(service: number): void;
  /** The destination of a new connection, or NULL when none is usable. Allocates nothing. */
  pick(service: number, src: number, sport: number, dst: number): number;
  /** A connection to a destination opens (ip_vs_bind_dest). */
  bind(dest: number): void;
}

export interface SchedulerKind {
  /** Words of memory each service needs in addition to its record, as the slab hands them out. */
  readonly dataWords: number;
  /** The same without the slab's rounding, in bytes. */
  readonly dataBytes: number;
  /** Hash tables that a pick consults. */
  readonly tableLookups: number;
  /** `plan`: of a cluster of IPv6, whose addresses some hash. */
  create(words: Int32Array, plan: AddressPlan | undefined): Scheduler;
}

/** For schedulers that keep no data per service. */
export const NO_DATA = { dataWords: 0, dataBytes: 0, tableLookups: 0 } as const;
