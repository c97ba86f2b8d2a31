/** The IPVS model: ipset rules, then the service table, then persistence or the scheduler. */

import {
  type Decision,
  DROP,
  type Explanation,
  type Flow,
  type Model,
  noWork,
  PASS,
  REJECT,
} from "../plane.js";
import { ABSENT, AffinityTable } from "../shared/affinity.js";
import { explainDrops, explainHairpins, explainInput, explainNat, type Trace } from "./explain-rules.js";
import {
  AVAILABLE,
  DEST_ADDRESS,
  DEST_ENDPOINT,
  DEST_FAMILY_PORT,
  DEST_FLAGS,
  GENERATION,
  NULL,
  PERSISTENT,
  RESET_SEED,
  SERVICE_FLAGS,
  SERVICE_TIMEOUT,
} from "./layout.js";
import { formatWalk, type NodeRoutes } from "./routing/node-routes.js";
import { type IpvsRules, IS_LOAD_BALANCER, MASQUERADE } from "./rules.js";
import type { Scheduler } from "./schedulers/scheduler.js";
import type { ServiceTable } from "./tables/service-table.js";
import { portKey } from "./tables/set-entries.js";

/** Clients that persistence templates remember in the model; the kernel allocates as it goes. */
const TEMPLATES_PER_SERVICE = 1 << 16;
const TEMPLATE_CAPACITY = 1 << 18;

export interface IpvsParts {
  readonly rules: IpvsRules;
  readonly routes: NodeRoutes;
  /** See `Memory.words`. */
  readonly words: Int32Array;
  readonly table: ServiceTable;
  readonly scheduler: Scheduler;
  readonly schedulerName: string;
  /** Hash tables that the scheduler consults for a pick. */
  readonly schedulerLookups: number;
  readonly persistentServices: number;
}

export class IpvsModel implements Model {
  readonly #rules: IpvsRules;
  readonly #routes: NodeRoutes;
  readonly #words: Int32Array;
  readonly #table: ServiceTable;
  readonly #scheduler: Scheduler;
  readonly #schedulerName: string;
  readonly #schedulerLookups: number;
  /** Templates ⟨client, virtual service⟩ → destination. */
  readonly #templates: AffinityTable;

