/** The same decision as `model.ts`, counted hook by hook and in words. The contract suite holds both to the same answers. */

import { socketText } from "../../cluster/family.js";
import { serviceCidrsOf } from "../../cluster/service-ranges.js";
import { DROP, type Explanation, type Flow, noWork, PASS, REJECT } from "../plane.js";
import type { ExplainedModel } from "./explained-model.js";
import { HookCounter } from "./hook-counter.js";
import * as layout from "./layout.js";
import { MISS, type NodePortTable, type ServiceTable } from "./structures/rhashtable.js";

/**
 * Explains one flow on a model, consuming its randomness and affinity as a lookup does. Work counts what a first packet
 * meets in all hooks of kube-proxy's table: rules of nat hooks (prerouting or output, and postrouting) and of filter hooks,
 * and lookups in sets and maps, anonymous ones and updates of affinity sets among them. `hooks` has them apart.
 */
export function explainNftables(
  model: ExplainedModel,
  flow: Flow,
  nowSec: number,
  path?: string[],
): Explanation {
  const { tables } = model;
  const { words } = model.chains;
  const { hasEndpointChains } = model.layout;
  const src = flow.src | 0;
  const dst = flow.dst | 0;
  const { protocol } = flow;
  const isOwn = model.isLocal(src);
  const work = noWork();
  const counter = new HookCounter(work, path);
  const { hooks } = counter;
  const say = (line: string): void => counter.say(line);
  const enterHook = (hook: string): void => counter.enter(hook);
  const visit = (rules: number): void => counter.visit(rules);
  const lookUp = (probes: number): void => counter.lookUp(probes);

  const decision = walk();
  return { decision, work, hooks };

  function walk(): number {
    enterHook(`filter ${isOwn ? "output" : "prerouting"} (-110)`);
    // The jump for new connections, then the map's rule.
    visit(2);
    const fenced = findService("firewall-ips", tables.firewallIps, dst, flow.dport);
    if (fenced !== MISS) {
      visit(1);
      const service = tables.firewallIps.value(fenced);
      const allowed = model.ranges.allows(service, src);
      if (model.ranges.count(service) > 1) lookUp(0);
      say(`source ${allowed ? "inside" : "outside"} the ranges`);
      if (!allowed) return DROP;
    }
    enterHook(`nat ${isOwn ? "output" : "prerouting"} (-100)`);
    visit(1);
    let isMarked = false;
    if (!hasEndpointChains && model.layout.marksClusterIps) {
      visit(1);
      lookUp(tables.clusterIps.probes(dst));
      const isClusterIp = tables.clusterIps.find(dst) !== MISS;
      say(`@cluster-ips: ${isClusterIp ? "hit" : "miss"}`);
      isMarked = isClusterIp && model.isMasqueraded(src);
      if (isMarked) say("source outside the pod range: mark for masquerade");
    }
    const chain = findChain();
    const chosen = chain === layout.NONE ? PASS : enter(chain, isMarked);
    if (chosen < 0) {
      const refused = filter(dst, flow.dport);
      if (refused === PASS && (isOwn || !model.isLocal(dst))) leave(isMarked, false);
      return refused;
    }
    const [address, port] = [model.target[0]!, model.target[1]!];
    const refused = filter(address, port);
    if (refused !== PASS) return refused;
    return leave((chosen & 1) === 1, true) ? chosen | 1 : chosen;
  }

  function findChain(): number {
    visit(1);
    const service = findService("service-ips", tables.serviceIps, dst, flow.dport);
    if (service !== MISS) return tables.serviceIps.value(service);
    visit(1);
    if (!findsNode(dst, model.servesNodePorts(dst))) return layout.NONE;
    const nodePort = findNodePort("service-nodeports", tables.nodePorts, flow.dport);
    return nodePort === MISS ? layout.NONE : tables.nodePorts.value(nodePort);
  }

  /** `ip daddr @nodeport-ips` in front of another map. */
  function findsNode(address: number, found: boolean): boolean {
    if (tables.nodePortIps) lookUp(tables.nodePortIps.probes(address));
    return found;
  }

  function findService(name: string, table: ServiceTable, address: number, port: number): number {
    lookUp(table.probes(address, protocol, port));
    const element = table.find(address, protocol, port);
    say(`@${name}: ${element === MISS ? "miss" : "hit"}`);
    return element;
  }

  function findNodePort(name: string, table: NodePortTable, port: number): number {
    lookUp(table.probes(protocol, port));
    const element = table.find(protocol, port);
    say(`@${name}: ${element === MISS ? "miss" : "hit"}`);
    return element;
  }

  /** A mark is a rule, up to 1.35 in a chain of its own. */
  function mark(): void {
    visit(hasEndpointChains ? 2 : 1);
  }

  function enter(entered: number, isMarked: boolean): number {
    let blob = words[entered + layout.CHAIN_BLOB]!;
    let masquerade = isMarked;
    const kind = words[blob + layout.BLOB_KIND];
    const isExternal = kind === layout.KIND_EXTERNAL || kind === layout.KIND_EXTERNAL_LOCAL;
    if (kind === layout.KIND_EXTERNAL) {
      mark();
      visit(1);
      masquerade = true;
      say("external chain: mark for masquerade, goto the service's chain");
      blob = words[words[blob + layout.EXTERNAL_SERVICE]! + layout.CHAIN_BLOB]!;
    } else if (kind === layout.KIND_EXTERNAL_LOCAL) {
      const next = throughLocal(blob);
      masquerade = next.masquerade;
      if (next.chain === layout.NONE) return PASS;
      blob = words[next.chain + layout.CHAIN_BLOB]!;
    }
    const balancing = words[blob + layout.BLOB_KIND];
    if (balancing === layout.KIND_SINGLE || balancing === layout.KIND_MAP) {
      visit(1);
      return translate(balancing === layout.KIND_SINGLE ? single(blob) : anyOf(blob), masquerade);
    }
    if (balancing === layout.KIND_SERVICE) {
      visit(1);
      if (!isExternal && model.failsPodTest(blob, src)) {
        visit(1);
        masquerade = true;
        say("source outside the pod range: mark for masquerade");
      }
    }
    const endpoint = words[pick(blob) + layout.CHAIN_BLOB]!;
    if (hasEndpointChains) {
      visit(1);
      if (words[endpoint + layout.ENDPOINT_ADDRESS] === src) {
        visit(1);
        masquerade = true;
        say("the client is the endpoint: mark for masquerade");
      }
    }
    const index = words[endpoint + layout.ENDPOINT_INDEX]!;
    if (words[endpoint + layout.ENDPOINT_STICKY] === 1) {
      visit(1);
      lookUp(0);
      model.affinity.put(index, src, 0, nowSec);
      say("update the affinity set");
    }
    visit(1);
    const address = words[endpoint + layout.ENDPOINT_DNAT_ADDRESS]!;
    return translate({ address, port: words[endpoint + layout.ENDPOINT_DNAT_PORT]!, index }, masquerade);
  }

  function single(blob: number): Target {
    return {
      address: words[blob + layout.SINGLE_ADDRESS]!,
      port: words[blob + layout.SINGLE_PORT]!,
      index: words[blob + layout.SINGLE_INDEX]!,
    };
  }

  function anyOf(blob: number): Target {
    const element = random(words[blob + layout.MAP_MODULUS]!, words[blob + layout.MAP_SET]!);
    return {
      address: model.maps.address(element),
      port: model.maps.port(element),
      index: model.maps.index(element),
    };
  }

  function translate({ address, port, index }: Target, masquerade: boolean): number {
    model.target[0] = address;
    model.target[1] = port;
    if (path) say(`dnat to ${socketText(model.cluster.network, address >>> 0, port)}`);
    return index * 2 + Number(masquerade);
  }

  function throughLocal(blob: number): { chain: number; masquerade: boolean } {
    const service = words[blob + layout.EXTERNAL_SERVICE]!;
    if (model.layout.tellsPods) visit(1);
    if (model.isPod(src)) {
      say("external chain, policy Local: a pod goes to the service's chain");
      return { chain: service, masquerade: false };
    }
    if (isOwn) {
      mark();
      visit(1);
      say("external chain, policy Local: the node itself is masqueraded and goes to the service's chain");
      return { chain: service, masquerade: true };
    }
    const local = words[blob + layout.EXTERNAL_LOCAL_CHAIN]!;
    // Both tests of a local source, and the goto where there is one.
    visit(local === layout.NONE ? 2 : 3);
    say(
      `external chain, policy Local: ${local === layout.NONE ? "no endpoint here" : "goto the local chain"}`,
    );
    return { chain: local, masquerade: false };
  }

  /** The endpoint's chain: by affinity, or by chance. */
  function pick(blob: number): number {
    const sticky = words[blob + layout.BLOB_STICKY]!;
    const choosing = blob + layout.choosingStart(words[blob + layout.BLOB_KIND]!);
    for (let i = 0; i < sticky; i++) {
      const chain = words[choosing + i * layout.AFFINITY_RULE_WORDS + layout.AFFINITY_CHAIN]!;
      visit(1);
      lookUp(0);
      if (model.remembers(chain, words[blob + layout.BLOB_TIMEOUT]!, src, nowSec)) {
        say(`affinity set ${i + 1} of ${sticky}: hit`);
        return chain;
      }
    }
    if (sticky > 0) say(`${sticky} affinity sets: a new client`);
    const numgen = choosing + sticky * layout.AFFINITY_RULE_WORDS;
    visit(1);
    return model.maps.chain(
      random(words[numgen + layout.NUMGEN_MODULUS]!, words[numgen + layout.NUMGEN_SET]!),
    );
  }

  /** A random element of an anonymous map. */
  function random(modulus: number, set: number): number {
    const key = model.randomBelow(modulus);
    say(`numgen random mod ${modulus}: ${key}`);
    lookUp(model.maps.probes(set, key));
    return model.maps.find(set, key);
  }

  /** The filter hooks at priority 0, with the destination after NAT. */
  function filter(address: number, port: number): number {
    const isForUs = model.isLocal(address);
    if (!isForUs || isOwn) {
      enterHook(`filter ${isOwn ? "output" : "forward"} (0)`);
      visit(2);
      const refused = findService("no-endpoint-services", tables.noEndpointServices, address, port);
      if (refused !== MISS) return tables.noEndpointServices.value(refused);
      visit(2);
      lookUp(tables.clusterIps.probes(address));
      const known = tables.clusterIps.find(address) !== MISS;
      say(`@cluster-ips: ${known ? "hit, but no service on this port: REJECT" : "miss"}`);
      if (known) return REJECT;
      visit(1);
      // One range is a comparison, several are a set.
      if (serviceCidrsOf(model.cluster.network).length > 1) lookUp(0);
      if (model.isServiceRange(address)) {
        say("an address of the service range that no service has: DROP");
        return DROP;
      }
    }
    if (!isForUs) return PASS;
    enterHook("filter input (0)");
    visit(2);
    if (findsNode(address, model.checksNodePorts(address))) {
      const nodePort = findNodePort("no-endpoint-nodeports", tables.noEndpointNodePorts, port);
      if (nodePort !== MISS) return tables.noEndpointNodePorts.value(nodePort);
    }
    visit(2);
    const refused = findService("no-endpoint-services", tables.noEndpointServices, address, port);
    return refused === MISS ? PASS : tables.noEndpointServices.value(refused);
  }

  /** nat postrouting. Returns whether the source is rewritten. */
  function leave(isMarked: boolean, isTranslated: boolean): boolean {
    enterHook("nat postrouting (100)");
    visit(2);
    if (hasEndpointChains) {
      if (isMarked) visit(2);
    } else if (!isMarked) {
      visit(1);
      if (isTranslated) {
        const [address, port] = [model.target[0]!, model.target[1]!];
        lookUp(tables.hairpins.probes(src, address, protocol, port));
        const isHairpin = tables.hairpins.find(src, address, protocol, port) !== MISS;
        say(`@hairpin-connections: ${isHairpin ? "hit" : "miss"}`);
        if (isHairpin) return true;
      }
    }
    if (isMarked) say("masquerade");
    return isMarked;
  }
}

interface Target {
  readonly address: number;
  readonly port: number;
  readonly index: number;
}
