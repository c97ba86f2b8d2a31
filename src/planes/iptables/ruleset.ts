/** The program as text for iptables-restore: the rules that the model walks, in their order, with kube-proxy's names. */

import type { Cluster } from "../../cluster/cluster.js";
import { refuseUnsafeNames } from "../../cluster/safe-names.js";
import type { UpdateMode } from "../plane.js";
import { type ChangedServices, changedService } from "../shared/changed-services.js";
import { TextSink } from "../shared/text-sink.js";
import { BASE_CHAINS, ENSURED_CHAINS, FILLED_CHAIN } from "./blob.js";
import type { IptablesProgram } from "./program.js";
import { HandedRules } from "./rules/handed-rules.js";
import { endpointOwners, isLargeCluster, servesLocalhost } from "./rules/nat-rules.js";
import { ChainNames } from "./rules/rule-comments.js";
import { NFACCT_OBJECTS, RuleText } from "./rules/rule-text.js";
import type { ChainKind, Rule, RuleSink } from "./rules/rules.js";

/** Whether a chain, and its rules, are written. */
type Keep = (kind: ChainKind, index: number) => boolean;

/**
 * Text for `iptables-restore` (legacy or nft), in chunks: the whole nat and filter tables, flushing what is there.
 * Throws NotRepresentableError for names that Kubernetes does not allow.
 */
export function* iptablesRestore(program: IptablesProgram): Iterable<string> {
  refuseUnsafeNames(program.cluster);
  const chains = new ChainNames(program.cluster);
  const all: Keep = () => true;
  if (program.settings.nfacct) yield nfacctComment();
  yield CANARY_TABLE;
  yield* tableText(program, "nat", chains, all);
  yield* tableText(program, "filter", chains, all);
}

/** kube-proxy watches an empty chain in mangle too. */
const CANARY_TABLE = `*mangle
${["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"].map((chain) => `:${chain} ACCEPT [0:0]`).join("\n")}
:KUBE-PROXY-CANARY - [0:0]
COMMIT
`;

/** kube-proxy makes its counters over netlink; iptables-restore fails where a rule names one that is not there. */
function nfacctComment(): string {
  const objects = Object.values(NFACCT_OBJECTS);
  return [
    "# These rules count in nfacct objects. Make them before iptables-restore, or export without nfacct:",
    ...objects.map((name) => `#   nfacct add ${name}`),
    "",
  ].join("\n");
}

/** A change of one service: the programs before and after it, with the same order of services. */
export interface IptablesChange {
  readonly before: IptablesProgram;
  readonly after: IptablesProgram;
  readonly service: number;
}

/**
 * Text for `iptables-restore --noflush`, in chunks: what kube-proxy writes after a change (proxier.go, syncProxyRules).
 * `partial`: every chain that exists once, and of services only the changed one's; `full`: all. Base chains are left as
 * they are. Throws NotRepresentableError for names that Kubernetes does not allow.
 */
export function* iptablesSync(change: IptablesChange, mode: UpdateMode): Iterable<string> {
  const { before, after, service } = change;
  refuseUnsafeNames(after.cluster);
  const chains = new ChainNames(after.cluster);
  const services = changedService(service);
  const keep = keepOfSync(after, services, mode);
  yield* tableText(after, "filter", chains, keep);
  // Beyond the threshold they stay, to be deleted at most once per sync period.
  const stale = isLargeCluster(after.cluster) ? [] : staleIptablesChains({ before, after, services }, chains);
  yield* tableText(after, "nat", chains, keep, stale);
}

/** What changed between two programs. */
export interface IptablesChanges {
  readonly before: IptablesProgram;
  readonly after: IptablesProgram;
  readonly services: ChangedServices;
}

/**
 * The same as kube-proxy hands it over, byte for byte but for the order of lines, for any changes that one sync writes.
 * Throws NotRepresentableError for names that Kubernetes does not allow.
 *
 * @param stale Chains that it deletes: those of these changes, unless there are more than 1,000 endpoints.
 */
