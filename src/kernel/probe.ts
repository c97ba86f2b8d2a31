/** Sends flows through a testbed with the C probe (native/probe.c) and reads what became of them. */

import type { Flow } from "../planes/plane.js";
import type { Role, Testbed } from "./testbed/topology.js";

/** enum outcome of native/wire.h. */
export const REACHED = 0;
export const REFUSED = 1;
export const UNREACHABLE = 2;
export const NO_HOST = 3;
export const SILENT = 4;
export const FAILED = 5;
export const FOREIGN = 6;

/** What became of one connection (struct result). Addresses unsigned. */
export interface Result {
  readonly connectNs: number;
  /** A request and its answer over the connection; 0 where there was none. */
  readonly exchangeNs: number;
  readonly outcome: number;
  /** Who sent the ICMP error or, not asked, the answer; errno of the probe where it failed itself. */
  readonly offender: number;
  /** The address and port that were reached, and the source that arrived there. */
  readonly address: number;
  readonly port: number;
  readonly peer: number;
}

export interface ProbeOptions {
  readonly probe: string;
  readonly cpu: number | null;
  readonly cgroup: string | null;
  readonly timeoutMs: number;
  /** Keep the flows' own source ports: Maglev hashes them. Otherwise the kernel chooses. */
  readonly keepPorts: boolean;
  /** UDP sockets name the destination with each datagram instead of connecting. */
  readonly unconnected?: boolean;
  /** Which addresses numbers stand for: by default those of the testbed's first family. */
  readonly addressing?: readonly string[];
}

const TARGET_BYTES = 16;
const RESULT_BYTES = 28;

/** Makes one connection for each flow, in order, from the given host. */
export async function probeFlows(
  testbed: Testbed,
  role: Role,
  flows: readonly Flow[],
  options: ProbeOptions,
): Promise<Result[]> {
  const targets = Buffer.alloc(flows.length * TARGET_BYTES);
  flows.forEach(({ src, sport, dst, dport, protocol }, i) => {
    const at = i * TARGET_BYTES;
    targets.writeUInt32LE(src >>> 0, at);
    targets.writeUInt32LE(dst >>> 0, at + 4);
    targets.writeUInt16LE(options.keepPorts ? sport : 0, at + 8);
    targets.writeUInt16LE(dport, at + 10);
    targets.writeUInt32LE(protocol, at + 12);
  });
  const args = [
    ...["--timeout-ms", String(options.timeoutMs)],
    ...(options.cpu === null ? [] : ["--cpu", String(options.cpu)]),
    ...(options.cgroup === null ? [] : ["--cgroup", options.cgroup]),
    ...(options.unconnected ? ["--udp", "unconnected"] : []),
    ...(options.addressing ?? testbed.addressing),
  ];
  // Twice: a TCP connection that is dropped waits once, one whose answers are dropped twice.
  const timeoutMs = 30_000 + 2 * flows.length * options.timeoutMs;
  const output = await testbed.exec(role, options.probe, args, { input: [targets], timeoutMs });
  return flows.map((_, i) => readResult(output, i * RESULT_BYTES));
}

function readResult(data: Buffer, at: number): Result {
  return {
    connectNs: data.readUInt32LE(at),
    exchangeNs: data.readUInt32LE(at + 4),
    outcome: data.readUInt32LE(at + 8),
    offender: data.readUInt32LE(at + 12),
    address: data.readUInt32LE(at + 16),
    peer: data.readUInt32LE(at + 20),
    port: data.readUInt16LE(at + 24),
  };
}
