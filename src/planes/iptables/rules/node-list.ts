/**
 * A node's own rules in the model: every chain and rule of its iptables-save in its place, others' rules included. A
 * condition that isn't understood is visited and taken as not matching, and counted; so is every test of an interface
 * (the model's packets have none) but kube-proxy's own: that tells pods, which the model knows by their range.
 */

import type { Cluster } from "../../../cluster/cluster.js";
import { InvalidInputError } from "../../../errors.js";
import type { Model } from "../../plane.js";
import { BASE_CHAINS, buildTable, type Table } from "../blob.js";
import { sizesOf } from "../layout.js";
import { IptablesModel } from "../model.js";
import { STACK } from "../walk.js";
import { endpointOwners } from "./nat-rules.js";
import {
  type ChainKind,
  type Rule,
  type RuleSink,
  RuleWriter,
  statisticThreshold,
  type Target,
} from "./rules.js";
import type { NodeList, SavedChain, SavedRule, SavedTable } from "./saved-rules.js";

/** A node's own rules as tables that the iptables model walks. */
export interface NodeProgram {
  readonly nat: Table;
  readonly filter: Table;
  /** Rules taken as not matching, by what is not understood, most frequent first. */
  readonly unsupported: readonly (readonly [what: string, rules: number])[];
  /**
   * Builds the executor.
   *
   * @param seed Drives random picks: the same seed decides alike.
   * @returns A model that walks the node's own rules, others' included.
   */
  model(seed: number): Model;
}

const NAT_HOOKS: readonly ChainKind[] = ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"];
const FILTER_HOOKS: readonly ChainKind[] = ["INPUT", "FORWARD", "OUTPUT"];

/**
 * Lays out a node's list.
 *
 * @param cluster The cluster that was imported with the list.
 * @param list The node's rules, from `importCluster`.
 * @returns Tables that the iptables model walks.
 * @throws InvalidInputError when chains jump in a circle, deeper than the model's stack, or nowhere.
 * @example
 * ```ts
 * import { compileNodeList, describeDecision, EXPORTS, generateCluster, importCluster } from "lbscale";
 *
 * const saved = [...EXPORTS.find(({ id }) => id === "iptables")!.write(generateCluster({ services: 20, seed: 1 }))];
 * const { cluster, nodeList } = importCluster(saved.join(""));
 * const model = compileNodeList(cluster, nodeList!).model(1);
 * const flow = { src: 0x0aff0001, sport: 40000, dst: cluster.clusterIp[0]!, dport: cluster.port[0]!, protocol: 6 };
 * console.log(describeDecision(cluster, model.explain(flow, 0).decision));
 * ```
 */
export function compileNodeList(cluster: Cluster, list: NodeList): NodeProgram {
  const unsupported = new Map<string, number>();
  const mark = markOf(list.tables.nat, "KUBE-MARK-MASQ", 0x4000);
  const dropMark = markOf(list.tables.nat, "KUBE-MARK-DROP", 0x8000);
  const owners = endpointOwners(cluster);
  const table = (saved: SavedTable, hooks: readonly ChainKind[]): Table => {
    const names = [...saved.values()].filter(({ name }) => !(hooks as readonly string[]).includes(name));
    const numbers = new Map(names.map(({ name }, index) => [name, index]));
    refuseDeepJumps(saved);
    const emit = (sink: RuleSink, note?: (what: string) => void): void => {
      const writer = new RuleWriter(sink);
      const replay = new Replay({ writer, numbers, cluster, owners, list, mark, dropMark, note });
      for (const hook of hooks) {
        const chain = saved.get(hook);
        writer.chain(hook, 0, chain?.policy === "DROP" ? "drop" : undefined);
        if (chain) replay.rules(chain);
      }
      for (const [index, chain] of names.entries()) {
        writer.chain("OTHER", index);
        replay.rules(chain);
      }
    };
    emit({ chain: () => {}, rule: () => {} }, (what) =>
      unsupported.set(what, (unsupported.get(what) ?? 0) + 1),
    );
    const built = buildTable(emit, names.length, sizesOf(cluster.network));
    const starts = new Map(names.map(({ name }, index) => [built.start("OTHER", index), name]));
    return { ...built, nameAt: (at) => starts.get(at) ?? "a chain" };
  };
  const nat = table(list.tables.nat, NAT_HOOKS);
  const filter = table(list.tables.filter, FILTER_HOOKS);
  return {
    nat,
    filter,
    unsupported: [...unsupported].sort((a, b) => b[1] - a[1]),
    model: (seed) => new IptablesModel(cluster, nat, filter, seed),
  };
}

