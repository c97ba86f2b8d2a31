/** What IPv6 and dual stack cost a plane, as multiples of IPv4: of the scenario `family`, at its largest N. */

import { comparePlanes } from "../results/descriptors.js";
import { outcomesOf } from "../results/runs/outcomes.js";
import type { Cell, Results } from "../results/schema.js";
import { atServices, findCell, isMeasured, selectCells } from "../results/select.js";
import { maxOf } from "../stats/extent.js";

/** A multiple of what it is in IPv4. */
export interface Multiple {
  readonly value: number;
  /** Conservative: the ends of both cells' intervals; null where it was counted. */
  readonly interval: readonly [number, number] | null;
}

export interface Multiples {
  readonly memory: Multiple | null;
  readonly lookup: Multiple | null;
  /** Bytes written for an endpoint that joins. */
  readonly change: Multiple | null;
}

export interface FamilyCosts {
  readonly plane: string;
  /** N of the lookups. */
  readonly services: number;
  readonly ipv6: Multiples;
  readonly dual: Multiples;
  /** A lookup in IPv6 at the next smaller N, where larger tables may fit a cache that they outgrow; null: only one N. */
  readonly smaller: { readonly services: number; readonly ipv6: Multiple } | null;
  /** Why the families are not there; null: they are. */
  readonly gap: { readonly ipv6: string | null; readonly dual: string | null };
  readonly cells: readonly Cell[];
}

/** The variants of bench/family.ts. */
const IPV4 = "IPv4";
const IPV6 = "IPv6";
const DUAL = "dual stack";

/** Planes in the order of the columns, of those that were measured in IPv4. */
export function familyCosts(results: Results): FamilyCosts[] {
  const all = selectCells(results, { lane: "model", scenario: "family" });
  const planes = [...new Set(all.map(({ plane }) => plane))].sort(comparePlanes(results));
  return planes.flatMap((plane) => {
    const own = selectCells(all, { plane });
    const at = (variant: string): Cell | undefined => {
      const found = selectCells(own, { variant });
      const largest = maxOf(found.map(({ services }) => services));
      return atServices(found, largest);
    };
    const base = at(IPV4);
    if (!base || base.estimate === null) return [];
    const below = maxOf(own.flatMap(({ services }) => (services < base.services ? [services] : [])));
    const smaller = timed(
      findCell(own, { variant: IPV6, services: below }),
      findCell(own, { variant: IPV4, services: below }),
    );
    const multiplesOf = (family: string): Multiples => ({
      memory: counted(at(family)?.programBytes, base.programBytes),
      lookup: timed(at(family), base),
      change: counted(writtenBytes(at(`writes, ${family}`)), writtenBytes(at(`writes, ${IPV4}`))),
    });
    return [
      {
        plane,
        services: base.services,
        ipv6: multiplesOf(IPV6),
        dual: multiplesOf(DUAL),
        smaller: smaller && { services: below, ipv6: smaller },
        gap: { ipv6: gapOf(at(IPV6)), dual: gapOf(at(DUAL)) },
        cells: own.filter(({ estimate }) => estimate !== null),
      },
    ];
  });
}

function writtenBytes(cell: Cell | undefined): number | undefined {
  return cell?.counts?.["join bytes"];
}

function gapOf(cell: Cell | undefined): string | null {
  if (cell === undefined || cell.estimate !== null) return null;
  const gap = outcomesOf(cell).find(({ kind }) => kind === "gap");
  return gap?.reason ?? cell.warnings[0] ?? "not measured";
}

function counted(count: number | null | undefined, base: number | null | undefined): Multiple | null {
  return count && base ? { value: count / base, interval: null } : null;
}

function timed(cell: Cell | undefined, base: Cell | undefined): Multiple | null {
  if (!cell?.estimate || !base?.estimate) return null;
  const value = cell.estimate.median / base.estimate.median;
  if (!isMeasured(cell) || !isMeasured(base)) return { value, interval: null };
  const [low, high] = cell.estimate.interval;
  const [baseLow, baseHigh] = base.estimate.interval;
  return { value, interval: [low / baseHigh, high / baseLow] };
}
