/**
 * What kube-proxy asks of the kernel by netlink, as it passes a device of the type nlmon: native/netlink.c reads it there. No
 * program stands in front of netlink as in front of a tool.
 */

import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { type Channel, pipeChannel } from "../real-program/channel.js";
import { KernelError, runTool, toolPath } from "../testbed/tools.js";
import { NETLINK_GENERIC, type NetlinkRequest } from "./netlink-requests.js";

const DEVICE = "nlmon0";
/** The generic netlink family of IPVS, whose number is given when the module is loaded (IPVS_GENL_NAME of ip_vs.h). */
const FAMILY = "IPVS";
const DEVICES = "/sys/class/net";

/** Listens from `start` until the sandbox ends. */
export class NetlinkTap {
  readonly #channel: Channel;

  private constructor(program: string, family: number) {
    const child = spawn(program, [DEVICE, String(family)], { stdio: ["pipe", "pipe", "pipe"] });
    this.#channel = pipeChannel(child, `reading ${DEVICE}`);
  }

  /**
   * Makes the device, and listens once this resolves.
   * @param program Path of the compiled native/netlink.c.
   * @throws KernelError where the kernel has no such device, or no IPVS.
   */
  static async start(program: string): Promise<NetlinkTap> {
    const ip = toolPath("ip");
    await runTool(ip, ["link", "add", DEVICE, "type", "nlmon"]);
    await runTool(ip, ["link", "set", DEVICE, "up"]);
    const family = familyNumber(
      (await runTool(toolPath("genl"), ["ctrl", "get", "name", FAMILY])).toString(),
    );
    const tap = new NetlinkTap(program, family);
    await tap.#answer();
    return tap;
  }

  /** Requests since the last call, those that are answered when it is called among them. */
  async take(): Promise<NetlinkRequest[]> {
    this.#channel.send("");
    const lines = await this.#answer();
    return lines.map((line) => {
      const [protocol = "", message = ""] = line.split(" ");
      return { isGeneric: Number(protocol) === NETLINK_GENERIC, message: Buffer.from(message, "hex") };
    });
  }

  /** Lines up to an empty one. */
  async #answer(): Promise<string[]> {
    const answer: string[] = [];
    for (;;) {
      const line = await this.#channel.next();
      if (line === "") return answer;
      answer.push(line);
    }
  }
}

/** Of what `genl ctrl get` prints: `ID: 0x1f`. */
function familyNumber(printed: string): number {
  const [, number] = /\bID: (0x[0-9a-f]+)/.exec(printed) ?? [];
  if (number === undefined)
    throw new KernelError(`genl names no number of ${FAMILY}: ${printed.slice(0, 80)}`);
  return Number(number);
}

/** Names of this namespace's interfaces, by number. */
export function deviceNames(): ReadonlyMap<number, string> {
  return new Map(
    readdirSync(DEVICES).map((name) => [Number(readFileSync(`${DEVICES}/${name}/ifindex`, "utf8")), name]),
  );
}
