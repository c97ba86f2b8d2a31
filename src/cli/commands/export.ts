import type { CommandModule } from "yargs";
import { EXPORTS } from "../../formats/export.js";
import { type ClusterChoice, chosenCluster, withClusterChoice } from "../options/cluster.js";
import {
  type KubeProxyChoice,
  kubeProxyOptionsFor,
  onChosenNode,
  withKubeProxy,
} from "../options/kube-proxy.js";
import { note, print } from "../output.js";

interface Arguments extends ClusterChoice, KubeProxyChoice {
  format: string;
}

export const exportCommand: CommandModule<object, Arguments> = {
  command: "export [cluster]",
  describe: "Export a cluster as Kubernetes objects or native rules: what kube-proxy and Cilium program",
  builder: (yargs) =>
    withKubeProxy(withClusterChoice(yargs)).option("format", {
      choices: EXPORTS.map(({ id }) => id),
      demandOption: true,
      requiresArg: true,
      describe: EXPORTS.map(({ id, reader }) => `${id}: ${reader}`).join("; "),
    }),
  handler: async (args) => {
    const chosen = EXPORTS.find(({ id }) => id === args.format)!;
    const cluster = onChosenNode(chosenCluster(args), args);
    const options = kubeProxyOptionsFor(cluster, args);
    note(`not representable in ${args.format}: ${chosen.losses.join("; ")}`);
    for (const chunk of chosen.write(cluster, options)) await print(chunk);
  },
};
