import type { CommandModule } from "yargs";
import { EXPORTS } from "../../export.js";
import { readCluster } from "../input.js";
import { note, print } from "../output.js";

interface Arguments {
  cluster: string;
  format: string;
}

export const exportCommand: CommandModule<object, Arguments> = {
  command: "export <cluster>",
  describe: "Write a cluster as others read it: Kubernetes objects, or what kube-proxy and Cilium program",
  builder: (yargs) =>
    yargs
      .positional("cluster", {
        type: "string",
        demandOption: true,
        describe: "A cluster file, or - for standard input",
      })
      .option("format", {
        choices: EXPORTS.map(({ id }) => id),
        demandOption: true,
        requiresArg: true,
        describe: EXPORTS.map(({ id, reader }) => `${id}: ${reader}`).join("; "),
      }),
  handler: async ({ cluster: path, format }) => {
    const chosen = EXPORTS.find(({ id }) => id === format)!;
    const cluster = readCluster(path);
    note(`${format} does not hold: ${chosen.losses.join("; ")}`);
    for (const chunk of chosen.write(cluster)) await print(chunk);
  },
};
