import type { CommandModule } from "yargs";
import { print, printJson } from "../output.js";

interface Entry {
  readonly id: string;
  readonly label: string;
}

const LISTS: Readonly<Record<string, () => Promise<Entry[]>>> = {
  planes: async () =>
    (await import("../../planes/registry-loader.js")).PLANE_ENTRIES.map(
      ({ descriptor: { id, name, can } }) => ({
        id,
        label:
          can.versions.length === 0
            ? name
            : `${name}; by version of kube-proxy: ${can.versions.map((version) => `${id}@${version}`).join(", ")}`,
      }),
    ),
  scenarios: async () => {
    const { scenarios, derived } = await catalog();
    return [...scenarios, ...derived].map(({ id, label, question }) => ({
      id,
      label: `${label}. ${question}`,
    }));
  },
  profiles: async () =>
    (await catalog()).profiles.map(({ id, label, services, replicates }) => ({
      id,
      label: `${label}: N = ${services.join(", ")}; ${span(replicates)} replicates`,
    })),
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
