/** What a run stores about its planes and scenarios, so that reports need neither. */

import { KERNEL_REPORTS } from "../kernel/planes/descriptors.js";
import { isRealProgram, realProgramReport } from "../kernel/planes/real-programs.js";
import type { Catalog } from "../measure/catalog.js";
import type { PlaneDescriptor, PlaneReport } from "../planes/descriptor.js";
import type { KubeProxyVersion } from "../planes/kube-proxy-versions.js";
import type { PlaneId, PlaneOptions } from "../planes/plane.js";
import { choosePlanes, findPlane, type PlaneEntry } from "../planes/registry-loader.js";
import { nftVersionOf, releaseOf } from "../planes/versioned.js";
import type { Results, ScenarioDescription } from "../results/schema.js";
import type { BenchmarkCatalog } from "./catalog.js";

/**
 * Descriptions of all planes, because published data are drawn in their colours, and of the scenarios of these cells.
 *
 * @param cells those of the run
 * @param catalog where planes and scenarios come from
 * @param entry where the run's flows enter
 */
export function describeRun(
  cells: Results["cells"],
  catalog: Catalog & Partial<Pick<BenchmarkCatalog, "kernel">>,
  entry: Results["run"]["entry"] = "clusterIp",
): Required<Pick<Results, "planes" | "scenarios">> {
  const measured = new Set(cells.map(({ scenario }) => scenario));
  const own = [...catalog.planes, ...measuredEntries({ cells }, catalog)].map(
    ({ descriptor }): [string, PlaneReport] => [descriptor.id, reportOf(descriptor, entry)],
  );
  const programs = [...new Set(cells.map(({ plane }) => plane))]
    .filter(isRealProgram)
    .map((plane): [string, PlaneReport] => [plane, realProgramReport(plane)]);
  const scenarios = [
    ...catalog.scenarios.map(({ id, label, question, report }): [string, ScenarioDescription] => [
      id,
      { label, question, ...report, captions: { ...report.captions } },
    ]),
    ...Object.entries(catalog.kernel?.reports ?? {}),
  ];
  return {
    planes: Object.fromEntries([...Object.entries(KERNEL_REPORTS), ...own, ...programs].map(copyOf)),
    scenarios: Object.fromEntries(scenarios.filter(([id]) => measured.has(id))),
  };
}

/** Says of a plane that its clients are outside the cluster, where the run's others are pods. */
function reportOf({ report, can }: PlaneDescriptor, entry: Results["run"]["entry"]): PlaneReport {
  if (!can.outsideOnly || entry !== "clusterIp") return report;
  const [label, columnLabel] = [report.shortLabel, report.columnLabel].map((name) => `${name} (outside)`);
  return { ...report, label: label!, columnLabel: columnLabel!, entry: "loadBalancer" };
}

function copyOf([id, report]: [string, PlaneReport]): [string, NonNullable<Results["planes"]>[string]] {
  return [id, { ...report, colours: { ...report.colours }, claims: [...report.claims] }];
}

/** Planes of a catalog that a run measures, versions of kube-proxy one by one; not those of the kernel's lanes. */
export function measuredEntries({ cells }: Pick<Results, "cells">, { planes }: Catalog): PlaneEntry[] {
  return choosePlanes(
    cells.map(({ plane }) => plane),
    planes,
  ).known.flatMap((id) => findPlane(id, planes) ?? []);
}

/**
 * The releases of kube-proxy whose rules are modelled for planes, by plane.
 *
 * @param ids planes that a run measures
 * @param version the one of planes whose id names none
 */
export function releasesOf(
  catalog: Catalog,
  ids: readonly PlaneId[],
  version?: KubeProxyVersion,
): Record<string, string> {
  return Object.fromEntries(
    ids.flatMap((id) => {
      const release = releaseOf(descriptorOf(catalog, id), version);
      return release === undefined ? [] : [[id, release]];
    }),
  );
}

/**
 * The versions of nft that load planes' rules, by plane.
 *
 * @param ids planes that a run measures
 */
export function nftVersionsOf(
  catalog: Catalog,
  ids: readonly PlaneId[],
  options: PlaneOptions,
): Record<string, string> {
  return Object.fromEntries(
    ids.flatMap((id) => {
      const version = nftVersionOf(descriptorOf(catalog, id), options);
      return version === undefined ? [] : [[id, version]];
    }),
  );
}

/**
 * What a plane of a catalog says about itself.
 *
 * @throws Error for an id that the catalog does not have
 */
export function descriptorOf(catalog: Catalog, id: string): PlaneDescriptor {
  const entry = findPlane(id, catalog.planes);
  if (!entry) throw new Error(`no plane ${id} in the catalog`);
  return entry.descriptor;
}
