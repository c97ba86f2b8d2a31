import { describe, expect, it } from "vitest";
import { buildCluster, type ServiceRecord } from "../../cluster/build.js";
import { TCP, UDP } from "../../cluster/cluster.js";
import { DEFAULT_NETWORK } from "../../cluster/network.js";
import { IpvsProgram } from "../../planes/ipvs/program.js";
import { CommandTexts, compareCommands, countCommands, netCommands } from "./commands.js";
import type { Command } from "./protocol.js";

const asCommands = (...lines: string[]): Command[] => lines.map((line) => ({ line, bytes: 1 }));
const linesOf = (commands: readonly Command[]) => commands.map(({ line }) => line);

const service = (endpoints: number, protocol = TCP): ServiceRecord => ({
  name: "a/web",
  clusterIp: 0x0a600001,
  externalIps: [],
  ports: [
    {
      name: "http",
      protocol,
      port: 80,
      endpoints: Array.from({ length: endpoints }, (_, e) => ({
        address: 0x0a800000 + e,
        port: 8080,
        local: false,
      })),
    },
  ],
});
const program = (...services: ServiceRecord[]) =>
  new IpvsProgram(
    buildCluster(services, DEFAULT_NETWORK, { kind: "imported", format: "test", parameters: {} }),
  );

const WEB = "-t 10.96.0.1:80";
const SECOND = `${WEB} -r 10.128.0.1:8080`;

describe("what several syncs for one change leave", () => {
  it("has neither what one added and the next deleted, nor what happened to a virtual service that is deleted", () => {
    expect(
      linesOf(
        netCommands(
          asCommands(
            ...["create KUBE-CLUSTER-IP hash:ip,port -exist", `-A ${WEB} -s rr`, `-a ${SECOND} -m -w 1`],
            ...["add KUBE-CLUSTER-IP 10.96.0.1,tcp:80 -exist", "addr add 10.96.0.1/32 dev kube-ipvs0"],
            ...["create KUBE-CLUSTER-IP hash:ip,port -exist", "addr del 10.96.0.1/32 dev kube-ipvs0"],
            ...["del KUBE-CLUSTER-IP 10.96.0.1,tcp:80", `-D ${WEB}`, "-d -t 10.96.0.2:80 -r 10.128.0.1:8080"],
            "-D -t 10.96.0.2:80",
          ),
        ),
      ),
    ).toEqual(["create KUBE-CLUSTER-IP hash:ip,port -exist", "-D -t 10.96.0.2:80"]);
  });

  it("has what became of an element of a set in the end, once", () => {
    const element = "KUBE-CLUSTER-IP 10.96.0.1,tcp:80";
    const [add, del] = [`add ${element} -exist`, `del ${element}`];
    const left = (...lines: string[]) => linesOf(netCommands(asCommands(...lines)));
    expect(left(add, add)).toEqual([add]);
    expect(left(add, del)).toEqual([]);
    expect(left(add, del, add)).toEqual([add]);
    expect(left(del, add, del)).toEqual([del]);
    expect(left(del, add, del, add)).toEqual([del, add]);
  });

  it("has each of two that bind one address, and both commands for a destination that comes back", () => {
    const lines = [
      ...["addr add 10.96.0.1/32 dev kube-ipvs0", "addr add 10.96.0.1/32 dev kube-ipvs0"],
      ...[`-d ${SECOND}`, `-a ${SECOND} -m -w 1`],
    ];
    expect(linesOf(netCommands(asCommands(...lines)))).toEqual(lines);
  });
});

