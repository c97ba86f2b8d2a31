/** What this machine can do, found out by doing it in a throw-away testbed: versions and configurations promise too much. */

import { type Cluster, TCP } from "../cluster/cluster.js";
import { generateCluster } from "../cluster/generate.js";
import type { Flow } from "../planes/plane.js";
import { compileBalancer, compileProgram } from "./native.js";
import { type KernelPlaneId, type Natives, usesBpf } from "./plane.js";
import { probeFlows, REACHED } from "./probe.js";
import type { Capability } from "./tasks.js";
import type { Host } from "./testbed/host.js";
import { loadPlaneInto, probeOptionsOf } from "./testbed/testbed.js";
import { runTool, toolPath } from "./testbed/tools.js";

/** Tries compilers, then each plane with one service and one connection through it. */
export async function checkCapabilities(host: Host, planes: readonly KernelPlaneId[]): Promise<Capability[]> {
  const checks: Capability[] = [];
  const attempt = async <T>(name: string, action: () => Promise<T>): Promise<T | null> => {
    const place = checks.push({ name, lacks: null }) - 1;
    try {
      return await action();
    } catch (error) {
      checks[place] = { name, lacks: error instanceof Error ? error.message : String(error) };
      return null;
    }
  };
  const withBpf = planes.some(usesBpf);
  // Side by side, because each is one process after another that takes a moment; told in this order.
  const [programs, loader, balancer] = await Promise.all([
    attempt("C compiler (probe and server)", async () => {
      const [probe, server] = await Promise.all([
        compileProgram("probe", host.folder, "-O0"),
        compileProgram("server", host.folder, "-O0"),
      ]);
      return { probe, server };
    }),
    withBpf ? attempt("libbpf (loader)", () => compileProgram("loader", host.folder, "-O0")) : null,
    withBpf ? attempt("clang for BPF", () => compileBalancer(host.folder, 4)) : null,
    attempt("conntrack tool", () => runTool(toolPath("conntrack"), ["-C"])),
  ]);
  if (programs !== null) {
    const cluster = generateCluster({ services: 1, seed: 1 });
    const natives = { ...programs, loader, balancer };
    await Promise.all(
      planes.map((id) => attempt(`plane ${id}`, () => connectOnce(id, host, natives, cluster))),
    );
  }
  return checks;
}

/** Cilium's own half a million takes the kernel longer to clear than all else that is tried. */
const TRACKED = 1024;

async function connectOnce(id: KernelPlaneId, host: Host, natives: Natives, cluster: Cluster): Promise<void> {
  const config = { host, natives, cluster, options: {}, name: `check-${id}`, connections: TRACKED };
  const loaded = await loadPlaneInto(id, config);
  const [result] = await probeFlows(
    loaded.testbed,
    "client",
    [firstFlow(cluster, loaded.plane.program === null)],
    {
      ...probeOptionsOf(loaded, config),
      cpu: null,
      timeoutMs: 2000,
    },
  );
  if (result?.outcome !== REACHED) throw new Error("a connection through it did not reach an endpoint");
}

function firstFlow(cluster: Cluster, direct: boolean): Flow {
  return {
    src: cluster.network.clientCidr.base + 1,
    sport: 40_000,
    dst: direct ? cluster.endpointAddress[0]! : cluster.clusterIp[0]!,
    dport: direct ? cluster.endpointPort[0]! : cluster.port[0]!,
    protocol: TCP,
  };
}
