/** Do the kernel's planes decide as the contract wants? Each flow becomes a real connection. */

import type { z } from "zod";
import { type Cluster, inCidr, type Network, SCTP, UDP } from "../cluster/cluster.js";
import { addressText, socketText } from "../cluster/family.js";
import { type FlowTrace, flowAt } from "../cluster/flows.js";
import { type Difference, differencesOf, expectationOf } from "../planes/contract.js";
import { allows } from "../planes/expectation.js";
import { optionsIn } from "../planes/families/options.js";
import {
  type Decision,
  DROP,
  dnat,
  type Flow,
  KUBE_PROXY_VERSIONS,
  type KubeProxyVersion,
  PASS,
  type Program,
  REJECT,
} from "../planes/plane.js";
import { KUBE_PROXY_RELEASES } from "../planes/shared/kube-proxy.js";
import { type Situation, Situations } from "../planes/situation.js";
import { type Disagreement, describeDecision, describeExpectation, describeFlow } from "../planes/verify.js";
import type { LoadedPlane } from "./loaded-plane.js";
import type { KernelPlane } from "./plane.js";
import {
  FAILED,
  FOREIGN,
  NO_HOST,
  type ProbeOptions,
  probeFlows,
  REACHED,
  REFUSED,
  type Result,
  SILENT,
} from "./probe.js";
import type { kernelEquivalenceSchema } from "./tasks.js";
import { BACKEND_ADDRESS, type Role } from "./testbed/topology.js";

/** What verifying a plane found. `left`: flows that can't start or end in this testbed, by reason. */
export type KernelEquivalence = z.infer<typeof kernelEquivalenceSchema>;

/** Dropped packets are waited for: side by side, so that a thousand of them take seconds. */
const SLICES = 48;
const TIMEOUT_MS = 250;
/** A busy machine may answer late: before silence counts as a difference it is heard again. */
const PATIENT_TIMEOUT_MS = 2000;
const EXAMPLES = 10;

/** Flows that one probe sends, one after another. */
interface Group {
  readonly role: Role;
  readonly unconnected: boolean;
  readonly flows: Flow[];
}

type Probing = Pick<ProbeOptions, "probe" | "cgroup" | "keepPorts">;

/** Sends every flow of the trace through a loaded plane and holds what happened to the contract. */
export async function verifyLoadedPlane(
  loaded: LoadedPlane,
  trace: FlowTrace,
  probing: Probing,
): Promise<KernelEquivalence> {
  const verifier = new DecisionVerifier(loaded);
  const left: Record<string, number> = {};
  const groups = new Map<string, Group>();
  const add = (flow: Flow, role: Role, unconnected: boolean): void => {
    // A client's flows stay in order: affinity depends on it.
    const key = `${role} ${unconnected} ${flow.src % SLICES}`;
    const group = groups.get(key) ?? { role, unconnected, flows: [] };
    group.flows.push(flow);
    groups.set(key, group);
  };
  for (let i = 0; i < trace.length; i++) {
    const flow = unsigned(flowAt(trace.words, i));
    const role = verifier.roleOf(flow);
    if (role.reason !== null) {
      left[role.reason] = (left[role.reason] ?? 0) + 1;
      continue;
    }
    add(flow, role.role, false);
    // At the socket another program decides about these: sendmsg4, and recvmsg4 turns the answer's source back.
    if (loaded.plane.atSocket && flow.protocol === UDP) add(flow, role.role, true);
  }
  const probe = ({ role, unconnected }: Group, flows: readonly Flow[], timeoutMs: number) =>
    probeFlows(loaded.testbed, role, flows, {
      ...probing,
      cpu: null,
      timeoutMs,
      unconnected,
    });
  await Promise.all(
    [...groups.values()].map(async (group) => {
      const results = await probe(group, group.flows, TIMEOUT_MS);
      for (const [i, result] of results.entries()) {
        const flow = group.flows[i]!;
        if (verifier.accepts(flow, result)) continue;
        const heard =
          result.outcome === SILENT ? (await probe(group, [flow], PATIENT_TIMEOUT_MS))[0]! : result;
        verifier.record(flow, heard);
      }
    }),
  );
  const { disagreements, examples, documented, flows } = verifier;
  return { plane: loaded.plane.id, flows, left, disagreements, examples, documented };
}