describe("commands of IPVS mode", () => {
  const [one, two] = [program(service(1)), program(service(2))];

  it("of a first sync are all that the cluster needs, and the same commands again are no difference", () => {
    const { model } = new CommandTexts(4).compare(
      { commands: asCommands("create X") },
      { before: undefined, after: two },
    );
    expect(countCommands(model)).toMatchObject({
      "virtual services added": 1,
      "destinations added": 2,
      "addresses added": 1,
      // KUBE-CLUSTER-IP and KUBE-IPVS-IPS.
      "elements of sets added": 2,
    });
    const same = new CommandTexts(4).compare({ commands: [...model] }, { before: undefined, after: two });
    expect(linesOf(same.real).sort()).toEqual(linesOf(same.model).sort());
    expect(compareCommands([same], undefined)).toEqual([]);
  });

  it("that are missing, or have other bytes, are differences by kind", () => {
    const missing = new CommandTexts(4).compare({ commands: [] }, { before: one, after: two });
    expect(linesOf(missing.model)).toEqual([`-a ${SECOND} -m -w 1`]);
    expect(compareCommands([missing], undefined)).toEqual([
      { what: "destinations added", real: 0, lbscale: 1 },
      { what: "bytes of commands", real: 0, lbscale: 144 },
    ]);
    const short = new CommandTexts(4).compare(
      { commands: [{ line: `-a ${SECOND} -m -w 1`, bytes: 140 }] },
      { before: one, after: two },
    );
    expect(compareCommands([short], undefined)).toEqual([
      { what: "bytes of commands", real: 140, lbscale: 144 },
    ]);
  });

  it("are counted against update where it knows the change", () => {
    const handed = new CommandTexts(4).compare(
      { commands: [{ line: `-d ${SECOND}`, bytes: 144 }] },
      { before: two, after: one },
    );
    const leaves = two.idleUpdate({ kind: "leave", servicePort: 0, endpoint: 1 });
    expect(compareCommands([handed], leaves)).toEqual([]);
    expect(compareCommands([handed], { ...leaves, weightsSet: 1 })).toEqual([
      { what: "weights set", real: 0, lbscale: 1 },
    ]);
  });

  it("of the other family are another's", () => {
    const others = ["add KUBE-6-CLUSTER-IP fd00::1,tcp:80 -exist", "-D -t [fd00::1]:80"];
    const more = asCommands(...others, "addr del fd00::1/128 dev kube-ipvs0");
    expect(new CommandTexts(4).compare({ commands: more }, { before: one, after: one }).real).toEqual([]);
    expect(new CommandTexts(6).compare({ commands: more }, { before: one, after: one }).real).toEqual(more);
  });

  it("take the weight of a TCP destination that has connections, and delete it when it comes back or is idle", () => {
    const texts = new CommandTexts(4);
    const connected = new Set([SECOND]);
    const weight = { commands: asCommands(`-e ${SECOND} -m -w 0`) };
    const leaves = texts.compare(weight, { before: two, after: one, connected });
    expect(linesOf(leaves.model)).toEqual([`-e ${SECOND} -m -w 0`]);
    const back = { commands: asCommands(`-d ${SECOND}`, `-a ${SECOND} -m -w 1`) };
    expect(linesOf(texts.compare(back, { before: one, after: two }).model)).toEqual(linesOf(back.commands));
    // It waits again, and is found idle: the look once a minute is of no change.
    texts.compare(weight, { before: two, after: one, connected });
    const idle = texts.compare({ commands: asCommands(`-d ${SECOND}`) }, { before: one, after: one });
    expect([idle.real, idle.model]).toEqual([[], []]);
    // Nothing waits any more: now it is a difference.
    const stray = texts.compare({ commands: asCommands(`-d ${SECOND}`) }, { before: one, after: one });
    expect(linesOf(stray.real)).toEqual([`-d ${SECOND}`]);
    const [udpOne, udpTwo] = [program(service(1, UDP)), program(service(2, UDP))];
    const udp = SECOND.replace("-t", "-u");
    const deleted = new CommandTexts(4).compare(
      { commands: asCommands(`-d ${udp}`) },
      { before: udpTwo, after: udpOne, connected: new Set([udp]) },
    );
    expect(linesOf(deleted.model)).toEqual([`-d ${udp}`]);
  });

  it("wait for a destination whose weight is taken, and no longer for one that gets it back", () => {
    const weighed = (weight: number) => {
      const texts = new CommandTexts(4);
      const commands = asCommands(`-e ${SECOND} -m -w 0`, `-e ${SECOND} -m -w ${weight}`);
      texts.compare({ commands }, { before: one, after: one });
      // Only of one that waits it is known that it will be deleted.
      return linesOf(
        texts.compare({ commands: asCommands(`-d ${SECOND}`) }, { before: one, after: one }).real,
      );
    };
    expect([weighed(0), weighed(1)]).toEqual([[], [`-d ${SECOND}`]]);
  });

  it("are preceded by reads of each virtual service twice and its destinations once per sync", () => {
    const reads = (services: number, destinations: number) => ({
      lists: 2,
      services: { 4: services, 6: 0 },
      destinations: { 4: destinations, 6: 0 },
    });
    const readBy = (services: number, destinations: number) =>
      new CommandTexts(4).compare(
        { commands: asCommands(`-a ${SECOND} -m -w 1`), reads: reads(services, destinations) },
        { before: one, after: two },
      ).reads;
    expect(readBy(2, 1)).toEqual([]);
    expect(readBy(4, 2)).toEqual([]);
    expect(readBy(4, 3)).toEqual([{ what: "destinations read", real: 3, lbscale: 2 }]);
    expect(readBy(3, 2)).toEqual([{ what: "virtual services read", real: 3, lbscale: 4 }]);
  });

  it("write a source range of one address again at each sync, because ipset lists it without its length", () => {
    const balanced = (endpoints: number): ServiceRecord => ({
      ...service(endpoints),
      ingressIps: [0xc6336401],
      sourceRanges: [{ base: 0xc0000207, prefixLength: 32 }],
    });
    const [before, after] = [program(balanced(1)), program(balanced(2))];
    const element = "KUBE-LOAD-BALANCER-SOURCE-CIDR 198.51.100.1,tcp:80,192.0.2.7";
    const again = [`add ${element}/32 -exist`, `del ${element}`];
    const linesAbout = (commands: readonly Command[]) =>
      linesOf(commands)
        .filter((line) => line.includes(element))
        .sort();
    const twice = { commands: asCommands("create X", again[1]!, again[0]!, again[1]!, again[0]!) };
    const second = new CommandTexts(4).compare(twice, { before, after });
    expect([linesAbout(second.real), linesAbout(second.model)]).toEqual([again, again]);
    const first = { commands: asCommands("create X", again[0]!, again[1]!, again[0]!) };
    const start = new CommandTexts(4).compare(first, { before: undefined, after });
    expect([linesAbout(start.real), linesAbout(start.model)]).toEqual([[again[0]], [again[0]]]);
    const gone = new CommandTexts(4).compare(
      { commands: asCommands("create X", again[1]!) },
      { before, after: program(service(1)) },
    );
    expect([linesAbout(gone.real), linesAbout(gone.model)]).toEqual([[again[1]], [again[1]]]);
  });

  it("of two Services at one address and port are not compared: each sync turns them to the one, then to the other", () => {
    const shared = { ...service(1), name: "a/other" };
    const both = program(service(2), shared);
    const turned = asCommands(`-E ${WEB} -s rr -p 10`, `-d ${SECOND}`);
    const { real, model } = new CommandTexts(4).compare(
      { commands: turned },
      { before: program(service(2)), after: both },
    );
    expect([real, linesOf(model).filter((line) => line.startsWith("-"))]).toEqual([[], []]);
  });
});
