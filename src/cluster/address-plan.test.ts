import { describe, expect, it, vi } from "vitest";
import fc from "../../test/support/properties.js";
import { inCidr, parseAddress, parseCidr } from "./cluster.js";
import { type Cidr6, formatIpv6, holdsCidr6, inCidr6, maskIpv6, parseCidr6, parseIpv6 } from "./ipv6.js";
import { planAddresses, usualPlan } from "./plan-addresses.js";

const range = (text: string): Cidr6 => parseCidr6(text)!;

/** Ranges that overlap as ranges of sources do, and addresses at their edges and anywhere. */
const ranges = fc.array(
  fc
    .record({
      base: fc.constantFrom("2001:db8::", "2001:db8:0:1::", "fd00:10:244::", "fd00::", "3fff:198::40"),
      prefixLength: fc.integer({ min: 20, max: 128 }),
    })
    .map(({ base, prefixLength }) => ({ base: maskIpv6(parseIpv6(base)!, prefixLength), prefixLength })),
  { maxLength: 12 },
);
const addresses = fc.array(
  fc
    .tuple(
      fc.constantFrom(
        "2001:db8::",
        "2001:db8:0:1::",
        "fd00:10:244::",
        "fd00::",
        "3fff:198::",
        "64:ff9b::a00:1",
      ),
      fc.bigInt({ min: 0n, max: 1n << 100n }),
      fc.integer({ min: 0, max: 100 }),
    )
    .map(([base, more, shift]) => parseIpv6(base)! + (more >> BigInt(shift)))
    .filter((one) => one >> 128n === 0n),
  { minLength: 1, maxLength: 40 },
);