function unsigned(flow: Flow): Flow {
  return { ...flow, src: flow.src >>> 0, dst: flow.dst >>> 0 };
}

/** Holds results to the contract, and remembers clients where affinity must. */
export class DecisionVerifier {
  readonly #plane: KernelPlane;
  readonly #differences: readonly Difference[];
  readonly #cluster: Cluster;
  readonly #situations: Situations;
  readonly #endpoints: ReadonlySet<number>;
  /** Addresses that are the node's own: with IPVS, those of services too. */
  readonly #own: ReadonlySet<number>;
  /** Client and frontend → the endpoint that affinity holds it to. */
  readonly #stuck = new Map<string, number>();
  readonly documented: Record<string, number> = {};
  readonly examples: Disagreement[] = [];
  disagreements = 0;
  flows = 0;

  /** `version`: of the kube-proxy whose rules are compared, where the program does not say. */
  constructor(
    { plane, cluster, program }: Pick<LoadedPlane, "plane" | "cluster" | "program">,
    version = kubeProxyOf(program),
  ) {
    if (plane.program === null) throw new TypeError(`${plane.id} decides nothing`);
    this.#plane = plane;
    this.#differences = differencesOf(
      plane.program,
      optionsIn(cluster, version === undefined ? {} : { kubeProxy: version }),
    );
    this.#cluster = cluster;
    this.#situations = new Situations(cluster);
    this.#endpoints = new Set(cluster.endpointAddress);
    this.#own = new Set([
      ...cluster.network.nodeAddresses,
      ...(plane.ownsVirtualAddresses ? [...cluster.clusterIp, ...cluster.externalAddress] : []),
    ]);
  }

  /** Where a flow starts, or why it can't be sent through this plane here. */
  roleOf({ src, dst, dport, protocol }: Flow): { role: Role; reason: null } | { role: null; reason: string } {
    const { network } = this.#cluster;
    const role: Role = src >>> 24 === 127 || network.nodeAddresses.includes(src) ? "node" : "client";
    const no = (reason: string) => ({ role: null, reason });
    if (protocol === SCTP) return no("SCTP");
    if (dst >>> 24 === 127 && role !== "node") return no("a loopback address is the node's own");
    if (!this.#plane.sources.includes(role))
      return no(`${this.#plane.id} sees nothing that starts at the ${role}`);
    if (this.#plane.atSocket && !inCidr(network.podCidr, src)) return no("no socket of this node");
    if (role === "client" && this.#isOwn(dst) && this.#endpoints.has(src)) {
      const { verdict } = expectationOf(this.#differences, this.#situations.of(src, dst, dport, protocol));
      // The testbed has this address on both sides: what the node itself answers goes to the wrong one.
      if (verdict === PASS || verdict === REJECT) return no("the node's own answer to an endpoint");
    }
    return { role, reason: null };
  }

  /** Whether a result is what the contract wants; remembers and counts it if so. */
  accepts(flow: Flow, result: Result): boolean {
    const situation = this.#situationOf(flow);
    const applied: string[] = [];
    const expected = {
      ...expectationOf(this.#differences, situation, (name) => applied.push(name)),
    };
    const decision = this.#decisionOf(flow, situation, result);
    if (decision === null) return false;
    if (this.#plane.atSocket && expected.verdict === "dnat") {
      expected.masquerade = "never";
      if (isGuarded(situation) && !this.#isOwn(flow.dst)) expected.verdict = PASS;
    }
    let fits = allows(expected, situation, this.#cluster, decision);
    if (!fits && this.#plane.dropsWithoutBackends && expected.verdict === REJECT && decision === DROP) {
      fits = true;
      applied.push("tc-no-backend-drops");
    }
    // Who sent "port unreachable" can't be told where the node itself is the destination.
    if (
      !fits &&
      flow.protocol === UDP &&
      decision === REJECT &&
      situation.destination.endsWith("elsewhere")
    ) {
      fits = expected.verdict === PASS && this.#isOwn(flow.dst);
    }
    if (!fits || !this.#sticks(flow, situation, decision)) return false;
    this.flows++;
    for (const name of applied) {
      if (allows(expectationOf([], situation), situation, this.#cluster, decision)) continue;
      this.documented[name] = (this.documented[name] ?? 0) + 1;
    }
    return true;
  }

  /** Records a result that may be a disagreement. */
  record(flow: Flow, result: Result): void {
    if (this.accepts(flow, result)) return;
    this.flows++;
    this.disagreements++;
    if (this.examples.length >= EXAMPLES) return;
    const situation = this.#situationOf(flow);
    const decision = this.#decisionOf(flow, situation, result);
    this.examples.push({
      plane: this.#plane.id,
      flow: describeFlow(flow, this.#cluster.network),
      expected: describeExpectation(expectationOf(this.#differences, situation)),
      decided:
        decision === null
          ? describeResult(result, this.#cluster.network)
          : describeDecision(this.#cluster, decision),
    });
  }

  #situationOf({ src, dst, dport, protocol }: Flow): Situation {
    const situation = { ...this.#situations.of(src, dst, dport, protocol) };
    // Source ranges are asked about packets that enter the node (nodeport_svc_lb4), never at a socket of its own.
    if (this.#plane.atSocket && !this.#plane.alsoPerPacket) situation.outOfRange = false;
    return situation;
  }

  /** What the plane must have decided for this to happen; null for nothing that a plane can decide. */
  #decisionOf(flow: Flow, situation: Situation, result: Result): Decision | null {
    switch (result.outcome) {
      case REACHED: {
        if (result.address === flow.dst && result.port === flow.dport) return PASS;
        const endpoint = this.#endpointAt(situation.servicePort, result.address, result.port);
        if (endpoint === null) return null;
        return dnat(endpoint, this.#plane.atSocket || result.peer === flow.src ? 0 : 1);
      }
      case REFUSED:
        return PASS;
      case NO_HOST:
        // What the node itself sends and its rules drop fails with EPERM.
        return this.#plane.atSocket ? REJECT : DROP;
      case SILENT:
        return DROP;
      case FAILED:
      case FOREIGN:
        return null;
      default:
        // For UDP the backend's own stack says "port unreachable" too, from the address that was asked for.
        return flow.protocol === UDP && isOfBackend(flow, result) && !this.#isOwn(flow.dst) ? PASS : REJECT;
    }
  }

  #endpointAt(servicePort: number, address: number, port: number): number | null {
    if (servicePort < 0) return null;
    const { endpointStart, endpointAddress, endpointPort } = this.#cluster;
    for (let e = endpointStart[servicePort]!; e < endpointStart[servicePort + 1]!; e++) {
      if (endpointAddress[e] === address && endpointPort[e] === port) return e;
    }
    return null;
  }

  #sticks({ src, dst, dport, protocol }: Flow, { servicePort }: Situation, decision: Decision): boolean {
    if (servicePort < 0 || decision < 0) return true;
    if (this.#cluster.affinitySeconds[this.#cluster.service[servicePort]!] === 0) return true;
    // At the socket a client is a network namespace: all of the testbed's are one.
    const key = [this.#plane.atSocket ? "" : src, dst, dport, protocol].join(" ");
    const endpoint = decision >>> 1;
    const before = this.#stuck.get(key) ?? endpoint;
    this.#stuck.set(key, before);
    return before === endpoint;
  }

  #isOwn(address: number): boolean {
    return address >>> 24 === 127 || this.#own.has(address);
  }
}

/** An external IP, as Cilium enters it for the inside: at the socket it is balanced only where it is the node's own. */
const isGuarded = ({ isExternalIp, isIngress, internalLocal, externalLocal }: Situation): boolean =>
  isExternalIp && (!isIngress || internalLocal === externalLocal);

/** Whether the backend itself refused: nobody listens there. */
function isOfBackend({ dst }: Flow, { offender }: Result): boolean {
  return offender === dst || offender === BACKEND_ADDRESS;
}

/** The version whose rules a program holds; undefined for programs of others than kube-proxy. */
function kubeProxyOf(program: Program | null): KubeProxyVersion | undefined {
  const release = program?.facts().kubeProxy;
  return KUBE_PROXY_VERSIONS.find((version) => KUBE_PROXY_RELEASES[version] === release);
}

function describeResult({ outcome, address, port, offender }: Result, network: Network): string {
  if (outcome === REACHED) return `reached ${socketText(network, address, port)}, no endpoint of the Service`;
  if (outcome === FOREIGN) return `an answer from ${addressText(network, offender)}, which was not asked`;
  return outcome === FAILED ? `the probe failed (errno ${offender})` : "EHOSTUNREACH";
}
