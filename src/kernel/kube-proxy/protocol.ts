/** What the driver and its process in the sandbox say to each other: one JSON object per line. */

import { z } from "zod";
import { changeSchema } from "../../kubernetes/list-watch/parse.js";

/** What `--proxy-mode` takes. */
export const KUBE_PROXY_MODES = ["iptables", "nftables", "ipvs"] as const;
/** One of `KUBE_PROXY_MODES`. */
export type KubeProxyMode = (typeof KUBE_PROXY_MODES)[number];

export const optionsSchema = z.object({
  /** Path of the kube-proxy. */
  binary: z.string(),
  mode: z.enum(KUBE_PROXY_MODES),
  /**
   * Which kernel interface the iptables tools use; without meaning in nftables mode. `fast`: the legacy one, which takes
   * a hundredth of the time for thousands of Services, where the kernel has it.
   */
  backend: z.enum(["legacy", "nft", "fast"]),
  /** Name of the Node object whose proxy this is. */
  node: z.string(),
  /** Addresses of the node, IPv4 or IPv6: the sandbox gets them. */
  addresses: z.array(z.string()),
  /** Pod ranges, separated by a comma (`--cluster-cidr`); undefined: kube-proxy cannot tell pods from others. */
  podRange: z.string().optional(),
  masqueradeAll: z.boolean().default(false),
  nodePortAddresses: z.array(z.string()).default([]),
  localhostNodePorts: z.boolean().default(true),
  featureGates: z.record(z.string(), z.boolean()).default({}),
  maxEndpointsPerSlice: z.number().optional(),
  /** How long it may not have synced while none of its tools works, in milliseconds. */
  timeoutMs: z.number().default(300_000),
});

/** How a kube-proxy runs: see the schema. */
export type KubeProxyOptions = z.input<typeof optionsSchema>;
export type CheckedOptions = z.output<typeof optionsSchema>;

/** What kube-proxy handed to a tool on its standard input. */
export const writeSchema = z.object({ tool: z.string(), args: z.array(z.string()), input: z.string() });
export type Write = z.infer<typeof writeSchema>;

/**
 * What IPVS mode hands over besides: an `ipset` call of its own, or a request by netlink in the words of ipvsadm or ip; and how
 * many bytes the arguments or the message have.
 */
export const commandSchema = z.object({ line: z.string(), bytes: z.number() });
export type Command = z.infer<typeof commandSchema>;

const byFamily = z.object({ 4: z.number(), 6: z.number() });
/** What IPVS mode reads by netlink: lists of all virtual services, single ones, and the destinations of one. */
export const readsSchema = z.object({ lists: z.number(), services: byFamily, destinations: byFamily });
export type Reads = z.infer<typeof readsSchema>;

/** What a sync wrote. */
export const syncSchema = z.object({
  writes: z.array(writeSchema),
  /** Of IPVS mode, in the order in which it made them: sets first. */
  commands: z.array(commandSchema),
  /** Of IPVS mode. */
  reads: readsSchema.optional(),
  /** From the change (or the start) until kube-proxy reported its last sync. */
  elapsedMs: z.number(),
});
export type Sync = z.infer<typeof syncSchema>;

/** Rules as the tools list them: file name (`iptables.save`) and text. */
export const rulesSchema = z.record(z.string(), z.string());
export type ListedRules = z.infer<typeof rulesSchema>;

/** Rules of lbscale, each as the standard input of the tool that loads them. */
export const loadableSchema = z.object({
  ip: z.string().optional(),
  ipset: z.string().optional(),
  iptables: z.string().optional(),
  ip6tables: z.string().optional(),
  ipvsadm: z.string().optional(),
  nft: z.string().optional(),
});
export type LoadableRules = z.infer<typeof loadableSchema>;

const folder = z.string();
export const requestSchema = z.discriminatedUnion("call", [
  /** Starts kube-proxy on the folder's objects and waits for its first sync. */
  z.object({ call: z.literal("start"), folder, options: optionsSchema }),
  /** Makes changes and waits for the sync of all of them. */
  z.object({ call: z.literal("apply"), changes: z.array(changeSchema) }),
  /** Opens a TCP connection from the node, which need not be answered, and tells where IPVS has sent it. */
  z.object({ call: z.literal("connect"), address: z.string(), port: z.number() }),
  z.object({ call: z.literal("rules") }),
  /** Loads other rules next to kube-proxy's, out of their way, and reads them back. */
  z.object({ call: z.literal("load"), rules: loadableSchema }),
]);
export type Request = z.input<typeof requestSchema>;

export const replySchema = z.union([
  /** Not the reply yet: what it waits for; null: it is at work, and has nothing to say. */
  z.object({ waiting: z.string().nullable() }),
  z.object({ value: z.unknown() }),
  z.object({
    error: z.string(),
    lacksProgram: z.boolean().default(false),
    settings: z.array(z.string()).readonly().default([]),
  }),
]);
export type Reply = z.infer<typeof replySchema>;

/** Files of the folder. */
export const NETLINK_PROGRAM = "netlink";
export const OBJECTS_FILE = "objects.json";
export const GUEST_REQUESTS_FOLDER = "requests";
export const GUEST_REPLIES_FILE = "replies";
export const GUEST_ERRORS_FILE = "errors";
