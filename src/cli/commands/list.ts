import type { CommandModule } from "yargs";
import { formatCount } from "../../text.js";
import { print, printJson } from "../output.js";

interface Entry {
  readonly id: string;
  readonly label: string;
}

/** What a first packet goes through. */
const SEARCHES = {
  list: "a list of rules, one after another",
  hash: "hash tables that grow",
  buckets: "a hash table with a fixed number of buckets",
  trie: "a trie of address bits",
  none: "nothing, for comparison",
} as const;

const LISTS: Readonly<Record<string, () => Promise<Entry[]>>> = {
  planes: async () => {
    const { PLANE_ENTRIES } = await import("../../planes/registry-loader.js");
    const { KERNEL_PLANE_IDS } = await import("../../kernel/plane.js");
    const { KERNEL_REPORTS } = await import("../../kernel/planes/descriptors.js");
    const inKernel = new Set<string>(KERNEL_PLANE_IDS);
    const models = PLANE_ENTRIES.map(({ descriptor: { id, name, can, report } }) => ({
      id,
      label: [
        `${name}: ${SEARCHES[report.structure]}`,
        `lanes ${inKernel.has(id) ? "model, kernel" : "model"}`,
        ...(can.versions.length === 0
          ? []
          : [`by version of kube-proxy: ${can.versions.map((version) => `${id}@${version}`).join(", ")}`]),
      ].join("; "),
    }));
    const known = new Set(models.map(({ id }) => id));
    const kernel = KERNEL_PLANE_IDS.filter((id) => !known.has(id)).map((id) => {
      const report = KERNEL_REPORTS[id];
      return {
        id,
        label: `${report?.label ?? id}: ${report ? SEARCHES[report.structure] : ""}; lane kernel`,
      };
    });
    return [...models, ...kernel];
  },
  scenarios: async () => {
    const { scenarios, derived } = await catalog();
    return [...scenarios, ...derived].map(({ id, label, question }) => ({
      id,
      label: `${label}. ${question}`,
    }));
  },
  profiles: async () =>
    (await catalog()).profiles.map(({ id, label, services, servicesOf, replicates }) => {
      const fewer = Object.entries(servicesOf).map(
        ([plane, own]) => `${plane} at ${(own ?? []).map(formatCount).join(", ")}`,
      );
      return {
        id,
        label: `${label}: N = ${services.map(formatCount).join(", ")}${fewer.length > 0 ? `, but ${fewer.join("; ")}` : ""}; ${span(replicates)} replicates`,
      };
    }),
  charts: async () =>
    (await import("../../charts/index.js")).CHARTS.map(({ id, title }) => ({ id, label: title })),
};

function span({ least, most }: { least: number; most: number }): string {
  return least === most ? String(least) : `${least} to ${most}`;
}

/** Each list loads only what it lists. */
async function catalog() {
  return (await import("../../catalog.js")).CATALOG;
}

interface Arguments {
  what: string;
  json: boolean;
}

export const list: CommandModule<object, Arguments> = {
  command: "list <what>",
  describe: "List planes, scenarios, profiles or charts",
  builder: (yargs) =>
    yargs
      .positional("what", { choices: Object.keys(LISTS), demandOption: true, type: "string" })
      .option("json", { type: "boolean", default: false, describe: "As JSON" }),
  handler: async ({ what, json }) => {
    const entries = await LISTS[what]!();
    if (json) return printJson(entries);
    const width = Math.max(...entries.map(({ id }) => id.length));
    await print(entries.map(({ id, label }) => `${id.padEnd(width)}  ${label}\n`).join(""));
  },
};
