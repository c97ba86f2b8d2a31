import { describe, expect, it } from "vitest";
import { lbscale } from "../support/cli.js";

describe("lbscale export", () => {
  it("exports 5,000 generated services as iptables rules, the same for a seed, which are read back", () => {
    const { status, stdout } = lbscale(["export", "--services", "5000", "--format", "iptables"]);
    expect(status).toBe(0);
    expect(lbscale(["export", "--services", "5000", "--seed", "1", "--format", "iptables"]).stdout).toBe(
      stdout,
    );
    expect(lbscale(["export", "--services", "5000", "--seed", "2", "--format", "iptables"]).stdout).not.toBe(
      stdout,
    );
    const generated = lbscale(["generate", "--services", "5000", "--shape", "mixed"]).stdout;
    expect(lbscale(["export", "-", "--format", "iptables"], generated).stdout).toBe(stdout);
    expect(lbscale(["import", "-"], stdout).stderr).toMatch(/^5,000 services with /);
  });
});
