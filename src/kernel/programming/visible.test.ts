import { describe, expect, it } from "vitest";
import { parseWatched, visibleAt, type WatchedConnection } from "./visible.js";

/** A connection every 10 ns, that takes 5; what they reach. */
const connections = (...addresses: number[]): WatchedConnection[] =>
  addresses.map((address, i) => ({ target: 0, startNs: 10 * i, connectedNs: 10 * i + 5, address }));
const many = (address: number, count: number) => Array<number>(count).fill(address);
const OLD = 1;
const OTHER = 2;
const NEW = 3;

describe("a change is seen from the client", () => {
  it("when an endpoint joins, by the first connection that reaches it", () => {
    const moved = { joined: NEW, left: null };
    expect(visibleAt(connections(OLD, OTHER, OLD), moved, 0)).toBeNull();
    expect(visibleAt(connections(OLD, OTHER, NEW, OLD, NEW), moved, 0)).toBe(25);
  });

  it("when an endpoint is replaced, by the first that reaches the new one", () => {
    expect(visibleAt(connections(OLD, OTHER, NEW), { joined: NEW, left: OLD }, 0)).toBe(25);
  });

  it("when an endpoint leaves, by the first after the last that reached it, once enough avoid it", () => {
    const moved = { joined: null, left: OLD };
    expect(visibleAt(connections(OLD, OTHER, OLD, ...many(OTHER, 20)), moved, 0)).toBeNull();
    expect(visibleAt(connections(OLD, OTHER, OLD, ...many(OTHER, 100)), moved, 0)).toBe(35);
  });

  it("not by connections that began before the event", () => {
    expect(visibleAt(connections(NEW, OTHER, NEW), { joined: NEW, left: null }, 1)).toBe(25);
  });

  it("not by connections that reached nothing", () => {
    const moved = { joined: null, left: OLD };
    expect(visibleAt(connections(OLD, 0, ...many(OTHER, 100)), moved, 0)).toBe(25);
  });
});

describe("lines of the watching client", () => {
  it("are numbers, and any other text is ignored", () => {
    expect(parseWatched("3 10 20 167772161")).toEqual({
      target: 3,
      startNs: 10,
      connectedNs: 20,
      address: 167_772_161,
    });
    expect(["", "1 2 3", "1 2 3 x"].map(parseWatched)).toEqual([null, null, null]);
  });
});
