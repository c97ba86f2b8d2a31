/** The hash table of virtual services: the fixed one of Linux up to 7.0, and the resizable one merged in 2026. */

import type { AddressPlan } from "../../../cluster/address-plan.js";
import { jhash3 } from "../../shared/jhash.js";
import {
  addressFamily,
  familyProtocol,
  hashedAddress,
  NULL,
  SERVICE_ADDRESS,
  SERVICE_FAMILY_PROTOCOL,
  SERVICE_HASH,
  SERVICE_NEXT,
  SERVICE_PORT,
} from "../layout.js";

export interface ServiceTable {
  readonly buckets: number;
  /** Hashes a service in, at the head of its bucket. */
  insert(service: number): void;
  /** The service of an address, port and protocol, or NULL. */
  find(address: number, port: number, protocol: number): number;
  /** How many services `find` compares. */
  probes(address: number, port: number, protocol: number): number;
  /** The same table as services and packets of IPv6 meet it, whose addresses `plan` has. */
  ofIpv6(plan: AddressPlan): ServiceTable;
}

/** IP_VS_SVC_TAB_SIZE: 2^8, whatever the number of services. */
export const FIXED_BUCKETS = 256;

/** `ip_vs_svc_hashkey` (ip_vs_ctl.c) of a folded address; `netns` is the address of the netns_ipvs, shifted right by 8. */
export function fixedBucket(netns: number, address: number, port: number, protocol: number): number {
  return (protocol ^ address ^ netns ^ (port >>> 8) ^ port) & (FIXED_BUCKETS - 1);
}

/** Heads of 8 bytes, chains through s_list: each probe is a pointer chase. ip_vs_svc_table has services of both families. */
export class FixedServiceTable implements ServiceTable {
  readonly buckets = FIXED_BUCKETS;
  readonly #words: Int32Array;
  readonly #heads: Int32Array;
  readonly #netns: number;
  readonly #plan: AddressPlan | undefined;
  readonly #family: number;

  /** `plan`: of IPv6. `heads`: of a table that there is already. */
  constructor(
    words: Int32Array,
    netns: number,
    plan?: AddressPlan,
    heads: Int32Array = new Int32Array(FIXED_BUCKETS * 2),
  ) {
    this.#words = words;
    this.#heads = heads;
    this.#netns = netns;
    this.#plan = plan;
    this.#family = addressFamily({ ...(plan && { ipv6: plan }) });
  }

  ofIpv6(plan: AddressPlan): FixedServiceTable {
    return new FixedServiceTable(this.#words, this.#netns, plan, this.#heads);
  }

  insert(service: number): void {
    const words = this.#words;
    const head = this.#head(
      words[service + SERVICE_ADDRESS]!,
      words[service + SERVICE_PORT]!,
      words[service + SERVICE_FAMILY_PROTOCOL]! >>> 16,
    );
    words[service + SERVICE_NEXT] = this.#heads[head]!;
    this.#heads[head] = service;
  }

  find(address: number, port: number, protocol: number): number {
    const words = this.#words;
    const family = familyProtocol(this.#family, protocol);
    let service = this.#heads[this.#head(address, port, protocol)]!;
    while (service !== NULL) {
      if (
        words[service + SERVICE_ADDRESS] === address &&
        words[service + SERVICE_PORT] === port &&
        words[service + SERVICE_FAMILY_PROTOCOL] === family
      ) {
        return service;
      }
      service = words[service + SERVICE_NEXT]!;
    }
    return NULL;
  }

  probes(address: number, port: number, protocol: number): number {
    const found = this.find(address, port, protocol);
    let probes = 0;
    let service = this.#heads[this.#head(address, port, protocol)]!;
    while (service !== NULL) {
      probes++;
      if (service === found) break;
      service = this.#words[service + SERVICE_NEXT]!;
    }
    return probes;
  }

  #head(address: number, port: number, protocol: number): number {
    return fixedBucket(this.#netns, hashedAddress(this.#plan, address), port, protocol) * 2;
  }
}

const MIN_BITS = 4;
const MAX_BITS = 20;
/** svc_lfactor of init_net is -3: the table grows when more than 1/8 of its buckets would be in use. */
const LOAD_FACTOR_SHIFT = 3;

/** `ip_vs_rht_desired_size` of a growing table (nf-next commits b655388111cf, 840aac3d900d). */
export function resizableBuckets(services: number): number {
  const roundedUp = 2 ** Math.ceil(Math.log2(Math.max(1, services)));
  return Math.min(2 ** MAX_BITS, Math.max(2 ** MIN_BITS, roundedUp << LOAD_FACTOR_SHIFT));
}

/** A node stores its hash, so a mismatch costs one compare. The kernel's table id, bit 31, is left out. */
export class ResizableServiceTable implements ServiceTable {
  readonly buckets: number;
  readonly #words: Int32Array;
  readonly #heads: Int32Array;
  readonly #services: number;
  readonly #mask: number;
  readonly #key: number;
  readonly #plan: AddressPlan | undefined;
  readonly #family: number;

  /** `plan`: of IPv6. `heads`: of a table that there is already. */
  constructor(
    words: Int32Array,
    services: number,
    key: number,
    plan?: AddressPlan,
    heads: Int32Array = new Int32Array(resizableBuckets(services) * 2),
  ) {
    this.buckets = heads.length / 2;
    this.#words = words;
    this.#services = services;
    this.#heads = heads;
    this.#mask = this.buckets - 1;
    this.#key = key;
    this.#plan = plan;
    this.#family = addressFamily({ ...(plan && { ipv6: plan }) });
  }

  ofIpv6(plan: AddressPlan): ResizableServiceTable {
    return new ResizableServiceTable(this.#words, this.#services, this.#key, plan, this.#heads);
  }

  insert(service: number): void {
    const words = this.#words;
    const hash = this.#hash(
      words[service + SERVICE_ADDRESS]!,
      words[service + SERVICE_PORT]!,
      words[service + SERVICE_FAMILY_PROTOCOL]! >>> 16,
    );
    const head = (hash & this.#mask) * 2;
    words[service + SERVICE_HASH] = hash;
    words[service + SERVICE_NEXT] = this.#heads[head]!;
    this.#heads[head] = service;
  }

  find(address: number, port: number, protocol: number): number {
    const words = this.#words;
    const family = familyProtocol(this.#family, protocol);
    const hash = this.#hash(address, port, protocol);
    let service = this.#heads[(hash & this.#mask) * 2]!;
    while (service !== NULL) {
      if (
        words[service + SERVICE_HASH] === hash &&
        words[service + SERVICE_ADDRESS] === address &&
        words[service + SERVICE_PORT] === port &&
        words[service + SERVICE_FAMILY_PROTOCOL] === family
      ) {
        return service;
      }
      service = words[service + SERVICE_NEXT]!;
    }
    return NULL;
  }

  probes(address: number, port: number, protocol: number): number {
    const found = this.find(address, port, protocol);
    let probes = 0;
    let service = this.#heads[(this.#hash(address, port, protocol) & this.#mask) * 2]!;
    while (service !== NULL) {
      probes++;
      if (service === found) break;
      service = this.#words[service + SERVICE_NEXT]!;
    }
    return probes;
  }

  /** `ip_vs_rht_hash_linfo`: jhash_3words(port, protocol, address, key); of IPv6 ipv6_addr_hash, which folds too. */
  #hash(address: number, port: number, protocol: number): number {
    return jhash3(port, protocol, hashedAddress(this.#plan, address), this.#key);
  }
}
