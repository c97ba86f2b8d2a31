import type { CommandModule } from "yargs";
import { generateCluster } from "../../cluster/generate.js";
import { writeCluster } from "../../cluster/json.js";
import { type ClusterArguments, generateOptions, withClusterOptions } from "../options/cluster.js";
import { MAX_SERVICES, parseInteger } from "../options/parse.js";
import { print } from "../output.js";

interface Arguments extends ClusterArguments {
  services: string;
}

export const generate: CommandModule<object, Arguments> = {
  command: "generate",
  describe: "Write a synthetic cluster as JSON to standard output",
  builder: (yargs) =>
    withClusterOptions(
      yargs.option("services", {
        type: "string",
        demandOption: true,
        requiresArg: true,
        describe: "Number of services",
      }),
    ),
  handler: async (args) => {
    const services = parseInteger(args.services, "services", 1, MAX_SERVICES);
    const cluster = generateCluster(generateOptions(args, services));
    for (const chunk of writeCluster(cluster)) await print(chunk);
  },
};
