/** What a run stores about its planes and scenarios, so that reports need neither. */

import { KERNEL_REPORTS } from "../kernel/planes/descriptors.js";
import { isKubeProxyPlane } from "../kernel/planes/kube-proxy/id.js";
import { kubeProxyReport } from "../kernel/planes/kube-proxy/report.js";
import type { Catalog } from "../measure/catalog.js";
import type { PlaneDescriptor, PlaneReport } from "../planes/descriptor.js";
import type { PlaneId } from "../planes/plane.js";
import type { Results, ScenarioReport } from "../results/schema.js";
import type { BenchmarkCatalog } from "./catalog.js";

/**
 * Descriptions of all planes, because published data are drawn in their colours, and of the scenarios of these cells.
 *
 * @param cells those of the run
 * @param catalog where planes and scenarios come from
 */
export function describeRun(
  cells: Results["cells"],
  catalog: Catalog & Partial<Pick<BenchmarkCatalog, "kernel">>,
): Required<Pick<Results, "planes" | "scenarios">> {
  const measured = new Set(cells.map(({ scenario }) => scenario));
  const own = catalog.planes.map(({ descriptor }): [string, PlaneReport] => [
    descriptor.id,
    descriptor.report,
  ]);
  const proxies = [...new Set(cells.map(({ plane }) => plane))]
    .filter(isKubeProxyPlane)
    .map((plane): [string, PlaneReport] => [plane, kubeProxyReport(plane)]);
  const scenarios = [
    ...catalog.scenarios.map(({ id, label, question, report }): [string, ScenarioReport] => [
      id,
      { label, question, ...report, captions: { ...report.captions } },
    ]),
    ...Object.entries(catalog.kernel?.reports ?? {}),
  ];
  return {
    planes: Object.fromEntries([...Object.entries(KERNEL_REPORTS), ...own, ...proxies].map(copyOf)),
    scenarios: Object.fromEntries(scenarios.filter(([id]) => measured.has(id))),
  };
}

function copyOf([id, report]: [string, PlaneReport]): [string, NonNullable<Results["planes"]>[string]] {
  return [id, { ...report, colours: { ...report.colours }, claims: [...report.claims] }];
}

/** Ids of a catalog's planes, in the order in which they are listed. */
export function planeIdsOf(catalog: Pick<BenchmarkCatalog, "planes">): PlaneId[] {
  return catalog.planes.map(({ descriptor }) => descriptor.id);
}

/**
 * What a plane of a catalog says about itself.
 *
 * @throws Error for an id that the catalog does not have
 */
export function descriptorOf(catalog: Pick<BenchmarkCatalog, "planes">, id: string): PlaneDescriptor {
  const entry = catalog.planes.find(({ descriptor }) => descriptor.id === id);
  if (!entry) throw new Error(`no plane ${id} in the catalog`);
  return entry.descriptor;
}
