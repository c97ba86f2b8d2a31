import type { CommandModule } from "yargs";
import { writeCluster } from "../../cluster/json.js";
import {
  type ClusterArguments,
  generatedFamilies,
  generateOptions,
  withClusterOptions,
} from "../options/cluster.js";
import { FAMILY_CHOICES, type FamilyOption } from "../options/node.js";
import { MAX_SERVICES, parseInteger } from "../options/parse.js";
import { print } from "../output.js";

interface Arguments extends ClusterArguments {
  services: string;
  family: FamilyOption | undefined;
}

export const generate: CommandModule<object, Arguments> = {
  command: "generate",
  describe: "Write a synthetic cluster as JSON to standard output",
  builder: (yargs) =>
    withClusterOptions(
      yargs
        .option("services", {
          type: "string",
          demandOption: true,
          requiresArg: true,
          describe: "Number of Services",
        })
        .option("family", {
          type: "string",
          choices: FAMILY_CHOICES,
          requiresArg: true,
          describe: "IPv4 (by default), IPv6, or the same Services in both",
        }),
      "clean",
    ),
  handler: async (args) => {
    const services = parseInteger(args.services, "services", 1, MAX_SERVICES);
    const cluster = generatedFamilies(generateOptions(args, services, "clean"), args.family);
    for (const chunk of writeCluster(cluster)) await print(chunk);
  },
};
