import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { kubeconfig } from "./kubeconfig.js";
import { type ApiObject, parseObject } from "./parse.js";
import { SERVICE } from "./resources.js";
import { ApiServer, type ApiServerOptions } from "./server.js";

const FIRST = 1000;
const SERVICES = "/api/v1/services";
const RANGES = "/apis/networking.k8s.io/v1/servicecidrs";
const SLICES = "/apis/discovery.k8s.io/v1/endpointslices";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

function service(name: string, labels: Record<string, string> = {}, port = 80): ApiObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "ns", labels },
    spec: { clusterIP: "10.96.0.1", ports: [{ port }] },
  };
}

function slice(name: string, addresses: readonly string[]): ApiObject {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name, namespace: "ns", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    endpoints: addresses.map((address) => ({ addresses: [address] })),
    ports: [{ name: "", port: 8080, protocol: "TCP" }],
  };
}

const addresses = (count: number): string[] => Array.from({ length: count }, (_, i) => `10.244.0.${i + 1}`);

const object = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string().optional(),
    uid: z.string().optional(),
    resourceVersion: z.string().optional(),
    annotations: z.record(z.string(), z.string()).optional(),
  }),
  endpoints: z.array(z.unknown()).optional(),
  code: z.number().optional(),
});
const event = z.object({ type: z.string(), object });
const list = z.object({
  kind: z.string(),
  metadata: z.object({ resourceVersion: z.string() }),
  items: z.array(object),
});
type Event = z.infer<typeof event>;

async function serve(objects: readonly ApiObject[], options: ApiServerOptions = {}) {
  const server = new ApiServer(objects, { firstResourceVersion: FIRST, ...options });
  const url = await server.listen();
  open.push(server);
  return {
    server,
    url,
    get: async (path: string) => {
      const response = await fetch(url + path);
      return { status: response.status, body: await response.json() };
    },
    list: async (path: string) => list.parse(await (await fetch(url + path)).json()),
    watch: async (path: string): Promise<Watch> => {
      const response = await fetch(`${url}${path}${path.includes("?") ? "&" : "?"}watch=true`);
      const watch = new Watch(response);
      open.push(watch);
      return watch;
    },
  };
}

/** Events of a watch, one by one. */
class Watch {
  readonly #lines: AsyncIterator<string>;
  readonly #body: Readable;

  constructor(response: Response) {
    this.#body = Readable.from(response.body ?? []);
    this.#lines = createInterface({ input: this.#body })[Symbol.asyncIterator]();
  }

