/**
 * A plane as packets of one family meet it: on a node that has no other, and on one where the other's
 * Services are programmed too.
 */

import { FAMILY_NAMES, type Family } from "../../src/cluster/family.js";
import { generateCluster, MIXED } from "../../src/cluster/generate.js";
import { DualProgram } from "../../src/planes/families/dual.js";
import { familyFlag } from "../../src/planes/families/packet.js";
import type { Connections, Flow, Model, Plane, Program } from "../../src/planes/plane.js";

/** A plane on a node. */
export interface OnNode {
  readonly id: string;
  readonly family: Family;
  /** `IPv6`, or `IPv6 on a dual-stack node`. */
  readonly node: string;
  /** Compiles clusters of this family alone; what a model or connections meet is the whole node. */
  readonly plane: Plane;
}

/** Every family that a plane has, alone and on a dual-stack node. */
export function onEveryNode(plane: Plane): OnNode[] {
  const { families } = plane.descriptor.can;
  return families.flatMap((family): OnNode[] => {
    const alone = { id: plane.id, family, node: FAMILY_NAMES[family], plane };
    if (families.length === 1) return [alone];
    return [
      alone,
      { ...alone, node: `${FAMILY_NAMES[family]} on a dual-stack node`, plane: besides(plane, family) },
    ];
  });
}

function besides(plane: Plane, family: Family): Plane {
  const other = generateCluster({
    services: 30,
    seed: 77,
    ...MIXED,
    affinityShare: 0.3,
    family: family === 4 ? 6 : 4,
  });
  return {
    ...plane,
    compile: (cluster, options) => {
      const both = new DualProgram(plane, family === 4 ? [cluster, other] : [other, cluster], options);
      const part = both.parts[family === 4 ? 0 : 1];
      const flag = familyFlag(cluster.network);
      return {
        plane: part.plane,
        cluster,
        bytes: () => part.bytes(),
        memory: () => part.memory(),
        update: (change, mode) => part.update(change, mode),
        facts: () => part.facts(),
        live: (seed, capacity) => part.live(seed, capacity),
        model: (seed) => flagged(both.model(seed), flag),
        connections: (seed, asked) => flaggedConnections(both.connections(seed, asked), flag),
      } satisfies Program;
    },
  };
}

const inFamily = (flow: Flow, flag: number): Flow => ({ ...flow, protocol: flow.protocol | flag });

function flagged(model: Model, flag: number): Model {
  return {
    lookup: (src, sport, dst, dport, protocol, nowSec) =>
      model.lookup(src, sport, dst, dport, protocol | flag, nowSec),
    explain: (flow, nowSec, path) => model.explain(inFamily(flow, flag), nowSec, path),
    reset: (seed) => model.reset(seed),
  };
}

function flaggedConnections(to: Connections, flag: number): Connections {
  return {
    connect: (src, sport, dst, dport, protocol, nowSec) =>
      to.connect(src, sport, dst, dport, protocol | flag, nowSec),
    established: (src, sport, dst, dport, protocol, nowSec) =>
      to.established(src, sport, dst, dport, protocol | flag, nowSec),
    explainConnect: (flow, nowSec, path) => to.explainConnect(inFamily(flow, flag), nowSec, path),
    explainEstablished: (flow, nowSec, path) => to.explainEstablished(inFamily(flow, flag), nowSec, path),
    reset: (seed) => to.reset(seed),
    bytes: () => to.bytes(),
  };
}
