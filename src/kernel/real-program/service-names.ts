/** Which Service a line of rules belongs to: by its comment, its chain, its addresses or its port. */

import { z } from "zod";
import { canonicalAddress } from "../../cluster/raw-addresses.js";
import type { ApiObject } from "../../kubernetes/list-watch/parse.js";
import { SERVICE } from "../../kubernetes/list-watch/resources.js";

const serviceSchema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string().default("default") }),
  spec: z
    .object({
      clusterIP: z.string().nullish(),
      clusterIPs: z.array(z.string()).nullish(),
      externalIPs: z.array(z.string()).nullish(),
      ports: z.array(z.object({ nodePort: z.number().nullish() })).nullish(),
    })
    .nullish(),
  status: z
    .object({
      loadBalancer: z
        .object({ ingress: z.array(z.object({ ip: z.string().nullish() })).nullish() })
        .nullish(),
    })
    .nullish(),
});

/** A chain of iptables that belongs to one Service, named by a hash. */
const HASHED_CHAIN = /KUBE-(?:SVC|SVL|EXT|FW|SEP)-[A-Z2-7]{16}/g;
/** Chains and sets of nftables name theirs. */
// pattern-bounded: one line that kube-proxy wrote.
const NAMED_CHAIN = /(?:service|local|external|firewall|endpoint|affinity)-[A-Z2-7]{8}-([^/\s]+\/[^/\s]+)\//;
const COMMENT = /--comment "?([^"\s:]+\/[^"\s:]+)/;
// pattern-bounded: one line that kube-proxy wrote.
const ADDRESS = /\d+\.\d+\.\d+\.\d+|[0-9a-f]*:[0-9a-f:]+/g;
const PORT = /(?:dport |(?:tcp|udp|sctp) \. |,|:)(\d+)\b/g;

/** Answers for single lines; built once from all rules, because hashed chains are named only where others lead to them. */
export class ServiceNames {
  readonly #byAddress = new Map<string, string>();
  readonly #byNodePort = new Map<string, string>();
  readonly #byChain = new Map<string, string>();

  /**
   * @param objects Services among others.
   * @param lines Rules from which to learn whose the hashed chains of iptables are.
   */
  constructor(objects: Iterable<ApiObject>, lines: readonly string[]) {
    for (const object of objects) if (object.kind === SERVICE.kind) this.#add(object);
    // In large clusters only KUBE-SERVICES leads to a Service's chain, and that one to its endpoints'.
    for (let length = -1; length !== this.#byChain.size; ) {
      length = this.#byChain.size;
      for (const line of lines) this.#learn(line);
    }
  }

  /** `namespace/name`, or undefined for a rule of no Service. */
  of(line: string): string | undefined {
    const named = NAMED_CHAIN.exec(line)?.[1] ?? COMMENT.exec(line)?.[1];
    if (named !== undefined) return named;
    for (const [chain] of line.matchAll(HASHED_CHAIN)) {
      const name = this.#byChain.get(chain);
      if (name !== undefined) return name;
    }
    for (const [address] of line.matchAll(ADDRESS)) {
      const name = this.#byAddress.get(address);
      if (name !== undefined) return name;
    }
    for (const [, port] of line.matchAll(PORT)) {
      const name = this.#byNodePort.get(port!);
      if (name !== undefined) return name;
    }
    return undefined;
  }

  #add(object: ApiObject): void {
    const { metadata, spec, status } = serviceSchema.parse(object);
    const name = `${metadata.namespace}/${metadata.name}`;
    const ingress = status?.loadBalancer?.ingress ?? [];
    const addresses = [
      spec?.clusterIP,
      ...(spec?.clusterIPs ?? []),
      ...(spec?.externalIPs ?? []),
      ...ingress.map(({ ip }) => ip),
    ];
    for (const address of addresses) if (address) this.#byAddress.set(canonicalAddress(address), name);
    for (const { nodePort } of spec?.ports ?? []) if (nodePort) this.#byNodePort.set(String(nodePort), name);
  }

  #learn(line: string): void {
    const chains = [...line.matchAll(HASHED_CHAIN)].map(([chain]) => chain);
    const unknown = chains.filter((chain) => !this.#byChain.has(chain));
    if (unknown.length === 0) return;
    const name = this.of(line);
    if (name !== undefined) for (const chain of unknown) this.#byChain.set(chain, name);
  }
}