  async next(): Promise<Event> {
    return event.parse(JSON.parse((await this.#lines.next()).value));
  }

  /** Types and names of the next events. */
  async take(count: number): Promise<string[]> {
    const taken: string[] = [];
    for (let i = 0; i < count; i++) {
      const { type, object } = await this.next();
      taken.push(`${type} ${object.metadata.name ?? ""}`.trim());
    }
    return taken;
  }

  async end(): Promise<boolean> {
    return (await this.#lines.next()).done === true;
  }

  close(): void {
    this.#body.destroy();
  }
}

const RANGE: ApiObject = {
  apiVersion: "networking.k8s.io/v1",
  kind: "ServiceCIDR",
  metadata: { name: "kubernetes" },
  spec: { cidrs: ["10.96.0.0/12"] },
};
/** Longer than any test runs. */
const FOR_EVER = 3_600_000;

describe("list/watch server: turns", () => {
  test.each([
    ["lists", "?resourceVersion=0"],
    ["watch-lists", "?watch=true&sendInitialEvents=true&timeoutSeconds=1"],
  ])("a client that %s Services first has its ServiceCIDRs before them", async (_, query) => {
    const { url, get } = await serve([service("web"), RANGE], { rangesWaitMs: FOR_EVER, rangesPauseMs: 0 });
    let text = "";
    const services = (async () => {
      for await (const chunk of (await fetch(url + SERVICES + query)).body!) text += Buffer.from(chunk);
    })();
    for (let i = 0; i < 20; i++) await get(SLICES);
    expect(text).toBe("");
    await (await fetch(url + RANGES + query)).text();
    await services;
    expect(text).toContain('"name":"web"');
  });

  test("the next client of the same name waits for ServiceCIDRs of its own", async () => {
    const { list, get } = await serve([service("web"), RANGE], { rangesWaitMs: FOR_EVER, rangesPauseMs: 0 });
    const first = [list(`${SERVICES}?resourceVersion=0`), list(`${RANGES}?resourceVersion=0`)];
    await Promise.all(first);
    let isAnswered = false;
    const second = list(`${SERVICES}?resourceVersion=0`).then(() => {
      isAnswered = true;
    });
    for (let i = 0; i < 20; i++) await get(SLICES);
    expect(isAnswered).toBe(false);
    await list(`${RANGES}?resourceVersion=0`);
    await second;
  });

  test("a client that never asks for ServiceCIDRs gets its Services all the same", async () => {
    const { list } = await serve([service("web"), RANGE], { rangesWaitMs: 1 });
    expect((await list(`${SERVICES}?resourceVersion=0`)).items).toHaveLength(1);
  });

  test("nobody waits for ServiceCIDRs that do not exist, nor kubectl, which lists once", async () => {
    const none = await serve([service("web")], { rangesWaitMs: FOR_EVER });
    expect((await none.list(`${SERVICES}?resourceVersion=0`)).items).toHaveLength(1);
    const some = await serve([service("web"), RANGE], { rangesWaitMs: FOR_EVER });
    expect((await some.list(`${SERVICES}?limit=500`)).items).toHaveLength(1);
  });
});

describe("list/watch server: lists", () => {
  test("a list holds every object with a uid and a resource version, and the version of the whole", async () => {
    const { list } = await serve([service("web"), service("db")]);
    const { kind, metadata, items } = await list(SERVICES);
    expect([kind, metadata.resourceVersion]).toEqual(["ServiceList", "1000"]);
    expect(items.map((item) => item.metadata.name)).toEqual(["web", "db"]);
    expect(new Set(items.map((item) => item.metadata.uid)).size).toBe(2);
    expect(items[0]!.metadata.resourceVersion).toBe("1000");
  });

  test("a resource without objects is an empty list of its kind", async () => {
    const { list } = await serve([]);
    expect(await list(RANGES)).toMatchObject({
      kind: "ServiceCIDRList",
      items: [],
    });
  });

  test("an unknown resource is a Status with code 404", async () => {
    const { get } = await serve([]);
    expect(await get("/apis/example.com/v1/things")).toMatchObject({
      status: 404,
      body: { kind: "Status", reason: "NotFound", code: 404 },
    });
  });

  test("one object is served by its name, and a missing one is 404", async () => {
    const { get } = await serve([service("web")]);
    expect(await get("/api/v1/namespaces/ns/services/web")).toMatchObject({
      status: 200,
      body: { kind: "Service", metadata: { name: "web" } },
    });
    expect((await get("/api/v1/namespaces/other/services/web")).status).toBe(404);
  });

  test("a list of one namespace leaves out the others", async () => {
    const { list } = await serve([service("web")]);
    expect((await list("/api/v1/namespaces/other/services")).items).toEqual([]);
    expect((await list("/api/v1/namespaces/ns/services")).items).toHaveLength(1);
  });

  test.each([
    ["!service.kubernetes.io/headless,!service.kubernetes.io/service-proxy-name", ["plain"]],
    ["service.kubernetes.io/service-proxy-name=mine", ["mine"]],
    ["service.kubernetes.io/service-proxy-name!=mine", ["plain", "headless"]],
    ["service.kubernetes.io/service-proxy-name in (a, mine)", ["mine"]],
    ["service.kubernetes.io/service-proxy-name notin (a,mine)", ["plain", "headless"]],
    ["service.kubernetes.io/headless", ["headless"]],
  ])("the label selector %s selects %j", async (selector, names) => {
    const { list } = await serve([
      service("plain"),
      service("headless", { "service.kubernetes.io/headless": "" }),
      service("mine", { "service.kubernetes.io/service-proxy-name": "mine" }),
    ]);
    const { items } = await list(`${SERVICES}?labelSelector=${encodeURIComponent(selector)}`);
    expect(items.map((item) => item.metadata.name)).toEqual(names);
  });

  test("kube-proxy's field selector leaves out headless Services", async () => {
    const headless = { ...service("db"), spec: { clusterIP: "None" } };
    const { list } = await serve([service("web"), headless]);
    const { items } = await list(`${SERVICES}?fieldSelector=${encodeURIComponent("spec.clusterIP!=None")}`);
    expect(items.map((item) => item.metadata.name)).toEqual(["web"]);
  });

  test("a field selector selects by name", async () => {
    const { list } = await serve([service("web"), service("db")]);
    const { items } = await list(`${SERVICES}?fieldSelector=metadata.name%3Ddb`);
    expect(items.map((item) => item.metadata.name)).toEqual(["db"]);
  });

  test.each(["fieldSelector=spec.nodeName%3Dme", "labelSelector=a%20b%20c"])(
    "the unsupported selector %s is a bad request",
    async (query) => {
      const { get } = await serve([]);
      expect((await get(`${SERVICES}?${query}`)).status).toBe(400);
    },
  );

  test("objects of kinds that are not served are skipped and counted", async () => {
    const deployment = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" } };
    const { server } = await serve([deployment, service("web"), deployment]);
    expect([...server.skipped]).toEqual([["apps/v1 Deployment", 2]]);
    expect(server.count(SERVICE)).toBe(1);
  });
});

describe("list/watch server: watches", () => {
  test("a watch from a list's version reports the changes since, in order", async () => {
    const { server, list, watch } = await serve([service("web"), service("db")]);
    const { metadata } = await list(SERVICES);
    server.apply({ type: "MODIFIED", object: service("web", {}, 81) });
    const events = await watch(`${SERVICES}?resourceVersion=${metadata.resourceVersion}`);
    server.apply({ type: "DELETED", object: service("db") });
    server.apply({ type: "ADDED", object: service("new") });
    expect(await events.take(3)).toEqual(["MODIFIED web", "DELETED db", "ADDED new"]);
  });

  test("every change gets the next resource version, a deletion too", async () => {
    const { server, watch } = await serve([service("web")]);
    const events = await watch(`${SERVICES}?resourceVersion=${FIRST}`);
    server.apply({ type: "MODIFIED", object: service("web", {}, 81) });
    server.apply({ type: "DELETED", object: service("web") });
    const versions = [await events.next(), await events.next()].map(
      ({ object }) => object.metadata.resourceVersion,
    );
    expect(versions).toEqual(["1001", "1002"]);
  });

  test("an object keeps its uid when it is modified, and has another when it is created again", async () => {
    const { server, watch } = await serve([service("web")]);
    const events = await watch(`${SERVICES}?sendInitialEvents=true`);
    server.apply({ type: "MODIFIED", object: service("web", {}, 81) });
    server.apply({ type: "DELETED", object: service("web") });
    server.apply({ type: "ADDED", object: service("web") });
    const uids: (string | undefined)[] = [];
    for (let i = 0; i < 5; i++) uids.push((await events.next()).object.metadata.uid);
    const [added, , modified, deleted, again] = uids;
    expect([modified, deleted]).toEqual([added, added]);
    expect(again).not.toBe(added);
  });

  test("a watch-list begins with every object and a bookmark that ends them", async () => {
    const { server, watch } = await serve([service("web"), service("db")]);
    const events = await watch(
      `${SERVICES}?allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
    );
    expect(await events.take(2)).toEqual(["ADDED web", "ADDED db"]);
    expect(await events.next()).toMatchObject({
      type: "BOOKMARK",
      object: {
        kind: "Service",
        metadata: { resourceVersion: "1000", annotations: { "k8s.io/initial-events-end": "true" } },
      },
    });
    server.apply({ type: "ADDED", object: service("new") });
    expect(await events.take(1)).toEqual(["ADDED new"]);
  });

  test("a watch without a version begins with every object and no bookmark", async () => {
    const { server, watch } = await serve([service("web")]);
    const events = await watch(SERVICES);
    server.apply({ type: "ADDED", object: service("new") });
    expect(await events.take(2)).toEqual(["ADDED web", "ADDED new"]);
  });

  test("an object that is put again as it is changes nothing", async () => {
    const { server, watch } = await serve([service("web")]);
    expect(server.apply({ type: "MODIFIED", object: service("web") })).toBe(FIRST);
    const events = await watch(`${SERVICES}?resourceVersion=${FIRST}`);
    server.apply({ type: "MODIFIED", object: service("web", {}, 81) });
    expect((await events.next()).object.metadata.resourceVersion).toBe("1001");
  });

  test("several watches report the same changes", async () => {
    const { server, watch } = await serve([]);
    const watches = await Promise.all([1, 2, 3].map(() => watch(`${SERVICES}?resourceVersion=${FIRST}`)));
    for (const name of ["a", "b", "c"]) server.apply({ type: "ADDED", object: service(name) });
    for (const each of watches) expect(await each.take(3)).toEqual(["ADDED a", "ADDED b", "ADDED c"]);
  });

  test("changes of another resource are not reported", async () => {
    const { server, watch } = await serve([]);
    const events = await watch(`${SLICES}?resourceVersion=${FIRST}`);
    server.apply({ type: "ADDED", object: service("web") });
    server.apply({ type: "ADDED", object: slice("web-a", ["10.244.0.1"]) });
    expect(await events.take(1)).toEqual(["ADDED web-a"]);
  });

  test("an object that leaves the selector is deleted for the watch, and added when it returns", async () => {
    const { server, watch } = await serve([service("web")]);
    const selector = encodeURIComponent("!service.kubernetes.io/service-proxy-name");
    const events = await watch(`${SERVICES}?resourceVersion=${FIRST}&labelSelector=${selector}`);
    server.apply({
      type: "MODIFIED",
      object: service("web", { "service.kubernetes.io/service-proxy-name": "x" }),
    });
    server.apply({ type: "MODIFIED", object: service("web") });
    expect(await events.take(2)).toEqual(["DELETED web", "ADDED web"]);
  });

  test.each([
    ["older than the history", FIRST],
    ["of another server", 999_999],
  ])("a watch from a version %s gets 410 Gone and ends", async (_, version) => {
    const { server, watch } = await serve([], { historyLength: 4 });
    for (let i = 0; i < 20; i++) server.apply({ type: "ADDED", object: service(`web-${i}`) });
    const events = await watch(`${SERVICES}?resourceVersion=${version}`);
    expect(await events.next()).toMatchObject({ type: "ERROR", object: { kind: "Status", code: 410 } });
    expect(await events.end()).toBe(true);
  });

  test.each(["abc", "-1", "1.5", "1e3", "9".repeat(16)])(
    "a watch from version %s is a bad request",
    async (version) => {
      const { url } = await serve([service("web")]);
      const response = await fetch(`${url}${SERVICES}?watch=1&resourceVersion=${version}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ kind: "Status", reason: "BadRequest" });
    },
  );

  test("a watch that asks for more than a day of time stays open", async () => {
    const { server, watch } = await serve([]);
    const events = await watch(`${SLICES}?resourceVersion=${FIRST}&timeoutSeconds=3000000`);
    server.apply({ type: "ADDED", object: slice("web-1", ["10.244.0.1"]) });
    expect(await events.next()).toMatchObject({ type: "ADDED" });
    server.apply({ type: "ADDED", object: slice("web-2", ["10.244.0.2"]) });
    expect(await events.next()).toMatchObject({ type: "ADDED" });
  });

  test("a watch ends after its timeout with a bookmark of the present version", async () => {
    const { server, watch } = await serve([]);
    server.apply({ type: "ADDED", object: service("web") });
    const events = await watch(
      `${SLICES}?resourceVersion=${FIRST}&timeoutSeconds=1&allowWatchBookmarks=true`,
    );
    expect(await events.next()).toMatchObject({
      type: "BOOKMARK",
      object: { kind: "EndpointSlice", metadata: { resourceVersion: "1001" } },
    });
    expect(await events.end()).toBe(true);
  });

  test("a watch of many objects reports changes made while they are sent, after them", async () => {
    const many = Array.from({ length: 5000 }, (_, i) => service(`web-${i}`));
    const { server, watch } = await serve(many);
    const events = await watch(`${SERVICES}?sendInitialEvents=true`);
    server.apply({ type: "DELETED", object: service("web-0") });
    const taken = await events.take(5002);
    expect(taken.slice(0, 5000)).toEqual(many.map(({ metadata }) => `ADDED ${metadata.name}`));
    expect(taken.slice(5000)).toEqual(["BOOKMARK", "DELETED web-0"]);
  });
});

describe("list/watch server: EndpointSlices", () => {
  test("a slice is split at 100 endpoints by default", async () => {
    const { list } = await serve([slice("web-a", addresses(250))]);
    const { items } = await list(SLICES);
    expect(items.map((item) => [item.metadata.name, item.endpoints?.length])).toEqual([
      ["web-a", 100],
      ["web-a-part2", 100],
      ["web-a-part3", 50],
    ]);
  });

  test("a slice without endpoints is one slice", async () => {
    const { list } = await serve([slice("web-a", [])]);
    expect((await list(SLICES)).items.map(({ endpoints }) => endpoints)).toEqual([[]]);
  });

  test("a slice that shrinks loses the parts that it no longer needs", async () => {
    const { server, list } = await serve([slice("web-a", addresses(5))], { maxEndpointsPerSlice: 2 });
    server.apply({ type: "MODIFIED", object: slice("web-a", addresses(3)) });
    const { items } = await list(SLICES);
    expect(items.map((item) => [item.metadata.name, item.endpoints?.length])).toEqual([
      ["web-a", 2],
      ["web-a-part2", 1],
    ]);
  });

  test("a slice that outgrows its part leaves the full parts as they are", async () => {
    const { server, watch } = await serve([slice("web-a", addresses(100))]);
    const events = await watch(`${SLICES}?resourceVersion=${FIRST}`);
    server.apply({ type: "MODIFIED", object: slice("web-a", addresses(101)) });
    expect(await events.next()).toMatchObject({
      type: "ADDED",
      object: { metadata: { name: "web-a-part2", resourceVersion: "1001" } },
    });
  });

  test("a split slice is deleted with all its parts", async () => {
    const { server, list } = await serve([slice("web-a", addresses(5))], { maxEndpointsPerSlice: 2 });
    server.apply({ type: "DELETED", object: slice("web-a", []) });
    expect((await list(SLICES)).items).toEqual([]);
  });

  test.each([0, 1001, 1.5])("%d endpoints per slice are refused", (maxEndpointsPerSlice) => {
    expect(() => new ApiServer([], { maxEndpointsPerSlice })).toThrow("1 to 1000");
  });
});

describe("list/watch server: the rest", () => {
  test("a deletion of what does not exist says so", async () => {
    const { server } = await serve([]);
    expect(() => server.apply({ type: "DELETED", object: service("web") })).toThrow("no Service ns/web");
  });

  test("events of clients are accepted, and other writes are not", async () => {
    const { url } = await serve([]);
    const post = async (path: string) => (await fetch(url + path, { method: "POST", body: "{}" })).status;
    expect(await post("/api/v1/namespaces/default/events")).toBe(201);
    expect(await post("/api/v1/namespaces/default/services")).toBe(405);
  });

  test("the version and the discovery documents are served", async () => {
    const { get } = await serve([], { gitVersion: "v1.36.3" });
    expect((await get("/version")).body).toMatchObject({ major: "1", minor: "36", gitVersion: "v1.36.3" });
    expect((await get("/apis/discovery.k8s.io/v1")).body).toMatchObject({
      resources: [{ name: "endpointslices", kind: "EndpointSlice", namespaced: true }],
    });
  });

  test("a port that is taken is refused with advice", async () => {
    const { url } = await serve([]);
    await expect(new ApiServer([]).listen(Number(new URL(url).port))).rejects.toThrow("choose another port");
  });

  test("a kubeconfig names the server's address", async () => {
    const { url } = await serve([]);
    expect(kubeconfig(url)).toContain(`server: ${url}\n`);
  });
});

test("a slice that outgrows its size changes only by its new part", () => {
  const slice = (endpoints: readonly number[]) =>
    parseObject({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "web-0", namespace: "ns" },
      addressType: "IPv4",
      // In another order than that of the schema.
      endpoints: endpoints.map((i) => ({
        conditions: { ready: true },
        nodeName: "me",
        addresses: [`10.0.0.${i}`],
      })),
      ports: [{ port: 80 }],
    }).object;
  const server = new ApiServer([slice([1, 2])], { maxEndpointsPerSlice: 2 });
  const before = server.resourceVersion;
  server.apply({ type: "MODIFIED", object: slice([1, 2, 3]) });
  expect(server.resourceVersion - before).toBe(1);
});
