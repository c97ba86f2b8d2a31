import type { CommandModule } from "yargs";
import { importCluster } from "../../cluster/import/index.js";
import { writeCluster } from "../../cluster/json.js";
import { readInput } from "../input.js";
import { note, print } from "../output.js";

interface Arguments {
  file: string;
}

export const importCommand: CommandModule<object, Arguments> = {
  command: "import <file>",
  describe: "Turn Kubernetes YAML or JSON (- for standard input) into a cluster as JSON",
  builder: (yargs) => yargs.positional("file", { type: "string", demandOption: true }),
  handler: async ({ file }) => {
    const { cluster, report } = importCluster(readInput(file));
    for (const line of report) note(line);
    for (const chunk of writeCluster(cluster)) await print(chunk);
  },
};