describe("a plan of IPv6 addresses", () => {
  it("gives each address a number of its own, and back", () => {
    fc.assert(
      fc.property(ranges, addresses, (named, asked) => {
        const plan = planAddresses(named, asked.length);
        const numbers = asked.map((one) => plan.number(one));
        expect(numbers.map((number) => plan.address(number))).toEqual(asked);
        expect(new Set(numbers).size).toBe(new Set(asked).size);
      }),
    );
  });

  it("puts an address into a range's numbers exactly where it lies in the range", () => {
    fc.assert(
      fc.property(ranges, addresses, (named, asked) => {
        const plan = planAddresses(named, asked.length);
        for (const one of named) {
          const block = plan.cidr(one)!;
          expect(plan.cidr6(block)).toEqual(one);
          for (const address of asked)
            expect(inCidr(block, plan.number(address))).toBe(inCidr6(one, address));
        }
      }),
    );
  });

  it("gives numbers that nobody asked for addresses of the range they lie in", () => {
    fc.assert(
      fc.property(ranges, fc.nat(), (named, offset) => {
        const plan = planAddresses(named);
        for (const one of named) {
          const { base, prefixLength } = plan.cidr(one)!;
          const number = base + (offset % 2 ** (32 - prefixLength));
          let address: bigint;
          try {
            address = plan.address(number);
          } catch (error) {
            // Two /64 leave nothing of their /63.
            expect(String(error)).toMatch(/is full: narrower ranges take all of it/);
            continue;
          }
          expect(inCidr6(one, address)).toBe(true);
          expect(plan.number(address)).toBe(number);
        }
      }),
    );
  });

  it("has the numbers of IPv4 for the usual ranges", () => {
    const plan = usualPlan();
    expect(plan.format(parseAddress("10.96.0.10")!)).toBe("fd00:10:96::a");
    expect(plan.format(parseAddress("10.255.0.1")!)).toBe("fd00:10:128::7f:1");
    expect(plan.format(parseAddress("127.0.0.1")!)).toBe("::1");
    expect(plan.formatCidr(parseCidr("10.96.0.0/12")!)).toBe("fd00:10:96::/108");
    expect(plan.cidr(range("fd00:10:96::/112"))).toEqual(parseCidr("10.96.0.0/16"));
  });

  it("knows no range that it was not made with, where numbers do not follow addresses", () => {
    const plan = planAddresses([range("fd00:10:244::/56")]);
    expect(plan.cidr(range("fd00:10:244:1::/64"))).toBeUndefined();
    expect(holdsCidr6(range("fd00:10:244::/56"), range("fd00:10:244:1::/64"))).toBe(true);
  });

  it("writes an address as four words, the highest first", () => {
    const plan = usualPlan();
    const words = new Int32Array(5);
    plan.writeWords(plan.number(parseIpv6("fd00:10:96::ffff:fffe")!), words, 1);
    expect([...words]).toEqual([0, 0xfd000010 | 0, 0x00960000, 0, -2]);
  });

  it("folds an address to the exclusive or of its words, at its own place or not", () => {
    const plan = planAddresses([
      range("fd00:10:244::/56"),
      range("fd00:10:244::/64"),
      range("fd00:10:96::/108"),
    ]);
    const words = new Int32Array(4);
    for (const text of ["fd00:10:96::5", "fd00:10:244::7", "fd00:10:244:1:2:3:4:5", "2001:db8::9", "::1"]) {
      const number = plan.number(parseIpv6(text)!);
      plan.writeWords(number, words, 0);
      const folded = words.reduce((all, word) => all ^ word, 0);
      expect([text, plan.fold(number), plan.fold(number | 0)]).toEqual([text, folded, folded]);
    }
  });

  it("has the words of every address without working it out again", () => {
    fc.assert(
      fc.property(ranges, addresses, (named, asked) => {
        const plan = planAddresses(named, asked.length);
        const numbers = asked.map((one) => plan.number(one));
        const worked = vi.spyOn(plan, "address");
        const words = new Int32Array(4);
        for (const [i, number] of numbers.entries()) {
          plan.writeWords(number | 0, words, 0);
          const address = words.reduce((sum, word) => (sum << 32n) | BigInt(word >>> 0), 0n);
          expect(formatIpv6(address)).toBe(formatIpv6(asked[i]!));
          expect(plan.fold(number)).toBe(words.reduce((all, word) => all ^ word, 0));
        }
        expect(worked).not.toHaveBeenCalled();
      }),
    );
  });

  it("works out a number in a narrower range's place once, when it is met", () => {
    const plan = planAddresses([range("fd00:10:244::/56"), range("fd00:10:244::/64")]);
    const { base } = plan.cidr(range("fd00:10:244::/56"))!;
    const worked = vi.spyOn(plan, "address");
    plan.meet(base + 7);
    expect(worked).toHaveBeenCalledTimes(1);
    const words = new Int32Array(4);
    plan.writeWords(base + 7, words, 0);
    expect(plan.fold(base + 7)).toBe(words.reduce((all, word) => all ^ word, 0));
    expect(worked).toHaveBeenCalledTimes(1);
    expect(inCidr6(range("fd00:10:244::/64"), plan.address(base + 7))).toBe(false);
  });

  it("orders addresses, and their texts between brackets, whose groups sort as text", () => {
    const order = <T extends string | bigint>(a: T, b: T) => (a < b ? -1 : Number(a > b));
    const close = fc
      .array(fc.constantFrom(0n, 1n, 2n, 9n, 10n, 16n, 160n, 255n, 4096n, 65535n), {
        minLength: 8,
        maxLength: 8,
      })
      .map((groups) => groups.reduce<bigint>((sum, group) => (sum << 16n) | group, 0n))
      .filter((one) => one >> 32n !== 0xffffn);
    fc.assert(
      fc.property(
        ranges,
        fc.array(
          fc.oneof(
            close,
            addresses.map(([one]) => one!),
          ),
          { minLength: 2, maxLength: 8 },
        ),
        (named, asked) => {
          const plan = planAddresses(named, asked.length);
          for (const a of asked)
            for (const b of asked) {
              const [one, other] = [plan.number(a), plan.number(b)];
              const texts = [`[${formatIpv6(a)}]`, `[${formatIpv6(b)}]`] as const;
              expect(Math.sign(plan.compareTexts(one, other))).toBe(order(...texts));
              expect(Math.sign(plan.compare(one, other))).toBe(order(a, b));
            }
        },
      ),
    );
  });

  it("refuses a range of NAT64's prefix", () => {
    expect(() => planAddresses([range("64:ff9b::/64")])).toThrow(/NAT64/);
  });
});
