import type { CommandModule } from "yargs";
import { CATALOG } from "../../catalog.js";
import { CHARTS } from "../../charts/index.js";
import { PLANES } from "../../planes/registry.js";
import { print, printJson } from "../output.js";

interface Entry {
  readonly id: string;
  readonly label: string;
}

const LISTS: Readonly<Record<string, () => Entry[]>> = {
  planes: () => PLANES.map(({ id, label }) => ({ id, label })),
  scenarios: () =>
    [...CATALOG.scenarios, ...CATALOG.derived].map(({ id, label, question }) => ({
      id,
      label: `${label}. ${question}`,
    })),
  profiles: () =>
    CATALOG.profiles.map(({ id, label, services, replicates }) => ({
      id,
      label: `${label}: N = ${services.join(", ")}; ${span(replicates)} replicates`,
    })),
  charts: () => CHARTS.map(({ id, title }) => ({ id, label: title })),
};

function span({ least, most }: { least: number; most: number }): string {
  return least === most ? String(least) : `${least} to ${most}`;
}

interface Arguments {
  what: string;
  json: boolean;
}

export const list: CommandModule<object, Arguments> = {
  command: "list <what>",
  describe: "What there is: planes, scenarios, profiles or charts",
  builder: (yargs) =>
    yargs
      .positional("what", { choices: Object.keys(LISTS), demandOption: true, type: "string" })
      .option("json", { type: "boolean", default: false, describe: "As JSON" }),
  handler: async ({ what, json }) => {
    const entries = LISTS[what]!();
    if (json) return printJson(entries);
    const width = Math.max(...entries.map(({ id }) => id.length));
    await print(entries.map(({ id, label }) => `${id.padEnd(width)}  ${label}\n`).join(""));
  },
};
