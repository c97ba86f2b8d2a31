import { describe, expect, it } from "vitest";
import { bpfHeldBy } from "./bpf-held.js";

/** bpftool of a cgroup with two programs, which share a map. */
const answers: Readonly<Record<string, string>> = {
  "cgroup show /c":
    '[{"id":7,"attach_type":"cgroup_inet4_connect"},{"id":8,"attach_type":"cgroup_udp4_sendmsg"}]',
  "prog show id 7": '{"id":7,"type":"cgroup_sock_addr","map_ids":[1,2]}',
  "prog show id 8": '{"id":8,"type":"cgroup_sock_addr","map_ids":[2,3]}',
};

describe("what a cgroup holds", () => {
  it("is counted, a map of several programs once", () => {
    expect(bpfHeldBy("/c", (args) => answers[args.join(" ")] ?? "")).toBe("2 BPF programs, 3 maps");
  });

  it("is not said where bpftool finds no program, prints something else, or can't be run", () => {
    expect(bpfHeldBy("/c", () => "\n")).toBe("");
    expect(bpfHeldBy("/c", () => '{"error":"can\'t open cgroup"}')).toBe("");
    const fails = () => {
      throw new Error("not permitted");
    };
    expect(bpfHeldBy("/c", fails)).toBe("");
  });
});
