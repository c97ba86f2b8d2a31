import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { CommandModule } from "yargs";
import { UsageError } from "../../errors.js";
import { replaceEndpoint } from "../../kubernetes/list-watch/churn.js";
import { clusterObjects } from "../../kubernetes/list-watch/cluster-objects.js";
import { kubeconfig } from "../../kubernetes/list-watch/kubeconfig.js";
import type { ApiObject } from "../../kubernetes/list-watch/parse.js";
import { ENDPOINT_SLICE, NODE, SERVICE } from "../../kubernetes/list-watch/resources.js";
import { ApiServer } from "../../kubernetes/list-watch/server.js";
import { DEFAULT_ENDPOINTS_PER_SLICE, splitSlice } from "../../kubernetes/list-watch/slices.js";
import { NO_POD_RANGE } from "../../planes/kube-proxy-options.js";
import { Random } from "../../random.js";
import { reasonOf } from "../../reason.js";
import { formatCount } from "../../text.js";
import { withAbortOnSignal } from "../interruption.js";
import { type ClusterChoice, parseSeed, withClusterChoice } from "../options/cluster.js";
import { refuseNodeOptions } from "../options/node.js";
import { chosenSource } from "../options/objects.js";
import { parseInteger } from "../options/parse.js";
import { note, print } from "../output.js";

interface Arguments extends ClusterChoice {
  port: string;
  host: string;
  kubeconfig: string | undefined;
  churn: string | undefined;
  "max-endpoints-per-slice": string;
}

export const serve: CommandModule<object, Arguments> = {
  command: "serve [cluster]",
  describe: "Serve a cluster as the Kubernetes API does, for any proxy to read: kube-proxy, Cilium's agent",
  builder: (yargs) =>
    withClusterChoice(yargs)
      .option("port", {
        type: "string",
        default: "0",
        requiresArg: true,
        describe: "Port to listen on; 0: any free one",
      })
      .option("host", {
        type: "string",
        default: "127.0.0.1",
        requiresArg: true,
        describe: "Address to listen on; plain HTTP without authentication: do not expose it",
      })
      .option("kubeconfig", {
        type: "string",
        requiresArg: true,
        describe: "File to write the kubeconfig to; without it, it is printed",
      })
      .option("churn", {
        type: "string",
        requiresArg: true,
        describe: "Endpoints to replace per second",
      })
      .option("max-endpoints-per-slice", {
        type: "string",
        default: String(DEFAULT_ENDPOINTS_PER_SLICE),
        requiresArg: true,
        describe: "Larger EndpointSlices are split, as their controller does",
      }),
  handler: async (args) => {
    const port = parseInteger(args.port, "port", 0, 65_535);
    // Without a host Node.js listens at every address.
    if (args.host.trim() === "") throw new UsageError("--host needs an address of this machine");
    if (args.kubeconfig?.trim() === "") throw new UsageError("--kubeconfig needs a file");
    const size = parseInteger(args["max-endpoints-per-slice"], "max-endpoints-per-slice", 1, 1000);
    const rate = args.churn === undefined ? 0 : parseInteger(args.churn, "churn", 1, MAX_RATE);
    const seed = parseSeed(args.seed);
    const { server, slices } = loadedServer(args, size, rate);
    for (const [kind, count] of server.skipped)
      note(`not served: ${formatCount(count)} objects of kind ${kind}`);
    if (server.count(NODE) === 0)
      note("the cluster has no Node, and most proxies wait for their own before they start");
    await withAbortOnSignal(async (signal) => {
      const url = await server.listen(port, args.host);
      try {
        await announce(url, args.kubeconfig);
        note(
          `serving ${formatCount(server.count(SERVICE))} Services and ${formatCount(server.count(ENDPOINT_SLICE))} EndpointSlices at ${url}; Ctrl-C ends it`,
        );
        if (rate > 0) await churn(server, slices, rate, Random.fromSeed(seed, "churn"), signal);
        else if (!signal.aborted) await once(signal, "abort");
      } finally {
        await server.close();
      }
    });
  },
};

/** Reads or generates what is served. A function of its own: what it came from is not held while it is served. */
function loadedServer(args: Arguments, size: number, rate: number) {
  const slices: Slice[] = [];
  const source = chosenSource(args);
  if (args["pod-range"] === NO_POD_RANGE) throw new UsageError("--pod-range needs an IPv4 range here");
  // Objects are served as they are: they say themselves where their endpoints run.
  if (source.objects || args.services !== undefined) refuseNodeOptions(args);
  const objects = source.objects ?? clusterObjects(source.cluster, size);
  const server = new ApiServer(rate > 0 ? withSlicesNoted(objects, size, slices) : objects, {
    maxEndpointsPerSlice: size,
  });
  if (rate > 0 && slices.length === 0)
    throw new UsageError("--churn: the cluster has no EndpointSlice with endpoints to replace");
  return { server, slices };
}

/** More than any proxy follows, and few enough for the timer. */
const MAX_RATE = 100_000;

/** Name of an EndpointSlice that has endpoints. */
interface Slice {
  readonly namespace: string | undefined;
  readonly name: string;
}

/** Passes objects on, slices in parts of the size that is served: 50,000 Services are never an array of objects. */
function* withSlicesNoted(objects: Iterable<ApiObject>, size: number, slices: Slice[]): Iterable<ApiObject> {
  for (const object of objects) {
    if (object.kind !== ENDPOINT_SLICE.kind) {
      yield object;
      continue;
    }
    for (const part of splitSlice(object, size)) {
      const { namespace, name } = part.metadata;
      if (Array.isArray(part.endpoints) && part.endpoints.length > 0) slices.push({ namespace, name });
      yield part;
    }
  }
}

async function announce(url: string, file: string | undefined): Promise<void> {
  if (file === undefined) return print(kubeconfig(url));
  try {
    writeFileSync(file, kubeconfig(url));
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${reasonOf(error)}`);
  }
  note(`kubeconfig: ${file}`);
}

const TICK_MS = 20;

/** Replaces endpoints at a rate until the signal; what one tick could not do, the next does. */
function churn(
  server: ApiServer,
  slices: readonly Slice[],
  rate: number,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  let done = 0;
  return new Promise((resolve, reject) => {
    const timer = setInterval(() => {
      try {
        const due = Math.floor(((performance.now() - startedAt) / 1000) * rate);
        // A machine that cannot keep up makes fewer changes, not a burst of them later.
        for (let i = Math.min(due - done, rate); i > 0; i--) {
          const object = server.get(ENDPOINT_SLICE, slices[random.below(slices.length)]!);
          const change = object && replaceEndpoint(object, random, new Date());
          if (change !== undefined) server.apply(change);
        }
        done = due;
      } catch (error) {
        clearInterval(timer);
        reject(error);
      }
    }, TICK_MS);
    signal.addEventListener("abort", () => {
      clearInterval(timer);
      resolve();
    });
  });
}