/** The mark that a chain sets (`masqueradeBit`, kubelet's `iptablesDropBit`): the default where it sets none. */
function markOf(nat: SavedTable, chain: string, usual: number): number {
  return nat.get(chain)?.rules.find(({ setMark }) => setMark)?.setMark?.mask ?? usual;
}

/** The kernel refuses circles too, and gives each jump a place on its stack. */
function refuseDeepJumps(table: SavedTable): void {
  const depths = new Map<string, number>();
  const OPEN = -1;
  // An own stack: a list with 100,000 chains in a row must not end in a stack overflow.
  for (const root of table.keys()) {
    const stack: { name: string; jumps: string[]; deepest: number }[] = [];
    const enter = (name: string): void => {
      depths.set(name, OPEN);
      const jumps = table
        .get(name)!
        .rules.map(({ target }) => target)
        .filter((target) => table.has(target));
      stack.push({ name, jumps, deepest: 0 });
    };
    if (!depths.has(root)) enter(root);
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const next = top.jumps.pop();
      if (next === undefined) {
        depths.set(top.name, top.deepest);
        stack.pop();
        const above = stack[stack.length - 1];
        if (above) above.deepest = Math.max(above.deepest, top.deepest + 1);
        if (top.deepest > STACK)
          throw new InvalidInputError(`chain ${top.name} jumps more than ${STACK} deep`);
        continue;
      }
      const known = depths.get(next);
      if (known === OPEN) throw new InvalidInputError(`chain ${next} jumps in a circle`);
      if (known === undefined) enter(next);
      else top.deepest = Math.max(top.deepest, known + 1);
    }
  }
}

interface ReplayContext {
  readonly writer: RuleWriter;
  readonly numbers: ReadonlyMap<string, number>;
  readonly cluster: Cluster;
  /** Endpoint → its service-port. */
  readonly owners: Uint32Array;
  readonly list: NodeList;
  readonly mark: number;
  readonly dropMark: number;
  readonly note: ((what: string) => void) | undefined;
}

/** Turns saved rules into the model's. */
class Replay {
  readonly #context: ReplayContext;

  constructor(context: ReplayContext) {
    this.#context = context;
  }

  rules(chain: SavedChain): void {
    for (const rule of chain.rules) this.#rule(chain, rule);
  }

