/** Endpoint changes for a program that runs: each is taken back, so that they can go on for as long as is timed. */

import { type Change, changedRows, singleChanges } from "../../cluster/change.js";
import {
  type EndpointUpdate,
  type LiveCluster,
  liveCluster,
  resolveChange,
} from "../../cluster/endpoint-updates.js";
import { DualModel, DualProgram } from "../../planes/families/dual.js";
import type { IncrementalModel, Program, UpdateMode } from "../../planes/plane.js";
import { Random } from "../../random.js";
import type { Job } from "../scenario.js";

/** Services that change, one after another: their memory is not always what was touched last. */
const SERVICES = 8;

/** Share of a service's endpoints that a rolling restart replaces at a time. */
export const ROLLOUT_SHARE = 0.1;

/** A change there and back: the cluster is then as it was. */
interface Round {
  readonly there: readonly EndpointUpdate[];
  readonly back: readonly EndpointUpdate[];
}

/** A program that runs, and changes that come to it. */
export interface EndpointChurn {
  readonly live: Pick<IncrementalModel, "model" | "written">;
  /** Writes the next change and the one that takes it back. */
  next(): void;
}

/** Loads a program and works out changes of some services: an endpoint joins and leaves, or a rollout and its undoing. */
export function endpointChurn(
  job: Pick<Job, "seed">,
  program: Program,
  kind: "join" | "rollout",
  mode: UpdateMode = "partial",
): EndpointChurn {
  if (program instanceof DualProgram) {
    const [ipv4, ipv6] = program.parts;
    return both(endpointChurn(job, ipv4, kind, mode), endpointChurn(job, ipv6, kind, mode));
  }
  const { cluster } = program;
  const services = Uint32Array.from({ length: cluster.servicePorts }, (_, p) => p);
  Random.fromSeed(job.seed, "changes").shuffle(services);
  const changes = [...services.subarray(0, SERVICES)].map(
    (servicePort): Change =>
      kind === "join" || cluster.endpointStart[servicePort] === cluster.endpointStart[servicePort + 1]
        ? { kind: "join", servicePort }
        : { kind, servicePort, share: ROLLOUT_SHARE },
  );
  const joining = changes.map((change) => changedRows(cluster, change).joining.length);
  const live = program.live(
    job.seed,
    joining.reduce((sum, count) => sum + count, cluster.endpoints),
  );
  const base = liveCluster(cluster);
  let nextId = cluster.endpoints;
  const rounds = changes.map((change, i) => {
    const round = roundOf(base, change, nextId, live.appliesRolloutStepwise);
    nextId += joining[i]!;
    return round;
  });
  let at = 0;
  return {
    live,
    next() {
      const { there, back } = rounds[at]!;
      at = (at + 1) % rounds.length;
      for (const edit of there) live.apply(edit, mode);
      for (const edit of back) live.apply(edit, mode);
    },
  };
}

/** Changes of Services that have both families: each is written into the programs of both. */
function both(ipv4: EndpointChurn, ipv6: EndpointChurn): EndpointChurn {
  return {
    live: {
      model: new DualModel([ipv4.live.model, ipv6.live.model]),
      get written() {
        const [a, b] = [ipv4.live.written, ipv6.live.written];
        return {
          rules: a.rules + b.rules,
          chains: a.chains + b.chains,
          mapWrites: a.mapWrites + b.mapWrites,
        };
      },
    },
    next() {
      ipv4.next();
      ipv6.next();
    },
  };
}

function roundOf(base: LiveCluster, change: Change, firstId: number, stepwise: boolean): Round {
  const there: EndpointUpdate[] = [];
  let at = base;
  let id = firstId;
  for (const step of stepwise ? singleChanges(base.cluster, change) : [change]) {
    const edit = resolveChange(at, step, id);
    id += changedRows(at.cluster, step).joining.length;
    there.push(edit);
    at = edit.after;
  }
  const back = there
    .map(({ servicePort, before, after }): EndpointUpdate => ({ servicePort, before: after, after: before }))
    .reverse();
  return { there, back };
}
