/** Names for help. Profiles and scenarios are code: it is loaded where help is asked for, and to run, not to refuse. */

/** Ids in the order of the catalog. */
export interface CatalogNames {
  readonly profiles: readonly string[];
  readonly scenarios: readonly string[];
}

/** Loads the catalog for its names. */
export async function loadCatalogNames(): Promise<CatalogNames> {
  const { CATALOG } = await import("../../catalog.js");
  const { profiles, scenarios, derived } = CATALOG;
  return {
    profiles: profiles.map(({ id }) => id),
    scenarios: [...scenarios, ...derived].map(({ id }) => id),
  };
}