  constructor(parts: IpvsParts) {
    this.#rules = parts.rules;
    this.#routes = parts.routes;
    this.#words = parts.words;
    this.#table = parts.table;
    this.#scheduler = parts.scheduler;
    this.#schedulerName = parts.schedulerName;
    this.#schedulerLookups = parts.schedulerLookups;
    this.#templates = new AffinityTable({
      capacity: Math.max(1, Math.min(TEMPLATE_CAPACITY, parts.persistentServices * TEMPLATES_PER_SERVICE)),
    });
  }

  lookup(src: number, sport: number, dst: number, dport: number, protocol: number, nowSec: number): Decision {
    const rules = this.#rules;
    const key = portKey(dport, protocol);
    const bits = rules.nat(src, dst, key);
    if ((bits & IS_LOAD_BALANCER) !== 0 && rules.drops(src, dst, key)) return DROP;
    if (rules.isLocalDestination(dst) && !rules.isReturned(dst, key) && rules.rejects(dst)) return REJECT;
    const service = this.#table.find(dst, dport, protocol);
    if (service === NULL) return PASS;

    const words = this.#words;
    const dest =
      (words[service + SERVICE_FLAGS]! & PERSISTENT) === 0
        ? this.#scheduler.pick(service, src, sport, dst)
        : this.#pickPersistent(service, src, sport, dst, nowSec);
    // ip_vs_leave: ICMP port unreachable.
    if (dest === NULL) return REJECT;
    this.#scheduler.bind(dest);
    const endpointKey = portKey(words[dest + DEST_FAMILY_PORT]! >>> 16, protocol);
    const hairpin = rules.hairpins(words[dest + DEST_ADDRESS]!, endpointKey, src);
    return (words[dest + DEST_ENDPOINT]! << 1) | (bits & MASQUERADE) | (hairpin ? MASQUERADE : 0);
  }

  explain(flow: Flow, nowSec: number, path?: string[]): Explanation {
    const work = noWork();
    return { decision: this.#explain(flow, nowSec, { work, path }), work };
  }

  /** IPVS draws no random numbers for a lookup: the generation, where rr stands, and the templates are all its state. */
  reset(seed: number): void {
    this.#words[GENERATION]!++;
    this.#words[RESET_SEED] = seed;
    this.#templates.clear();
  }

  /**
   * ip_route_input, or ip_route_output for the node's own packets: where a packet goes, counted. No later
   * packet is spared it.
   */
  explainRoute(dst: number, { work, path }: Trace): void {
    const search = this.#routes.search(dst, work);
    if (search !== null) path?.push(`routing: ${search.type}${formatWalk(search)}`);
  }

  /** ip_vs_sched_persist: a live template decides, and each new connection re-arms its timer. */
  #pickPersistent(service: number, src: number, sport: number, dst: number, nowSec: number): number {
    let dest = this.#liveTemplate(service, src, nowSec);
    if (dest === NULL) dest = this.#scheduler.pick(service, src, sport, dst);
    if (dest !== NULL) this.#templates.put(service, src, dest, nowSec);
    return dest;
  }

  #liveTemplate(service: number, src: number, nowSec: number): number {
    const template = this.#templates.find(service, src);
    if (template === ABSENT) return NULL;
    const expiry = this.#templates.stamp(template) + this.#words[service + SERVICE_TIMEOUT]!;
    const dest = this.#templates.value(template);
    // ip_vs_check_template: one that was deleted is nobody's any more.
    return nowSec < expiry && this.#words[dest + DEST_FLAGS] === AVAILABLE ? dest : NULL;
  }

  /** `lookup`, step by step the same. */
  #explain(flow: Flow, nowSec: number, trace: Trace): Decision {
    const { work, path } = trace;
    const { sport, dport, protocol } = flow;
    const src = flow.src | 0;
    const dst = flow.dst | 0;
    const rules = this.#rules;
    const words = this.#words;
    const key = portKey(dport, protocol);

    path?.push("nat PREROUTING, KUBE-SERVICES:");
    const bits = explainNat(rules, this.#routes, { src, dst, key }, trace);
    this.explainRoute(dst, trace);
    if ((bits & IS_LOAD_BALANCER) !== 0 && explainDrops(rules, src, dst, key, trace)) {
      path?.push("DROP");
      return DROP;
    }

    const isForUs = rules.isLocalDestination(dst);
    if (isForUs) path?.push("filter INPUT:");
    if (isForUs && explainInput(rules, dst, key, trace)) {
      path?.push("REJECT: a service's address, but none of its ports");
      return REJECT;
    }
    const service = this.#table.find(dst, dport, protocol);
    const probes = this.#table.probes(dst, dport, protocol);
    work.mapLookups++;
    work.hashProbes += probes;
    path?.push(
      `service table of ${this.#table.buckets} buckets: ${service === NULL ? "no virtual service" : "found"}, ${probes} compared`,
    );
    if (service === NULL) {
      path?.push("PASS");
      return PASS;
    }

    const persistent = (words[service + SERVICE_FLAGS]! & PERSISTENT) !== 0;
    const templated = persistent && this.#liveTemplate(service, src, nowSec) !== NULL;
    if (persistent) {
      work.mapLookups++;
      path?.push(`persistence template of this client: ${templated ? "live" : "none"}`);
    }
    const dest = persistent
      ? this.#pickPersistent(service, src, sport, dst, nowSec)
      : this.#scheduler.pick(service, src, sport, dst);
    if (!templated) work.mapLookups += this.#schedulerLookups;
    if (dest === NULL) {
      path?.push(`scheduler ${this.#schedulerName}: no usable destination`, "REJECT");
      return REJECT;
    }
    this.#scheduler.bind(dest);
    const endpoint = words[dest + DEST_ENDPOINT]!;
    path?.push(`${templated ? "template" : `scheduler ${this.#schedulerName}`}: endpoint ${endpoint}`);

    const endpointKey = portKey(words[dest + DEST_FAMILY_PORT]! >>> 16, protocol);
    const isMarked = (bits & MASQUERADE) !== 0;
    path?.push("nat POSTROUTING:");
    const hairpin = explainHairpins(
      rules,
      words[dest + DEST_ADDRESS]!,
      endpointKey,
      { src, isMarked },
      trace,
    );
    const masquerade = isMarked || hairpin;
    path?.push(`DNAT to endpoint ${endpoint}${masquerade ? ", masquerade" : ""}`);
    return (endpoint << 1) | Number(masquerade);
  }
}
