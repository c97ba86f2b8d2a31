import { expect, it } from "vitest";
import { connectedDestinations } from "./ipvs-connections.js";

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