export function* iptablesHandedText(
  { before, after, services }: IptablesChanges,
  mode: UpdateMode = "partial",
  stale = isLargeCluster(after.cluster) ? [] : staleIptablesChains({ before, after, services }),
): Iterable<string> {
  refuseUnsafeNames(after.cluster);
  const chains = new ChainNames(after.cluster);
  const keep = keepOfSync(after, services, mode);
  yield* tableText(after, "filter", chains, keep, [], HandedRules);
  yield* tableText(after, "nat", chains, keep, stale, HandedRules);
}

/** What a sync writes: no chain that is only ensured, and of services those that changed, or all. */
function keepOfSync(
  { cluster, settings }: IptablesProgram,
  services: ChangedServices,
  mode: UpdateMode,
): Keep {
  const isOwn = chainsOfServices(cluster, services.after);
  const hasFirewall = servesLocalhost(cluster, settings);
  return (kind, index) => {
    if (ENSURED_CHAINS.includes(kind)) return false;
    return kind === FILLED_CHAIN ? hasFirewall : mode === "full" || isOwn(kind, index);
  };
}

/** One table. `stale` chains are declared, which flushes them, and deleted; `Text` writes the rules. */
function* tableText(
  program: IptablesProgram,
  table: "nat" | "filter",
  chains: ChainNames,
  keep: Keep,
  stale: readonly string[] = [],
  Text: typeof RuleText | typeof HandedRules = RuleText,
): Iterable<string> {
  const emit = (sink: RuleSink) => (table === "nat" ? program.natRules(sink) : program.filterRules(sink));
  yield `*${table}\n`;
  // Chains first: iptables-nft takes many times longer where a rule jumps to a chain that is declared after it.
  const declarations = new TextSink();
  emit({
    chain: (kind, index) => {
      const policy = BASE_CHAINS.includes(kind) ? "ACCEPT" : "-";
      if (keep(kind, index)) declarations.line(`:${chains.name(kind, index)} ${policy} [0:0]`);
    },
    rule: () => {},
  });
  for (const name of stale) declarations.line(`:${name} - [0:0]`);
  yield* declarations.chunks();
  const rules = new Text(program.cluster, chains);
  emit(new Kept(rules, keep));
  yield* rules.chunks();
  for (const name of stale) yield `-X ${name}\n`;
  yield "COMMIT\n";
}

/** Passes on the rules of some chains. */
class Kept implements RuleSink {
  readonly #sink: RuleSink;
  readonly #keep: Keep;
  #passes = false;

  constructor(sink: RuleSink, keep: Keep) {
    this.#sink = sink;
    this.#keep = keep;
  }

  chain(kind: ChainKind, index: number): void {
    this.#passes = this.#keep(kind, index);
    if (this.#passes) this.#sink.chain(kind, index);
  }

  rule(rule: Rule): void {
    if (this.#passes) this.#sink.rule(rule);
  }
}

/** Tells services' chains, and those that exist once, from those of other services. */
function chainsOfServices(cluster: Cluster, services: ReadonlySet<number>): Keep {
  const owners = endpointOwners(cluster);
  return (kind, index) => {
    switch (kind) {
      case "KUBE-SVC":
      case "KUBE-SVL":
      case "KUBE-EXT":
      case "KUBE-FW":
        return services.has(cluster.service[index]!);
      case "KUBE-SEP":
        return services.has(cluster.service[owners[index]!]!);
      default:
        return true;
    }
  };
}

/** Names of the services' chains that the changes leave without a user. */
export function staleIptablesChains(
  { before, after, services }: IptablesChanges,
  chains = new ChainNames(after.cluster),
): string[] {
  const names = (program: IptablesProgram, of: ChainNames, own: ReadonlySet<number>): Set<string> => {
    const isOwn = chainsOfServices(program.cluster, own);
    const found = new Set<string>();
    program.natRules({
      chain: (kind, index) => {
        if (isOwn(kind, index)) found.add(of.name(kind, index));
      },
      rule: () => {},
    });
    return found;
  };
  const now = names(after, chains, services.after);
  const old = names(before, new ChainNames(before.cluster), services.before);
  return [...old].filter((name) => !now.has(name));
}
