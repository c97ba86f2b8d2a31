/** Equal decisions first: runs the same flows through every plane's model and holds the answers to the contract. */

import { type Cluster, type Network, protocolName } from "../cluster/cluster.js";
import { endpointText, socketText } from "../cluster/family.js";
import { FLOW_WORDS, type FlowTrace } from "../cluster/flows.js";
import { differencesOf, expectationOf } from "./contract.js";
import { allows, type Expectation } from "./expectation.js";
import { optionsIn } from "./families/options.js";
import {
  type Decision,
  DROP,
  type Flow,
  type KubeProxyVersion,
  type Model,
  PASS,
  type PlaneOptions,
} from "./plane.js";
import { Situations } from "./situation.js";

/** One answer that breaks the contract, in words. */
export interface Disagreement {
  readonly plane: string;
  readonly flow: string;
  readonly expected: string;
  readonly decided: string;
}

/** Whether models answered flows as the contract wants: what `verifyPlanes` returns. */
export interface Equivalence {
  readonly flows: number;
  readonly planes: string[];
  readonly disagreements: number;
  /** The first few disagreements, in full. */
  readonly examples: Disagreement[];
  /** Documented differences from iptables that were seen, by name. */
  readonly documented: Record<string, number>;
}

const EXAMPLES = 10;

/**
 * Checks models, by plane, against the contract on a trace: each plane's documented differences are allowed it, and a plane
 * of your own is held to what iptables answers.
 * `options` are those that the models were compiled with, or a version of kube-proxy: the newest by default.
 * `nowSec` advances a second every 1,000 flows, to let affinity age.
 *
 * @param cluster The cluster that the models were compiled from.
 * @param models Models by plane; the name of a plane of your own is free.
 * @param trace Flows, from `generateCoverageFlows`.
 * @param options That the models were compiled with, or the version of kube-proxy alone; the newest by default.
 * @returns Counts per plane, and the first flows that break the contract.
 * @throws InvalidClusterError for an address that is in no range of an IPv6 cluster.
 * @example
 * ```ts
 * import { generateCluster, generateCoverageFlows, PLANES, verifyPlanes } from "lbscale";
 *
 * const cluster = generateCluster({ services: 200, seed: 1 });
 * const models = new Map(PLANES.map((plane) => [plane.id, plane.compile(cluster).model(1)]));
 * const { disagreements } = verifyPlanes(cluster, models, generateCoverageFlows(cluster, 10_000, 1));
 * ```
 */
export function verifyPlanes(
  cluster: Cluster,
  models: ReadonlyMap<string, Model>,
  trace: FlowTrace,
  options: KubeProxyVersion | PlaneOptions = {},
): Equivalence {
  const situations = new Situations(cluster);
  const documented: Record<string, number> = {};
  const examples: Disagreement[] = [];
  let disagreements = 0;
  let applied: string[] = [];
  const apply = (name: string): void => {
    applied.push(name);
  };
  for (const [plane, model] of models) {
    const differences = differencesOf(
      plane,
      optionsIn(cluster, typeof options === "string" ? { kubeProxy: options } : options),
    );
    for (let flow = 0; flow < trace.length; flow++) {
      const at = flow * FLOW_WORDS;
      const w = trace.words;
      const src = w[at]!;
      const dst = w[at + 1]!;
      const dport = w[at + 2]! & 0xffff;
      const protocol = w[at + 3]!;
      const decision = model.lookup(src, w[at + 2]! >>> 16, dst, dport, protocol, Math.floor(flow / 1000));
      const situation = situations.of(src >>> 0, dst >>> 0, dport, protocol);
      applied = [];
      const expected = expectationOf(differences, situation, apply);
      if (allows(expected, situation, cluster, decision)) {
        // Counted only where iptables would have answered otherwise.
        if (applied.length === 0 || allows(expectationOf([], situation), situation, cluster, decision))
          continue;
        for (const name of applied) documented[name] = (documented[name] ?? 0) + 1;
        continue;
      }
      disagreements++;
      if (examples.length < EXAMPLES) {
        examples.push({
          plane,
          flow: describeFlow({ src, sport: w[at + 2]! >>> 16, dst, dport, protocol }, cluster.network),
          expected: describeExpectation(expected),
          decided: describeDecision(cluster, decision),
        });
      }
    }
  }
  return { flows: trace.length, planes: [...models.keys()], disagreements, examples, documented };
}

/** One report out of reports on the same flows, a plane or more each. */
export function mergeEquivalences(parts: readonly Equivalence[]): Equivalence {
  const documented: Record<string, number> = {};
  for (const part of parts) {
    for (const [name, count] of Object.entries(part.documented)) {
      documented[name] = (documented[name] ?? 0) + count;
    }
  }
  return {
    flows: parts[0]?.flows ?? 0,
    planes: parts.flatMap((part) => part.planes),
    disagreements: parts.reduce((sum, part) => sum + part.disagreements, 0),
    examples: parts.flatMap((part) => part.examples),
    documented,
  };
}

/** A flow in words: `tcp 10.255.0.5:40000 > 10.96.0.10:80`. */
export function describeFlow({ src, sport, dst, dport, protocol }: Flow, network: Network): string {
  return `${protocolName(protocol)} ${socketText(network, src >>> 0, sport)} > ${socketText(network, dst >>> 0, dport)}`;
}

const VERDICTS: Readonly<Record<number, string>> = { [PASS]: "PASS", [DROP]: "DROP", [-2]: "REJECT" };

/** What the contract allows, in words. */
export function describeExpectation({ verdict, localOnly, masquerade }: Readonly<Expectation>): string {
  if (verdict !== "dnat") return VERDICTS[verdict]!;
  return `DNAT to ${localOnly ? "a local endpoint" : "an endpoint"}, masquerade ${masquerade}`;
}

/**
 * A decision in words: `DNAT 10.128.0.9:8080`, with `masquerade` where the source is rewritten.
 *
 * @param cluster The cluster that the decision is about.
 * @param decision What a model's `lookup` returns.
 * @returns One line for people.
 * @throws InvalidClusterError for an address that is in no range of an IPv6 cluster.
 * @example
 * ```ts
 * import { describeDecision, generateCluster, PASS } from "lbscale";
 *
 * console.log(describeDecision(generateCluster({ services: 1, seed: 1 }), PASS)); // PASS
 * ```
 */
export function describeDecision(cluster: Cluster, decision: Decision): string {
  if (decision < 0) return VERDICTS[decision]!;
  const endpoint = decision >>> 1;
  return `DNAT ${endpointText(cluster, endpoint)}${decision & 1 ? " masquerade" : ""}`;
}
