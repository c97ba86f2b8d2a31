import { describe, expect, it } from "vitest";
import { type NetlinkRequest, wordsOf } from "./netlink-requests.js";

const NLM_F_REQUEST = 0x1;
const NLM_F_DUMP = 0x300;
const NO_DEVICES = new Map<number, string>();

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32LE(value, 4 * i);
  return bytes;
}

function short(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function portOf(value: number): Buffer {
  return short(value).reverse();
}

/** Header, contents and zeros up to a multiple of 4. */
function attribute(type: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const length = 4 + content.length;
  return Buffer.concat([short(length), short(type), content, Buffer.alloc((4 - (length % 4)) % 4)]);
}

function message(type: number, flags: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + content.length);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(NLM_F_REQUEST | flags, 6);
  return Buffer.concat([header, content]);
}

/** A virtual service as github.com/moby/ipvs writes it (fillService). */
function service(
  address: Buffer,
  port: number,
  { protocol = 6, scheduler = "rr", flags = 0, timeout = 0 } = {},
) {
  return attribute(
    1,
    attribute(1, short(address.length === 4 ? 2 : 10)),
    attribute(2, short(protocol)),
    attribute(3, address),
    attribute(4, portOf(port)),
    attribute(6, Buffer.from(`${scheduler}\0`)),
    attribute(7, words(flags, 0xffffffff)),
    attribute(8, words(timeout)),
    attribute(9, words(0xffffffff)),
  );
}

/** A destination (fillDestination). */
function destination(address: Buffer, port: number, weight: number): Buffer {
  const numbers = [0, weight, 0, 0].map((value, i) => attribute(3 + i, words(value)));
  return attribute(2, attribute(1, address), attribute(2, portOf(port)), ...numbers);
}

function toIpvs(command: number, ...attributes: Buffer[]): NetlinkRequest {
  return {
    isGeneric: true,
    message: message(0x1f, 0, Buffer.from([command, 1, 0, 0]), ...attributes),
  };
}

function ofAddress(type: number, address: Buffer, device: number): NetlinkRequest {
  const header = Buffer.from([address.length === 4 ? 2 : 10, 8 * address.length, 0, 0]);
  const attributes = [attribute(2, address), attribute(1, address)];
  return { isGeneric: false, message: message(type, 0x600, header, words(device), ...attributes) };
}

const WEB = Buffer.from([10, 96, 0, 1]);
const POD = Buffer.from([10, 244, 1, 5]);
const WEB6 = Buffer.from("fd001000009600000000000000000001", "hex");
const POD6 = Buffer.from("fd000010024400010000000000000005", "hex");

describe("netlink requests", () => {
  it("to IPVS are ipvsadm's words, with the bytes of the message", () => {
    const { commands } = wordsOf(
      [
        toIpvs(1, service(WEB, 80)),
        toIpvs(2, service(WEB, 53, { protocol: 17, scheduler: "mh", flags: 0x11, timeout: 600 })),
        toIpvs(3, service(WEB6, 80, { protocol: 132 })),
        toIpvs(5, service(WEB, 80), destination(POD, 8080, 1)),
        toIpvs(6, service(WEB6, 80), destination(POD6, 8080, 0)),
        toIpvs(7, service(WEB, 80), destination(POD, 8080, 0)),
      ],
      NO_DEVICES,
    );
    expect(commands).toEqual([
      { line: "-A -t 10.96.0.1:80 -s rr", bytes: 92 },
      { line: "-E -u 10.96.0.1:53 -s mh -b mh-port -p 600", bytes: 92 },
      { line: "-D --sctp-service [fd00:1000:96::1]:80", bytes: 104 },
      { line: "-a -t 10.96.0.1:80 -r 10.244.1.5:8080 -m -w 1", bytes: 144 },
      { line: "-e -t [fd00:1000:96::1]:80 -r [fd00:10:244:1::5]:8080 -m -w 0", bytes: 168 },
      { line: "-d -t 10.96.0.1:80 -r 10.244.1.5:8080", bytes: 144 },
    ]);
  });

  it("that read are counted by family, a list of all on its own", () => {
    const list = message(0x1f, NLM_F_DUMP, Buffer.from([4, 1, 0, 0]), attribute(1));
    const { commands, reads } = wordsOf(
      [
        toIpvs(4, service(WEB, 80)),
        toIpvs(4, service(WEB6, 80)),
        toIpvs(8, service(WEB6, 80)),
        { isGeneric: true, message: list },
        // What ipvsadm asks for before it lists.
        toIpvs(15),
      ],
      NO_DEVICES,
    );
    expect([commands, reads]).toEqual([
      [],
      { lists: 1, services: { 4: 1, 6: 1 }, destinations: { 4: 0, 6: 1 } },
    ]);
  });

  it("for addresses are ip's words, with the name of the interface where it has one", () => {
    const { commands } = wordsOf(
      [ofAddress(20, WEB, 7), ofAddress(21, WEB6, 8)],
      new Map([[7, "kube-ipvs0"]]),
    );
    expect(commands).toEqual([
      { line: "addr add 10.96.0.1/32 dev kube-ipvs0", bytes: 40 },
      { line: "addr del fd00:1000:96::1/128 dev 8", bytes: 64 },
    ]);
  });

  it("that no kube-proxy makes are refused, or a comparison would miss them", () => {
    expect(() => wordsOf([toIpvs(17)], NO_DEVICES)).toThrow("IPVS got the command 17");
    expect(() => wordsOf([ofAddress(24, WEB, 7)], NO_DEVICES)).toThrow("routing got a request 24");
  });
});
