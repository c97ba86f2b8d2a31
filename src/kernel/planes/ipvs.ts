/** kube-proxy's IPVS mode: virtual services and their servers, sets, and the few rules next to them. */

import { IpvsProgram } from "../../planes/ipvs/program.js";
import {
  ipsetRestore,
  ipvsAddresses,
  ipvsadmRestore,
  ipvsIptablesRestore,
} from "../../planes/ipvs/ruleset.js";
import type { Program } from "../../planes/plane.js";
import type { KernelPlane, Loading } from "../plane.js";
import { toolPath } from "../testbed/tools.js";
import { countConnections, dropConnections } from "./ipvs-connections.js";
import { toolOf } from "./netfilter.js";

const SETTINGS = {
  // kube-proxy sets these (pkg/proxy/ipvs/proxier.go, NewProxier); without the first nothing is masqueraded. It leaves
  // conn_reuse_mode at 1 since Linux 5.9.
  "vs/conntrack": "1",
  "vs/expire_nodest_conn": "1",
  "vs/expire_quiescent_template": "1",
  // The testbed's: IPVS would reroute an answer to an endpoint's address to the side where endpoints serve.
  "vs/snat_reroute": "0",
};

export const ipvs: KernelPlane = {
  id: "ipvs",
  program: "ipvs",
  sources: ["client", "node"],
  keepPorts: false,
  atSocket: false,
  alsoPerPacket: false,
  ownsVirtualAddresses: true,
  dropsWithoutBackends: false,
  memory: "slabs",
  lookupProgram: null,
  connections: { count: countConnections, drop: dropConnections },
  load: async ({ testbed }: Loading, program: Program | null) => {
    if (!(program instanceof IpvsProgram)) throw new TypeError("not an IPVS program");
    // Packets to virtual addresses must be this node's own, or they never come by LOCAL_IN, where IPVS listens.
    await testbed.exec("node", toolPath("ip"), ["-batch", "-"], { input: ipvsAddresses(program) });
    await testbed.exec("node", toolPath("ipset"), ["restore"], { input: ipsetRestore(program) });
    await testbed.exec("node", toolPath(toolOf(testbed.family, "iptables-legacy-restore")), [], {
      // Without xt_physdev: the testbed bridges nothing.
      input: [ipvsIptablesRestore(program, false)],
    });
    await testbed.exec("node", toolPath("ipvsadm"), ["-R"], { input: ipvsadmRestore(program) });
    for (const [name, value] of Object.entries(SETTINGS)) {
      await testbed.exec("node", toolPath("tee"), [`/proc/sys/net/ipv4/${name}`], { input: [value] });
    }
  },
};
