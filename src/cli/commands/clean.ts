import type { CommandModule } from "yargs";
import { print, printJson } from "../output.js";

interface Arguments {
  kubeconfig: string | undefined;
  context: string | undefined;
  namespace: string | undefined;
  json: boolean;
}

export const clean: CommandModule<object, Arguments> = {
  command: "clean",
  describe: "Remove what killed runs of the cluster lane left in a cluster, and wait until it is gone",
  builder: (yargs) =>
    yargs
      .option("kubeconfig", {
        type: "string",
        requiresArg: true,
        describe: "kubectl's file; KUBECONFIG by default",
      })
      .option("context", {
        type: "string",
        requiresArg: true,
        describe: "A context of it; the current one by default",
      })
      .option("namespace", {
        type: "string",
        requiresArg: true,
        describe: "Only lbscale's objects in this namespace, which stays; by default the namespaces of runs",
      })
      .option("json", { type: "boolean", default: false, describe: "As JSON" }),
  handler: async ({ kubeconfig, context, namespace, json }) => {
    const { withCluster } = await import("../../cluster-lane/connection.js");
    const { removeLeftovers } = await import("../../cluster-lane/clean.js");
    const where = {
      ...(kubeconfig !== undefined && { kubeconfig }),
      ...(context !== undefined && { context }),
    };
    const removed = await withCluster(where, (api) => removeLeftovers(api, namespace));
    if (json) return printJson({ removed });
    await print(
      removed.length === 0
        ? "nothing was left behind\n"
        : removed.map((name) => `removed ${name}\n`).join(""),
    );
  },
};
