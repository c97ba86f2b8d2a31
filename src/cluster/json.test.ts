import { describe, expect, it } from "vitest";
import fc from "../../test/support/properties.js";
import { InvalidClusterError } from "../errors.js";
import { buildCluster, type ServiceRecord } from "./build.js";
import { type Cluster, formatCidr, maskTo, SCTP, TCP, UDP } from "./cluster.js";
import { clusterDigest } from "./digest.js";
import { generateCluster, MIXED } from "./generate.js";
import { parseCluster, writeCluster } from "./json.js";
import { DEFAULT_NETWORK } from "./network.js";

const anyAddress = fc.nat(0xffffffff);
const anyPort = fc.integer({ min: 1, max: 65535 });
const anyLabel = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
const anyCidr = fc.tuple(anyAddress, fc.nat(32)).map(([address, prefixLength]) => ({
  base: maskTo(address, prefixLength),
  prefixLength,
}));

/** Records of services that may stand in one cluster: what must be unique is numbered by position. */
const anyRecords: fc.Arbitrary<ServiceRecord[]> = fc
  .array(
    fc.record({
      namespace: anyLabel,
      name: anyLabel,
      type: fc.constantFrom(0, 1, 2),
      affinitySeconds: fc.nat(86_400),
      internalLocal: fc.boolean(),
      externalLocal: fc.boolean(),
      externalIps: fc.nat(2),
      ingressIps: fc.nat(2),
      sourceRanges: fc.array(anyCidr, { maxLength: 3 }),
      ports: fc.array(
        fc.record({
          protocol: fc.constantFrom(TCP, UDP, SCTP),
          named: anyLabel,
          exposed: fc.boolean(),
          idleEndpoints: fc.nat(2),
          endpoints: fc.array(fc.record({ address: anyAddress, port: anyPort, local: fc.boolean() }), {
            maxLength: 4,
          }),
        }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((services) =>
    services.map(({ namespace, name, externalIps, ingressIps, ports, ...rest }, s) => ({
      ...rest,
      name: `${namespace}/${name}.${s}`,
      clusterIp: 0x0a600001 + s,
      externalIps: Array.from({ length: externalIps }, (_, i) => 0xc6120000 + 4 * s + i),
      ingressIps: Array.from({ length: ingressIps }, (_, i) => 0xcb007100 + 4 * s + i),
      ports: ports.map(({ protocol, named, exposed, endpoints, idleEndpoints }, p) => ({
        protocol,
        name: ports.length === 1 ? "" : `${named}-${p}`,
        port: 1 + p,
        nodePort: exposed ? 30_000 + 4 * s + p : 0,
        endpoints,
        idleEndpoints,
      })),
    })),
  );

const SOURCE = { kind: "imported", format: "kubernetes", parameters: { objects: 3 } } as const;

function write(cluster: Cluster): string {
  return [...writeCluster(cluster)].join("");
}

function names({ services, servicePorts, serviceName, portName }: Cluster): string[] {
  return [
    ...Array.from({ length: services }, (_, s) => serviceName(s)),
    ...Array.from({ length: servicePorts }, (_, p) => portName(p)),
  ];
}

/** Cluster file text with one value changed, by a path such as `services.0.ports.0.port`. */
function fileWith(path: string, value: unknown): string {
  const file: unknown = JSON.parse(write(generateCluster({ services: 3, seed: 1, types: "nodePort" })));
  const steps = path.split(".");
  const last = steps.pop()!;
  let at = file as Record<string, unknown>;
  for (const step of steps) at = at[step] as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return JSON.stringify(file);
}

function problemOf(text: string): string {
  try {
    parseCluster(text);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidClusterError);
    const { message } = error as InvalidClusterError;
    expect(message).not.toMatch(/\n/);
    return message;
  }
  return "accepted";
}

describe("the cluster file", () => {
  it("reads back to the same columns, names and digest", () => {
    fc.assert(
      fc.property(anyRecords, (records) => {
        const cluster = buildCluster(records, DEFAULT_NETWORK, SOURCE);
        const back = parseCluster(write(cluster));
        expect(clusterDigest(back)).toBe(clusterDigest(cluster));
        expect(names(back)).toEqual(names(cluster));
        expect(back.source).toEqual(SOURCE);
        const columns = (of: Cluster) =>
          Object.entries(of).filter(([, column]) => ArrayBuffer.isView(column) || typeof column === "number");
        expect(columns(back)).toEqual(columns(cluster));
      }),
      { numRuns: 60 },
    );
  });

  it("holds what is generated, in every shape", () => {
    const cluster = generateCluster({ services: 500, seed: 3, ...MIXED });
    const back = parseCluster(write(cluster));
    expect(clusterDigest(back)).toBe(clusterDigest(cluster));
    expect(names(back)).toEqual(names(cluster));
    expect(back.source).toEqual(cluster.source);
  });

  it("is written in chunks that a pipe can take", () => {
    const chunks = [...writeCluster(generateCluster({ services: 3_000, seed: 1 }))];
    expect(chunks.length).toBeGreaterThan(5);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan(100_000);
  });

  it("can be read by a person: one line per service, defaults left out", () => {
    const cluster = buildCluster(
      [
        {
          name: "shop/web",
          clusterIp: 0x0a600001,
          ports: [{ protocol: TCP, port: 80, endpoints: [{ address: 0x0a800001, port: 8080 }] }],
        },
      ],
      DEFAULT_NETWORK,
      SOURCE,
    );
    expect(write(cluster).split("\n")).toEqual([
      '{"lbscale":"cluster","version":1,"source":{"kind":"imported","format":"kubernetes","parameters":{"objects":3}},' +
        '"network":{"serviceCidr":"10.96.0.0/12","podCidr":"10.128.0.0/9","clientCidr":"10.255.0.0/16","nodeAddresses":["172.16.0.1"]},"services":[',
      '{"name":"shop/web","clusterIp":"10.96.0.1","type":"ClusterIP","ports":[{"protocol":"tcp","port":80,"endpoints":[{"address":"10.128.0.1","port":8080}]}]}',
      "]}",
      "",
    ]);
  });

  it("takes fields of later versions without reading them", () => {
    expect(parseCluster(fileWith("services.0.zone", "a")).services).toBe(3);
  });
});

describe("parseCluster", () => {
  it.each([
    ["empty text", "", /^the cluster file is empty/],
    ["white space", " \n", /^the cluster file is empty/],
    ["cut-off text", fileWith("version", 1).slice(0, 500), /^the cluster file is not JSON, or cut off/],
    ["binary", "\0\u0001\ufffd", /^the cluster file is not JSON/],
    ["a list", "[]", /^cluster file: .*expected object/],
    ["another version", fileWith("version", 3), /^cluster file: version: .*expected one of 1\|2/],
    ["both families without IPv6", fileWith("version", 2), /^cluster file: version: expected 2 with ipv6/],
    ["no services", fileWith("services", []), /^cluster file: services: Too small/],
    ["no source", fileWith("source", undefined), /^cluster file: source: /],
    ["an unknown source", fileWith("source.kind", "dreamt"), /^cluster file: source\.kind: /],
    [
      "a bad range",
      fileWith("network.podCidr", "10.0.0.0"),
      /^cluster file: network\.podCidr: expected an IPv4 range/,
    ],
    ["no node", fileWith("network.nodeAddresses", []), /^cluster file: network\.nodeAddresses: Too small/],
    [
      "clients outside the pod range",
      fileWith("network.clientCidr", "192.168.0.0/16"),
      /^cluster file: network\.clientCidr: expected a part of podCidr/,
    ],
    [
      "a bad address",
      fileWith("services.1.clusterIp", "10.96.0.256"),
      /^cluster file: Service bench-0\/svc-1: clusterIp: expected an IPv4 address/,
    ],
    [
      "a port out of range",
      fileWith("services.2.ports.0.port", 65_536),
      /^cluster file: Service bench-0\/svc-2: ports\[0\]\.port: Too big/,
    ],
    [
      "an endpoint's bad address",
      fileWith("services.0.ports.0.endpoints.3.address", "fd00::1::1"),
      /Service bench-0\/svc-0: ports\[0\]\.endpoints\[3\]\.address: expected an IPv4 address/,
    ],
    [
      "an endpoint of the other family",
      fileWith("services.0.ports.0.endpoints.3.address", "fd00::1"),
      /Service bench-0\/svc-0: ports\[0\]\.endpoints\[3\]\.address: expected an IPv4 address, as/,
    ],
    ["an unknown protocol", fileWith("services.0.ports.0.protocol", "icmp"), /ports\[0\]\.protocol: /],
    ["an unknown type", fileWith("services.0.type", "ExternalName"), /svc-0: type: /],
    ["no ports", fileWith("services.0.ports", []), /svc-0: ports: Too small/],
    ["a broken service", fileWith("services.0", null), /^cluster file: services\[0\]: /],
    [
      "parameters that nest without end",
      fileWith("source.parameters.x", JSON.parse(`${"[".repeat(100)}${"]".repeat(100)}`)),
      /source\.parameters: too large or too deep/,
    ],
  ])("refuses %s and says where", (_what, text, message) => {
    expect(problemOf(text)).toMatch(message);
  });

  it.each([
    "shop",
    "shop/web/x",
    "/web",
    "shop/",
    "Shop/web",
    "shop/we b",
    "shop/web\n",
    "shop/-web",
    "shop/a..b",
    "sh.op/web",
    "shop/\u001b[31mred",
    `${"n".repeat(64)}/web`,
    `shop/${"n".repeat(254)}`,
    "shop/__proto__",
  ])("refuses the name %j", (name) => {
    expect(problemOf(fileWith("services.0.name", name))).toMatch(
      /services\[0\]\.name: expected namespace\/name/,
    );
  });

  it("takes the longest names there are", () => {
    const longest = `${"n".repeat(63)}/${"s".repeat(253)}`;
    expect(parseCluster(fileWith("services.0.name", longest)).serviceName(0)).toBe(longest);
    const port = "p".repeat(63);
    expect(parseCluster(fileWith("services.0.ports.0.name", port)).portName(0)).toBe(port);
    expect(problemOf(fileWith("services.0.ports.0.name", `${port}p`))).toMatch(/ports\[0\]\.name: /);
  });

  it.each([
    ["name", "services.1.name", "bench-0/svc-0", /Service bench-0\/svc-0: the name is given twice/],
    [
      "nodePort",
      "services.1.ports.0.nodePort",
      null,
      /svc-1: ports\[0\]\.nodePort: \d+ \(tcp\) belongs to Service bench-0\/svc-0/,
    ],
    [
      "cluster IP",
      "services.1.clusterIp",
      null,
      /Service bench-0\/svc-1: clusterIP 10\.\S+ belongs to Service bench-0\/svc-0/,
    ],
    [
      "external address",
      "services.1.externalIps",
      null,
      /svc-1: ports\[0\]: tcp port 80 at 10\.\S+ belongs to/,
    ],
  ])("refuses a %s that another service has", (_what, path, value, message) => {
    const first = JSON.parse(fileWith("version", 1)).services[0];
    const taken = path.endsWith("nodePort")
      ? first.ports[0].nodePort
      : path.endsWith("externalIps")
        ? [first.clusterIp]
        : first.clusterIp;
    expect(problemOf(fileWith(path, value ?? taken))).toMatch(message);
  });

  it("refuses a service that has a port or a port name twice", () => {
    const port = { protocol: "tcp", port: 80, endpoints: [] };
    const other = { ...port, port: 81 };
    expect(problemOf(fileWith("services.0.ports", [port, { ...port, name: "b" }]))).toMatch(
      /ports\[1\]: tcp port 80 at \S+ is given twice/,
    );
    expect(problemOf(fileWith("services.0.ports", [port, other]))).toMatch(
      /ports\[1\]\.name: "" is given twice/,
    );
  });

  it("takes one port number in two protocols", () => {
    const ports = ["tcp", "udp"].map((protocol) => ({
      protocol,
      name: protocol,
      port: 53,
      nodePort: 30_053,
      endpoints: [],
    }));
    expect(parseCluster(fileWith("services.0.ports", ports)).servicePorts).toBe(4);
  });

  it("lets no prototype be changed", () => {
    const text = fileWith("source.parameters.x", 1).replace('"x":1', '"__proto__":{"polluted":1}');
    const { parameters } = parseCluster(text).source;
    expect((parameters as { polluted?: unknown }).polluted).toBeUndefined();
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

it("formats ranges as it reads them", () => {
  fc.assert(
    fc.property(anyCidr, (cidr) => {
      const file = fileWith("services.0.sourceRanges", [formatCidr(cidr)]);
      const cluster = parseCluster(file);
      expect([cluster.rangeBase[0], cluster.rangePrefixLength[0]]).toEqual([cidr.base, cidr.prefixLength]);
    }),
    { numRuns: 20 },
  );
});
