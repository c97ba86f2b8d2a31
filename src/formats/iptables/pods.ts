/** How the rules of iptables mode recognize traffic of pods, and what they masquerade. */

import type { Cidr } from "../../cluster/cluster.js";
import type { MasqueradeOfClusterIps } from "../../cluster/infer-network.js";
import type { SavedRule } from "../../planes/iptables/rules/saved-rules.js";
import type { FoundPort } from "../assemble.js";
import { masqueradeOf } from "./chains.js";

/** Collects evidence rule by rule. */
export class PodTests {
  readonly #cidrs = new Map<string, { cidr: Cidr; count: number }>();
  readonly #masquerades = { all: 0, some: 0 };
  #shortCut: Cidr | undefined;
  /** How traffic of pods is told from other where it is no range: `-i azv+`. */
  test: string | undefined;

  /** A rule that marks what comes to a cluster IP, all of it or by its source. */
  note(rule: SavedRule): void {
    this.#masquerades[rule.src || rule.interfaceIn ? "some" : "all"]++;
    if (rule.interfaceIn) {
      this.test ??= `-i ${rule.interfaceIn.name}`;
      return;
    }
    if (!rule.src || !rule.srcInvert) return;
    const key = `${rule.src.base}/${rule.src.prefixLength}`;
    const seen = this.#cidrs.get(key);
    if (seen) seen.count++;
    else this.#cidrs.set(key, { cidr: rule.src, count: 1 });
  }

  /** Pods' short cut to services of policy Local: it tells the range where all traffic is masqueraded. */
  noteShortCut(range: Cidr): void {
    this.#shortCut ??= range;
  }

  get masquerade(): MasqueradeOfClusterIps {
    return masqueradeOf(this.#masquerades);
  }

  /** False where the rules for these ports show that kube-proxy cannot tell pods from others. */
  areKnown(ports: readonly FoundPort[]): boolean {
    const { all, some } = this.#masquerades;
    if (some > 0 || this.#shortCut !== undefined || this.test !== undefined) return true;
    // Where all is marked, it shows in the short cut of pods to a policy Local alone.
    return !ports.some((port) =>
      all > 0 ? port.externalLocal : port.clusterIp !== undefined && port.endpoints.length > 0,
    );
  }

  /** The range that most rules name. */
  range(): Cidr | undefined {
    const [most] = [...this.#cidrs.values()].sort((a, b) => b.count - a.count);
    // Clients of the model live in a part of it.
    const cidr = most?.cidr ?? this.#shortCut;
    return cidr && cidr.prefixLength <= 24 ? cidr : undefined;
  }
}
