/** How one endpoint change reaches the kernel: the tool that a node would use, and what that tool reads. */

import type { EndpointUpdate } from "../../cluster/endpoint-updates.js";
import { CalicoProgram } from "../../planes/calico-ebpf/program.js";
import { EbpfProgram } from "../../planes/ebpf/program.js";
import { IptablesProgram } from "../../planes/iptables/program.js";
import { iptablesSync } from "../../planes/iptables/ruleset.js";
import { ipvsadmChange } from "../../planes/ipvs/ruleset-delta.js";
import type { NftablesProgram } from "../../planes/nftables/program.js";
import { nftChange } from "../../planes/nftables/ruleset-delta.js";
import type { UpdateMode } from "../../planes/plane.js";
import type { LoadedPlane, TestbedConfig } from "../loaded-plane.js";
import type { KernelPlaneId } from "../plane.js";
import { toolPath } from "../testbed/tools.js";
import { calicoWrites } from "./calico-maps.js";
import { pinFolder } from "./ebpf.js";
import { ebpfWrites } from "./ebpf-changes.js";
import { loadedRules, toolOf } from "./netfilter.js";

/** Makes changes to a loaded program. */
export interface Changer {
  /** The tool by absolute path, and its arguments. It reads its standard input. */
  readonly command: readonly [string, ...string[]];
  /** What it reads for one change, in chunks. Changes must be asked for in the order in which they are made. */
  input(edit: EndpointUpdate, mode: UpdateMode): Iterable<string | Uint8Array>;
}

/** null: a baseline, where nothing can change. */
export function changerOf(
  { plane, testbed, program }: LoadedPlane,
  { host, natives, options }: TestbedConfig,
): Changer | null {
  if (program instanceof IptablesProgram) {
    const loaded = loadedRules(program);
    const programOf = (cluster: EndpointUpdate["before"]["cluster"]) =>
      cluster === loaded.cluster
        ? loaded
        : new IptablesProgram(cluster, { ...options, nfacct: loaded.settings.nfacct });
    return {
      command: [toolPath(toolOf(testbed.family, RESTORES[plane.id]!)), "-w", "5", "--noflush", "--counters"],
      input: ({ servicePort, before, after }, mode) =>
        iptablesSync(
          {
            before: programOf(before.cluster),
            after: programOf(after.cluster),
            service: program.cluster.service[servicePort]!,
          },
          mode,
        ),
    };
  }
  switch (program?.plane) {
    case "nftables": {
      const nftables = program as NftablesProgram;
      let leftover: readonly string[] = [];
      return {
        command: [toolPath("nft"), "-f", "-"],
        input: ({ servicePort, before, after }) => {
          const service = program.cluster.service[servicePort]!;
          const { text, stale } = nftChange(
            before.cluster,
            after.cluster,
            service,
            leftover,
            nftables.settings,
          );
          leftover = stale;
          return [text];
        },
      };
    }
    case "ipvs":
      return {
        command: [toolPath("ipvsadm"), "-R"],
        input: ({ servicePort, before, after }) => [
          ipvsadmChange(before.cluster, after.cluster, program.cluster.service[servicePort]!),
        ],
      };
  }
  if (program instanceof EbpfProgram && natives.loader !== null) {
    const frontends = program.entries.frontendPort.view();
    return {
      command: [natives.loader, "update", pinFolder({ host, testbed })],
      input: (edit) =>
        ebpfWrites(edit, {
          firstFrontend: frontends.indexOf(edit.servicePort),
          maglevSize: program.maglevSize,
        }),
    };
  }
  if (program instanceof CalicoProgram && natives.loader !== null) {
    return {
      command: [natives.loader, "update", pinFolder({ host, testbed })],
      input: (edit) => calicoWrites(edit),
    };
  }
  return null;
}

/** A program of iptables rules is loaded by the tool of its plane. */
const RESTORES: Partial<Record<KernelPlaneId, string>> = {
  iptables: "iptables-legacy-restore",
  "iptables-nft": "iptables-nft-restore",
};
