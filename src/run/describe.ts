/** What a run stores about its planes and scenarios, so that reports need neither. */

import { KERNEL_REPORTS } from "../kernel/planes/descriptors.js";
import type { Catalog } from "../measure/catalog.js";
import type { PlaneDescriptor, PlaneReport } from "../planes/descriptor.js";
import type { PlaneId } from "../planes/plane.js";
import type { Results } from "../results/schema.js";

/**
 * Descriptions of all planes, because published data are drawn in their colours, and of the scenarios of these cells.
 *
 * @param cells those of the run
 * @param catalog where planes and scenarios come from
 */
export function describeRun(
  cells: Results["cells"],
  catalog: Catalog,
): Required<Pick<Results, "planes" | "scenarios">> {
  const measured = new Set(cells.map(({ scenario }) => scenario));
  const own = catalog.planes.map(({ descriptor }): [string, PlaneReport] => [
    descriptor.id,
    descriptor.report,
  ]);
  return {
    planes: Object.fromEntries([...Object.entries(KERNEL_REPORTS), ...own].map(copyOf)),
    scenarios: Object.fromEntries(
      catalog.scenarios
        .filter(({ id }) => measured.has(id))
        .map(({ id, label, question, report }) => [
          id,
          { label, question, ...report, captions: { ...report.captions } },
        ]),
    ),
  };
}

function copyOf([id, report]: [string, PlaneReport]): [string, NonNullable<Results["planes"]>[string]] {
  return [id, { ...report, colours: { ...report.colours }, claims: [...report.claims] }];
}

/** Ids of a catalog's planes, in the order in which they are listed. */
export function planeIdsOf(catalog: Catalog): PlaneId[] {
  return catalog.planes.map(({ descriptor }) => descriptor.id);
}

/**
 * What a plane of a catalog says about itself.
 *
 * @throws Error for an id that the catalog does not have
 */
export function descriptorOf(catalog: Catalog, id: string): PlaneDescriptor {
  const entry = catalog.planes.find(({ descriptor }) => descriptor.id === id);
  if (!entry) throw new Error(`no plane ${id} in the catalog`);
  return entry.descriptor;
}
