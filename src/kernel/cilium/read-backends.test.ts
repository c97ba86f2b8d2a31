import { describe, expect, it } from "vitest";
import { type ApiObject, parseObject } from "../../kubernetes/list-watch/parse.js";
import { ReadBackends } from "./read-backends.js";

interface Port {
  readonly name: string;
  readonly port: number;
}
const HTTP = { name: "http", port: 80 };

const slice = (name: string, ports: readonly Port[], ...addresses: string[]): ApiObject =>
  parseObject({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { namespace: "a", name, labels: { "kubernetes.io/service-name": "s" } },
    addressType: "IPv4",
    endpoints: addresses.map((address) => ({ addresses: [address], nodeName: name })),
    ports,
  }).object;

/** What has been read of the Service, a line per backend: its address, ports with their names, and its slice. */
const linesOf = (read: ReadBackends, objects: readonly ApiObject[]): string[] =>
  read
    .objects(objects)
    .flatMap((object) => {
      const { endpoints, ports } = object as unknown as {
        endpoints: { addresses: string[]; nodeName: string }[];
        ports: Port[];
      };
      const named = ports.map(({ name, port }) => `${name}:${port}`).join(",");
      return endpoints.map(({ addresses, nodeName }) => `${addresses[0]} ${named} ${nodeName}`);
    })
    .sort();

const added = (...objects: ApiObject[]) => objects.map((object) => ({ type: "ADDED", object }) as const);
const modified = (...objects: ApiObject[]) =>
  objects.map((object) => ({ type: "MODIFIED", object }) as const);

describe("backends as Cilium reads them", () => {
  it("are those of the slices, as they are, where no two hold the same", () => {
    const objects = [slice("one", [HTTP], "10.0.0.1"), slice("two", [HTTP], "10.0.0.2")];
    const read = new ReadBackends();
    read.apply(added(...objects));
    expect(read.objects(objects)).toBe(objects);
  });

  it("are those of the slice that was read last, with its names of ports alone", () => {
    const objects = [
      slice("one", [HTTP], "10.0.0.1", "10.0.0.2"),
      slice("two", [{ name: "metrics", port: 80 }], "10.0.0.1"),
    ];
    const read = new ReadBackends();
    read.apply(added(...objects));
    expect(linesOf(read, objects)).toEqual(["10.0.0.1 metrics:80 two", "10.0.0.2 http:80 one"]);
    read.apply(modified(slice("one", [HTTP], "10.0.0.1", "10.0.0.2")));
    expect(linesOf(read, objects)).toEqual(["10.0.0.1 http:80 one", "10.0.0.2 http:80 one"]);
  });

  it("are gone with the first slice that no longer holds them, until another that does changes", () => {
    const one = slice("one", [HTTP], "10.0.0.1");
    const two = slice("two", [HTTP], "10.0.0.1", "10.0.0.2");
    const read = new ReadBackends();
    read.apply(added(one, two));
    read.apply(modified(slice("one", [HTTP])));
    expect(linesOf(read, [two])).toEqual(["10.0.0.2 http:80 two"]);
    read.apply(modified(two));
    expect(linesOf(read, [two])).toEqual(["10.0.0.1 http:80 two", "10.0.0.2 http:80 two"]);
  });

  it("move from one slice to another in changes that come at the same time", () => {
    const read = new ReadBackends();
    read.apply(added(slice("one", [HTTP]), slice("two", [HTTP], "10.0.0.1")));
    read.apply(modified(slice("one", [HTTP], "10.0.0.1"), slice("two", [HTTP])));
    const now = [slice("one", [HTTP], "10.0.0.1"), slice("two", [HTTP])];
    expect(linesOf(read, now)).toEqual(["10.0.0.1 http:80 one"]);
  });
});