  #rule(chain: SavedChain, saved: SavedRule): void {
    const { writer, numbers, cluster, list } = this.#context;
    const isBase = (BASE_CHAINS as readonly string[]).includes(chain.name) && chain.policy !== "-";
    const rule = writer.begin(saved.comment !== null);
    rule.src = saved.src?.base ?? 0;
    rule.srcPrefixLength = saved.src?.prefixLength ?? 0;
    rule.srcInvert = saved.srcInvert;
    rule.dst = saved.dst?.base ?? 0;
    rule.dstPrefixLength = saved.dst?.prefixLength ?? 0;
    rule.protocol = saved.protocol;
    rule.dport = saved.dport;
    rule.threshold = saved.probability > 0 ? Math.min(0x7fffffff, statisticThreshold(saved.probability)) : -1;
    rule.addrtype = saved.addrtype;
    if (saved.interfaceIn && isPodTest(chain, saved)) {
      const { base, prefixLength } = cluster.network.podCidr;
      rule.src = base;
      rule.srcPrefixLength = prefixLength;
      rule.srcInvert = saved.interfaceIn.negated;
    }
    const problem =
      saved.unsupported ??
      (saved.interfaceIn && !isPodTest(chain, saved) ? "-i" : null) ??
      this.#conditions(saved, rule) ??
      (isBase && saved.isGoto ? "-g in a base chain" : null);
    // The model cannot exclude a destination: only what goes to a loopback address differs.
    if (saved.notToLoopback) this.#context.note?.("-m ! -d 127.0.0.0/8, taken as matching");
    const jump = numbers.get(saved.target);
    if (problem !== null) {
      this.#context.note?.(kindOf(problem));
      rule.unsupported = true;
    }
    if (jump !== undefined) {
      rule.isGoto = saved.isGoto && !isBase;
      writer.jump("OTHER", jump);
      return;
    }
    const endpoint = saved.target === "DNAT" ? list.endpointOfChain.get(chain.name) : undefined;
    if (endpoint !== undefined && endpoint < cluster.endpoints) rule.endpoint = endpoint;
    writer.emit(this.#target(saved, isBase, endpoint !== undefined));
  }

  /** Conditions with a meaning of their own; what isn't understood, in words. */
  #conditions(saved: SavedRule, rule: Rule): string | null {
    if (saved.stateNew !== null) rule.state = saved.stateNew ? "new" : "established";
    if (saved.recent !== "none") {
      const endpoint = this.#context.list.endpointOfChain.get(saved.recentName);
      if (endpoint === undefined) return "-m recent of a list that is no endpoint's";
      const { cluster, owners } = this.#context;
      if (cluster.affinitySeconds[cluster.service[owners[endpoint]!]!]! > 0) {
        rule.recent = saved.recent;
        rule.recentEndpoint = endpoint;
        rule.recentSeconds = saved.recentSeconds;
      } else if (saved.recent === "check") {
        return "-m recent without a time";
      }
    }
    if (saved.mark) {
      const { value, mask, negated } = saved.mark;
      const { mark: masquerade, dropMark } = this.#context;
      if (value === masquerade && mask === masquerade) rule.mark = negated ? "unset" : "set";
      else if (value === dropMark && mask === dropMark && !negated) rule.mark = "drop";
      else return "-m mark of a mark that is not kube-proxy's";
    }
    return null;
  }

  #sets({ setMark }: SavedRule, mark: number): boolean {
    return setMark?.value === mark && setMark.mask === mark;
  }

  #target(saved: SavedRule, isBase: boolean, isEndpoint: boolean): Target {
    switch (saved.target) {
      case "ACCEPT":
        return "accept";
      case "RETURN":
        return isBase ? "accept" : "return";
      case "DROP":
        return "drop";
      case "REJECT":
        return "reject";
      case "DNAT":
        // To somewhere that is no endpoint (a host port, Docker): the walk ends, no service was meant.
        return isEndpoint ? "dnat" : "accept";
      case "REDIRECT":
        return "accept";
      case "MARK":
        return this.#sets(saved, this.#context.mark)
          ? "mark-masq"
          : this.#sets(saved, this.#context.dropMark)
            ? "mark-drop"
            : "unmark";
      case "MASQUERADE":
        return "masquerade";
      default:
        // LOG, counting rules, and other targets of POSTROUTING, which a lookup does not walk: the next rule follows.
        return "unmark";
    }
  }
}

/** `-i azv+` in kube-proxy's chains: `--detect-local-mode` InterfaceNamePrefix or BridgeInterface. */
function isPodTest({ name }: SavedChain, { interfaceIn, src }: SavedRule): boolean {
  return interfaceIn !== null && src === null && name.startsWith("KUBE-");
}

/** What a condition is about, without its values, so that a hundred interfaces are one line of a report. */
function kindOf(problem: string): string {
  if (problem.startsWith("-m ")) return problem;
  return problem
    .split(" ")
    .filter((word) => word.startsWith("-") || word === "!")
    .join(" ");
}
