/**
 * IPVS's table of connections (ip_vs_conn_tab), one for all network namespaces. `conntrack -F` does not reach it, and a
 * connection that was reset stays for ten seconds (tcp_timeouts of ip_vs_proto_tcp.c): `ipvsadm --set` sets the times of other
 * states only.
 */

import { isIPv6 } from "node:net";
import { setTimeout } from "node:timers/promises";
import { thenCleanUp } from "../testbed/then-clean-up.js";
import { KernelError, toolPath } from "../testbed/tools.js";
import type { Testbed } from "../testbed/topology.js";

type Node = Pick<Testbed, "exec">;

const OPTIONS: Readonly<Record<string, string>> = { TCP: "-t", UDP: "-u", SCTP: "--sctp-service" };
const POLL_MS = 10;
/** A kernel before 5.9 leaves connections to their own time. */
const PATIENCE_MS = 20_000;

/**
 * Destinations that have connections, in the words of `ipvsadm -R`.
 * @param listed What `ipvsadm -L -c -n` printed.
 */
export function connectedDestinations(listed: string): string[] {
  const found = listed.split("\n").flatMap((line) => {
    const [protocol = "", , , , virtual, destination] = line.trim().split(/\s+/);
    const option = OPTIONS[protocol];
    return option === undefined ? [] : [`${option} ${virtual} -r ${destination}`];
  });
  return [...new Set(found)];
}

/** Whether one of such destinations is a TCP virtual service's. */
export function isConnected(destinations: readonly string[], address: string, port: number): boolean {
  const frontend = `-t ${isIPv6(address) ? `[${address}]` : address}:${port} `;
  return destinations.some((each) => each.startsWith(frontend));
}

/** How many connections a testbed's node has in the table. */
export async function countConnections(testbed: Node): Promise<number> {
  const listed = await testbed.exec("node", toolPath("cat"), ["/proc/net/ip_vs_conn"]);
  // Below a line of headings.
  return Math.max(0, listed.toString().trim().split("\n").length - 1);
}

/**
 * Empties a testbed's part of the table. With `expire_nodest_conn`, which kube-proxy sets, the kernel deletes the connections of
 * a destination that is deleted (ip_vs_conn.c, ip_vs_expire_nodest_conn_flush, since Linux 5.9): those that have some are
 * deleted, and added again. Throws KernelError where connections stay; the destinations are added again there too.
 */
export async function dropConnections(testbed: Node): Promise<void> {
  const ipvsadm = toolPath("ipvsadm");
  const listed = await testbed.exec("node", ipvsadm, ["-L", "-c", "-n"]);
  const destinations = connectedDestinations(listed.toString());
  if (destinations.length === 0) return;
  const restore = (lines: string[]) => testbed.exec("node", ipvsadm, ["-R"], { input: lines });
  await thenCleanUp(async () => {
    await restore(destinations.map((each) => `-d ${each}\n`));
    const until = performance.now() + PATIENCE_MS;
    while ((await countConnections(testbed)) > 0) {
      if (performance.now() > until)
        throw new KernelError(
          `IPVS keeps connections for more than ${PATIENCE_MS / 1000} s after they were closed`,
        );
      await setTimeout(POLL_MS);
    }
  }, [() => restore(destinations.map((each) => `-a ${each} -m -w 1\n`))]);
}
