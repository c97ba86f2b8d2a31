import { describe, expect, it } from "vitest";
import { KnownServers } from "./known-servers.js";

const SERVICE = "-A -t 10.96.0.1:80 -s rr";
const [FIRST, SECOND] = ["-a -t 10.96.0.1:80 -r 10.0.0.1:8080 -m", "-a -t 10.96.0.1:80 -r 10.0.0.2:8080 -m"];
const text = (...lines: string[]) => lines.map((line) => `${line}\n`).join("");
const listing = (...lines: string[]) => lines.map((line) => (line.startsWith("-a") ? `${line} -w 1` : line));

describe("servers that were listed before", () => {
  it("are left out of what is loaded, but for the virtual service of a new one", () => {
    const known = new KnownServers();
    expect(known.withoutKnown(text(SERVICE, FIRST))).toBe(text(SERVICE, FIRST));
    known.complete(text(SERVICE, FIRST), text(...listing(FIRST, SERVICE)));
    expect(known.withoutKnown(text(SERVICE, FIRST))).toBe("");
    expect(known.withoutKnown(text(SERVICE, FIRST, SECOND))).toBe(text(SERVICE, SECOND));
  });

  it("are part of the listing as ipvsadm listed them then; what it never lists is not", () => {
    const known = new KnownServers();
    known.complete(text(SERVICE, FIRST), text(...listing(FIRST, SERVICE)));
    const listed = known.complete(text(SERVICE, FIRST, SECOND), text(SERVICE));
    expect(listed.split("\n")).toEqual(listing(SERVICE, FIRST));
  });
});
