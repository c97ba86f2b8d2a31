import type { CommandModule } from "yargs";
import { familiesOf } from "../../cluster/family.js";
import { UsageError } from "../../errors.js";
import { EXPORTS } from "../../formats/export.js";
import { type ClusterChoice, chosenFamilies, withClusterChoice } from "../options/cluster.js";
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
    const [first, second] = familiesOf(chosenFamilies(args));
    const cluster = onChosenNode(first, args);
    const options = kubeProxyOptionsFor(cluster, args);
    if (second && !chosen.writeBoth)
      throw new UsageError(
        `--format ${args.format} is a text for iptables-restore or for ip6tables-restore, and this cluster has both families: export it with --family 4 and with --family 6; import reads the two files together`,
      );
    note(`not representable in ${args.format}: ${chosen.losses.join("; ")}`);
    const text = second
      ? chosen.writeBoth!({ ipv4: cluster, ipv6: onChosenNode(second, args) }, options)
      : chosen.write(cluster, options);
    for (const chunk of text) await print(chunk);
  },
};
