import { expect, it } from "vitest";
import { KernelError, replaceTool } from "../testbed/tools.js";
import { connectedDestinations, dropConnections, isConnected } from "./ipvs-connections.js";

it("destinations with connections are read from ipvsadm's list, each once, of every protocol and family", () => {
  const listed = `IPVS connection entries
pro expire state       source             virtual            destination
TCP 00:08  CLOSE       10.244.9.1:40001   10.96.0.1:80       10.244.1.2:8080
TCP 00:09  CLOSE       10.244.9.1:40002   10.96.0.1:80       10.244.1.2:8080
UDP 04:57  UDP         10.244.9.1:40002   10.96.0.10:53      10.244.1.3:53
SCTP 00:09  CLOSED     10.244.9.1:7       10.96.0.1:90       10.244.1.2:90
TCP 00:09  CLOSE       [fd00:9::1]:40001  [fd00:96::1]:80    [fd00:1::2]:8080
`;
  expect(connectedDestinations(listed)).toEqual([
    "-t 10.96.0.1:80 -r 10.244.1.2:8080",
    "-u 10.96.0.10:53 -r 10.244.1.3:53",
    "--sctp-service 10.96.0.1:90 -r 10.244.1.2:90",
    "-t [fd00:96::1]:80 -r [fd00:1::2]:8080",
  ]);
  expect(connectedDestinations("IPVS connection entries\n")).toEqual([]);
});

it("a connection to a virtual service is found by its whole address and port, in both families", () => {
  const found = [
    "-t 10.96.0.1:8080 -r 10.96.0.1:80",
    "-u 10.96.0.1:53 -r 10.244.1.2:53",
    "-t [fd00:96::1]:80 -r [fd00:1::2]:8080",
  ];
  const ports = [80, 8080, 53].filter((port) => isConnected(found, "10.96.0.1", port));
  expect(ports).toEqual([8080]);
  expect([80, 8080].map((port) => isConnected(found, "fd00:96::1", port))).toEqual([true, false]);
});

it("destinations whose connections were to be dropped are added again, also where dropping fails", async () => {
  replaceTool("ipvsadm", "/tools/ipvsadm");
  /** What `ipvsadm -R` is given, on a node whose table can be read or not. */
  const restored = async (table: () => string) => {
    const given: string[] = [];
    const dropped = dropConnections({
      exec: async (_role, path, args, options) => {
        if (args[0] === "-R") given.push(...Array.from(options?.input ?? [], String));
        if (path !== "/tools/ipvsadm") return Buffer.from(table());
        return Buffer.from("TCP 00:08 CLOSE 10.244.9.1:40001 10.96.0.1:80 10.244.1.2:8080\n");
      },
    });
    return [await dropped.catch(({ message }: Error) => message), given];
  };
  const both = ["-d -t 10.96.0.1:80 -r 10.244.1.2:8080\n", "-a -t 10.96.0.1:80 -r 10.244.1.2:8080 -m -w 1\n"];
  expect(await restored(() => "Pro FromIP FPrt\n")).toEqual([undefined, both]);
  const refuse = () => {
    throw new KernelError("no table");
  };
  expect(await restored(refuse)).toEqual(["no table", both]);
});
