/** Testbeds with a program loaded: what verifying and measuring share. */

import type { Family } from "../../cluster/family.js";
import { loadPlane } from "../../planes/registry-loader.js";
import type { LoadedPlane, TestbedConfig } from "../loaded-plane.js";
import { kmallocBytes } from "../memory.js";
import { compileBalancer, compileProgram } from "../native.js";
import { type KernelPlaneId, type Natives, usesBpf } from "../plane.js";
import { KERNEL_PLANES } from "../planes/index.js";
import type { ProbeOptions } from "../probe.js";
import type { Host } from "./host.js";
import { Testbed } from "./topology.js";

/** Compiles what the planes need for a family. */
export async function compileNatives(
  host: Host,
  planes: readonly KernelPlaneId[],
  family: Family,
): Promise<Natives> {
  const balanced = planes.some(usesBpf);
  return {
    probe: await compileProgram("probe", host.folder),
    server: await compileProgram("server", host.folder),
    loader: balanced ? await compileProgram("loader", host.folder) : null,
    balancer: balanced ? await compileBalancer(host.folder, family) : null,
  };
}

/** Makes a testbed, compiles the plane's program and loads it. */
export async function loadPlaneInto(id: KernelPlaneId, config: TestbedConfig): Promise<LoadedPlane> {
  const { host, natives, cluster, options, name, connections } = config;
  const plane = KERNEL_PLANES[id];
  const testbed = new Testbed(host, name);
  await testbed.create(cluster, natives.server);
  if (plane.program === null) {
    // Baselines have no program: what they load does not depend on the cluster.
    await plane.load({ host, natives, testbed }, null);
    return { plane, testbed, cluster, program: null, loadMs: 0, slabBytes: 0 };
  }
  const program = (await loadPlane(plane.program)).compile(cluster, options);
  const slabBefore = kmallocBytes();
  const started = performance.now();
  await plane.load({ host, natives, testbed, connections }, program);
  const loadMs = performance.now() - started;
  return { plane, testbed, cluster, program, loadMs, slabBytes: kmallocBytes() - slabBefore };
}

/** How a loaded plane's connections are probed. */
export function probeOptionsOf(
  { plane, testbed }: LoadedPlane,
  { host, natives }: Pick<TestbedConfig, "host" | "natives">,
) {
  return {
    probe: natives.probe,
    cgroup: plane.atSocket ? host.cgroupOf(testbed.name) : null,
    keepPorts: plane.keepPorts,
  } satisfies Partial<ProbeOptions>;
}
