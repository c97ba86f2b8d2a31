import { isIPv6 } from "node:net";
import { describe, expect, it, test } from "vitest";
import fc from "../../test/support/properties.js";
import { formatCidr6, formatIpv6, parseCidr6, parseIpv6 } from "./ipv6.js";

const address = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n))
  .filter((one) => one >> 32n !== 0xffffn);

describe("an IPv6 address", () => {
  it.each([
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:DB8::0001", "2001:db8::1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["::1", "::1"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["fd00:10:96::", "fd00:10:96::"],
  ])("is written as RFC 5952 wants it: %s", (given, written) => {
    expect(formatIpv6(parseIpv6(given)!)).toBe(written);
  });

  it.each([
    "",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "fe80::1%eth0",
    "10000::",
    "::ffff:1.2.3.4",
    "::ffff:102:304",
    "g::",
    "10.96.0.1",
  ])("is not %j", (text) => {
    expect(parseIpv6(text)).toBeUndefined();
  });

  it("reads back what is written, which the system takes for the same", () => {
    fc.assert(
      fc.property(address, (one) => {
        const text = formatIpv6(one);
        expect(isIPv6(text)).toBe(true);
        expect(parseIpv6(text)).toBe(one);
        // The URL parser writes addresses as RFC 5952 does.
        expect(new URL(`http://[${text}]`).hostname).toBe(`[${text}]`);
      }),
    );
  });
});

test("a range of IPv6 loses its host bits", () => {
  expect(formatCidr6(parseCidr6("fd00:10:244::1/56")!)).toBe("fd00:10:244::/56");
  expect(parseCidr6("fd00::/129")).toBeUndefined();
});
