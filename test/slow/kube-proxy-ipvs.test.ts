/** The real kube-proxy in IPVS mode, in a guest: needs what kube-proxy.test.ts needs. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { familiesOf } from "../../src/cluster/family.js";
import { CommandTexts } from "../../src/kernel/kube-proxy/commands.js";
import { modelFamilies } from "../../src/kernel/real-program/model-cluster.js";
import { ObjectState } from "../../src/kernel/real-program/object-state.js";
import { type ApiObject, parseObjects } from "../../src/kubernetes/list-watch/parse.js";
import { IpvsProgram } from "../../src/planes/ipvs/program.js";
import { CLI, expectNoDifference, kubeProxy, lacking, OBJECTS, run } from "./kube-proxy-tools.js";

const RECORD = "dist/scripts/record-kube-proxy.js";
const DRIVER = new URL("../../dist/src/kernel/kube-proxy/driver.js", import.meta.url).href;
const POD_RANGE = "10.244.0.0/16";
const sliceSchema = z.looseObject({ endpoints: z.array(z.looseObject({ addresses: z.array(z.string()) })) });

describe.skipIf(lacking !== null)("kube-proxy 1.36 in IPVS mode", () => {
  test("writes today what was recorded", () => {
    const { status, stdout, stderr } = run(RECORD, "--check", "--mode", "ipvs", "1.36");
    expect({ status, stderr, stdout: status === 0 ? "" : stdout }).toEqual({
      status: 0,
      stderr: "",
      stdout: "",
    });
  });

  test("writes a cluster of both families as modelled", () => {
    const { status, stdout } = run(
      ...[CLI, "verify", "--services", "10", "--seed", "5", "--family", "dual"],
      ...["--kube-proxy", "1.36", "--mode", "ipvs"],
    );
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/: 0 differences, writes as modelled, .*\n$/),
    });
  });

  test("writes a cluster and 3 changes as modelled", () => {
    expectNoDifference(100, "1.36", "ipvs", 3);
  });

  test("takes the weight of a destination that has a connection, and adds it again when it comes back", async () => {
    const { KubeProxy, nodeFacts } = (await import(
      DRIVER
    )) as typeof import("../../src/kernel/kube-proxy/driver.js");
    const objects = [...parseObjects(readFileSync(OBJECTS, "utf8"))].map(({ object }) => object);
    const facts = nodeFacts(objects);
    const state = new ObjectState(objects);
    const program = () => {
      const [cluster] = familiesOf(modelFamilies(state.objects(), { ...facts, podRange: POD_RANGE }));
      return new IpvsProgram(cluster, { kubeProxy: "1.36" });
    };
    const proxy = await KubeProxy.start(objects, {
      ...{ binary: kubeProxy("1.36"), mode: "ipvs", backend: "legacy", podRange: POD_RANGE },
      ...facts,
    });
    try {
      const texts = new CommandTexts(4);
      const [destination] = await proxy.connect("10.96.0.11", 80);
      const apply = async (object: ApiObject) => {
        const before = program();
        const sync = await proxy.apply([{ type: "MODIFIED", object }]);
        state.apply([{ type: "MODIFIED", object }]);
        const connected = new Set([destination!]);
        const { real, model } = texts.compare(sync, { before, after: program(), connected });
        const [lines, modelled] = [real, model].map((commands) => commands.map(({ line }) => line).sort());
        expect(lines).toEqual(modelled);
        return lines!.filter((line) => line.startsWith("-"));
      };
      const slice = objects.find(({ metadata }) => metadata.name === "plain-abcde")!;
      const address = /-r ([\d.]+):/.exec(destination!)![1]!;
      const { endpoints } = sliceSchema.parse(slice);
      const left = endpoints.filter(({ addresses }) => addresses[0] !== address);
      expect(left).toHaveLength(endpoints.length - 1);
      expect(await apply({ ...slice, endpoints: left })).toEqual([`-e ${destination} -m -w 0`]);
      expect(await apply(slice)).toEqual([`-a ${destination} -m -w 1`, `-d ${destination}`]);
    } finally {
      await proxy.stop();
    }
  });
});
