/** IPVS on a dual-stack node: one ip_vs_svc_table and one ip_vs_conn_tab for both families, an ipset each (ip_vs_ctl.c). */

import type { Cluster } from "../../cluster/cluster.js";
import type {
  BothFamilies,
  ConnectionOptions,
  Connections,
  MemoryLine,
  Pair,
  PlaneOptions,
} from "../plane.js";
import { connectionsOf } from "./connections.js";
import { load } from "./load.js";
import type { IpvsModel } from "./model.js";
import { IpvsProgram } from "./program.js";

export class IpvsFamilies implements BothFamilies {
  readonly parts: Pair<IpvsProgram>;

  constructor([ipv4, ipv6]: Pair<Cluster>, options: PlaneOptions = {}) {
    const table = { services: 0, isShared: true };
    this.parts = [new IpvsProgram(ipv4, options, table), new IpvsProgram(ipv6, options, table)];
  }

  sharedMemory(): readonly MemoryLine[] {
    return [this.parts[0].tableMemory()];
  }

  models(seed: number): Pair<IpvsModel> {
    const [ipv4, ipv6] = load(this.parts, seed);
    return [ipv4!.model, ipv6!.model];
  }

  connections(seed: number, options: ConnectionOptions): Pair<Connections> {
    const [ipv4, ipv6] = connectionsOf(this.parts, this.models(seed), seed, options);
    return [ipv4!, ipv6!];
  }
}
