import type { CommandModule } from "yargs";
import { resultsJsonSchema } from "../../results/schema.js";
import { printJson } from "../output.js";

export const schema: CommandModule = {
  command: "schema",
  describe: "The JSON Schema of results.json",
  handler: async () => {
    await printJson(resultsJsonSchema());
  },
};
