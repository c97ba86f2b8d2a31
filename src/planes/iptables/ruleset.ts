/** The program as text for iptables-restore: the rules that the model walks, in their order, with kube-proxy's names. */

import type { Cluster } from "../../cluster/cluster.js";
import { refuseUnsafeNames } from "../../cluster/safe-names.js";
import type { UpdateMode } from "../plane.js";
import { TextSink } from "../shared/text-sink.js";
import { BASE_CHAINS, ENSURED_CHAINS } from "./blob.js";
import type { IptablesProgram } from "./program.js";
import { isLargeCluster } from "./rules/nat-rules.js";
import { ChainNames, NFACCT_OBJECTS, RuleText } from "./rules/rule-text.js";
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
  const isOwn = chainsOfService(after.cluster, service);
  const keep: Keep = (kind, index) =>
    !ENSURED_CHAINS.includes(kind) && (mode === "full" || isOwn(kind, index));
  yield* tableText(after, "filter", chains, keep);
  // Beyond the threshold they stay, to be deleted at most once a sync period.
  const stale = isLargeCluster(after.cluster) ? [] : staleChains(before, chains, change);
  yield* tableText(after, "nat", chains, keep, stale);
}

/** One table. `stale` chains are declared, which flushes them, and deleted. */
function* tableText(
  program: IptablesProgram,
  table: "nat" | "filter",
  chains: ChainNames,
  keep: Keep,
  stale: readonly string[] = [],
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
  const rules = new RuleText(program.cluster, chains);
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

/** Tells a service's chains, and those that exist once, from those of other services. */
function chainsOfService({ portStart, endpointStart }: Cluster, service: number): Keep {
  const [firstPort, endPort] = [portStart[service]!, portStart[service + 1]!];
  const [first, end] = [endpointStart[firstPort]!, endpointStart[endPort]!];
  return (kind, index) => {
    switch (kind) {
      case "KUBE-SVC":
      case "KUBE-SVL":
      case "KUBE-EXT":
      case "KUBE-FW":
        return index >= firstPort && index < endPort;
      case "KUBE-SEP":
        return index >= first && index < end;
      default:
        return true;
    }
  };
}

/** Names of the service's chains that the change leaves without a user. */
function staleChains(
  before: IptablesProgram,
  chains: ChainNames,
  { after, service }: IptablesChange,
): string[] {
  const names = (program: IptablesProgram, of: ChainNames): Set<string> => {
    const isOwn = chainsOfService(program.cluster, service);
    const own = new Set<string>();
    program.natRules({
      chain: (kind, index) => {
        if (isOwn(kind, index)) own.add(of.name(kind, index));
      },
      rule: () => {},
    });
    return own;
  };
  const now = names(after, chains);
  return [...names(before, new ChainNames(before.cluster))].filter((name) => !now.has(name));
}
