import type { CommandModule } from "yargs";
import { EXPORTS } from "../../formats/export.js";
import { KUBE_PROXY_VERSIONS, type KubeProxyVersion } from "../../planes/plane.js";
import { type ClusterChoice, chosenCluster, withClusterChoice } from "../options/cluster.js";
import { note, print } from "../output.js";

interface Arguments extends ClusterChoice {
  format: string;
  "kube-proxy": KubeProxyVersion | undefined;
}

export const exportCommand: CommandModule<object, Arguments> = {
  command: "export [cluster]",
  describe: "Write a cluster as others read it: Kubernetes objects, or what kube-proxy and Cilium program",
  builder: (yargs) =>
    withClusterChoice(yargs)
      .option("kube-proxy", {
        choices: KUBE_PROXY_VERSIONS,
        requiresArg: true,
        describe: "Version of kube-proxy whose rules are written: the newest by default",
      })
      .option("format", {
        choices: EXPORTS.map(({ id }) => id),
        demandOption: true,
        requiresArg: true,
        describe: EXPORTS.map(({ id, reader }) => `${id}: ${reader}`).join("; "),
      }),
  handler: async (args) => {
    const chosen = EXPORTS.find(({ id }) => id === args.format)!;
    const cluster = chosenCluster(args);
    note(`not representable in ${args.format}: ${chosen.losses.join("; ")}`);
    const kubeProxy = args["kube-proxy"];
    for (const chunk of chosen.write(cluster, kubeProxy && { kubeProxy })) await print(chunk);
  },
};
